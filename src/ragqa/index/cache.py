"""Vectors by (model fingerprint, sha256 of text), kept beside the generations: only new text is ever embedded."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ragqa.models import Embedder, Vectors

EMBED_BATCH = 256
"""Texts between two commits of the cache: what a kill can cost."""


class EmbeddingCache:
    """Vectors of texts met before; committed every EMBED_BATCH texts, so a killed build loses little."""

    def __init__(self, file: Path, embedder: Embedder) -> None:
        self.embedded = self.reused = 0
        self._embedder = embedder
        self._database = sqlite3.connect(file)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (fingerprint TEXT, sha256 BLOB, vector BLOB, "
            "PRIMARY KEY (fingerprint, sha256)) WITHOUT ROWID"
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of the texts, shape (len(texts), dimension); only those never seen before are computed. At most
        EMBED_BATCH.
        """
        vectors = np.empty((len(texts), self._embedder.dimension), np.float32)
        keys = [_key(text) for text in texts]
        missing: dict[bytes, str] = {}
        for position, key in enumerate(keys):
            found = self._database.execute(
                "SELECT vector FROM vectors WHERE fingerprint = ? AND sha256 = ?", (self._embedder.fingerprint, key)
            ).fetchone()
            if found is None:
                missing[key] = texts[position]
            else:
                vectors[position] = np.frombuffer(found[0], np.float32)
        new = dict(zip(missing, self._embedder.embed(list(missing.values())), strict=True)) if missing else {}
        self._put(new.items())
        for position, key in enumerate(keys):
            if key in new:
                vectors[position] = new[key]
        self.embedded += len(new)
        self.reused += len(texts) - len(new)
        return vectors

    def keep(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Store vectors that were computed elsewhere."""
        self._put(zip(map(_key, texts), vectors, strict=True))

    def _put(self, vectors: Iterable[tuple[bytes, Vectors]]) -> None:
        rows = ((self._embedder.fingerprint, key, vector.tobytes()) for key, vector in vectors)
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Release the file."""
        self._database.close()


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
