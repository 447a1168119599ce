"""Answers from the live generation, in a bounded pool of threads, without blocking the event loop.

Who is answered when, ``admission`` decides; past its bounds a request is refused with ``Busy`` at once, so that the wait of those
admitted stays bounded. An emergency that the wording tells of waits for nobody and needs no index.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from ragqa.answer.contract import DISCLAIMERS, Answer, Audience
from ragqa.corpus.folder import Corpus, read_corpus
from ragqa.corpus.reviewlog import COPY, LOG
from ragqa.errors import RagqaError
from ragqa.files.places import stamp
from ragqa.parallel import cores
from ragqa.pipeline import Ragqa
from ragqa.question.asked import LONGEST_QUESTION, Asked
from ragqa.question.studies import nobody
from ragqa.question.triage import alarm
from ragqa.retrieval.retriever import Hit
from ragqa.settings import Settings
from ragqa.web.admission import Admission, Priority
from ragqa.web.deadline import Deadline
from ragqa.web.live_index import LiveIndex
from ragqa.web.signed_off import SignedOff
from ragqa.web.streaming import AnswerEvent, answer_events

URGENT_WAITING = 100
"""Emergencies that may wait for the thread that tells what to do, which takes a few milliseconds each."""
T = TypeVar("T")
Tell = Callable[[str], None]


class Engine:
    """Answers questions from the live generation (``index``) and the library (``signed_off``), between ``open`` and ``close``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workers = settings.workers or cores()
        self.index = LiveIndex(settings)
        self.signed_off = SignedOff(settings.library)
        self._admission = Admission(self.workers, settings.waiting)
        self._urgent = Admission(1, URGENT_WAITING)
        self._corpus: tuple[object, Corpus] | None = None
        self._reading = threading.Lock()

    async def open(self) -> None:
        """Open the index, as ``LiveIndex.open``."""
        await self.index.open()

    async def close(self) -> None:
        """Finish what was admitted, then release the index."""
        await self.index.stop_following()
        for admission in (self._admission, self._urgent):
            await asyncio.to_thread(admission.close)
        await self.index.close()

    @property
    def pending(self) -> int:
        """Requests running or waiting."""
        return self._admission.pending

    def faults(self) -> tuple[str, ...]:
        """What does not do its work, in words that name no file: details are in the log and on the desk."""
        library = ("the library of signed-off answers cannot be read",) if self.signed_off.fault is not None else ()
        return (*self.index.faults(), *library)

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
        deadline = self._deadline()
        work = self._start(deadline, lambda: self._answer(deadline, asked, audience, understood, lambda _: None), priority)
        return await deadline.result(work)

    def stream(
        self,
        asked: Asked,
        audience: Audience | None = None,
        understood: str | None = None,
        priority: Priority = Priority.GUEST,
    ) -> AsyncIterator[AnswerEvent]:
        """The same answer as it comes about. Admission is decided in this call: it raises as ``ask`` before anything is sent.

        Only of a question that may tell of an emergency is it decided when the first event is asked for.
        """
        if _sounds_urgent(asked):
            return self._urgent_first(asked, audience, understood, priority)
        return self._streamed(asked, audience, understood, priority)

    def _streamed(
        self, asked: Asked, audience: Audience | None, understood: str | None, priority: Priority
    ) -> AsyncGenerator[AnswerEvent, None]:
        loop = asyncio.get_running_loop()
        stages: asyncio.Queue[str] = asyncio.Queue()

        def tell(stage: str) -> None:
            loop.call_soon_threadsafe(stages.put_nowait, stage)

        deadline = self._deadline()
        future = self._start(deadline, lambda: self._answer(deadline, asked, audience, understood, tell), priority)
        return answer_events(deadline, future, stages, DISCLAIMERS[audience or self.settings.audience])

    async def _urgent_first(
        self, asked: Asked, audience: Audience | None, understood: str | None, priority: Priority
    ) -> AsyncIterator[AnswerEvent]:
        urgent = await self.urgent(asked, audience, understood)
        if urgent is not None:
            yield AnswerEvent(name="disclaimer", data=urgent.disclaimer)
            yield AnswerEvent(name="answer", data=urgent)
            return
        async with contextlib.aclosing(self._streamed(asked, audience, understood, priority)) as events:
            async for event in events:
                yield event

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
        deadline = self._deadline()

        def work() -> list[Hit]:
            with self.index.generation() as ragqa:
                return ragqa.interruptible(deadline.check).search(asked.question, k, asked.history, asked.article)

        return await deadline.result(self._start(deadline, work, priority))

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

    def _deadline(self) -> Deadline:
        return Deadline(self.settings.request_seconds)

    def _start(self, deadline: Deadline, work: Callable[[], T], priority: Priority) -> Future[T]:
        """Admit and queue, or refuse."""
        return self._admission.submit(lambda: deadline.within(work), priority)

    def _answer(self, deadline: Deadline, asked: Asked, audience: Audience | None, understood: str | None, tell: Tell) -> Answer:
        with self.index.generation() as live:
            ragqa = live.interruptible(deadline.check)
            signed_off = None if understood else self.signed_off.answer(ragqa, asked, audience or self.settings.audience)
            return signed_off or ragqa.ask(asked.question, asked.history, asked.article, audience, understood, tell)

    def _told_urgent(self, asked: Asked, audience: Audience | None, understood: str | None, probe: bool) -> Answer | None:
        """As ``Ragqa.urgent``; where index, article or history cannot be read, of the question alone."""
        try:
            with self.index.generation() as ragqa:
                return ragqa.urgent(asked, audience, understood, probe=probe)
        except (RagqaError, OSError, sqlite3.Error):
            return _without_index(self.settings).urgent(Asked(question=asked.question), audience)


def _sounds_urgent(asked: Asked) -> bool:
    """Whether a question may tell of an emergency; after what was said before, ``Ragqa.urgent`` decides."""
    return len(asked.question) <= LONGEST_QUESTION and alarm(asked.question) is not None


def _without_index(settings: Settings) -> Ragqa:
    """What tells an emergency where no index is open: of this one only ``urgent`` can be asked, of a question without article."""
    nothing: Any = SimpleNamespace(
        name="none",
        fingerprint="none",
        manifest=SimpleNamespace(generation="none"),
        withheld={},
        terms=str.split,
        uses=bool,
        credited=nobody,
    )
    return Ragqa(settings, nothing, nothing)


def _stamps(corpus: Path) -> tuple[object, ...]:
    """Changes when a file of the corpus does."""
    files = sorted([*corpus.glob("articles/*"), *corpus.glob("abstracts/*"), corpus / LOG, corpus / COPY])
    return tuple((file.name, stamp(file)) for file in files)
