"""Small models for tests of everything but the models: no weights, the same results everywhere, kept to the same contracts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from copy import copy

import numpy as np

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
