"""Threads for what waits for a disk or a lock, so that the event loop never does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

READERS, WRITERS, CHECKERS = 4, 4, 2
"""Threads that look up, that change, and that verify passwords (64 MiB each): none of the three can use up another's."""
ASKERS = 2
"""Threads for what comes right before and after an answer; pages have their own, so that they hold up no question."""
P = ParamSpec("P")
T = TypeVar("T")


class Pools:
    """Pools of threads by kind of work: none can use up another's."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="look-up")
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="change")
        self._checkers = ThreadPoolExecutor(CHECKERS, thread_name_prefix="password")
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="asked")

    async def read(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a function that only reads."""
        return await _in(self._readers, function, *args, **named)

    async def write(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a function that changes something."""
        return await _in(self._writers, function, *args, **named)

    async def ask(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of what comes right before and after an answer, which no page may hold up."""
        return await _in(self._askers, function, *args, **named)

    async def verify(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a function that verifies a password."""
        return await _in(self._checkers, function, *args, **named)

    def close(self) -> None:
        """Finish what was begun."""
        for pool in (self._readers, self._writers, self._checkers, self._askers):
            pool.shutdown()


async def _in(pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: function(*args, **named))
