"""The live generation: opened with its models, used by requests, followed to the next one, and closed when nothing uses it.

When CURRENT names another generation it is opened aside and takes over between two requests; the old one is closed when the last
request that uses it is done. Where the review log went on since the live one was built, the next is built beside the answering.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from ragqa.errors import IndexBusy, IndexDamaged, ServingError
from ragqa.index import current_generation
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings
from ragqa.web.admission import step_back
from ragqa.web.watch import Retry, Watch

LOOK = 1.0
"""Seconds between two looks at CURRENT and at the review log."""
LONGEST_PAUSE = 60.0
"""Seconds after which a generation that could not be opened, or a build that failed, is tried again at the latest."""
log = logging.getLogger("ragqa.web.live_index")


@dataclass(slots=True)
class _Live:
    """A generation in use, with the number of requests that use it."""

    ragqa: Ragqa
    leases: int = 0
    retired: bool = False


class LiveIndex:
    """One generation at a time, the live one; ``open``, then ``stop_following`` and ``close`` bracket its life.

    ``swaps``, ``failed_swaps`` and ``failed_builds`` count since the start.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.swaps = 0
        self.failed_swaps = 0
        self.failed_builds = 0
        self._live: _Live | None = None
        self._lock = threading.Lock()
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside", initializer=step_back)
        self._builder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="build", initializer=step_back)
        self._stopping = threading.Event()
        self._following: Future[None] | None = None
        self._followed: str | None = None
        self._opening, self._building = Retry(LOOK, LONGEST_PAUSE), Retry(LOOK, LONGEST_PAUSE)
        self.watch = Watch("index and review log", self._look, lambda: LOOK, self._aside)
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the live generation, building the first one where there is none, load the models, begin to look for new ones."""
        loop = asyncio.get_running_loop()
        self._live = _Live(await loop.run_in_executor(self._aside, self._opened))
        self._watching = asyncio.create_task(self.watch.run())

    async def stop_following(self) -> None:
        """Look for no new generation any more; requests go on."""
        self._stopping.set()
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def close(self) -> None:
        """Finish what is built and opened, then let the generation go; nothing uses it any more."""
        for pool in (self._builder, self._aside):
            await asyncio.to_thread(pool.shutdown)
        if self._live is not None:
            self._retire(self._live)
            self._live = None

    @property
    def ready(self) -> bool:
        """Whether a generation is open."""
        return self._live is not None

    @property
    def name(self) -> str:
        """Name of the live generation. Raises ServingError when there is none."""
        live = self._live
        if live is None:
            raise ServingError("the server is starting or stopping; try again in a moment")
        return live.ragqa.generation.manifest.generation

    def faults(self) -> tuple[str, ...]:
        """What does not do its work, in words that name no file: details are in the log and on the desk."""
        gate = self._live.ragqa.gate if self._live else None
        told = {
            "the index does not follow the corpus": self._building.pending,
            "a new generation of the index cannot be opened": self._opening.pending,
            "the index and the review log are not watched": self.watch.fault is not None,
            "the review log is damaged": gate is not None and gate.fault is not None,
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


def _warmed(ragqa: Ragqa) -> Ragqa:
    """With models and the index's pages in memory before anybody waits for them; closed where that fails."""
    try:
        ragqa.checker.judge("The sea is warm.", "The sea was cold.")
        ragqa.search("warm", 1)
    except BaseException:
        ragqa.close()
        raise
    return ragqa
