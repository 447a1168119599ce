"""The stages of a build: how long each took, and how far it has come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ragqa.corpus.catalogue import Progress

Item = TypeVar("Item")

TOLD = 1000
"""Things done between two reports of progress."""


class Stages:
    """Times stages by name and reports their progress; ``seconds`` by stage, in which the same stage may be entered again."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """The time of the block counts for this stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def counted(self, stage: str, total: int, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; every thousandth is reported, and the end."""
        self.progress(stage, 0, total)
        for number, item in enumerate(items, start=1):
            yield item
            if number % TOLD == 0:
                self.progress(stage, number, total)
        self.progress(stage, total, total)
