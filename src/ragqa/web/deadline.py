"""The time that one piece of work has, and who waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ragqa.errors import TooSlow

T = TypeVar("T")


class Deadline:
    """When one admitted piece of work must be done: past it, or given up by who asked, it stops before its next step."""

    def __init__(self, seconds: float) -> None:
        """``seconds`` from now."""
        self.seconds = seconds
        self.at = time.monotonic() + seconds
        self._given_up = threading.Event()

    def check(self) -> None:
        """Raises TooSlow when the work should stop."""
        if self._given_up.is_set() or time.monotonic() > self.at:
            raise TooSlow("the server was too busy to answer in time; ask again in a moment")

    def give_up(self) -> None:
        """Nobody waits for the work any more."""
        self._given_up.set()

    def within(self, work: Callable[[], T]) -> T:
        """The result of ``work``, with a check before and after it. Raises TooSlow, and as ``work``."""
        self.check()
        done = work()
        self.check()
        return done

    async def result(self, future: Future[T]) -> T:
        """The result, within the time that is left; work that nobody waits for any more is given up."""
        try:
            async with asyncio.timeout(self.at - time.monotonic()):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise TooSlow(f"no answer within {self.seconds:g} s; ask again in a moment") from None
        finally:
            self.give_up()
