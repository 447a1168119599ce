"""An embedder that embeds no text again while its vector is kept, and the caches that keep them in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ragqa.models.interface import Embedder, Vectors

NORM = 1e-3
"""How far from 1 the squared length of a unit vector in float32 may be; one that is further off was damaged."""


class VectorCache(Protocol):
    """Where vectors are kept, by the fingerprint of the model that made them and the text. They may be lost or damaged there."""

    def find_vectors(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vector, shape (dimension,), of each of these texts that has one."""

    def keep_vectors(self, fingerprint: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep a vector for each text, in place of the one before."""


class RecentVectors:
    """A cache in memory of the texts met last. Safe to share between threads.

    10,000 vectors of the default model take about 15 MB.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def find_vectors(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """See ``VectorCache.find_vectors``."""
        found = {}
        with self._lock:
            for text in texts:
                if (vector := self._kept.get((fingerprint, text))) is not None:
                    self._kept.move_to_end((fingerprint, text))
                    found[text] = vector
        return found

    def keep_vectors(self, fingerprint: str, vectors: Mapping[str, Vectors]) -> None:
        """See ``VectorCache.keep_vectors``; the texts met longest ago are forgotten."""
        with self._lock:
            for text, vector in vectors.items():
                self._kept[fingerprint, text] = vector
                self._kept.move_to_end((fingerprint, text))
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class CachingEmbedder:
    """An embedder that embeds only texts without a vector in its cache; safe to share between threads where the cache is."""

    def __init__(self, embedder: Embedder, cache: VectorCache) -> None:
        self.fingerprint, self.dimension, self.name = embedder.fingerprint, embedder.dimension, embedder.name
        self._embedder, self._cache = embedder, cache

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        kept = self._cache.find_vectors(self.fingerprint, texts)
        found = {text: vector for text, vector in kept.items() if self._whole(vector)}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            made = dict(zip(missing, self._embedder.embed(missing), strict=True))
            self._cache.keep_vectors(self.fingerprint, made)
            found |= made
        return np.stack([found[text] for text in texts])

    def _whole(self, vector: Vectors) -> bool:
        return vector.shape == (self.dimension,) and abs(float(vector @ vector) - 1) < NORM
