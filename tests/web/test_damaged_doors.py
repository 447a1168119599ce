"""Damaged accounts or a damaged secret: the house stays open to everybody who needs no key, and nobody gets in without one."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from web.conftest import PASSWORD, serving

from ragqa.settings import Settings
from ragqa.web.accounts import Accounts
from ragqa.web.app import create_app

QUESTION = {"question": "Does drug A help in condition B?"}
EMERGENCY = {"question": "I have taken all my tablets and want to die"}
DAMAGES: dict[str, Callable[[Path], Any]] = {
    "empty": lambda file: file.write_bytes(b""),
    "no database": lambda file: file.write_bytes(b"no database" * 500),
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:5000]),
    "folder": lambda file: (file.unlink(), file.mkdir()),
    "pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "link to itself": lambda file: (file.unlink(), file.symlink_to(file.name)),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A server's own folders."""
    return serving(tmp_path)


def opened(settings: Settings) -> TestClient:
    """The server, to be started."""
    return TestClient(create_app(settings), follow_redirects=False)


@pytest.fixture
def accounts(settings: Settings) -> Path:
    """Accounts with an editor, who has a token."""
    settings.serving.mkdir(exist_ok=True)
    kept = Accounts(settings.serving / "accounts.sqlite")
    kept.add("demo-editor", "editor", PASSWORD)
    kept.close()
    for journal in ("-wal", "-shm"):
        (settings.serving / f"accounts.sqlite{journal}").unlink(missing_ok=True)
    return settings.serving / "accounts.sqlite"


def sign_in(client: TestClient) -> int:
    """The status of signing in with the right password."""
    page = client.get("/sign-in")
    token = page.text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    form = {"name": "demo-editor", "password": PASSWORD, "csrf": token}
    return client.post("/sign-in", data=form, follow_redirects=False).status_code


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_accounts_keep_out_who_would_have_to_sign_in_and_nobody_else(
    settings: Settings, accounts: Path, damage: Callable[[Path], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Questions, articles and emergencies go on, also with a cookie or token of before; a file put back is used by itself."""
    good = accounts.read_bytes()
    damage(accounts)
    with (
        caplog.at_level(logging.ERROR, "ragqa.web.accounts"),
        opened(settings) as client,
    ):
        assert "nobody can sign in" in client.get("/api/v1/ready").json()["faults"]
        for sent in ({}, {"Cookie": f"ragqa={'s' * 43}"}, {"Authorization": f"Bearer {'t' * 43}"}):
            assert client.get("/api/v1/articles/drug-a", headers=sent).status_code == 200
            assert client.post("/api/v1/ask", json=QUESTION, headers=sent).json()["status"] == "answered"
            assert client.post("/api/v1/ask", json=EMERGENCY, headers=sent).json()["status"] == "urgent"
            if sent:
                assert client.get("/api/v1/review", headers=sent).status_code == 503
        assert sign_in(client) == 503
        told = [record for record in caplog.records if record.name == "ragqa.web.accounts"]
        assert len(told) == 1
        assert "ragqa mend" in told[0].getMessage()
        accounts.rename(accounts.with_name("aside"))
        accounts.write_bytes(good)
        assert sign_in(client) == 303
        assert client.get("/api/v1/ready").json()["faults"] == []


def test_where_asking_is_closed_damaged_accounts_let_nobody_ask(settings: Settings, accounts: Path) -> None:
    """But who would have been let in with a token is told what to do in an emergency."""
    accounts.write_bytes(b"no database" * 500)
    with opened(settings.model_copy(update={"asking": "closed"})) as client:
        header = {"Authorization": f"Bearer {'t' * 43}"}
        assert client.post("/api/v1/ask", json=QUESTION, headers=header).status_code == 503
        assert client.post("/api/v1/ask", json=EMERGENCY, headers=header).json()["status"] == "urgent"


def test_accounts_damaged_while_the_server_runs_are_let_go_of(settings: Settings, accounts: Path) -> None:
    """Nobody is let in from then on, until a good file is there."""
    good = accounts.read_bytes()
    with opened(settings) as client:
        assert sign_in(client) == 303
        for journal in ("-wal", "-shm"):
            (settings.serving / f"accounts.sqlite{journal}").unlink(missing_ok=True)
        accounts.write_bytes(b"no database" * 5000)
        assert client.get("/api/v1/review").status_code == 503
        accounts.unlink()
        accounts.write_bytes(good)
        assert sign_in(client) == 303


def test_an_emergency_with_a_token_that_ended_is_told_what_to_do(settings: Settings, accounts: Path) -> None:
    """Without it the question would be answered; any other question is refused, so that whoever sent it notices."""
    with opened(settings) as client:
        header = {"Authorization": f"Bearer {'t' * 43}"}
        assert client.post("/api/v1/ask", json=EMERGENCY, headers=header).json()["status"] == "urgent"
        assert client.post("/api/v1/ask", json=QUESTION, headers=header).status_code == 401


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to itself"])
def test_a_secret_that_cannot_be_kept_is_made_for_the_time_being(settings: Settings, accounts: Path, kind: str) -> None:
    """Forms work until the server ends; the ready route says so."""
    file = accounts.with_name("secret")
    file.write_bytes(b"")
    DAMAGES[kind](file)
    with opened(settings) as client:
        assert client.get("/api/v1/ready").json()["faults"] == ["the server's secret is not kept"]
        assert client.post("/api/v1/ask", json=QUESTION).json()["status"] == "answered"
        assert sign_in(client) == 303
    assert file.is_dir() or not file.is_file()
