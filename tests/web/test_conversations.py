"""Conversations on disk: bounded, read some turns at a time, and however damaged, a fault of that one alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from answers import answer
from fastapi.testclient import TestClient
from pages_site import page, send, site, site_settings, small_site, words
from web.conftest import QUESTION, app_of

from ragqa.conversation.turns import add_turn
from ragqa.question.asked import Turn
from ragqa.web import conversations as module
from ragqa.web.archive import Archive
from ragqa.web.conversations import MOST_TURNS, PAGE, Conversations
from ragqa.web.problems import Problem

HOLD = 60.0


@pytest.fixture
def talks(tmp_path: Path) -> Iterator[Conversations]:
    """An empty folder for five conversations."""
    archive = Archive(tmp_path / "answers.sqlite", 1000, 10**9)
    yield Conversations(tmp_path / "conversations", archive, HOLD, 5)
    archive.close()


def filled(talks: Conversations, count: int) -> str:
    """A conversation of so many turns."""
    id = talks.begin()
    for number in range(count):
        add_turn(talks.folder / f"{id}.jsonl", Turn(question=f"Question {number + 1}?", answer="Yes."))
    talks._begun.clear()
    return id


def asked(talks: Conversations) -> str:
    """A conversation with one turn and its answer."""
    id = talks.begin()
    assert talks.add(id, answer(id=f"{id[:11]}{id[:11]}"))
    return id


def test_nothing_is_written_before_the_first_turn(talks: Conversations) -> None:
    """Beginning costs no disk, and only so many begun ones are remembered."""
    first = talks.begin()
    assert talks.turns(first) == []
    assert not talks.folder.exists()
    for _ in range(module.MOST_BEGUN):
        talks.begin()
    with pytest.raises(Problem, match="no such conversation"):
        talks.turns(first)


def test_the_oldest_untouched_make_room(talks: Conversations) -> None:
    """Never more than the setting says; what is being asked in stays."""
    ids = [asked(talks) for _ in range(5)]
    for age, id in enumerate(ids):
        os.utime(talks.folder / f"{id}.jsonl", (age, age))
    talks.hold(ids[0])
    newest = asked(talks)
    left = {file.stem for file in talks.folder.iterdir()}
    assert left == {ids[0], *ids[2:], newest}


def test_a_full_conversation_says_to_begin_a_new_one(talks: Conversations) -> None:
    """The last turn that may be asked is asked; nothing of it is lost."""
    id = filled(talks, MOST_TURNS - 1)
    assert len(talks.hold(id)) == MOST_TURNS - 1
    assert talks.add(id, answer(id="a" * 22))
    talks.release(id)
    with pytest.raises(Problem, match="begin a new conversation"):
        talks.hold(id)
    assert talks.stretch(id, None, 1).count == MOST_TURNS


def test_the_newest_turns_come_first_and_earlier_ones_when_asked_for(talks: Conversations) -> None:
    """In order, none twice and none left out."""
    id = filled(talks, 2 * PAGE + 5)
    newest = talks.stretch(id, None, PAGE)
    assert (newest.after, newest.count, newest.turns[-1].question) == (PAGE + 5, 2 * PAGE + 5, f"Question {2 * PAGE + 5}?")
    found = [turn.question for after in (0, PAGE, 2 * PAGE) for turn in talks.stretch(id, after, PAGE).turns]
    assert found == [f"Question {number}?" for number in range(1, 2 * PAGE + 6)]
    assert talks.stretch(id, 10**6, PAGE).turns == ()


def test_the_stored_text_of_a_turn_is_bounded(talks: Conversations) -> None:
    """Whatever an answer says."""
    id = talks.begin()
    talks.add(id, answer(id="a" * 22, question="word " * 5000, standalone_question="word " * 5000))
    assert (talks.folder / f"{id}.jsonl").stat().st_size < 20_000


def whole() -> str:
    """A line as it is written."""
    return json.dumps({"schema": "ragqa.turn/1", "question": "Is it safe?"}) + "\n"


def binary(file: Path) -> None:
    """Bytes of anything."""
    file.write_bytes(bytes(range(256)) * 20)


def torn(file: Path) -> None:
    """A line in the middle cut short."""
    file.write_text(whole() + whole()[:20] + "\n" + whole())


def nested(file: Path) -> None:
    """Lists in lists."""
    file.write_text(whole() + '{"choices": ' + "[" * 20_000 + "]" * 20_000 + "}\n")


def wrong_type(file: Path) -> None:
    """A turn whose fields are of other types."""
    file.write_text('{"question": {"a": 1}, "choices": 3}\n')


def other_kind(file: Path) -> None:
    """Another file put in its place."""
    file.write_text('{"schema": "ragqa.answer/1", "id": "1"}\n')


def long_line(file: Path) -> None:
    """One line of 17 MiB."""
    file.write_text('{"question": "' + "x" * (17 * 1024 * 1024) + '"}\n')


def link_to_nowhere(file: Path) -> None:
    """A link that leads to itself."""
    file.symlink_to(file.name)


def folder(file: Path) -> None:
    """A folder with something in it."""
    file.mkdir()
    (file / "inside").write_text("x")


DAMAGES = [binary, torn, nested, wrong_type, other_kind, long_line, link_to_nowhere, folder, os.mkfifo]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_conversation_is_a_fault_of_its_own(client: TestClient, damage: Callable[[Path], Any]) -> None:
    """An envelope for it alone, with what to do; it can still be deleted, and all others go on."""
    talks = app_of(client).state.conversations
    id = "d" * 22
    talks.folder.mkdir(exist_ok=True)
    damage(talks.folder / f"{id}.jsonl")
    for response in (
        client.get(f"/api/v1/conversations/{id}"),
        client.post(f"/api/v1/conversations/{id}/turns", json={"question": QUESTION}),
        client.get(f"/conversations/{id}"),
    ):
        assert response.status_code == 503
        assert response.json()["error"]["kind"] == "conversation"
        assert str(talks.folder) not in response.text
    assert client.delete(f"/api/v1/conversations/{id}").status_code == 204
    assert client.get(f"/api/v1/conversations/{id}").status_code == 404
    other = client.post("/api/v1/conversations").json()["id"]
    assert client.post(f"/api/v1/conversations/{other}/turns", json={"question": QUESTION}).status_code == 200


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_conversations_are_cleared_with_the_others(talks: Conversations, damage: Callable[[Path], Any]) -> None:
    """By age, whatever they are."""
    asked(talks)
    damage(talks.folder / f"{'d' * 22}.jsonl")
    assert talks.clear(days=-1) == 2
    assert list(talks.folder.iterdir()) == []


def test_a_folder_that_cannot_be_read_ends_no_clearing(talks: Conversations, caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log, and tried again the next day."""
    talks.folder.write_text("in the way")
    assert talks.clear(days=-1) == 0
    assert "cannot be deleted" in caplog.text


def test_an_emergency_in_a_conversation_that_cannot_be_read_is_answered(client: TestClient) -> None:
    """It needs no store: alone, with the way to help."""
    talks = app_of(client).state.conversations
    talks.folder.mkdir(exist_ok=True)
    torn(talks.folder / f"{'e' * 22}.jsonl")
    for id in ("e" * 22, "f" * 22):
        body = {"question": "My son just swallowed a bottle of paracetamol", "article": "no-such-article"}
        answered = client.post(f"/api/v1/conversations/{id}/turns", json=body)
        assert answered.status_code == 200
        assert answered.json()["status"] == "urgent"
    talks.delete("e" * 22)


def test_the_api_gives_a_conversation_some_turns_at_a_time(client: TestClient) -> None:
    """Followed from the beginning, every turn once; without a place, the newest."""
    talks = app_of(client).state.conversations
    id = filled(talks, 25)
    newest = client.get(f"/api/v1/conversations/{id}").json()
    assert (newest["after"], newest["count"], newest["next"], len(newest["turns"])) == (5, 25, None, 20)
    found, after = [], 0
    while after is not None:
        given = client.get(f"/api/v1/conversations/{id}", params={"after": after, "limit": 10}).json()
        found += [spoken["turn"]["question"] for spoken in given["turns"]]
        after = given["next"]
    assert found == [f"Question {number}?" for number in range(1, 26)]
    assert client.get(f"/api/v1/conversations/{id}", params={"limit": MOST_TURNS + 1}).status_code == 422
    assert client.get(f"/api/v1/conversations/{id}", params={"after": -1}).status_code == 422
    talks.delete(id)


def test_turns_that_the_server_gave_are_accepted_back(client: TestClient) -> None:
    """As the history of a question."""
    id = client.post("/api/v1/conversations").json()["id"]
    for question in (QUESTION, "And what dose was used?", "Is it safe?", "1"):
        assert client.post(f"/api/v1/conversations/{id}/turns", json={"question": question}).status_code == 200
    given = client.get(f"/api/v1/conversations/{id}").json()
    history = [spoken["turn"] for spoken in given["turns"]]
    assert len(history) == 4
    assert client.post("/api/v1/ask", json={"question": "And in adults?", "history": history}).status_code == 200


def test_a_page_shows_the_newest_turns_and_leads_to_earlier_ones(tmp_path: Path) -> None:
    """Also in a conversation that is full, whose next question says what to do."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client:
        talks = app_of(client).state.conversations
        id = filled(talks, MOST_TURNS)
        shown = page(client, f"/conversations/{id}?article=drug-a")
        assert [turn.get("id") for turn in shown.xpath("//article")] == [f"turn-{n}" for n in range(181, 201)]
        (earlier,) = shown.xpath("//a[contains(., 'Earlier')]/@href")
        before = page(client, f"/conversations/{id}{earlier}")
        assert [turn.get("id") for turn in before.xpath("//article")] == [f"turn-{n}" for n in range(161, 181)]
        assert "Beside the article" in words(before)
        (later,) = before.xpath("//a[contains(., 'Later')]/@href")
        assert page(client, f"/conversations/{id}{later}").xpath("//article[@id='turn-200']")
        refused = send(client, "/ask", {"question": QUESTION, "conversation": id})
        assert refused.status_code == 409
        assert "begin a new conversation" in refused.text
        with closing(client.get(f"/conversations/{id}")) as response:
            assert len(response.content) < 100_000
