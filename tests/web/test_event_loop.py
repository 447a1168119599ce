"""Nothing that takes long runs in the event loop: one reader's page must not make the others, or /health, wait.

A profiler of the loop's own thread names every call that reads a disk, asks a database, walks the corpus, takes identifiers out,
fills a template or writes out a long body. Each route is requested twice; the first time loads what is loaded once.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from answers import rating_of
from fastapi.testclient import TestClient
from samples import ROOT
from web.conftest import QUESTION, Opened, app_of, token
from web.test_access import csrf_in

import ragqa as package
from ragqa.corpus.folder import require_folder
from ragqa.editorial.library import Library
from ragqa.editorial.regenerate import propose
from ragqa.evaluation.rating.sessions import SessionFolder
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.web.app import routes

SLOW = (
    "checking/checker",
    "composing/",
    "conversation/",
    "corpus/articles",
    "corpus/catalogue/",
    "corpus/folder",
    "corpus/gate",
    "corpus/importers/",
    "corpus/notices/",
    "corpus/reviewlog/",
    "editorial/affected",
    "editorial/article_page",
    "editorial/difference",
    "editorial/library",
    "editorial/queue",
    "editorial/regenerate",
    "editorial/replay",
    "editorial/review",
    "editorial/served",
    "evaluation/",
    "evidence/",
    "files/",
    "index/",
    "models/",
    "pipeline",
    "question/followup/",
    "question/privacy/",
    "question/reading",
    "retrieval/",
    "web/pages/evidence",
    "web/pages/plots",
    "web/pages/sources",
)
"""Rooms and modules of which nothing is called in the loop."""
HOUSE = Path(str(package.__file__)).parent
SLOW_PLACES = tuple(f"{HOUSE}/{place}" for place in SLOW)
SLOW_CALLS = {
    ("/jinja2/environment.py", "Template.render"),
    ("/ragqa/answer/contract.py", "Answer.to_json"),
    ("/prometheus_client/exposition.py", "generate_latest"),
    ("/fastapi/openapi/utils.py", "get_openapi"),
    ("/fastapi/routing.py", "serialize_response"),
}
DISK = {"open", "stat", "lstat", "scandir", "listdir", "replace", "rename", "unlink", "remove", "fsync", "read", "write"}
SHORT = {"/api/v1/health", "/api/v1/ready", "/api/v1/conversations"}
"""Routes whose body is a few words, which FastAPI may write out in the loop."""
EVENTS = {"Accept": "text/event-stream"}


class Watch:
    """Names what the loop's thread calls that takes long."""

    def __init__(self) -> None:
        self.calls: set[str] = set()

    def note(self, frame: FrameType, event: str, called: Any) -> None:
        """As ``sys.setprofile`` calls it."""
        if event == "call":
            file, name = frame.f_code.co_filename, frame.f_code.co_qualname
            if file.partition("/src/ragqa/")[2].startswith(SLOW) or any(
                file.endswith(end) and name == slow for end, slow in SLOW_CALLS
            ):
                self.calls.add(f"{Path(file).stem}.{name}")
        elif event == "c_call":
            owner = getattr(called, "__self__", None)
            if isinstance(owner, sqlite3.Connection | sqlite3.Cursor):
                self.calls.add(f"sqlite3 {called.__name__}")
            elif called.__name__ in DISK and getattr(called, "__module__", "") in ("posix", "io", "_io"):
                self.calls.add(f"{called.__module__}.{called.__name__}")


@contextmanager
def watched(client: TestClient) -> Iterator[set[str]]:
    """What is called in the loop during the block."""
    watch = Watch()
    assert client.portal is not None
    client.portal.call(sys.setprofile, watch.note)
    try:
        yield watch.calls
    finally:
        client.portal.call(sys.setprofile, None)


@pytest.fixture
def site(own: Opened) -> Iterator[TestClient]:
    """A server with something behind every route: results, answers that wait for sign-off, articles in review."""
    with own(results=ROOT / "eval" / "results", generations=5) as client:
        settings = app_of(client).state.settings
        with Ragqa.open(settings) as ragqa, Library(settings.library) as library:
            for name in ("open", "closing", "closed"):
                rating_of(settings.serving, name, [ragqa.ask(QUESTION)])
            SessionFolder.named(settings.serving, "closed").close()
            propose(library, ragqa, [Asked(question=QUESTION), Asked(question="What are the harms of drug A?")], "clinician", 1)
        yield client


def requests(client: TestClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, the route's path and what is sent, for every route; asking as a stream of events, too."""
    admin = token(client, "admin")
    answer = client.post("/api/v1/ask", json={"question": QUESTION}, headers=admin).json()["id"]
    talk = client.post("/api/v1/conversations", headers=admin).json()["id"]
    client.post(f"/api/v1/conversations/{talk}/turns", json={"question": QUESTION}, headers=admin)
    client.cookies.clear()
    csrf = csrf_in(client.get("/").text)
    articles = client.get("/api/v1/review", headers=admin).json()["articles"]
    sha256 = next(article["sha256"] for article in articles if article["slug"] == "drug-c")
    step = {"state": "submitted", "sha256": sha256}
    bodies: dict[tuple[str, str], dict[str, Any]] = {
        ("POST", "/api/v1/ask"): {"json": {"question": QUESTION, "article": "drug-a"}},
        ("POST", "/api/v1/search"): {"json": {"question": QUESTION}},
        ("POST", "/api/v1/conversations/{id}/turns"): {"json": {"question": QUESTION}},
        ("POST", "/api/v1/review/{slug}/steps"): {"json": step},
        ("POST", "/api/v1/library/{number}/decision"): {"json": {"decision": "reject"}},
        ("POST", "/sign-in"): {"data": {"name": "nobody", "password": "a wrong password", "csrf": csrf}},
        ("POST", "/sign-out"): {"data": {"csrf": csrf}},
        ("POST", "/search"): {"data": {"query": QUESTION, "csrf": csrf}},
        ("GET", "/search"): {"params": {"q": QUESTION}},
        ("POST", "/reader"): {"data": {"audience": "patient", "csrf": csrf}},
        ("POST", "/ask"): {"data": {"question": QUESTION, "csrf": csrf}},
        ("POST", "/desk/articles/{slug}"): {"data": {"state": "submitted", "sha256": sha256}},
        ("POST", "/desk/answers/{number}"): {"data": {"decision": "sign_off"}},
        ("POST", "/rating/{rating}/{number}"): {"data": {"left": "right", "right": "silent", "better": "left"}},
    }
    for route in sorted(routes(), key=lambda route: "DELETE" in route.methods or route.path == "/sign-out"):
        own = "desk" in route.path or "review" in route.path
        named = talk if "conversations" in route.path else "a1-001" if "evaluation" in route.path else answer
        number = "2" if "desk" in route.path else "1"
        fill = {"slug": "drug-c" if own else "drug-a", "number": number, "source_id": "pmid:101", "card": "scorecard"}
        fill["rating"] = {"results": "closed", "close": "closing"}.get(route.path.rpartition("/")[2], "open")
        url = re.sub(r"\{(\w+)(:\w+)?\}", lambda place, fill=fill, named=named: fill.get(place[1], named), route.path)
        for method in sorted(route.methods):
            sent = {"url": url, "headers": admin} | bodies.get((method, route.path), {})
            yield method, route.path, sent
            if method == "POST" and route.path.endswith(("/ask", "/turns")):
                yield method, route.path, sent | {"headers": admin | EVENTS}


def test_no_route_holds_up_the_event_loop(site: TestClient) -> None:
    """Requested once, nothing but the disk may be touched there, for templates and the like; a second time nothing at all."""
    slow: dict[tuple[str, str], set[str]] = {}
    for method, path, sent in requests(site):
        with watched(site) as calls:
            response = site.request(method, **sent)
        assert response.status_code < 400 or path == "/sign-in", (method, path, response.text)
        with watched(site) as again:
            site.request(method, **sent)
        found = again | {call for call in calls if not call.startswith(("io", "_io", "posix"))}
        if path in SHORT:
            found.discard("routing.serialize_response")
        if found:
            slow.setdefault((method, path), set()).update(found)
    assert not slow, "\n".join(f"{route}: {sorted(calls)}" for route, calls in slow.items())


def test_what_is_watched_is_there() -> None:
    """A module that moved is looked for where it is now."""
    assert [place for place in SLOW if not ((HOUSE / place).is_dir() or (HOUSE / f"{place}.py").is_file())] == []
    assert [end for end, _ in SLOW_CALLS if end.startswith("/ragqa/") and not (HOUSE.parent / end[1:]).is_file()] == []


def test_the_watch_sees_what_it_is_for(site: TestClient) -> None:
    """A handler that reads a file, asks a database or calls a slow room in the loop is caught."""

    async def careless() -> None:
        sqlite3.connect(":memory:").execute("SELECT 1")
        with Path(__file__).open() as stream:
            stream.read()
        require_folder(HOUSE)

    assert site.portal is not None
    with watched(site) as calls:
        site.portal.call(careless)
    assert {"sqlite3 execute", "folder.require_folder"} < calls
    assert any("open" in call for call in calls)
