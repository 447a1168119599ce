"""Work done again and again beside the answering: when it is tried again, and how its failures are told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor

log = logging.getLogger("ragqa.web.watch")
LATE = 10
"""Times its pause without a finished look from which a watch counts as stuck."""


class Spell:
    """A failure that goes on: told in the log once when it begins and once when it is over."""

    def __init__(self, what: str, log: logging.Logger, meanwhile: str = "answers are given all the same") -> None:
        """``meanwhile``: what is done in its place."""
        self.what, self.meanwhile = what, meanwhile
        self._log = log
        self.fault: str | None = None

    def failed(self, error: Exception) -> None:
        """Note a failure; ``fault`` says why until ``over`` is called."""
        if self.fault is None:
            self._log.error("%s cannot be used, %s: %s", self.what, self.meanwhile, error)
        self.fault = str(error) or type(error).__name__

    def over(self) -> None:
        """Note that it works again."""
        if self.fault is not None:
            self._log.info("%s can be used again", self.what)
        self.fault = None


class Retry:
    """When to try the same thing again that failed: after one pause, then after twice as long each time."""

    def __init__(self, first: float, longest: float) -> None:
        """``first`` and ``longest`` pause, in seconds."""
        self._first, self._longest = first, longest
        self._name, self._pause, self._at = "", first, 0.0

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
        self._pause = min(self._longest, 2 * self._pause) if name == self._name else self._first
        self._name, self._at = name, time.monotonic() + self._pause


class Watch:
    """Calls ``look`` in a thread at once, pauses, and calls it again.

    What a look raises ends neither the watch nor the server: it is logged, once for a spell of the same fault, counted in
    ``failures``, and told by ``fault`` until a look succeeds.
    """

    def __init__(self, name: str, look: Callable[[], None], pause: Callable[[], float], executor: Executor | None = None) -> None:
        """``pause``: seconds between two looks, asked for each time; ``executor``: None for the loop's own threads."""
        self.name = name
        self.failures = 0
        self._look, self._pause, self._executor = look, pause, executor
        self._failed: str | None = None
        self._looked_at = time.monotonic()

    @property
    def fault(self) -> str | None:
        """What went wrong at the last look, or that no look has finished for long; None while all is well."""
        if self._failed is None and time.monotonic() - self._looked_at > LATE * max(self._pause(), 1.0):
            return "the look under way has not finished for long"
        return self._failed

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._executor, self._look)
                failed = None
            except Exception as error:  # noqa: BLE001 - a watch that ends for any error would watch nothing any more
                self.failures += 1
                failed = f"{type(error).__name__}: {error}"
                if failed != self._failed:
                    log.error("%s: %s; it is tried again", self.name, failed)
            self._failed, self._looked_at = failed, time.monotonic()
            await asyncio.sleep(self._pause())
