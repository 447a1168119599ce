"""An embedder that embeds nothing twice while it remembers it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from ragqa.models.interface import Embedder, Vectors


class CachingEmbedder:
    """An embedder that keeps the vectors of the texts it met last: the sentences of much-read sources are embedded once.

    Safe to share between threads. 10,000 vectors of the default model take about 15 MB.
    """

    def __init__(self, embedder: Embedder, most: int = 10_000) -> None:
        self.fingerprint, self.dimension, self.name = embedder.fingerprint, embedder.dimension, embedder.name
        self._embedder, self._most = embedder, most
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        found |= dict(zip(missing, self._embedder.embed(missing), strict=True))
        with self._lock:
            for text in texts:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.stack([found[text] for text in texts])
