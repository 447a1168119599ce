"""The vectors of a generation's passages, by row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from ragqa.models import Vectors


class VectorIndex:
    """Exact search by inner product (FAISS)."""

    def __init__(self, file: Path) -> None:
        self._index = faiss.read_index(str(file))

    def search(self, query: Vectors, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` (row, similarity) pairs, best first; ``query`` has shape (1, dimension)."""
        wanted = min(k, self._index.ntotal)
        if wanted == 0:
            return []
        scores, rows = self._index.search(query, wanted)
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]

    def similarity(self, query: Vectors, rows: Sequence[int]) -> list[float]:
        """Inner product of the query with each of these rows."""
        if not rows:
            return []
        vectors = np.stack([self._index.reconstruct(row) for row in rows])
        return [float(score) for score in vectors @ query[0]]


def write_vectors(file: Path, vectors: Vectors, dimension: int) -> None:
    """Store the vectors, one row each."""
    store = faiss.IndexFlatIP(dimension)
    store.add(vectors)
    faiss.write_index(store, str(file))
