"""An embedder that can be stopped while it works."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragqa.models.interface import Check, Embedder, Vectors, batches


class InterruptibleEmbedder:
    """An embedder that calls ``check`` first, between every BATCH of texts, and last; the vectors are the same."""

    def __init__(self, embedder: Embedder, check: Check) -> None:
        self.fingerprint, self.dimension, self.name = embedder.fingerprint, embedder.dimension, embedder.name
        self._embedder, self._check = embedder, check

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        parts = [self._embedder.embed(batch) for batch in batches(texts, self._check)]
        return np.concatenate(parts) if parts else np.empty((0, self.dimension), np.float32)
