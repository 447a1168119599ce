"""What one reading of the corpus finds wrong, file by file, and how much of it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ragqa.corpus.catalogue.lines import Line
from ragqa.errors import Fault, InvalidRecord

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

TOLD = 1 << 20
"""Bytes between two reports of progress: steps that a reader can see."""


class Faults:
    """What is wrong, by the file it is in ("" for what no one file shows), and ids that stand more than once."""

    def __init__(self) -> None:
        self.by_file: dict[str, list[Fault]] = {}
        self.ambiguous: set[str] = set()

    def add(self, name: str, faults: Iterable[Fault]) -> None:
        """Note the faults of a file, if any."""
        if faults := list(faults):
            self.by_file.setdefault(name, []).extend(faults)

    def readable(self, name: str, lines: Iterator[Line | Fault]) -> Iterator[Line | Fault]:
        """The same lines, up to where the file cannot be read on, which is noted."""
        try:
            yield from lines
        except InvalidRecord as error:
            self.add(name, error.faults)

    def all(self) -> list[Fault]:
        """Every fault."""
        return [fault for faults in self.by_file.values() for fault in faults]


class BytesRead:
    """Tells how much of the changed files was read, in thousands of bytes."""

    def __init__(self, progress: Progress, total: int) -> None:
        """``total``: bytes."""
        self._progress, self._total = progress, total
        self._done = self._told = 0
        self._tell(0)

    def add(self, count: int) -> None:
        """So many bytes more."""
        self._done += count
        if self._done - self._told >= TOLD:
            self._told = self._done
            self._tell(min(self._done, self._total))

    def finish(self) -> None:
        """All of them."""
        self._tell(self._total)

    def _tell(self, done: int) -> None:
        self._progress("reading kB", done // 1000, self._total // 1000)
