"""Vectors by (model fingerprint, sha256 of text), kept beside the generations: only new text is ever embedded."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ragqa.models import Embedder, Vectors

EMBED_BATCH = 256
"""Texts between two commits of the cache: what a kill can cost."""

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


class EmbeddingCache:
    """Vectors by (fingerprint, sha256 of text); committed every EMBED_BATCH texts, so a killed build loses little."""

    def __init__(self, file: Path, embedder: Embedder) -> None:
        self.embedded = self.reused = 0
        self._embedder = embedder
        self._database = sqlite3.connect(file)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (fingerprint TEXT, sha256 BLOB, vector BLOB, "
            "PRIMARY KEY (fingerprint, sha256)) WITHOUT ROWID"
        )

    def embed(self, texts: Sequence[str], progress: Progress) -> Vectors:
        """Unit vectors of all texts, shape (len(texts), dimension); only texts never seen before are computed."""
        vectors = np.empty((len(texts), self._embedder.dimension), np.float32)
        progress("embedding", 0, len(texts))
        for start in range(0, len(texts), EMBED_BATCH):
            self._embed_batch(texts[start : start + EMBED_BATCH], vectors[start : start + EMBED_BATCH])
            progress("embedding", min(start + EMBED_BATCH, len(texts)), len(texts))
        return vectors

    def _embed_batch(self, texts: Sequence[str], out: Vectors) -> None:
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        missing: dict[bytes, str] = {}
        for position, key in enumerate(keys):
            found = self._database.execute(
                "SELECT vector FROM vectors WHERE fingerprint = ? AND sha256 = ?", (self._embedder.fingerprint, key)
            ).fetchone()
            if found is None:
                missing[key] = texts[position]
            else:
                out[position] = np.frombuffer(found[0], np.float32)
        new = dict(zip(missing, self._embedder.embed(list(missing.values())), strict=True))
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                ((self._embedder.fingerprint, key, vector.tobytes()) for key, vector in new.items()),
            )
        for position, key in enumerate(keys):
            if key in new:
                out[position] = new[key]
        self.embedded += len(new)
        self.reused += len(texts) - len(new)

    def close(self) -> None:
        """Release the file."""
        self._database.close()
