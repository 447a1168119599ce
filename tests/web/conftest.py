"""The app over the small corpus, with the real models, opened once: tests that change something take an app of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from samples import ARTICLE, abstract, write_corpus

from ragqa.settings import Settings
from ragqa.web.accounts import ROLES
from ragqa.web.app import create_app

PASSWORD = "correct horse battery"
QUESTION = "Does drug A help in condition B?"
Opened = Callable[..., AbstractContextManager[TestClient]]


def serving(folder: Path, **changes: Any) -> Settings:
    """Settings of a server over the small corpus, patient with a busy machine."""
    corpus = folder / "corpus"
    if not corpus.exists():
        draft = ARTICLE.replace("drug A help", "drug C help")
        states = {"drug-a": "approved", "drug-w": "withdrawn"}
        articles = {"drug-a": ARTICLE, "drug-c": draft, "drug-w": ARTICLE.replace("drug A help", "drug W help")}
        write_corpus(corpus, articles, [abstract(n) for n in (101, 102, 103)], states)
    given: dict[str, Any] = {
        "corpus": corpus,
        "index": folder / "index",
        "serving": folder / "serving",
        "library": folder / "library.sqlite",
        "hosts": ("testserver", "127.0.0.1"),
        "asks_per_minute": 0,
        "request_seconds": 300,
    }
    return Settings(**(given | changes))


@contextmanager
def opened(settings: Settings) -> Iterator[TestClient]:
    """The app in its lifespan, with a user of each role."""
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        known = {user.name for user in app.state.accounts.users()}
        for role in ROLES:
            if f"demo-{role}" not in known:
                app.state.accounts.add(f"demo-{role}", role, PASSWORD)
        yield client


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One app for all tests that leave it as they found it."""
    with opened(serving(tmp_path_factory.mktemp("web"))) as made:
        yield made


@pytest.fixture(scope="session")
def live(client: TestClient) -> Iterator[str]:
    """The same app behind a real socket; gives its address."""
    config = uvicorn.Config(app_of(client), lifespan="off", ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def own(tmp_path: Path) -> Opened:
    """An app of the test's own, with settings of its own."""
    return lambda **changes: opened(serving(tmp_path, **changes))


@pytest.fixture(scope="session")
def tokens(client: TestClient) -> dict[str, dict[str, str]]:
    """The header that each role sends; a guest sends none."""
    accounts = app_of(client).state.accounts
    return {"guest": {}} | {role: {"Authorization": f"Bearer {accounts.issue(f'demo-{role}', 'test')}"} for role in ROLES}


def app_of(client: TestClient) -> FastAPI:
    """The app behind a client."""
    app = client.app
    assert isinstance(app, FastAPI)
    return app


@contextmanager
def changed(client: TestClient, name: str, value: Any) -> Iterator[None]:
    """Something of the app's state changed for a while."""
    state = app_of(client).state
    before = getattr(state, name)
    setattr(state, name, value)
    try:
        yield
    finally:
        setattr(state, name, before)


def token(client: TestClient, role: str) -> dict[str, str]:
    """The header that this role sends to an app of a test's own."""
    return {"Authorization": f"Bearer {app_of(client).state.accounts.issue(f'demo-{role}', 'test')}"}


def stream_of(text: str) -> list[tuple[str, Any]]:
    """Names and data of server-sent events."""
    import json

    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines["event"], json.loads(lines["data"])))
    return found
