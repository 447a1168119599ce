"""Vectors by (model fingerprint, sha256 of text), kept beside the generations: only new text is ever embedded."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ragqa.files.aside import discard
from ragqa.files.databases import is_damage
from ragqa.files.places import require_usable
from ragqa.models import Vectors

EMBEDDINGS = "embeddings.sqlite"
EMBED_BATCH = 256
"""Texts embedded between two commits of the cache: what a kill can cost."""


class EmbeddingCache:
    """A ``VectorCache`` in one SQLite file, committed at every call. ``added`` counts the vectors kept since it was opened.

    A damaged file is begun anew, also where the damage shows only while it is read.
    """

    def __init__(self, file: Path) -> None:
        self.added = 0
        self._file = file
        try:
            self._database = _opened(file)
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise
            discard(file)
            self._database = _opened(file)

    def find_vectors(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """See ``VectorCache.find_vectors``."""
        found = {}
        try:
            for text in dict.fromkeys(texts):
                if (vector := self._found(fingerprint, text)) is not None:
                    found[text] = vector
        except sqlite3.DatabaseError as error:
            self._anew(error)
        return found

    def keep_vectors(self, fingerprint: str, vectors: Mapping[str, Vectors]) -> None:
        """See ``VectorCache.keep_vectors``."""
        rows = [(fingerprint, _key(text), vector.tobytes()) for text, vector in vectors.items()]
        try:
            self._insert(rows)
        except sqlite3.DatabaseError as error:
            self._anew(error)
            self._insert(rows)
        self.added += len(rows)

    def _found(self, fingerprint: str, text: str) -> Vectors | None:
        query = "SELECT vector FROM vectors WHERE fingerprint = ? AND sha256 = ?"
        row = self._database.execute(query, (fingerprint, _key(text))).fetchone()
        data = row[0] if row else None
        return np.frombuffer(data, np.float32) if isinstance(data, bytes) and len(data) % 4 == 0 else None

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
