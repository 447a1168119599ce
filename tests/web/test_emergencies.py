"""A question that tells of an emergency is told what to do, whatever else the server cannot do at that moment."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from web.conftest import QUESTION, Opened, app_of, changed, serving, stream_of, token
from web.test_access import csrf_in, signed_in
from web.test_engine import Gatekeeper, running

from ragqa.answer.contract import DISCLAIMERS, Answer
from ragqa.errors import Busy, IndexFault, LibraryError, ModelUnavailable, ServingError, TooSlow
from ragqa.question.asked import Asked, Turn
from ragqa.web.admission import Priority
from ragqa.web.conversations import Conversations
from ragqa.web.engine import Engine
from ragqa.web.live_index import LiveIndex
from ragqa.web.security import Rate

EMERGENCY = "My son John Smith just took 30 tablets of paracetamol, what do I do?"
EVENTS = {"Accept": "text/event-stream"}
FAULTS: list[Exception] = [
    Busy(3),
    TooSlow("too slow"),
    ServingError("the server is starting or stopping"),
    IndexFault("the index is damaged"),
    LibraryError("the library is damaged"),
    ModelUnavailable("weights are missing"),
    OSError("the disk is gone"),
    sqlite3.OperationalError("database is locked"),
]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gatekeeper]:
    """A gatekeeper that lets everybody through at the end."""
    keeper = Gatekeeper(monkeypatch)
    yield keeper
    keeper.open.set()


def check(answer: Answer | dict[str, Any]) -> None:
    """The whole answer to EMERGENCY, which names nobody."""
    sent = {} if isinstance(answer, Answer) else {name: value for name, value in answer.items() if name != "kept"}
    found = answer if isinstance(answer, Answer) else Answer.model_validate(sent)
    assert found.status == "urgent"
    assert "poison centre" in (found.message or "")
    assert found.disclaimer == DISCLAIMERS[found.audience]
    assert not found.references
    assert "Smith" not in found.model_dump_json()
    assert found.removed


def test_an_emergency_waits_for_nobody(tmp_path: Path, gate: Gatekeeper) -> None:
    """Every thread and every place is taken, and it is answered at once, whole or as events; other questions are refused."""

    async def scene() -> None:
        async with running(serving(tmp_path, workers=1, waiting=0)) as engine:
            busy = asyncio.create_task(engine.ask(Asked(question=QUESTION)))
            await gate.entered(1)
            check(await engine.ask(Asked(question=EMERGENCY)))
            events = [event async for event in engine.stream(Asked(question=EMERGENCY))]
            assert [event.name for event in events] == ["disclaimer", "answer"]
            check(events[1].data)  # type: ignore[arg-type]
            with pytest.raises(Busy):
                await engine.ask(Asked(question=QUESTION))
            gate.open.set()
            await busy

    asyncio.run(scene())


@pytest.mark.parametrize(
    "asked",
    [
        Asked(question=EMERGENCY),
        Asked(question=EMERGENCY, article="drug-a"),
        Asked(question="He is not breathing now", history=(Turn(question=QUESTION),)),
        Asked(question="I want to end my life"),
    ],
)
def test_it_is_the_answer_that_is_given_at_other_times(tmp_path: Path, asked: Asked) -> None:
    """But for the time it took, which nobody measures here."""

    async def scene() -> None:
        async with running(serving(tmp_path)) as engine:
            found = await engine.urgent(asked)
            assert found is not None
            with engine.index.generation() as ragqa:
                usual = ragqa.ask(asked.question, asked.history, asked.article)
            assert usual.model_copy(update={"trace": found.trace}) == found
            assert usual.trace.model_copy(update={"milliseconds": {}}) == found.trace

    asyncio.run(scene())


def test_a_question_about_emergencies_is_none(tmp_path: Path, gate: Gatekeeper) -> None:
    """What only sounds like one in a conversation is answered as any other, its events in their order."""
    gate.open.set()
    asked = Asked(question="What dose is an overdose after 30 tablets now", history=(Turn(question=QUESTION),))

    async def scene() -> None:
        async with running(serving(tmp_path)) as engine:
            assert await engine.urgent(Asked(question="Which drugs are used for anaphylaxis?")) is None
            names = [event.name async for event in engine.stream(asked)]
            assert (names[0], names[-1]) == ("disclaimer", "answer")

    asyncio.run(scene())


def test_it_needs_no_index(tmp_path: Path) -> None:
    """Before the index is open, and with an article that it does not hold; other questions are told to come back."""
    engine = Engine(serving(tmp_path))

    async def scene() -> None:
        found = await engine.ask(Asked(question=EMERGENCY, article="gone"), "patient")
        check(found)
        assert found.audience == "patient"
        assert found.trace.generation == "none"
        with pytest.raises(ServingError):
            await engine.ask(Asked(question=QUESTION))
        await engine.close()

    asyncio.run(scene())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_whatever_refuses_a_question_an_emergency_is_answered(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """Where the engine cannot even be asked, and where it cannot answer; a plain question is told so."""

    def fails(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr(LiveIndex, "generation", fails)
    sent = client.post("/api/v1/ask", json={"question": EMERGENCY, "article": "drug-a"})
    assert sent.status_code == 200, sent.text
    check(sent.json())
    told = stream_of(client.post("/api/v1/ask", json={"question": EMERGENCY}, headers=EVENTS).text)
    assert [name for name, _ in told] == ["disclaimer", "answer"]
    check(told[1][1])
    assert client.post("/api/v1/ask", json={"question": QUESTION, "article": "drug-a"}).status_code in (409, 429, 503)


def test_who_asks_too_often_is_told_in_an_emergency(client: TestClient, tokens: dict[str, dict[str, str]]) -> None:
    """By API, by events, and on pages with and without their script; other questions stay refused."""
    with changed(client, "rate", Rate(1, burst=0)):
        for headers in (tokens["guest"], token(client, "reader")):
            assert client.post("/api/v1/ask", json={"question": QUESTION}, headers=headers).status_code == 429
            check(client.post("/api/v1/ask", json={"question": EMERGENCY, "audience": "patient"}, headers=headers).json())
        told = stream_of(client.post("/api/v1/ask", json={"question": EMERGENCY}, headers=EVENTS).text)
        assert [name for name, _ in told] == ["disclaimer", "answer"]
        client.cookies.clear()
        form = {"question": EMERGENCY, "csrf": csrf_in(client.get("/").text)}
        page = client.post("/ask", data=form, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "poison centre" in page.text
        assert "Smith" not in page.text
        assert DISCLAIMERS["clinician"][:40] in page.text
        ((name, turn),) = stream_of(client.post("/ask", data=form, headers=EVENTS).text)
        assert (name, turn["conversation"]) == ("turn", "")
        assert "poison centre" in turn["html"]
        assert client.post("/ask", data=form | {"question": QUESTION}, headers={"Accept": "text/html"}).status_code == 429
        client.cookies.clear()


def test_a_conversation_that_is_gone_or_cannot_be_read_does_not_matter(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turns before are not needed to tell what to do."""
    path = f"/api/v1/conversations/{'x' * 22}/turns"
    assert client.post(path, json={"question": QUESTION}).status_code == 404
    check(client.post(path, json={"question": EMERGENCY}).json())

    def fails(*_: Any) -> Any:
        raise PermissionError("conversations")

    monkeypatch.setattr(Conversations, "turns", fails)
    check(client.post(path, json={"question": EMERGENCY}).json())
    monkeypatch.setattr(Conversations, "begin", fails)
    client.cookies.clear()
    form = {"question": EMERGENCY, "csrf": csrf_in(client.get("/").text)}
    assert "poison centre" in client.post("/ask", data=form, headers={"Accept": "text/html"}).text
    client.cookies.clear()


def test_who_may_not_ask_is_told_so(client: TestClient) -> None:
    """Guests where asking is closed, and what is no question; an old form and a field too many keep nobody from help."""
    with changed(client, "settings", app_of(client).state.settings.model_copy(update={"asking": "closed"})):
        assert client.post("/api/v1/ask", json={"question": EMERGENCY}).status_code == 401
    signed_in(client, "reader")
    assert client.post("/api/v1/ask", json={"question": QUESTION}).status_code == 403
    check(client.post("/api/v1/ask", json={"question": EMERGENCY, "audience": "patient"}).json())
    client.cookies.clear()
    check(client.post("/api/v1/ask", json={"question": EMERGENCY, "article": "no slug", "audience": "patient"}).json())
    for body in ('{"question": 1}', "[]", '{"question": "x", "more": 1}', "not JSON"):
        sent = client.post("/api/v1/ask", content=body, headers={"Content-Type": "application/json"})
        assert sent.status_code == 422
    with changed(client, "rate", Rate(1, burst=0)):
        for body in ("[]", "{}", '{"question": 1}', '{"question": "' + "x" * 3000 + '"}'):
            sent = client.post("/api/v1/ask", content=body, headers={"Content-Type": "application/json"})
            assert sent.status_code in (422, 429), body


def test_only_asking_is_rescued(client: TestClient) -> None:
    """Searching for the words of an emergency finds no answer where it is refused."""
    with changed(client, "rate", Rate(1, burst=0)):
        assert client.post("/api/v1/search", json={"question": EMERGENCY}).status_code == 429


def test_a_reader_who_signed_in_is_not_starved_by_guests(own: Opened, gate: Gatekeeper) -> None:
    """Guests fill their line; who signed in is asked of the engine as such and gets a place, by API and page alike."""
    seen: list[Priority] = []
    with own(workers=1, waiting=1) as client:
        admission = app_of(client).state.engine._admission
        submit = admission.submit

        def noted(work: Any, priority: Priority) -> Any:
            seen.append(priority)
            return submit(work, priority)

        admission.submit = noted
        gate.open.set()
        token = app_of(client).state.accounts.issue("demo-reader", "test")
        signed = {"Authorization": f"Bearer {token}"}
        for headers in ({}, signed):
            assert client.post("/api/v1/ask", json={"question": QUESTION}, headers=headers).status_code == 200
            assert client.post("/api/v1/search", json={"question": QUESTION}, headers=headers).status_code == 200
            assert client.get("/search", params={"q": QUESTION}, headers=headers).status_code == 200
        assert client.get("/articles/drug-a/questions", headers=signed).status_code == 200
    guest, reader = [Priority.GUEST] * 3, [Priority.SIGNED_IN] * 3
    assert seen[:6] == guest + reader
    assert set(seen[6:]) <= {Priority.IDLE}
