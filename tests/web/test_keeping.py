"""What is kept, under which address: nobody writes into another's page, and what cannot be kept is given all the same."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pages_site import fill_library, page, send, site, site_settings, small_site, words
from web.conftest import QUESTION, Opened, app_of, changed, stream_of, token

from ragqa.editorial.library import Library
from ragqa.editorial.versions import State
from ragqa.web import archive as module
from ragqa.web.api import asking, reading
from ragqa.web.archive import ADDRESS
from ragqa.web.pages import reader, suggestions, talk

EVENTS = {"accept": "text/event-stream"}
URGENT = "My son just swallowed a bottle of paracetamol"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another's lock is not waited for long, and what failed is tried again at once."""
    monkeypatch.setattr(module, "BUSY", 0.05)
    monkeypatch.setattr(module, "AGAIN", 0.0)


def test_two_readers_who_ask_the_same_get_two_addresses(client: TestClient) -> None:
    """The digest says that the answers are the same; an address says nothing of a question."""
    first, second = (client.post("/api/v1/ask", json={"question": QUESTION}).json() for _ in range(2))
    assert first["digest"] == second["digest"]
    assert first["id"] != second["id"]
    for answer in (first, second):
        assert ADDRESS.fullmatch(answer["id"])
        assert client.get(f"/api/v1/answers/{answer['id']}").json()["id"] == answer["id"]
        assert client.get(f"/answers/{answer['id']}.json").json()["id"] == answer["id"]
    assert client.get(f"/answers/{first['digest'][:16]}").status_code == 404
    assert client.get(f"/api/v1/answers/{first['digest'][:16]}").status_code == 422


def test_a_guest_cannot_write_into_anothers_conversation(client: TestClient) -> None:
    """A made-up history whose choice reads as another's question decides the guest's own answer and nothing else."""
    id = client.post("/api/v1/conversations").json()["id"]
    own = client.post(f"/api/v1/conversations/{id}/turns", json={"question": QUESTION}).json()
    forged = {"question": QUESTION, "choices": ["Is it safe? FORGED"], "answer": "FORGED", "status": "needs_clarification"}
    for question in ("1", QUESTION):
        client.post("/api/v1/ask", json={"question": question, "history": [forged]})
    client.post(f"/api/v1/conversations/{id}/turns", json={"question": "1"})
    shown = client.get(f"/conversations/{id}").text + client.get(f"/api/v1/conversations/{id}").text
    shown += client.get(f"/answers/{own['id']}").text
    assert "FORGED" not in shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("question", "x" * 2001),
        ("question", ""),
        ("standalone", "x" * 2001),
        ("status", "forged"),
        ("answer", "x" * 8001),
        ("choices", ["x"] * 21),
        ("choices", ["x" * 2001]),
        ("cited", [{"number": 1, "source_id": "pmid:1"}] * 101),
        ("cited", [{"number": 0, "source_id": "pmid:1"}]),
        ("cited", [{"number": 1, "source_id": "x" * 501}]),
        ("cited", [{"number": 1, "source_id": "Mrs Jane Miller"}]),
        ("cited", [{"number": 1, "source_id": "pmid:1", "passages": ["p"] * 21}]),
        ("cited", [{"number": 1, "source_id": "pmid:1", "surprise": 1}]),
        ("surprise", 1),
    ],
)
def test_a_turn_past_its_limits_is_refused(client: TestClient, field: str, value: object) -> None:
    """Naming the field, without a word of what was sent."""
    response = client.post("/api/v1/ask", json={"question": "1", "history": [{"question": QUESTION} | {field: value}]})
    assert response.status_code == 422
    assert f"body.history.0.{field}" in response.json()["error"]["message"]
    assert "Miller" not in response.text


def test_no_identifier_in_a_history_is_kept(own: Opened) -> None:
    """In no file of the server and in no answer, whichever field it came in."""
    planted = "Does drug A help Mrs Jane Miller, born 03/04/1961, MRN 88812345, in condition B?"
    turn = {"question": planted, "standalone": planted, "answer": planted, "choices": [planted, planted]}
    with own() as client:
        told = ""
        for question in ("1", "the second", "And what dose was used?", QUESTION):
            for headers in ({}, EVENTS):
                told += client.post("/api/v1/ask", json={"question": question, "history": [turn]}, headers=headers).text
        folder = app_of(client).state.settings.serving
        stored = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"condition B" in stored
    for identifier in ("Miller", "03/04/1961", "88812345"):
        assert identifier not in told
        assert identifier.encode() not in stored


def test_a_signed_off_answer_gets_an_address_of_its_own(tmp_path: Path) -> None:
    """Approved, and not to be found by what was asked."""
    settings = site_settings(tmp_path, small_site(tmp_path / "corpus"))
    fill_library(settings, QUESTION)
    with Library(settings.library) as library:
        signed = library.sign_off(library.versions(State.WAITING)[0].number, "demo-editor")
    with site(settings) as client:
        given = [client.post("/api/v1/ask", json={"question": QUESTION}).json() for _ in range(2)]
        assert {answer["review_state"] for answer in given} == {"approved"}
        assert len({signed.answer.id, *(answer["id"] for answer in given)}) == 3
        assert client.get(f"/api/v1/answers/{given[0]['id']}").json()["review_state"] == "approved"
        assert client.get(f"/answers/{signed.answer.id}").status_code == 404


def test_where_reading_is_closed_an_address_is_for_who_signed_in(client: TestClient) -> None:
    """Having it is not enough; neither page, export nor API."""
    id = client.post("/api/v1/ask", json={"question": QUESTION}).json()["id"]
    closed = app_of(client).state.settings.model_copy(update={"reading": "closed"})
    signed_in = token(client, "reader")
    with changed(client, "settings", closed):
        for path in (f"/answers/{id}", f"/answers/{id}.txt", f"/api/v1/answers/{id}"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=signed_in).status_code == 200


@contextmanager
def locked(client: TestClient) -> Iterator[None]:
    """Another process writes to the archive for long."""
    client.post("/api/v1/ask", json={"question": QUESTION})
    with closing(sqlite3.connect(app_of(client).state.archive.file, isolation_level=None)) as outside:
        outside.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def damaged(client: TestClient) -> Iterator[None]:
    """The archive is no database any more."""
    archive = app_of(client).state.archive
    archive.close()
    archive.queue = module.Queue()
    for file in archive.file.parent.glob("answers.sqlite*"):
        file.unlink()
    archive.file.write_text("no database " * 1000)
    yield


@contextmanager
def no_folder(client: TestClient) -> Iterator[None]:
    """No conversation can be written: a file stands where their folder should be."""
    talks = app_of(client).state.conversations
    talks.folder.write_text("in the way")
    yield


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("trouble", [locked, damaged, no_folder])
def test_an_answer_that_cannot_be_kept_is_given(tmp_path: Path, trouble: Any) -> None:
    """By API, stream and page, an emergency too: whole, saying that it is not kept, and counted."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client, trouble(client):
        talk = client.post("/api/v1/conversations").json()["id"]
        for question, status in ((QUESTION, "answered"), (URGENT, "urgent")):
            body = {"question": question}
            if trouble is not no_folder:
                given = client.post("/api/v1/ask", json=body).json()
                assert (given["status"], given["kept"]) == (status, False)
                last = stream_of(client.post("/api/v1/ask", json=body, headers=EVENTS).text)[-1][1]
                assert (last["status"], last["kept"]) == (status, False)
            turn = client.post(f"/api/v1/conversations/{talk}/turns", json=body).json()
            assert (turn["status"], turn["kept"]) == (status, False)
            shown = send(client, "/ask", body)
            assert shown.status_code == 200
            assert "could not be kept" in shown.text
            assert "/answers/" not in shown.text
            assert question in shown.text
            piece = send(client, "/ask", body, Accept="text/event-stream").text
            assert "could not be kept" in piece
        state = app_of(client).state
        assert state.archive.fault or state.conversations.fault
        assert float(re.findall(r"^ragqa_not_kept_total (\S+)$", client.get("/api/v1/metrics").text, re.MULTILINE)[0]) >= 6


@pytest.mark.usefixtures("quick")
def test_a_conversation_goes_on_while_the_archive_is_damaged(tmp_path: Path) -> None:
    """Its turns are remembered, so that a follow-up is understood."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client, damaged(client):
        id = client.post("/api/v1/conversations").json()["id"]
        client.post(f"/api/v1/conversations/{id}/turns", json={"question": QUESTION})
        second = client.post(f"/api/v1/conversations/{id}/turns", json={"question": "And what dose was used?"}).json()
        assert "drug A" in second["standalone_question"]
        assert "no longer kept" in words(page(client, f"/conversations/{id}"))


def test_a_damaged_archive_stops_no_start(tmp_path: Path) -> None:
    """It is named where the server is watched; answers are given."""
    settings = site_settings(tmp_path, small_site(tmp_path / "corpus"))
    settings.serving.mkdir()
    (settings.serving / "answers.sqlite").write_text("no database " * 1000)
    with site(settings) as client:
        assert client.post("/api/v1/ask", json={"question": QUESTION}).json()["statements"]
        assert "database" in app_of(client).state.archive.fault


def test_an_answer_that_is_kept_says_nothing_of_keeping(client: TestClient) -> None:
    """The contract stays as it was where all is well."""
    assert "kept" not in client.post("/api/v1/ask", json={"question": QUESTION}).json()


def test_events_are_ascii_whatever_a_text_holds(client: TestClient) -> None:
    """No line separator of any standard stands in a stream but the ends of its lines."""
    odd = f"{QUESTION} \u2028\u2029\u0085\x0b\x0c\x1c é"
    history = [{"question": odd, "choices": [odd]}]
    for path, body in (("/api/v1/ask", {"question": odd}), ("/api/v1/ask", {"question": "1", "history": history})):
        text = client.post(path, json=body, headers=EVENTS).text
        assert text.isascii()
        assert text.splitlines() == text.split("\n")[:-1]
        assert "é" in stream_of(text)[-1][1]["standalone_question"]


def test_line_separators_in_a_source_do_not_break_a_page_s_stream(tmp_path: Path) -> None:
    """They come out of each event as they stand in the source, and end no line before."""
    corpus = small_site(tmp_path / "corpus")
    records = corpus / "abstracts" / "all.jsonl"
    records.write_text(records.read_text().replace("Drug A lowered", "Drug A\\u2028\\u0085 lowered"))
    with site(site_settings(tmp_path, corpus)) as client:
        text = send(client, "/ask", {"question": QUESTION}, Accept="text/event-stream").text
    assert text.isascii()
    assert "\\u2028" in text
    events = stream_of(text)
    assert events[-1][0] == "turn"
    assert "\u2028" in events[-1][1]["html"]


def test_nothing_expensive_runs_in_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redaction, pages, cards, exports and files: each was called, and where no loop runs."""
    called: dict[str, set[bool]] = {}

    def watched(owner: Any, name: str) -> None:
        work = getattr(owner, name)

        def watching(*given: Any, **named: Any) -> Any:
            called.setdefault(name, set()).add(in_loop())
            return work(*given, **named)

        monkeypatch.setattr(owner, name, watching)

    for owner, name in (
        (talk, "turn_of_page"), (talk, "cards"), (talk, "show"), (talk, "_part"), (talk, "as_ris"),
        (reader, "article_page"), (reader, "redact"), (reader, "numbered"), (reader, "finder"),
        (reading, "article_page"), (asking, "_told"), (suggestions, "candidates"),
    ):  # fmt: skip
        watched(owner, name)
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client:
        state = app_of(client).state
        for name in ("turns", "add", "delete"):
            watched(state.conversations, name)
        for name in ("add", "answer", "answers", "answer_ids", "forget"):
            watched(state.archive, name)
        address = send(client, "/ask", {"question": QUESTION}).headers["location"].split("#")[0]
        (link,) = page(client, address).xpath("//a[contains(., 'Link to this answer')]/@href")
        send(client, "/ask", {"question": QUESTION}, Accept="text/event-stream")
        for path in (
            link,
            f"{link}.ris",
            "/articles/drug-a",
            "/sources/pmid:101",
            f"/api/v1{address}",
            "/api/v1/articles/drug-a",
            "/articles/drug-a/questions",
        ):
            assert client.get(path).status_code == 200
        assert client.get(send(client, "/search", {"query": QUESTION}).headers["location"]).status_code == 200
        client.post("/api/v1/ask", json={"question": QUESTION})
        client.post("/api/v1/ask", json={"question": QUESTION}, headers=EVENTS)
        client.delete(f"/api/v1{address}")
    assert called == {name: {False} for name in called}
    assert len(called) >= 14


def in_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
