"""How long a pattern takes on its near-misses, and which patterns do not come to an end."""

from __future__ import annotations

import multiprocessing
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from near_misses import Unit, near_misses
from package_patterns import Found

METHODS = ("finditer", "fullmatch", "search", "sub")
"""The first two do all the work: ``search``, ``sub``, ``split`` walk as ``finditer`` does, ``match`` as ``fullmatch``."""
SMALL = 4_000
"""Characters at which all near-misses are tried, to find the slowest."""
SLOWEST = 3
"""Near-misses of a pattern, the slowest by each of the first two methods, that are tried at full size and by every method."""


def seconds(pattern: re.Pattern[Any], method: str, unit: Unit, size: int) -> float:
    """Processor time of one run over a whole text: every match, or the one there is."""
    text: Any = unit.fill(size) if isinstance(pattern.pattern, str) else unit.fill(size).encode("utf-8")
    started = time.thread_time()
    if method == "sub":
        pattern.sub(text[:0], text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)
    return time.thread_time() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A text on which a pattern did not come to an end within the limit."""

    found: Found
    method: str
    unit: Unit
    size: int

    def __str__(self) -> str:
        return f"{self.found.place}: {self.method} of {self.unit} at {self.size} characters"


@dataclass(frozen=True, slots=True)
class Run:
    """What a worker does next: one pattern, by its number, over one text."""

    number: int
    method: str
    unit: Unit
    size: int


def slow(found: Sequence[Found], size: int, limit: float, workers: int = 2) -> list[Slow]:
    """The patterns that take more than ``limit`` seconds of processor time on a near-miss of up to ``size`` characters.

    Each worker is a process under a timer of the operating system, which ends it: no engine has to be asked to stop.

    Raises:
        RuntimeError: a worker ended for another reason.
    """
    with ThreadPoolExecutor(workers) as pool:
        shares = pool.map(lambda n: list(_watched(found[n::workers], size, limit)), range(workers))
        return [each for share in shares for each in share]


def _watched(found: Sequence[Found], size: int, limit: float) -> Iterator[Slow]:
    context, waiting = multiprocessing.get_context("spawn"), list(found)
    while waiting:
        ours, theirs = context.Pipe(duplex=False)
        sources = [(each.pattern.pattern, each.pattern.flags) for each in waiting]
        worker = context.Process(target=_work, args=(theirs, sources, size, limit))
        worker.start()
        theirs.close()
        with ours:
            last = _last(ours)
        worker.join()
        if worker.exitcode == 0:
            return
        if worker.exitcode != -signal.SIGPROF or last is None:
            raise RuntimeError(f"the worker ended with {worker.exitcode} at {last}")
        yield Slow(found=waiting[last.number], method=last.method, unit=last.unit, size=last.size)
        waiting = waiting[last.number + 1 :]


def _last(reports: Connection) -> Run | None:
    """The last that a worker said before it ended."""
    last: Run | None = None
    while True:
        try:
            last = reports.recv()
        except EOFError:
            return last


def _work(reports: Connection, sources: Sequence[tuple[Any, int]], size: int, limit: float) -> None:
    for number, source in enumerate(sources):
        pattern = re.compile(*source)

        def timed(method: str, unit: Unit, size: int, number: int = number, pattern: re.Pattern[Any] = pattern) -> float:
            """Say what is done next and do it under a timer whose signal nobody handles, so that it ends the process."""
            reports.send(Run(number, method, unit, size))
            signal.setitimer(signal.ITIMER_PROF, limit)
            took = seconds(pattern, method, unit, size)
            signal.setitimer(signal.ITIMER_PROF, 0)
            return took

        for unit in slowest(pattern, lambda unit, method: timed(method, unit, SMALL)):
            for method in METHODS:
                timed(method, unit, size)


def slowest(pattern: re.Pattern[Any], timed: Callable[[Unit, str], float]) -> list[Unit]:
    """The near-misses that take a pattern longest, by each of the first two methods."""
    units = near_misses(pattern)
    return list(
        dict.fromkeys(
            unit
            for method in METHODS[:2]
            for _, unit in sorted(((-timed(unit, method), unit) for unit in units), key=lambda each: each[0])[:SLOWEST]
        )
    )
