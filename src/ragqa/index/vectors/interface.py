"""The seam at which vectors are kept and searched: what an engine is, and what it opens and writes.

Rows are numbers from 0 in the order in which vectors were added; a removed row's number is never given again. Every similarity
is the inner product of unit vectors, float32, and depends on its own row alone; of equal ones the lower row comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ragqa.index.manifest import Clusters, Manifest, Sizes
from ragqa.models import Vectors

Rows = NDArray[np.int64]
Told = Callable[[int, int], None]
"""Called with how many vectors are done, and of how many."""


class VectorStore(Protocol):
    """The vectors of one generation, open for reading. Safe to share between threads."""

    def __len__(self) -> int:
        """Vectors that can be found."""

    def search(self, query: Vectors, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` (row, similarity) pairs, best first; ``query`` has shape (1, dimension)."""

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """The vectors of these rows, bit for bit as they were added, shape (len(rows), dimension)."""

    def close(self) -> None:
        """Release what opening took; a late reader gets an error."""


class VectorWriter(Protocol):
    """Writes the vectors of one generation, in the order of their rows. Nothing can be opened before ``finish``."""

    @property
    def rows(self) -> int:
        """Row of the next vector."""

    @property
    def removed(self) -> int:
        """Rows of those before it that are no more."""

    def add(self, vectors: Vectors) -> None:
        """Take the next vectors, shape (count, dimension)."""

    def remove(self, rows: Iterable[int]) -> None:
        """These rows are found no more; only rows of the generation that this one is grown from."""

    def cluster(self, queries: Vectors, sizes: Sizes, tell: Told) -> Clusters | None:
        """Prepare a search that does not compare all, of a generation of its own with more than ``sizes.exact`` rows.

        ``queries``, shape (count, dimension), are what is most like the questions to come: the recall is measured with them.
        None where this engine compares all the same.
        """

    def finish(self) -> None:
        """All is in: from now on it can be opened."""


class VectorEngine(Protocol):
    """A way of keeping vectors, named by the manifest of each generation whose vectors it keeps.

    A generation has a file set in its folder, or a collection of its own under its name elsewhere.
    """

    name: str

    def open(self, folder: Path, manifest: Manifest) -> VectorStore:
        """The vectors of the generation in this folder."""

    def create(self, folder: Path, generation: str, dimension: int) -> VectorWriter:
        """Begin the vectors of a generation of its own. ``folder`` has another name until the generation is whole."""

    def grow(self, before: Path, manifest: Manifest, folder: Path, generation: str) -> VectorWriter:
        """Begin the vectors of a generation that shares those of the one in ``before``, whose manifest this is."""
