"""Who may do what: every route decides, and every role gets what the decision says and nothing more."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient
from samples import ROOT
from web.conftest import PASSWORD, app_of, changed

from ragqa.settings import Settings
from ragqa.web.access import SAFE, admits, check_csrf, decision
from ragqa.web.accounts import ROLES
from ragqa.web.app import routes
from ragqa.web.security import Rate
from ragqa.web.signin import GUESSES_AT_ONCE, GUESSES_PER_MINUTE, guesses

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
    accounts = app_of(client).state.accounts
    accounts._database.execute("PRAGMA query_only = ON")
    try:
        page = client.get("/sign-in")
        sent = client.post("/sign-in", data={"name": "demo-editor", "password": PASSWORD, "csrf": csrf_in(page.text)})
        assert sent.status_code == 503
        assert sent.json()["error"]["kind"] == "disk"
        assert "sqlite" not in sent.text
    finally:
        accounts._database.execute("PRAGMA query_only = OFF")
        client.cookies.clear()
    signed_in(client, "editor")
    client.cookies.clear()
    app_of(client).state.guesses = guesses()  # these two sign-ins are not the other tests' guesses


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
    with changed(client, "guesses", Rate(GUESSES_PER_MINUTE, GUESSES_AT_ONCE, clock=lambda: 0.0)):
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


@pytest.mark.parametrize("header", ["Bearer", "Bearer nothing", "Bearer " + "a" * 43, "bearer ü"])
def test_a_token_that_is_not_valid_is_not_a_guest(client: TestClient, header: str) -> None:
    """Also where guests may read: who sends a token means to be somebody."""
    response = client.get("/api/v1/articles", headers={"Authorization": header.encode("utf-8")})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
