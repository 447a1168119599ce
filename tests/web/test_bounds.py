"""Bounds of what waits and of what is shown, and what a conversation says of sources that were withdrawn since."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from samples import ARTICLE
from web.conftest import QUESTION, app_of

from ragqa.web import security
from ragqa.web.pages import desk

Opened = Callable[..., AbstractContextManager[TestClient]]


def editor(client: TestClient) -> dict[str, str]:
    """The header that an editor's program sends."""
    return {"Authorization": f"Bearer {app_of(client).state.accounts.issue('demo-editor', 'test')}"}


def test_what_waits_for_a_page_has_a_bound_and_questions_and_probes_have_their_own(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past it a page is refused with a time to come back; questions, emergencies among them, and probes go on."""
    monkeypatch.setattr(security, "AT_WORK", 0)
    for path in ("/", "/articles/drug-a", "/api/v1/articles"):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["error"]["kind"]) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
    assert client.get("/api/v1/health").status_code == client.get("/api/v1/ready").status_code == 200
    assert client.get("/static/style.css").status_code != 503
    assert client.post("/api/v1/ask", json={"question": QUESTION}).json()["status"] == "answered"


def test_a_place_is_given_back_whatever_became_of_the_request(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by what is refused or not found."""
    monkeypatch.setattr(security, "AT_WORK", 1)
    for path in ("/nowhere", "/articles/none", "/api/v1/review", "/"):
        assert client.get(path).status_code != 503
    assert client.get("/").status_code == 200


def test_the_desk_shows_so_many_faults_and_counts_the_others(own: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants all of them is told the command."""
    monkeypatch.setattr(desk, "SHOWN", 3)
    with own() as client:
        articles: Path = app_of(client).state.settings.corpus / "articles"
        for number in range(8):
            (articles / f"faulty-{number}.md").write_text(ARTICLE.replace("updated: 2026-01-02", "updated: 2026-13-45"))
        page = client.get("/desk", headers=editor(client)).text
        assert page.count("/desk/articles/faulty-") == 3
        assert "and 5 more: <code>ragqa check</code>" in page


def test_a_conversation_names_what_it_cited_and_may_not_be_cited_now(own: Opened) -> None:
    """At once, as the page does; nothing while all stands."""
    with own() as client:
        talk = client.post("/api/v1/conversations").json()["id"]
        client.post(f"/api/v1/conversations/{talk}/turns", json={"question": QUESTION})
        (turn,) = client.get(f"/api/v1/conversations/{talk}").json()["turns"]
        assert turn["withdrawn"] == []
        assert "article:drug-a" in {cited["source_id"] for cited in turn["turn"]["cited"]}
        step = {"state": "withdrawn"}
        assert client.post("/api/v1/review/drug-a/steps", json=step, headers=editor(client)).status_code == 201
        (turn,) = client.get(f"/api/v1/conversations/{talk}").json()["turns"]
        assert "article:drug-a" in turn["withdrawn"]
