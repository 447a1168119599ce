"""Who may do what: every route decides, and every role gets what the decision says and nothing more."""

from __future__ import annotations

import http.client
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from samples import ROOT
from web.conftest import PASSWORD, app_of, changed

from ragqa.settings import Settings
from ragqa.web import store
from ragqa.web.access import SAFE, admits, decision
from ragqa.web.accounts import ROLES
from ragqa.web.app import routes
from ragqa.web.security import Rate
from ragqa.web.signin import AT_ONCE, PER_MINUTE, Guesses
from ragqa.web.visits import check_csrf

EVERYBODY = ("guest", *ROLES)
TABLE = [(method, route.path) for route in routes() for method in sorted(route.methods)]
UNSAFE = [(method, path) for method, path in TABLE if method not in SAFE]
FILL = {"slug": "drug-a", "id": "0" * 22, "number": "1"}


def filled(path: str) -> str:
    """A path with something in each place; what it names need not be there."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda place: FILL.get(place[1], "x"), path)


def decided(path: str, method: str) -> str:
    """The decision of a route."""
    (found,) = [decision(route) for route in routes() if route.path == path and method in route.methods]
    assert found
    return found


@pytest.mark.parametrize(("method", "path"), TABLE)
def test_every_route_decides_once(method: str, path: str) -> None:
    """A route without a decision, or with two, is a fault."""
    assert decided(path, method)


def test_the_documented_table_is_the_real_one() -> None:
    """docs/access.md is generated; `make docs` writes it anew."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "write_access.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def send_all(client: TestClient, tokens: dict[str, dict[str, str]], settings: Settings) -> None:
    """Every route, as every role: refused exactly where the decision says so."""
    wrong = []
    for method, path in TABLE:
        for role in EVERYBODY:
            body = {} if method not in SAFE else None
            response = client.request(method, filled(path), json=body, headers=tokens[role])
            refused = {"guest": 401}.get(role, 403)
            allowed = admits(decided(path, method), role, settings)
            csrf = response.status_code == 403 and response.json()["error"]["kind"] == "csrf"
            if (response.status_code == refused and not csrf) == allowed:
                wrong.append((method, path, role, response.status_code))
    assert not wrong


def test_no_role_gets_more_than_its_decisions(client: TestClient, tokens: dict[str, dict[str, str]]) -> None:
    """The whole table, with reading and asking open."""
    send_all(client, tokens, app_of(client).state.settings)


@pytest.mark.parametrize("closed", [{"reading": "closed"}, {"asking": "closed"}])
def test_closing_keeps_guests_out(client: TestClient, tokens: dict[str, dict[str, str]], closed: dict[str, str]) -> None:
    """The whole table once more, with one door closed."""
    with changed(client, "settings", app_of(client).state.settings.model_copy(update=closed)):
        send_all(client, tokens, app_of(client).state.settings)


@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_what_everybody_may_send_proves_its_form(method: str, path: str) -> None:
    """A public route that changes something checks the token by itself: no other decision does it for it."""
    for route in routes():
        if route.path == path and method in route.methods and decision(route) == "public":
            assert check_csrf in [dependency.call for dependency in route.dependant.dependencies]


def signed_in(client: TestClient, role: str) -> str:
    """A browser's session; returns the token its forms carry."""
    client.cookies.clear()
    form = client.get("/sign-in").text
    sent = client.post("/sign-in", data={"name": f"demo-{role}", "password": PASSWORD, "csrf": csrf_in(form)})
    assert sent.status_code == 303
    return csrf_in(client.get("/sign-in").text)


def csrf_in(page: str) -> str:
    """The token in a page's form."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_a_browser_without_its_token_changes_nothing(client: TestClient) -> None:
    """Every route that changes something refuses an admin's session when the token is missing, wrong or another visit's."""
    signed_in(client, "reader")
    other = csrf_in(client.get("/sign-in").text)
    signed_in(client, "admin")
    try:
        for method, path in UNSAFE:
            for headers in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": other}):
                response = client.request(method, filled(path), json={}, headers=headers)
                assert (response.status_code, response.json()["error"]["kind"]) == (403, "csrf"), (method, path)
    finally:
        client.cookies.clear()


def test_a_session_with_its_token_works_and_ends(client: TestClient) -> None:
    """By header or form field; signing out, or a new password, ends it at once."""
    csrf = signed_in(client, "reader")
    try:
        begun = client.post("/api/v1/conversations", headers={"X-CSRF-Token": csrf})
        assert begun.status_code == 201
        old = client.cookies["ragqa"]
        assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303
        client.cookies.set("ragqa", old)
        assert client.get("/api/v1/review").status_code == 401
        signed_in(client, "reader")
        assert client.get("/api/v1/review").status_code == 403
        app_of(client).state.accounts.set_password("demo-reader", PASSWORD)
        assert client.get("/api/v1/review").status_code == 401
    finally:
        client.cookies.clear()


def test_a_disk_that_cannot_be_written_is_told_as_such(client: TestClient) -> None:
    """Signing in has to write a session: 503 that names no file, and once there is room again it works."""
    accounts = app_of(client).state.accounts._store
    accounts._writer.execute("PRAGMA query_only = ON")
    try:
        page = client.get("/sign-in")
        sent = client.post("/sign-in", data={"name": "demo-editor", "password": PASSWORD, "csrf": csrf_in(page.text)})
        assert sent.status_code == 503
        assert sent.json()["error"]["kind"] == "disk"
        assert "sqlite" not in sent.text
    finally:
        accounts._writer.execute("PRAGMA query_only = OFF")
        client.cookies.clear()
    signed_in(client, "editor")
    client.cookies.clear()


def test_signing_in_changes_the_cookie(client: TestClient) -> None:
    """A name somebody planted before signing in is worth nothing afterwards; scripts cannot read the cookie."""
    client.cookies.clear()
    page = client.get("/sign-in")
    planted = page.cookies["ragqa"]
    assert "httponly" in page.headers["set-cookie"].lower()
    assert "samesite=lax" in page.headers["set-cookie"].lower()
    sent = client.post("/sign-in", data={"name": "demo-editor", "password": PASSWORD, "csrf": csrf_in(page.text)})
    assert sent.cookies["ragqa"] != planted
    assert client.get("/api/v1/review").status_code == 200
    client.cookies.clear()
    client.cookies.set("ragqa", planted)
    assert client.get("/api/v1/review").status_code == 401
    client.cookies.clear()


def test_signing_in_ends_the_session_before(client: TestClient) -> None:
    """Whoever held the browser's former session holds nothing."""
    signed_in(client, "editor")
    before = client.cookies["ragqa"]
    csrf = csrf_in(client.get("/sign-in").text)
    client.post("/sign-in", data={"name": "demo-reader", "password": PASSWORD, "csrf": csrf})
    assert client.cookies["ragqa"] != before
    client.cookies.clear()
    client.cookies.set("ragqa", before)
    assert client.get("/api/v1/review").status_code == 401
    client.cookies.clear()


@pytest.mark.parametrize("planted", ["a" * 43, "chosen", "visit." + "a" * 43 + "." + "0" * 64, "visit.x.y", "ü", "a" * 4000])
def test_a_cookie_that_this_server_did_not_make_is_not_kept(client: TestClient, planted: str) -> None:
    """The first page puts a visit of its own in its place, which the next page keeps; no form goes by the planted one."""
    client.cookies.clear()
    header = {"Cookie": f"ragqa={planted}".encode()}
    page = client.get("/sign-in", headers=header)
    assert page.cookies["ragqa"] not in (planted, "")
    assert "set-cookie" not in client.get("/sign-in").headers
    client.cookies.clear()
    data = {"name": "demo-editor", "password": PASSWORD, "csrf": csrf_in(page.text)}
    assert client.post("/sign-in", data=data, headers=header).status_code == 403


def test_over_https_no_neighbour_can_plant_a_cookie(client: TestClient) -> None:
    """Both cookies have the prefix that browsers take from this host alone: Secure, for every path, for no domain."""
    with changed(client, "settings", app_of(client).state.settings.model_copy(update={"https": True})):
        client.cookies.clear()
        page = client.get("/sign-in")
        name, value = page.headers["set-cookie"].split(";")[0].split("=", 1)
        header = {"Cookie": f"{name}={value}"}
        chosen = client.post("/reader", data={"audience": "patient", "csrf": csrf_in(page.text)}, headers=header)
        out = client.post("/sign-out", data={"csrf": csrf_in(page.text)}, headers=header)
        set_now = [page.headers["set-cookie"], chosen.headers["set-cookie"], out.headers["set-cookie"]]
        assert [one.split("=")[0] for one in set_now] == ["__Host-ragqa", "__Host-ragqa_reader", "__Host-ragqa"]
        for one in set_now:
            assert "; Secure" in one
            assert "; Path=/" in one
            assert "domain" not in one.lower()
        plain = client.get("/sign-in", headers={"Cookie": f"ragqa={value}"})
        assert "set-cookie" in plain.headers, "the name that a neighbour can plant counts for nothing"
    client.cookies.clear()


def test_who_reads_is_looked_up_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off the event loop, however often a page asks who reads it."""
    signed_in(client, "editor")
    accounts = app_of(client).state.accounts
    asked: list[str] = []
    session = accounts.session

    def counting(secret: str) -> object:
        asked.append(threading.current_thread().name)
        return session(secret)

    monkeypatch.setattr(accounts, "session", counting)
    assert "demo-editor" in client.get("/desk").text
    assert len(asked) == 1
    assert asked[0].startswith("look-up")
    client.cookies.clear()


def test_another_writer_stops_no_reader_and_tells_who_would_sign_in(
    client: TestClient, tokens: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another program holds the accounts: pages, health and tokens work; signing in ends as one clear 503."""
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.2)
    client.cookies.clear()
    csrf = csrf_in(client.get("/sign-in").text)
    file = app_of(client).state.settings.serving / "accounts.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert client.get("/api/v1/health").status_code == 200
        assert client.get("/api/v1/review", headers=tokens["editor"]).status_code == 200
        sent = client.post("/sign-in", data={"name": "demo-editor", "password": PASSWORD, "csrf": csrf})
        assert (sent.status_code, sent.json()["error"]["kind"]) == (503, "unavailable")
        assert "try again in a moment" in sent.json()["error"]["message"]
        assert sent.headers["retry-after"] == "5"
        other.execute("ROLLBACK")
    signed_in(client, "editor")
    client.cookies.clear()


def sent(address: str, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Status and body over a connection of its own."""
    with closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)) as connection:
        connection.request(method, path, body or None, headers or {})
        response = connection.getresponse()
        return response.status, response.read()


def test_nobody_waits_with_who_waits_for_a_lock(client: TestClient, live: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten who sign in wait for another program's change; meanwhile the process is alive, pages come and sessions are known."""
    monkeypatch.setattr(store, "WAIT_SECONDS", 60)
    csrf = signed_in(client, "editor")
    cookie = {"Cookie": f"ragqa={client.cookies['ragqa']}"}
    form = urlencode({"name": "demo-reader", "password": PASSWORD, "csrf": csrf})
    posted = cookie | {"Content-Type": "application/x-www-form-urlencoded"}
    file = app_of(client).state.settings.serving / "accounts.sqlite"
    statuses: list[int] = []
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        threads = [
            threading.Thread(target=lambda: statuses.append(sent(live, "POST", "/sign-in", form, posted)[0])) for _ in range(10)
        ]
        for thread in threads:
            thread.start()
        for _ in range(20):
            assert sent(live, "GET", "/api/v1/health")[0] == 200
            assert b"demo-editor" in sent(live, "GET", "/policy", headers=cookie)[1]
        assert statuses == []
        other.execute("ROLLBACK")
        for thread in threads:
            thread.join()
    assert statuses == [303] * 10
    client.cookies.clear()


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/ok\r\nX: y"])
def test_signing_in_leads_nowhere_else(client: TestClient, next: str) -> None:
    """Only a path of this server is gone to."""
    client.cookies.clear()
    csrf = csrf_in(client.get("/sign-in", params={"next": next}).text)
    sent = client.post("/sign-in", data={"name": "demo-reader", "password": PASSWORD, "csrf": csrf, "next": next})
    assert sent.headers["location"] == "/"
    client.cookies.clear()


def test_guessing_is_slowed(client: TestClient) -> None:
    """After ten wrong passwords even the right one has to wait; the message does not say which of the two was wrong."""
    still = Rate(PER_MINUTE, AT_ONCE, clock=lambda: 0.0)
    with changed(client, "guesses", Guesses(still, still, still)):
        csrf = csrf_in(client.get("/sign-in").text)
        tries = [
            client.post("/sign-in", data={"name": name, "password": "wrong password", "csrf": csrf})
            for name in ["demo-admin"] * 5 + ["nobody"] * 5
        ]
        assert {response.status_code for response in tries} == {422}
        said = {re.sub(r'name="csrf".*?>', "", response.text) for response in tries}
        assert len(said) == 1
        refused = client.post("/sign-in", data={"name": "demo-admin", "password": PASSWORD, "csrf": csrf})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0


def one_a_minute() -> Rate:
    """Two at once, then none, as the clock stands."""
    return Rate(1, 2, clock=lambda: 0.0)


def many() -> Rate:
    """More than a test tries."""
    return Rate(1, 1000, clock=lambda: 0.0)


def test_guesses_from_elsewhere_do_not_keep_out_who_signed_in_before() -> None:
    """The wider limit on a name refuses new addresses alone; who guesses from one address stops himself first."""
    limits = Guesses(one_a_minute(), many(), Rate(1, 6, clock=lambda: 0.0))
    assert limits.wait("client home", "victim") == 0
    limits.right("client home", "victim")
    for number in range(10):
        for _ in range(5):
            limits.wait(f"client bot {number}", "victim")
    assert limits.wait("client new", "victim") > 0
    assert limits.wait("client home", "victim") == 0
    assert limits.wait("client new", "somebody-else") == 0


def test_one_address_cannot_use_up_a_name_for_others() -> None:
    """What its own limit refuses is not counted against the name."""
    limits = Guesses(one_a_minute(), many(), Rate(1, 6, clock=lambda: 0.0))
    for _ in range(500):
        limits.wait("client bot", "victim")
    assert limits.wait("client office", "victim") == 0


def test_signing_in_is_no_guess() -> None:
    """A whole house behind one address signs in at the same minute, and only wrong passwords count."""
    limits = Guesses(one_a_minute(), Rate(1, 5, clock=lambda: 0.0), one_a_minute())
    for number in range(50):
        assert limits.wait("client house", f"user-{number}") == 0
        limits.right("client house", f"user-{number}")
    assert [limits.wait("client house", f"wrong-{number}") == 0 for number in range(7)] == [True] * 5 + [False] * 2


@pytest.mark.parametrize("header", ["Bearer", "Bearer nothing", "Bearer " + "a" * 43, "bearer ü"])
def test_a_token_that_is_not_valid_is_not_a_guest(client: TestClient, header: str) -> None:
    """Also where guests may read: who sends a token means to be somebody."""
    response = client.get("/api/v1/articles", headers={"Authorization": header.encode("utf-8")})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_token_that_is_not_valid_counts_before_a_cookie(client: TestClient) -> None:
    """Who sends both is refused, and on a page for everybody a guest: the token says who was meant."""
    signed_in(client, "editor")
    header = {"Authorization": "Bearer nothing"}
    assert client.get("/api/v1/review", headers=header).status_code == 401
    assert "demo-editor" not in client.get("/policy", headers=header).text
    assert "demo-editor" in client.get("/policy").text
    client.cookies.clear()
