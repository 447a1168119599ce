"""What every request passes: hosts, sizes, times, rates, headers, and one envelope for whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send
from web.conftest import QUESTION, app_of, changed

from ragqa.settings import Settings
from ragqa.web.app import routes
from ragqa.web.problems import Problem
from ragqa.web.security import HEADERS, Gate, Rate


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


def test_a_request_id_is_kept_where_it_is_one(client: TestClient) -> None:
    """A proxy's id is passed on; anything else is replaced."""
    assert (
        client.get("/api/v1/health", headers={"X-Request-ID": "proxy-0123456789"}).headers["x-request-id"] == "proxy-0123456789"
    )
    made = client.get("/api/v1/health", headers={"X-Request-ID": "<script>alert(1)</script>"}).headers["x-request-id"]
    assert made.isalnum()


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
    """Each has a bucket of its own, and so many clients forget the oldest, not the newest."""
    rate = Rate(1, burst=1, clock=lambda: 0.0)
    assert rate.wait("a") == 0
    assert rate.wait("a") > 0
    assert rate.wait("b") == 0


async def _through(gate: Gate, messages: list[Message], headers: list[tuple[bytes, bytes]] | None = None) -> list[Message]:
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
    }  # fmt: skip
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
    import logging

    from ragqa.web.telemetry import JsonLines

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


def test_an_error_after_the_first_byte_ends_the_response() -> None:
    """What was begun cannot become an error page: the connection breaks instead of the answer looking whole."""

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        asyncio.run(_through(_gate(breaks), [{"type": "http.request", "body": b"", "more_body": False}]))


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
