"""The open index behind a bounded pool of threads: answers without blocking the event loop, and changes generations live.

Who is answered when, ``admission`` decides; past its bounds a request is refused with ``Busy`` at once, so that the wait of those
admitted stays bounded. An emergency that the wording tells of waits for nobody and needs no index. Swap: when CURRENT names
another generation it is opened aside, takes over between two requests, and the old one is closed when the last request that uses
it is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

from ragqa.answer.contract import DISCLAIMERS, Answer, Audience
from ragqa.checking.statements import Statement
from ragqa.corpus.folder import Corpus, read_corpus
from ragqa.corpus.records import LONGEST_QUESTION, Asked
from ragqa.corpus.reviewlog import COPY, LOG
from ragqa.editorial.library import Library
from ragqa.editorial.served import served
from ragqa.errors import IndexBusy, IndexDamaged, LibraryError, RagqaError, ServingError, TooSlow
from ragqa.files import stamp
from ragqa.index import current_generation
from ragqa.index.refresh import build_index
from ragqa.parallel import cores
from ragqa.pipeline import Ragqa
from ragqa.question.triage import alarm
from ragqa.retrieval.retriever import Hit
from ragqa.settings import Settings
from ragqa.web.admission import Admission, Priority, step_back
from ragqa.web.watch import Spell, Watch

LOOK = 1.0
"""Seconds between two looks at CURRENT and at the review log."""
LONGEST_PAUSE = 60.0
"""Seconds after which a generation that could not be opened, or a build that failed, is tried again at the latest."""
URGENT_WAITING = 100
"""Emergencies that may wait for the thread that tells what to do, which takes a few milliseconds each."""
LIBRARY_WAITS = 1.0
"""Seconds that an answer waits for another process that holds the library."""
LIBRARY_RESTS = 5.0
"""Seconds for which a library that could not be read is left alone."""
log = logging.getLogger("ragqa.web.engine")
T = TypeVar("T")
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of an answer on its way.

    ``name`` and ``data``: "disclaimer" its text; "stage" one of searching, reading, checking; "statement" a Statement, in the
    answer's order; "answer" the whole Answer, last.
    """

    name: Literal["disclaimer", "stage", "statement", "answer"]
    data: str | Statement | Answer


@dataclass(slots=True)
class _Live:
    """A generation in use, with the number of requests that use it."""

    ragqa: Ragqa
    leases: int = 0
    retired: bool = False


class _Again:
    """When to try the same thing again that failed: after one look, then after twice as long each time."""

    def __init__(self) -> None:
        self._name, self._pause, self._at = "", LOOK, 0.0

    @property
    def pending(self) -> bool:
        """Whether something failed and has not succeeded since."""
        return bool(self._name)

    def succeeded(self) -> None:
        """Note that there is nothing to try again."""
        self._name = ""

    def due(self, name: str) -> bool:
        """Whether to try; another name is due at once."""
        return name != self._name or time.monotonic() >= self._at

    def failed(self, name: str) -> None:
        """Note that it failed now."""
        self._pause = min(LONGEST_PAUSE, 2 * self._pause) if name == self._name else LOOK
        self._name, self._at = name, time.monotonic() + self._pause


class _Job:
    """One admitted piece of work: past its deadline, or given up by who asked, it stops before its next step."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.abandoned = threading.Event()

    def check(self) -> None:
        if self.abandoned.is_set() or time.monotonic() > self.deadline:
            raise TooSlow("the server was too busy to answer in time; ask again in a moment")


class Engine:
    """Answers questions from the live generation. ``open`` and ``close`` bracket its life; all else in between."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workers = settings.workers or cores()
        self._admission = Admission(self.workers, settings.waiting)
        self._urgent = Admission(1, URGENT_WAITING)
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside", initializer=step_back)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._live: _Live | None = None
        self._own = threading.local()
        self._builder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="build", initializer=step_back)
        self._following: Future[None] | None = None
        self._followed: str | None = None
        self._opening, self._building = _Again(), _Again()
        self._library_rests = 0.0
        self._library_spell = Spell("the library of signed-off answers", log, "questions are answered anew")
        self._corpus: tuple[object, Corpus] | None = None
        self._reading = threading.Lock()
        self.watch = Watch("index and review log", self._look, lambda: LOOK, self._aside)
        self._watching: asyncio.Task[None] | None = None
        self.swaps = 0
        self.failed_swaps = 0
        self.failed_builds = 0
        self.library_faults = 0

    async def open(self) -> None:
        """Open the live generation, building the first one where there is none, load the models, begin to look for new ones."""
        loop = asyncio.get_running_loop()
        self._live = _Live(await loop.run_in_executor(self._aside, self._opened))
        self._watching = asyncio.create_task(self.watch.run())

    async def close(self) -> None:
        """Finish what was admitted, then release the index."""
        self._stopping.set()
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        for shut in (self._admission.close, self._urgent.close, self._builder.shutdown, self._aside.shutdown):
            await asyncio.to_thread(shut)
        if self._live is not None:
            self._retire(self._live)
            self._live = None

    @property
    def ready(self) -> bool:
        """Whether questions can be answered."""
        return self._live is not None

    @property
    def name(self) -> str:
        """Name of the live generation. Raises ServingError when there is none."""
        live = self._live
        if live is None:
            raise ServingError("the server is starting or stopping; try again in a moment")
        return live.ragqa.generation.manifest.generation

    @property
    def pending(self) -> int:
        """Requests running or waiting."""
        return self._admission.pending

    def faults(self) -> tuple[str, ...]:
        """What does not do its work, in words that name no file: details are in the log and on the desk."""
        gate = self._live.ragqa.gate if self._live else None
        told = {
            "the index does not follow the corpus": self._building.pending,
            "a new generation of the index cannot be opened": self._opening.pending,
            "the index and the review log are not watched": self.watch.fault is not None,
            "the review log is damaged": gate is not None and gate.fault is not None,
            "the library of signed-off answers cannot be read": self._library_spell.fault is not None,
        }
        return tuple(words for words, true in told.items() if true)

    @contextmanager
    def generation(self) -> Iterator[Ragqa]:
        """The live generation without what may not be quoted now; it stays open until the block ends, whatever becomes live."""
        with self._lock:
            live = self._live
            if live is None:
                raise ServingError("the server is starting or stopping; try again in a moment")
            live.leases += 1
        try:
            yield live.ragqa.now()
        finally:
            with self._lock:
                live.leases -= 1
                last = live.retired and not live.leases
            if last:
                live.ragqa.close()

    async def ask(
        self,
        asked: Asked,
        audience: Audience | None = None,
        understood: str | None = None,
        priority: Priority = Priority.GUEST,
    ) -> Answer:
        """The signed-off answer to this question where there is one that may be shown, else an answer made now.

        Raises:
            Busy: no more requests of this priority may wait.
            TooSlow: the time for one request is over.
            RagqaError: as ``Ragqa.ask``.
        """
        urgent = await self.urgent(asked, audience, understood)
        if urgent is not None:
            return urgent
        job = self._job()
        work = self._start(job, lambda: self._answer(job, asked, audience, understood, lambda _: None), priority)
        return await self._finished(job, work)

    def stream(
        self,
        asked: Asked,
        audience: Audience | None = None,
        understood: str | None = None,
        priority: Priority = Priority.GUEST,
    ) -> AsyncIterator[Event]:
        """The same answer as it comes about. Admission is decided in this call: it raises as ``ask`` before anything is sent.

        Only of a question that may tell of an emergency is it decided when the first event is asked for.
        """
        if _sounds_urgent(asked):
            return self._urgent_first(asked, audience, understood, priority)
        return self._streamed(asked, audience, understood, priority)

    def _streamed(
        self, asked: Asked, audience: Audience | None, understood: str | None, priority: Priority
    ) -> AsyncGenerator[Event, None]:
        loop = asyncio.get_running_loop()
        stages: asyncio.Queue[str] = asyncio.Queue()

        def tell(stage: str) -> None:
            loop.call_soon_threadsafe(stages.put_nowait, stage)

        job = self._job()
        future = self._start(job, lambda: self._answer(job, asked, audience, understood, tell), priority)
        return self._events(job, future, stages, DISCLAIMERS[audience or self.settings.audience])

    async def urgent(
        self, asked: Asked, audience: Audience | None = None, understood: str | None = None, *, probe: bool = False
    ) -> Answer | None:
        """What to do in an emergency that the wording tells of: without waiting, index or model. None for other questions.

        With ``probe`` also in one that the learned probe sees, where the model can be had.
        """
        if not (probe or _sounds_urgent(asked)):
            return None
        work = self._urgent.submit(lambda: self._told_urgent(asked, audience, understood, probe), Priority.SIGNED_IN)
        return await asyncio.wrap_future(work)

    async def search(self, asked: Asked, k: int, priority: Priority = Priority.GUEST) -> list[Hit]:
        """The best passage of each of the best ``k`` sources; raises as ``ask``."""
        job = self._job()

        def work() -> list[Hit]:
            with self.generation() as ragqa:
                return ragqa.interruptible(job.check).search(asked.question, k, asked.history, asked.article)

        return await self._finished(job, self._start(job, work, priority))

    async def corpus(self) -> Corpus:
        """The corpus as it is on disk now; what has a fault is set aside. Read again only when one of its files changed."""
        return await asyncio.to_thread(self.read_corpus)

    def read_corpus(self) -> Corpus:
        """As ``corpus``, for callers that run in a thread already. Raises CorpusError when the folder is gone or empty."""
        with self._reading:
            stamps = _stamps(self.settings.corpus)
            if self._corpus is None or self._corpus[0] != stamps:
                self._corpus = (stamps, read_corpus(self.settings.corpus))
            return self._corpus[1]

    def follow(self) -> Future[None]:
        """Bring the index up to date with the corpus and go over to it, beside the answering; the future is done when it is live.

        What fails is logged and counted; the present generation goes on answering, without what may not be quoted any more.
        """
        return self._builder.submit(self._follow)

    def _follow(self) -> None:
        """Another build that is under way may have read the corpus before it changed: wait for it, and build again."""
        head = self._head()
        try:
            while not self._stopping.is_set():
                try:
                    build_index(self.settings)
                    break
                except IndexBusy:
                    self._stopping.wait(LOOK)
        except Exception as error:  # noqa: BLE001 - whatever is damaged, in whatever library it shows
            self.failed_builds += 1
            log.error("the index does not follow the corpus, it is tried again: %s", error)
            self._building.failed(str(head))
        else:
            self._followed = head
            self._building.succeeded()
        self._aside.submit(self._swap).result()

    def _opened(self) -> Ragqa:
        """The live generation; one that is damaged is built anew, from texts that were embedded before."""
        try:
            return _warmed(Ragqa.open(self.settings))
        except IndexDamaged as error:
            log.error("the index is damaged and built anew: %s", error)
            build_index(self.settings)
            return _warmed(Ragqa.open(self.settings))

    def _answer(self, job: _Job, asked: Asked, audience: Audience | None, understood: str | None, tell: Tell) -> Answer:
        with self.generation() as live:
            ragqa = live.interruptible(job.check)
            published = None if understood else self._published(ragqa, asked, audience)
            return published or ragqa.ask(asked.question, asked.history, asked.article, audience, understood, tell)

    def _told_urgent(self, asked: Asked, audience: Audience | None, understood: str | None, probe: bool) -> Answer | None:
        """As ``Ragqa.urgent``; where index, article or history cannot be read, of the question alone."""
        try:
            with self.generation() as ragqa:
                return ragqa.urgent(asked, audience, understood, probe=probe)
        except (RagqaError, OSError, sqlite3.Error):
            return _without_index(self.settings).urgent(Asked(question=asked.question), audience)

    async def _urgent_first(
        self, asked: Asked, audience: Audience | None, understood: str | None, priority: Priority
    ) -> AsyncIterator[Event]:
        urgent = await self.urgent(asked, audience, understood)
        if urgent is not None:
            yield Event(name="disclaimer", data=urgent.disclaimer)
            yield Event(name="answer", data=urgent)
            return
        async with contextlib.aclosing(self._streamed(asked, audience, understood, priority)) as events:
            async for event in events:
                yield event

    def _published(self, ragqa: Ragqa, asked: Asked, audience: Audience | None) -> Answer | None:
        """The signed-off answer, if any. A library that cannot be read keeps nobody from an answer made now."""
        if time.monotonic() < self._library_rests:
            return None
        try:
            library = self.library()
            found = served(library, ragqa, asked, audience or self.settings.audience) if library else None
        except (LibraryError, sqlite3.Error, OSError) as error:
            self._library_failed(error)
            return None
        self._library_spell.over()
        return found

    def _library_failed(self, error: Exception) -> None:
        """Count it, leave the library alone for a while, and open the file anew next time."""
        self.library_faults += 1
        self._library_rests = time.monotonic() + LIBRARY_RESTS
        self._library_spell.failed(error)
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._own.library.close()
            del self._own.library

    def library(self) -> Library | None:
        """This thread's own connection to the library of signed-off answers; None where there is no library."""
        if not self.settings.library.exists():
            return None
        if not hasattr(self._own, "library"):
            self._own.library = Library(self.settings.library, LIBRARY_WAITS)
        library: Library = self._own.library
        return library

    def _job(self) -> _Job:
        return _Job(time.monotonic() + self.settings.request_seconds)

    def _start(self, job: _Job, work: Callable[[], T], priority: Priority) -> Future[T]:
        """Admit and queue, or refuse."""

        def wanted() -> T:
            job.check()
            done = work()
            job.check()
            return done

        return self._admission.submit(wanted, priority)

    async def _finished(self, job: _Job, future: Future[T]) -> T:
        """The result, within the time that is left; work that nobody waits for any more is given up."""
        try:
            async with asyncio.timeout(job.deadline - time.monotonic()):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise TooSlow(f"no answer within {self.settings.request_seconds:g} s; ask again in a moment") from None
        finally:
            job.abandoned.set()

    async def _events(
        self, job: _Job, future: Future[Answer], stages: asyncio.Queue[str], disclaimer: str
    ) -> AsyncGenerator[Event, None]:
        try:
            yield Event(name="disclaimer", data=disclaimer)
            whole = asyncio.create_task(self._finished(job, future))
            try:
                async for stage in _until(whole, stages):
                    yield Event(name="stage", data=stage)
                answer = await whole
            finally:
                whole.cancel()
            for statement in answer.statements:
                yield Event(name="statement", data=statement)
            yield Event(name="answer", data=answer)
        finally:
            job.abandoned.set()
            future.cancel()

    def _look(self) -> None:
        """Go over to a new generation, and begin to build one where the review log went on since the live one was built."""
        self._swap()
        head, live = self._head(), self._live
        busy = self._following is not None and not self._following.done()
        if live is None or busy or not self._building.due(str(head)):
            return
        if head not in (live.ragqa.generation.manifest.review_head, self._followed):
            self._following = self.follow()

    def _head(self) -> str | None:
        """Chain of the last event of the review log, as it is now."""
        gate = self._live.ragqa.gate if self._live else None
        if gate is not None:
            gate.withheld()
        return gate.head if gate else None

    def _swap(self) -> None:
        """Go over to the generation that CURRENT names; on any failure the present one goes on answering."""
        live, name = self._live, current_generation(self.settings.index)
        if live is None or not name:
            return
        if name == live.ragqa.generation.manifest.generation:
            self._opening.succeeded()
            return
        if not self._opening.due(name):
            return
        try:
            fresh = _warmed(live.ragqa.beside(name))
        except Exception as error:  # noqa: BLE001 - whatever is damaged, in whatever library it shows
            self.failed_swaps += 1
            self._opening.failed(name)
            log.error("the generation %s cannot be opened, the one before goes on answering: %s", name, error)
            return
        self._opening.succeeded()
        with self._lock:
            self._live = _Live(fresh)
        self._retire(live)
        self.swaps += 1
        log.info("generation %s is live", name)

    def _retire(self, live: _Live) -> None:
        with self._lock:
            live.retired = True
            unused = not live.leases
        if unused:
            live.ragqa.close()


async def _until(whole: asyncio.Task[Answer], stages: asyncio.Queue[str]) -> AsyncIterator[str]:
    """Stages as they are told, until the answer is there."""
    while True:
        told = asyncio.create_task(stages.get())
        await asyncio.wait((whole, told), return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            told.cancel()
            return
        yield told.result()


def _sounds_urgent(asked: Asked) -> bool:
    """Whether a question may tell of an emergency; after what was said before, ``Ragqa.urgent`` decides."""
    return len(asked.question) <= LONGEST_QUESTION and alarm(asked.question, follows=bool(asked.history)) is not None


def _without_index(settings: Settings) -> Ragqa:
    """What tells an emergency where no index is open: of this one only ``urgent`` can be asked, of a question without article."""
    nothing: Any = SimpleNamespace(
        name="none", fingerprint="none", manifest=SimpleNamespace(generation="none"), withheld={}, terms=str.split
    )
    return Ragqa(settings, nothing, nothing)


def _warmed(ragqa: Ragqa) -> Ragqa:
    """With models and the index's pages in memory before anybody waits for them; closed where that fails."""
    try:
        ragqa.checker.judge("The sea is warm.", "The sea was cold.")
        ragqa.search("warm", 1)
    except BaseException:
        ragqa.close()
        raise
    return ragqa


def _stamps(corpus: Path) -> tuple[object, ...]:
    """Changes when a file of the corpus does."""
    files = sorted([*corpus.glob("articles/*"), *corpus.glob("abstracts/*"), corpus / LOG, corpus / COPY])
    return tuple((file.name, stamp(file)) for file in files)
