"""The SQLite file under the library: opened or made, changed in whole transactions, read with every fault named.

SQLite's journal keeps the file whole when a writer is killed or the disk is full.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from ragqa.corpus.records import explain
from ragqa.errors import LibraryError
from ragqa.files.databases import is_damage, transaction
from ragqa.files.places import require_regular

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE entries (key TEXT PRIMARY KEY, asked TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL REFERENCES entries,
    state TEXT NOT NULL,
    severity TEXT NOT NULL,
    reason TEXT NOT NULL,
    answer TEXT NOT NULL,
    basis TEXT NOT NULL,
    basis_sha256 TEXT NOT NULL,
    generation TEXT NOT NULL,
    made_at TEXT NOT NULL,
    decided_at TEXT,
    decided_by TEXT,
    note TEXT
);
CREATE UNIQUE INDEX one_published ON versions (key) WHERE state = 'published';
CREATE UNIQUE INDEX one_waiting ON versions (key) WHERE state = 'waiting';
CREATE INDEX versions_of ON versions (key);
CREATE TABLE rests_on (source_id TEXT NOT NULL, number INTEGER NOT NULL REFERENCES versions, PRIMARY KEY (source_id, number))
    WITHOUT ROWID;
CREATE TABLE vectors (fingerprint TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (fingerprint, text))
    WITHOUT ROWID;
"""


class LibraryFile:
    """The file, open, as a context manager. Each change is one transaction; safe for several processes, each with its own.

    Every method raises LibraryError when the file cannot be read or written, or a row of it is damaged.
    """

    def __init__(self, file: Path, waits: float = 60.0) -> None:
        """Open the file, creating it when it is missing; another process that writes is waited for ``waits`` seconds at most.

        Raises:
            LibraryError: it is no library, or cannot be written.
        """
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            require_regular(file)
            if not file.exists():
                file.touch(mode=0o600)
            self._database = sqlite3.connect(file, timeout=waits, check_same_thread=False, isolation_level=None)
            version = self._row("PRAGMA user_version", ())[0]
            if version not in (0, SCHEMA_VERSION):
                raise LibraryError(f"{file} has version {version}, this ragqa reads {SCHEMA_VERSION}: upgrade ragqa")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._create()
        except (OSError, sqlite3.Error) as error:
            raise self._failure(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def _create(self) -> None:
        with self._change() as database:
            if self._row("PRAGMA user_version", ())[0] == 0:  # asked again: another process may have been first
                for statement in _SCHEMA.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        try:
            with transaction(self._database):
                yield self._database
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> LibraryError:
        if is_damage(error):
            return LibraryError(f"{self.file} is damaged ({error}): run `ragqa mend`, which carries over what can still be read")
        return LibraryError(
            f"{self.file}: {error}. Nothing was changed; check the disk, or see what `ragqa mend` finds, then try again"
        )

    def _row(self, query: str, values: Sequence[Any]) -> Any:
        return next(iter(self._rows(query, values)), None)

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._readable():
            return self._database.execute(query, tuple(values)).fetchall()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Whatever cannot be read, of the file or of a row, is one named fault."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError) as error:  # a ValidationError is a ValueError
            told = explain(error) if isinstance(error, ValidationError) else error
            raise LibraryError(f"{self.file} cannot be read: {told}. Restore it from a copy; nothing was changed") from error
