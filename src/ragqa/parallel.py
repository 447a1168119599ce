"""The same work on many items, several at a time, in order, with bounded memory; one item's failure is that item's alone."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from ragqa.errors import RagqaError

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 4
"""Items in hand per worker: enough that none waits, few enough that memory does not grow with the number of items."""


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0))


def each(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[tuple[Item, Result | RagqaError]]:
    """Yield each item with its result, in the order of ``items``; a RagqaError is yielded in the result's place.

    Threads: the models and the index release the interpreter while they compute. Any other error is a fault of ragqa, and stops.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running: deque[tuple[Item, Future[Result]]] = deque()

        def start(most: int) -> None:
            running.extend((item, pool.submit(work, item)) for item in islice(waiting, most))

        try:
            start(AHEAD * workers)
            while running:
                item, future = running.popleft()
                start(1)
                try:
                    yield item, future.result()
                except RagqaError as error:
                    yield item, error
        finally:
            for _, future in running:
                future.cancel()
