"""Small models for tests of everything but the models: no weights, the same results everywhere, kept to the same contracts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from pathlib import Path

import numpy as np

from ragqa.index import Manifest, Sizes, inner_products
from ragqa.models import Check, Vectors, unhurried
from ragqa.models.interface import batches

_KNOWN = 6
"""Letters of the longest word that the fake reranker knows as one piece."""


class FakeEmbedder:
    """Texts that share words have similar vectors: each word counts up or down one component, chosen by its hash.

    ``embedded`` holds every text embedded so far, in order.
    """

    name = "fake"

    def __init__(self, dimension: int = 256) -> None:
        self.dimension, self.fingerprint = dimension, f"fake:words:{dimension}"
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        self.embedded.extend(texts)
        return np.stack([self._vector(text) for text in texts]) if texts else np.empty((0, self.dimension), np.float32)

    def _vector(self, text: str) -> Vectors:
        counts = np.zeros(self.dimension, np.float32)
        for word in _words(text):
            digest = hashlib.sha256(word.encode()).digest()
            counts[int.from_bytes(digest[:4], "big") % self.dimension] += 1 if digest[4] % 2 else -1
        if not counts.any():
            counts[0] = 1  # a text without words has a direction too
        vector: Vectors = counts / np.linalg.norm(counts)
        return vector


class FakeReranker:
    """A sentence answers a question by the share of its words that it holds: logits from -8 (none) to 8 (all).

    A word of up to six letters is common, and the rarer the longer; a longer one is unknown, in pieces of four letters.
    ``scored`` holds every (question, sentence) so far, in order.
    """

    name, fingerprint = "fake", "fake:overlap"

    def __init__(self) -> None:
        self.scored: list[tuple[str, str]] = []
        self._check: Check = unhurried

    def interruptible(self, check: Check) -> FakeReranker:
        """See ``Reranker.interruptible``."""
        other = copy(self)
        other._check = check
        return other

    def score(self, question: str, sentences: Sequence[str]) -> list[float]:
        """See ``Reranker.score``."""
        logits: list[float] = []
        wanted = set(_words(question))
        for batch in batches(sentences, self._check):
            self.scored.extend((question, sentence) for sentence in batch)
            logits += [16 * len(wanted & set(_words(sentence))) / max(len(wanted), 1) - 8 for sentence in batch]
        return logits

    def pieces(self, word: str) -> int:
        """See ``Reranker.pieces``."""
        return 1 if len(word) <= _KNOWN else -(-len(word) // 4)

    def rarity(self, word: str) -> float:
        """See ``Reranker.rarity``."""
        return 1.0 if self.pieces(word) > 1 else len(word) / (_KNOWN + 1)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


class MemoryEngine:
    """An engine of vectors that holds those of every generation in this process, under its name."""

    name = "memory"

    def __init__(self) -> None:
        self.kept: dict[str, dict[int, Vectors]] = {}

    def open(self, folder: Path, manifest: Manifest) -> MemoryVectors:
        """See ``VectorEngine.open``."""
        return MemoryVectors(self.kept[manifest.generation], manifest.dimension)

    def create(self, folder: Path, generation: str, dimension: int) -> MemoryWriter:
        """See ``VectorEngine.create``."""
        return MemoryWriter(self.kept, generation, {}, 0, 0)

    def grow(self, before: Path, manifest: Manifest, folder: Path, generation: str) -> MemoryWriter:
        """See ``VectorEngine.grow``."""
        held = self.kept[manifest.generation]
        rows = max(held, default=-1) + 1
        return MemoryWriter(self.kept, generation, dict(held), rows, rows - len(held))


class MemoryVectors:
    """See ``VectorStore``."""

    def __init__(self, held: dict[int, Vectors], dimension: int) -> None:
        self._held: dict[int, Vectors] | None = held
        self._dimension = dimension

    def _open(self) -> dict[int, Vectors]:
        if self._held is None:
            raise ValueError("closed")
        return self._held

    def __len__(self) -> int:
        return len(self._open())

    def search(self, query: Vectors, k: int) -> list[tuple[int, float]]:
        """See ``VectorStore.search``."""
        rows = sorted(self._open())
        scores = inner_products(query[0], self.vectors(rows))
        return sorted(zip(rows, scores.tolist(), strict=True), key=lambda one: (-one[1], one[0]))[:k]

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """See ``VectorStore.vectors``."""
        held = self._open()
        return np.stack([held[row] for row in rows]) if rows else np.empty((0, self._dimension), np.float32)

    def close(self) -> None:
        """See ``VectorStore.close``."""
        self._held = None


class MemoryWriter:
    """See ``VectorWriter``."""

    def __init__(
        self, kept: dict[str, dict[int, Vectors]], generation: str, held: dict[int, Vectors], rows: int, removed: int
    ) -> None:
        self._kept, self._generation, self._held = kept, generation, held
        self.rows, self.removed = rows, removed

    def add(self, vectors: Vectors) -> None:
        """See ``VectorWriter.add``."""
        self._held |= dict(enumerate(vectors.copy(), start=self.rows))
        self.rows += len(vectors)

    def remove(self, rows: Iterable[int]) -> None:
        """See ``VectorWriter.remove``."""
        for row in rows:
            self.removed += self._held.pop(row, None) is not None

    def cluster(self, queries: Vectors, sizes: Sizes, tell: Callable[[int, int], None]) -> None:
        """See ``VectorWriter.cluster``: all are compared."""

    def finish(self) -> None:
        """See ``VectorWriter.finish``."""
        self._kept[self._generation] = self._held
