"""Vectors by (model fingerprint, sha256 of text), kept beside the generations: only new text is ever embedded."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ragqa.files import discard, is_damage, require_usable
from ragqa.models import Embedder, Vectors

EMBEDDINGS = "embeddings.sqlite"
EMBED_BATCH = 256
"""Texts between two commits of the cache: what a kill can cost."""
NORM = 1e-3
"""How far from 1 the squared length of a unit vector in float32 may be; one that is further off was damaged."""


class EmbeddingCache:
    """Vectors of texts met before; committed every EMBED_BATCH texts, so a killed build loses little.

    A damaged file is begun anew, also where the damage shows only while it is read.
    """

    def __init__(self, file: Path, embedder: Embedder) -> None:
        self.embedded = self.reused = 0
        self._embedder = embedder
        self._file = file
        try:
            self._database = _opened(file)
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise
            discard(file)
            self._database = _opened(file)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of the texts, shape (len(texts), dimension); only those never seen before are computed. At most
        EMBED_BATCH.
        """
        vectors = np.empty((len(texts), self._embedder.dimension), np.float32)
        keys = [_key(text) for text in texts]
        missing: dict[bytes, str] = {}
        for position, key in enumerate(keys):
            found = self._found(key)
            if found is None:
                missing[key] = texts[position]
            else:
                vectors[position] = found
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

    def _found(self, key: bytes) -> Vectors | None:
        """The vector kept for this key; None where there is none, or one that is damaged."""
        try:
            found = self._database.execute(
                "SELECT vector FROM vectors WHERE fingerprint = ? AND sha256 = ?", (self._embedder.fingerprint, key)
            ).fetchone()
        except sqlite3.DatabaseError as error:
            self._anew(error)
            return None
        data = found[0] if found is not None else None
        if not isinstance(data, bytes) or len(data) != 4 * self._embedder.dimension:
            return None
        vector = np.frombuffer(data, np.float32)
        return vector if abs(float(vector @ vector) - 1) < NORM else None

    def _put(self, vectors: Iterable[tuple[bytes, Vectors]]) -> None:
        rows = [(self._embedder.fingerprint, key, vector.tobytes()) for key, vector in vectors]
        try:
            self._insert(rows)
        except sqlite3.DatabaseError as error:
            self._anew(error)
            self._insert(rows)

    def _insert(self, rows: list[tuple[str, bytes, bytes]]) -> None:
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def _anew(self, error: sqlite3.DatabaseError) -> None:
        """Begin an empty file in place of a damaged one; any other error is raised again."""
        if not is_damage(error):
            raise error
        self._database.close()
        discard(self._file)
        self._database = _opened(self._file)

    def close(self) -> None:
        """Release the file."""
        self._database.close()


def _opened(file: Path) -> sqlite3.Connection:
    require_usable(file)
    database = sqlite3.connect(file)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (fingerprint TEXT, sha256 BLOB, vector BLOB, "
            "PRIMARY KEY (fingerprint, sha256)) WITHOUT ROWID"
        )
        database.execute("SELECT fingerprint, sha256, vector FROM vectors LIMIT 1").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
