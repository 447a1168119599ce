"""The engine: bounded, swapped live, within its time, and closed only when it is done."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLE, abstract, write_corpus
from web.conftest import QUESTION, serving

from ragqa import pipeline
from ragqa.answer.contract import Answer
from ragqa.composing import extractive as compose
from ragqa.editorial.library import Library
from ragqa.editorial.regenerate import propose
from ragqa.errors import Busy, ServingError, TooSlow
from ragqa.files import write_atomic
from ragqa.files.locking import locked
from ragqa.index import current_generation
from ragqa.index.refresh import build_index
from ragqa.models import BATCH, CachingEmbedder
from ragqa.models.onnx import OnnxModel
from ragqa.pipeline import Ragqa
from ragqa.question import reading
from ragqa.question.asked import Asked, Turn
from ragqa.retrieval import ranking as retrieve
from ragqa.settings import Settings
from ragqa.web import live_index, signed_off
from ragqa.web.admission import Priority
from ragqa.web.deadline import Deadline
from ragqa.web.engine import Engine

ASKED = Asked(question=QUESTION)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Engine]:
    """An engine, open."""
    engine = Engine(settings)
    await engine.open()
    try:
        yield engine
    finally:
        await engine.close()


class Gatekeeper:
    """Holds every question in the pipeline until ``let_through``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.inside: list[str] = []
        ask = Ragqa.ask

        def held(ragqa: Ragqa, question: str, *given: Any) -> Answer:
            self.inside.append(ragqa.generation.manifest.generation)
            assert self.open.wait(60)
            return ask(ragqa, question, *given)

        monkeypatch.setattr(Ragqa, "ask", held)

    async def entered(self, count: int) -> None:
        """Wait until so many questions are being answered."""
        async with asyncio.timeout(60):
            while len(self.inside) < count:
                await asyncio.sleep(0.01)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gatekeeper]:
    """A gatekeeper that lets everybody through at the end."""
    keeper = Gatekeeper(monkeypatch)
    yield keeper
    keeper.open.set()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """CURRENT is looked at without much waiting."""
    monkeypatch.setattr(live_index, "LOOK", 0.02)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to become so."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.02)


def edit(settings: Settings) -> str:
    """A record of the corpus changed, built beside the running engine; returns the new generation's name."""
    records = settings.corpus / "abstracts" / "all.jsonl"
    records.write_text(records.read_text().replace("by 101 points", "by 100 points"))
    return build_index(settings).manifest.generation


def test_past_its_bound_a_question_is_refused_at_once(tmp_path: Path, gate: Gatekeeper) -> None:
    """One runs, two wait, the fourth is told when to come back; those admitted are all answered."""

    async def scene() -> None:
        async with running(serving(tmp_path, workers=1, waiting=2)) as engine:
            admitted = [asyncio.create_task(engine.ask(ASKED)) for _ in range(3)]
            await gate.entered(1)
            assert engine.pending == 3
            with pytest.raises(Busy) as refused:
                await engine.ask(ASKED)
            assert refused.value.retry_after >= 1
            with pytest.raises(Busy):
                engine.stream(ASKED)
            gate.open.set()
            answers = await asyncio.gather(*admitted)
            assert {answer.status for answer in answers} == {"answered"}
            await until(lambda: engine.pending == 0)
            assert (await engine.ask(ASKED)).said() == answers[0].said()

    asyncio.run(scene())


def test_a_question_past_its_time_is_given_up(tmp_path: Path, gate: Gatekeeper) -> None:
    """The one that runs stops at its next stage, the one that waits is never begun, and the engine goes on."""

    async def scene() -> None:
        async with running(serving(tmp_path, workers=1, waiting=5, request_seconds=0.5)) as engine:
            tried = await asyncio.gather(*(engine.ask(ASKED) for _ in range(2)), return_exceptions=True)
            assert [type(outcome) for outcome in tried] == [TooSlow, TooSlow]
            assert len(gate.inside) == 1
            gate.open.set()
            await until(lambda: engine.pending == 0)
            engine.settings = engine.settings.model_copy(update={"request_seconds": 300})
            assert (await engine.ask(ASKED)).statements

    asyncio.run(scene())


def test_a_reader_who_goes_away_stops_the_work(tmp_path: Path, gate: Gatekeeper) -> None:
    """A stream that nobody reads any more frees its place."""

    async def scene() -> None:
        async with running(serving(tmp_path, workers=1, waiting=1)) as engine:
            events = engine.stream(ASKED)
            assert (await anext(events)).name == "disclaimer"
            await gate.entered(1)
            waiting = engine.stream(ASKED)
            await anext(waiting)
            await waiting.aclose()  # type: ignore[attr-defined]
            assert engine.pending == 1
            await events.aclose()  # type: ignore[attr-defined]
            gate.open.set()
            await until(lambda: engine.pending == 0)
            assert len(gate.inside) == 1

    asyncio.run(scene())


@pytest.mark.usefixtures("quick")
def test_a_new_generation_takes_over_without_a_pause(tmp_path: Path, gate: Gatekeeper) -> None:
    """A question under way is answered from the generation it began with; the next one from the new; then the old is closed."""
    settings = serving(tmp_path)

    async def scene() -> None:
        async with running(settings) as engine:
            before = current_generation(settings.index)
            under_way = asyncio.create_task(engine.ask(ASKED))
            await gate.entered(1)
            with engine.index.generation() as old:
                pass
            after = await asyncio.to_thread(edit, settings)
            await until(lambda: engine.index.swaps == 1)
            later = asyncio.create_task(engine.ask(ASKED, priority=Priority.SIGNED_IN))
            await gate.entered(2)
            assert gate.inside == [before, after]
            assert old.generation.find("pmid:101") is not None
            gate.open.set()
            assert (await under_way).trace.generation == before
            assert (await later).trace.generation == after
            old.generation._record.cache_clear()
            with pytest.raises(Exception, match="closed"):
                old.generation.find("pmid:101")

    asyncio.run(scene())


@pytest.mark.usefixtures("quick")
def test_a_generation_that_cannot_be_opened_changes_nothing(tmp_path: Path) -> None:
    """It is counted, the one before goes on answering, and a whole one after it takes over."""
    settings = serving(tmp_path)

    async def scene() -> None:
        async with running(settings) as engine:
            before = current_generation(settings.index)
            (settings.index / "CURRENT").write_text("0123456789abcdef\n")
            await until(lambda: engine.index.failed_swaps > 0)
            assert (await engine.ask(ASKED)).trace.generation == before
            after = await asyncio.to_thread(edit, settings)
            await until(lambda: engine.index.swaps == 1)
            assert (await engine.ask(ASKED)).trace.generation == after

    asyncio.run(scene())


@pytest.mark.usefixtures("quick")
def test_an_approval_during_another_build_is_not_forgotten(tmp_path: Path) -> None:
    """The other build may have begun before it: the index follows once that one is done."""
    settings = serving(tmp_path)

    async def scene() -> None:
        async with running(settings) as engine:
            records = settings.corpus / "abstracts" / "all.jsonl"
            records.write_text(records.read_text().replace("by 101 points", "by 100 points"))
            with (settings.index / "LOCK").open("ab") as other, locked(other):
                following = engine.index.follow()
                await asyncio.sleep(0.3)
                assert not following.done()
            await asyncio.wrap_future(following)
            assert (engine.index.swaps, engine.index.failed_swaps) == (1, 0)

    asyncio.run(scene())


def test_many_swaps_under_load_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions without a break while generations come and go: every one is answered, each from a generation that was live."""
    monkeypatch.setattr(live_index, "LOOK", 0.01)
    settings = serving(tmp_path, waiting=50, generations=10)

    async def scene() -> None:
        async with running(settings) as engine:
            names = {current_generation(settings.index), await asyncio.to_thread(edit, settings)}
            answers: list[Answer] = []
            busy = True

            async def reader() -> None:
                while busy:
                    answers.append(await engine.ask(ASKED))

            readers = [asyncio.create_task(reader()) for _ in range(4)]
            for swap in range(1, 9):
                name = sorted(map(str, names))[swap % 2]
                write_atomic(settings.index / "CURRENT", [name + "\n"])
                with engine.index.generation() as ragqa:
                    live = ragqa.generation.manifest.generation
                if live != name:
                    seen = engine.index.swaps
                    await until(lambda seen=seen: engine.index.swaps > seen)  # type: ignore[misc]
            busy = False
            await asyncio.gather(*readers)
            assert engine.index.swaps >= 7
            assert engine.index.failed_swaps == 0
            assert {answer.trace.generation for answer in answers} <= names
            assert len(answers) >= 4

    asyncio.run(scene())


def test_closing_finishes_what_was_admitted(tmp_path: Path, gate: Gatekeeper) -> None:
    """Running and waiting questions are answered; one that comes after is told that the server stops."""

    async def scene() -> None:
        engine = Engine(serving(tmp_path, workers=1))
        await engine.open()
        admitted = [asyncio.create_task(engine.ask(ASKED)) for _ in range(3)]
        await gate.entered(1)
        closing = asyncio.create_task(engine.close())
        await asyncio.sleep(0.1)
        with pytest.raises(ServingError):
            await engine.ask(ASKED)
        gate.open.set()
        answers = await asyncio.gather(*admitted)
        await closing
        assert all(answer.statements for answer in answers)
        assert not engine.index.ready
        with pytest.raises(ServingError), engine.index.generation():
            pass

    asyncio.run(scene())


def test_the_corpus_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    """The same object as long as no file changed; then the new content, without the article that has a fault."""
    settings = serving(tmp_path)
    engine = Engine(settings)
    first = engine.read_corpus()
    assert engine.read_corpus() is first
    write_corpus(
        settings.corpus, {"drug-a": ARTICLE.replace("drug A help", "drug A really help")}, [abstract(101), abstract(102)]
    )
    assert engine.read_corpus().articles["drug-a"].title == "Does drug A really help in condition B?"
    (settings.corpus / "articles" / "drug-a.md").write_text("nothing")
    assert engine.read_corpus().articles.keys() == {"drug-c", "drug-w"}
    assert engine.read_corpus().set_aside.keys() == {"drug-a"}


def test_stages_are_told_while_the_answer_is_made(tmp_path: Path) -> None:
    """Not all at the end: each is there before the next one begins."""

    async def scene() -> None:
        async with running(serving(tmp_path)) as engine:
            seen = [(event.name, event.data, time.monotonic()) async for event in engine.stream(ASKED)]
            stages = [(data, at) for name, data, at in seen if name == "stage"]
            assert [stage for stage, _ in stages] == ["searching", "reading", "checking"]
            assert stages[0][1] < stages[-1][1] <= seen[-1][2]

    asyncio.run(scene())


def test_who_signed_in_is_answered_before_waiting_guests(tmp_path: Path, gate: Gatekeeper) -> None:
    """Guests take every place of theirs; the reader who came last is answered first, after the one that is running."""

    async def scene() -> None:
        async with running(serving(tmp_path, workers=1, waiting=3)) as engine:
            order: list[str] = []

            async def asks(name: str, priority: Priority) -> None:
                await engine.ask(ASKED, priority=priority)
                order.append(name)

            guests = [asyncio.create_task(asks(f"guest {n}", Priority.GUEST)) for n in range(4)]
            await gate.entered(1)
            with pytest.raises(Busy):
                await engine.ask(ASKED)
            with pytest.raises(Busy):
                await engine.ask(ASKED, priority=Priority.IDLE)
            reader = asyncio.create_task(asks("reader", Priority.SIGNED_IN))
            await until(lambda: engine.pending == 5)
            gate.open.set()
            await asyncio.gather(reader, *guests)
            assert order.index("reader") == 1

    asyncio.run(scene())


class Steps:
    """Notes the steps of answering; in the one numbered ``slow`` the newest deadline passes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.slow: int | None = None
        self.deadlines: list[Deadline] = []
        made = Deadline.__init__
        monkeypatch.setattr(Deadline, "__init__", lambda one, seconds: (made(one, seconds), self.deadlines.append(one))[0])
        for owner, name in (
            (reading, "standalone"),
            (Library, "published"),
            (CachingEmbedder, "embed"),
            (retrieve, "rank"),
            (OnnxModel, "run"),
            (compose, "_choose"),
            (pipeline, "verified"),
        ):
            self._watch(monkeypatch, owner, name)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def step(*given: Any, **named: Any) -> Any:
            here = len(self.begun)
            self.begun.append(name)
            done = real(*given, **named)
            if here == self.slow:
                self.deadlines[-1].at = 0.0
            return done

        monkeypatch.setattr(owner, name, step)


HISTORY = (Turn(question="Does drug A help in condition B?"),)
WORK = {
    "asked": lambda engine: engine.ask(ASKED),
    "after another": lambda engine: engine.ask(Asked(question="And compared with placebo?", history=HISTORY)),
    "streamed": lambda engine: drained(engine.stream(ASKED)),
    "searched": lambda engine: engine.search(ASKED, 5),
}


async def drained(events: AsyncIterator[Any]) -> list[Any]:
    """All events."""
    return [event async for event in events]


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
@pytest.mark.parametrize("published", [False, True])
def test_time_that_runs_out_in_any_step_ends_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Engine], Any], published: bool
) -> None:
    """No further step is begun, and the thread is free again."""
    settings = serving(tmp_path, workers=1)
    if published:
        publish(settings)
    steps = Steps(monkeypatch)

    async def scene() -> None:
        async with running(settings) as engine:
            await work(engine)
            steps.begun.clear()
            await work(engine)
            usual = list(steps.begun)
            assert {"standalone", "embed", "rank"} <= set(usual)
            for slow in range(len(usual)):
                steps.begun.clear()
                steps.slow = slow
                with pytest.raises(TooSlow):
                    await work(engine)
                assert steps.begun == usual[: slow + 1], usual
                await until(lambda: engine.pending == 0)
            steps.slow = None
            await work(engine)

    asyncio.run(scene())


def publish(settings: Settings) -> None:
    """Sign the answer to ASKED off."""
    with Ragqa.open(settings) as ragqa, Library(settings.library) as library:
        (redone,) = propose(library, ragqa, [ASKED], "clinician", 1).redone
        assert redone.number is not None
        library.sign_off(redone.number, "demo-editor")


def test_checks_change_nothing(tmp_path: Path) -> None:
    """An answer made under a deadline is the one made without, and every batch of sentences was preceded by a look."""
    looks: list[None] = []
    with Ragqa.open(serving(tmp_path)) as ragqa:
        plain = ragqa.ask(QUESTION)
        assert ragqa.interruptible(lambda: looks.append(None)).ask(QUESTION).said() == plain.said()
        assert len(looks) > 6
        before = len(looks)
        texts = [f"sentence {n}" for n in range(2 * BATCH + 1)]
        watched = ragqa.interruptible(lambda: looks.append(None))
        assert (watched.embedder.embed(texts) == ragqa.embedder.embed(texts)).all()
        assert watched.reranker.score("a", texts) == ragqa.reranker.score("a", texts)
        assert len(looks) == before + 8
        assert watched.embedder.embed([]).shape == (0, ragqa.embedder.dimension)


@pytest.mark.parametrize("fault", ["locked", "damaged", "forbidden"])
def test_a_library_that_cannot_be_read_keeps_nobody_from_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """The question is answered anew, the fault counted each time and told once; mended, the signed-off answer is given again."""
    monkeypatch.setattr(signed_off, "RESTS", 0.0)
    monkeypatch.setattr(signed_off, "WAITS", 0.01)
    settings = serving(tmp_path)
    publish(settings)
    whole = settings.library.read_bytes()
    other = sqlite3.connect(settings.library, isolation_level=None)
    if fault == "locked":
        other.execute("BEGIN IMMEDIATE")
    elif fault == "damaged":
        other.close()
        settings.library.write_bytes(b"no library at all" * 100)
    else:
        monkeypatch.setattr(Library, "published", forbidden)

    async def scene() -> None:
        async with running(settings) as engine:
            for count in (1, 2):
                answer = await engine.ask(ASKED)
                assert answer.review_state == "not_reviewed"
                assert answer.statements
                assert engine.signed_off.failures == count
            assert sum("answered anew" in record.message for record in caplog.records) == 1
            other.close()
            monkeypatch.undo()
            if fault == "damaged":
                settings.library.write_bytes(whole)
            engine.signed_off._rests_until = 0.0
            assert (await engine.ask(ASKED)).review_state == "approved"
            assert engine.signed_off.failures == 2

    asyncio.run(scene())


def forbidden(*_: object) -> None:
    """As a disk that was taken away."""
    raise PermissionError("no access")


def test_a_library_at_fault_is_left_alone_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one question waits for it, not every one that comes."""
    settings = serving(tmp_path)
    publish(settings)
    monkeypatch.setattr(Library, "published", forbidden)
    monkeypatch.setattr(signed_off, "RESTS", 300.0)

    async def scene() -> None:
        async with running(settings) as engine:
            for _ in range(3):
                assert (await engine.ask(ASKED)).statements
            assert engine.signed_off.failures == 1

    asyncio.run(scene())
