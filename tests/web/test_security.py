"""What every request passes: hosts, sizes, times, rates, headers, and one envelope for whatever goes wrong."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from web.conftest import QUESTION, app_of, changed

from ragqa.settings import Settings
from ragqa.web.access import client as client_of
from ragqa.web.app import routes
from ragqa.web.problems import Problem
from ragqa.web.security import BUCKETS, HEADERS, ROWS, Gate, Rate
from ragqa.web.telemetry import JsonLines, log_to


def error_of(response: Any) -> dict[str, str]:
    """The envelope, which is all there is, and carries the response's own request id."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"kind", "message", "request_id"}
    assert body["error"]["request_id"] == response.headers["x-request-id"]
    error: dict[str, str] = body["error"]
    return error


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "kind"),
    [
        ("GET", "/api/v1/nothing", {}, 404, "not_found"),
        ("GET", "/api/v1/ask", {}, 405, "method_not_allowed"),
        ("TRACE", "/api/v1/health", {}, 405, "method_not_allowed"),
        ("POST", "/api/v1/ask", {"json": {"question": ""}}, 422, "invalid_request"),
        ("POST", "/api/v1/ask", {"content": b"{", "headers": {"content-type": "application/json"}}, 422, "invalid_request"),
        ("POST", "/api/v1/ask", {"content": b"[" * 60_000, "headers": {"content-type": "application/json"}}, 422, None),
        ("POST", "/api/v1/ask", {"content": b"\xff\xfe", "headers": {"content-type": "application/json"}}, 422, None),
        ("POST", "/api/v1/ask", {"content": b"x" * 70_000}, 413, "too_large"),
        ("POST", "/api/v1/ask", {"content": iter([b"x" * 40_000] * 2)}, 413, "too_large"),
        ("GET", "/api/v1/health", {"headers": {"host": "evil.example"}}, 400, "host"),
        ("GET", "/api/v1/review", {}, 401, "not_signed_in"),
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", "/static/nothing", {}, 404, "not_found"),
        ("GET", "/static/../app.py", {}, 404, "not_found"),
        ("GET", "/static/%2e%2e/app.py", {}, 404, "not_found"),
    ],
)
def test_whatever_goes_wrong_has_one_envelope_and_the_headers(
    client: TestClient, method: str, path: str, given: dict[str, Any], status: int, kind: str | None
) -> None:
    """Status, kind, request id; and no response leaves without the headers that keep browsers from being misused."""
    response = client.request(method, path, **given)
    assert response.status_code in ({status} if kind else {status, 400})
    error = error_of(response)
    assert kind in (None, error["kind"])
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_no_page_or_answer_may_be_cached_or_run_scripts_of_others(client: TestClient) -> None:
    """The policy names no inline script or style and no other host."""
    response = client.get("/sign-in")
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("peer", "given", "kept"),
    [
        ("127.0.0.1", "5c1a7c1e9d2f4b605c1a7c1e9d2f4b60", True),
        ("::1", "0b1f9a52-6a3e-4b7e-9d0c-7c4b1d2e3f40", True),
        ("192.0.2.7", "5c1a7c1e9d2f4b605c1a7c1e9d2f4b60", False),
        ("", "5c1a7c1e9d2f4b605c1a7c1e9d2f4b60", False),
        ("127.0.0.1", "<script>alert(1)</script>", False),
        ("127.0.0.1", "john-smith-born-1951", False),
        ("127.0.0.1", "YV3nQ2tXk0mWc5b7Zr1LsA", False),
    ],
)
def test_a_request_id_is_kept_where_a_proxy_made_it(peer: str, given: str, kept: bool) -> None:
    """Of a proxy on this machine, whoever it says the client is; no client puts words, names or a conversation into the log."""

    async def fine(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    scope: dict[str, Any] = {"client": ("198.51.100.4", 5), "state": {"peer": peer}}
    whole: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]
    (sent,) = asyncio.run(_through(_gate(fine), whole, [(b"x-request-id", given.encode())], **scope))
    found = dict(sent["headers"])[b"x-request-id"].decode()
    assert (found == given) is kept
    assert kept or re.fullmatch("[0-9a-f]{16}", found)


@pytest.mark.parametrize(
    ("host", "known"), [("TESTSERVER", True), ("testserver:8000", True), ("testserver.evil", False), ("", False)]
)
def test_only_known_hosts(client: TestClient, host: str, known: bool) -> None:
    """With or without a port, in any case; nothing that only begins like one."""
    assert (client.get("/api/v1/health", headers={"host": host}).status_code == 200) == known


def test_one_client_asking_too_often_has_to_wait(client: TestClient) -> None:
    """Past its burst: 429 with Retry-After, on everything that asks and nothing else."""
    with changed(client, "rate", Rate(60, burst=2, clock=lambda: 0.0)):
        said = [client.post("/api/v1/search", json={"question": QUESTION}) for _ in range(4)]
        assert [response.status_code for response in said] == [200, 200, 429, 429]
        assert error_of(said[-1])["kind"] == "too_many_questions"
        assert said[-1].headers["retry-after"] == "1"
        assert client.get("/api/v1/articles").status_code == 200


@given(st.integers(1, 600), st.integers(1, 30), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_no_client_exceeds_its_rate(per_minute: int, burst: int, pauses: list[float]) -> None:
    """Over any time: no more than the burst and what the rate allows since."""
    now = 0.0
    rate = Rate(per_minute, burst, clock=lambda: now)
    passed = 0
    for pause in pauses:
        now += pause
        wait = rate.wait("a")
        passed += not wait
        assert passed <= burst + now * per_minute / 60 + 1e-6
        assert wait <= 60 / per_minute + 1e-6


def test_one_client_does_not_slow_another() -> None:
    """Each has buckets of its own."""
    rate = Rate(1, burst=1, clock=lambda: 0.0)
    assert rate.wait("a") == 0
    assert rate.wait("a") > 0
    assert rate.wait("b") == 0


def test_nobody_is_forgotten_however_many_come() -> None:
    """Who has used up the limit stays so behind 30,000 made-up clients, and the table does not grow."""
    rate = Rate(1, burst=1, clock=lambda: 0.0)
    assert rate.wait("victim") == 0
    for number in range(30_000):
        rate.wait(f"made up {number}")
    assert rate.wait("victim") > 0
    assert len(rate._full_at) == ROWS * BUCKETS


def test_ten_thousand_at_their_limit_slow_hardly_anybody_else() -> None:
    """Places are shared, yet who is new finds one that is free; where they are, no two processes agree."""
    rate = Rate(1, burst=1, clock=lambda: 0.0)
    for number in range(10_000):
        rate.wait(f"made up {number}")
    assert sum(rate.wait(f"new {number}") > 0 for number in range(1000)) < 50
    assert rate._places("victim") != Rate(1)._places("victim")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("made up", "made up too", True),
        ("::1", "0.0.0.1", False),
    ],
)
def test_a_client_is_an_address_or_a_network_of_one_house(one: str, other: str, same: bool) -> None:
    """Of IPv6 the first 64 bits: the rest anybody may choose."""

    def named(address: str) -> str:
        return client_of(Request({"type": "http", "client": (address, 1)}))

    assert (named(one) == named(other)) is same


async def _through(
    gate: Gate, messages: list[Message], headers: list[tuple[bytes, bytes]] | None = None, **more: Any
) -> list[Message]:
    sent: list[Message] = []
    waiting = list(messages)

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    app = type("App", (), {"state": type("State", (), {"draining": False})})
    scope: Scope = {
        "type": "http", "method": "POST", "path": "/x", "app": app,
        "headers": [(b"host", b"localhost"), (b"transfer-encoding", b"chunked"), *(headers or [])],
    } | more  # fmt: skip
    await gate(scope, receive, send)
    return sent


def _gate(app: Any, **settings: Any) -> Gate:
    return Gate(app, Settings(**settings), lambda scope, status, seconds: None)


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    """408, not a connection held for ever."""

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the route was reached")

    slow = [{"type": "http.request", "body": b"{", "more_body": True}]
    sent = asyncio.run(_through(_gate(never, request_seconds=0.05), slow))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["kind"] == "too_slow"


def test_the_unexpected_says_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    """500 with the request id; the log names the exception's type, and a formatter of ours leaves its message out."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("John Smith, born 1951")

    with caplog.at_level(logging.ERROR):
        sent = asyncio.run(_through(_gate(broken), [{"type": "http.request", "body": b"", "more_body": False}]))
    assert sent[0]["status"] == 500
    assert b"Smith" not in sent[1]["body"]
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert line["exception"] == "ValueError"
    assert line["request_id"] == json.loads(sent[1]["body"])["error"]["request_id"]
    assert any("test_security" in place for place in line["at"])
    assert "Smith" not in json.dumps(line)


CONVERSATION = "YV3nQ2tXk0mWc5b7Zr1LsA"
FILE = f"serving/conversations/{CONVERSATION}.jsonl"


@pytest.mark.parametrize(
    ("name", "message", "values"),
    [
        ("ragqa.web.problems", "%s: %s", ("OSError", f"[Errno 28] No space left on device: '{FILE}'")),
        ("ragqa.web.problems", "%s: %s", ("InvalidRecord", f"1 fault:\n  {FILE}:3: not JSON")),
        ("ragqa.web.problems", "%s: %s", ("OSError", f"serving/conversations/.{CONVERSATION}.jsonl.x1: no space")),
        ("asyncio", f"Task exception was never retrieved\nfuture: exception=ValueError('{CONVERSATION}')", ()),
        ("other.library", "could not read %s", (CONVERSATION,)),
    ],
)  # fmt: skip
def test_no_log_line_names_a_conversation(name: str, message: str, values: tuple[str, ...]) -> None:
    """Whoever logs it: its id is all it takes to read it. What happened is still said."""
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, values, None)
    line = json.loads(JsonLines().format(record))
    assert CONVERSATION not in json.dumps(line)
    assert len(line["message"]) > 15


def test_a_thread_that_ends_tells_its_type_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own way prints the exception's message."""
    out = io.StringIO()
    with restored_logging(monkeypatch):
        log_to(out)
        thread = threading.Thread(target=lambda: {}["John Smith"])
        thread.start()
        thread.join()
    (line,) = [json.loads(text) for text in out.getvalue().splitlines()]
    assert line["exception"] == "KeyError"
    assert "Smith" not in json.dumps(line)


def test_a_request_that_fails_leaves_nothing_of_itself_in_the_log(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, query strings, cookies, tokens, names tried at sign-in, ids that clients give: none of them."""
    out = io.StringIO()
    secrets = [CONVERSATION, "0123456789abcdef", "john.smith", "S3cretToken", "born1951"]
    with restored_logging(monkeypatch):
        log_to(out)
        page = client.get("/sign-in")
        csrf = re.findall(r'name="csrf" value="(\w+)"', page.text)[0]
        client.post("/sign-in", data={"name": "john.smith", "password": "wrong password", "csrf": csrf})
        client.get(f"/conversations/{CONVERSATION}", headers={"X-Request-ID": CONVERSATION})
        client.get("/api/v1/answers/0123456789abcdef", headers={"X-Request-ID": "0123456789abcdef"})
        client.get("/api/v1/articles?q=born1951", headers={"Authorization": "Bearer S3cretToken"})
        client.post("/api/v1/ask", json={"question": ["born1951"]})
        client.get("/search?q=born1951", headers={"Cookie": "ragqa=S3cretToken"})
    client.cookies.clear()
    text = out.getvalue()
    assert text.count("\n") == 7
    assert not [secret for secret in secrets if secret in text]


def test_an_error_after_the_first_byte_ends_the_response() -> None:
    """What was begun cannot become an error page: the connection breaks instead of the answer looking whole."""

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        asyncio.run(_through(_gate(breaks), [{"type": "http.request", "body": b"", "more_body": False}]))


@contextmanager
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Loggers and hooks as they were, afterwards."""
    for name in ("", "ragqa", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        for attribute in ("handlers", "propagate", "level"):
            monkeypatch.setattr(logger, attribute, getattr(logger, attribute))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    yield
    monkeypatch.undo()


def test_metrics_count_by_route_and_hold_no_path(client: TestClient) -> None:
    """Labels are the routes' patterns; what clients make up is "other"."""
    client.get("/api/v1/articles/drug-a")
    client.get("/api/v1/surprise-path")
    text = client.get("/api/v1/metrics").text
    assert 'ragqa_requests_total{method="GET",route="/api/v1/articles/{slug}",status="200"}' in text
    assert "surprise-path" not in text
    known = {route.path for route in routes()} | {"other", "/static"}
    labels = {line.split('route="')[1].split('"')[0] for line in text.splitlines() if 'route="' in line}
    assert labels <= known


def test_a_problem_carries_its_headers(client: TestClient) -> None:
    """Whatever raises it."""

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        raise Problem(429, "busy", "wait", {"Retry-After": "3"})

    sent = asyncio.run(_through(_gate(busy), [{"type": "http.request", "body": b"", "more_body": False}]))
    assert (b"retry-after", b"3") in [(name.lower(), value) for name, value in sent[0]["headers"]]
    assert app_of(client).state.draining is False
