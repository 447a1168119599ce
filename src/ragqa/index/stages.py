"""The stages of a build: how long each took, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ragqa.corpus.catalogue import Progress

Item = TypeVar("Item")

TOLD = 1000
"""Items between two reports of progress."""


class Stages:
    """The stages of one build, told to ``progress``; ``seconds`` by stage."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to the stage's."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def told(self, stage: str, total: int, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, counted aloud."""
        self.progress(stage, 0, total)
        for number, item in enumerate(items, start=1):
            yield item
            if number % TOLD == 0:
                self.progress(stage, number, total)
        self.progress(stage, total, total)
