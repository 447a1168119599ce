"""SQLite files that the server keeps for itself, in which no reader waits for a writer.

    store = Store(file, steps=(MAKE, ADD_COLUMN), probes=("SELECT name FROM users",))
    with store.read() as database: ...      # a connection of this thread that cannot write
    with store.change() as database: ...    # one transaction, whole or not at all

A damaged file is a StoreFault that names it and `ragqa mend`; a lock that another holds too long is a StoreBusy.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ragqa.errors import StoreBusy, StoreFault
from ragqa.files.databases import transaction
from ragqa.web.private import MEND, require_plain, tighten

WAIT_SECONDS = 2.0
"""How long a change waits for other writers, of this process and of others, all together."""
CHECKED_WHOLE = 16 * 1024 * 1024
"""Bytes. A file up to this size is checked page by page when it is opened; a larger one would keep the start waiting."""
Step = Callable[[sqlite3.Connection], object]
"""Takes the tables from one version to the next, inside one transaction."""
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Store:
    """One SQLite file, open; safe to share between threads. Its ``user_version`` is the number of steps that were taken."""

    def __init__(self, file: Path, steps: Sequence[Step], probes: Sequence[str], *, synchronous: str = "FULL") -> None:
        """Open the file, making it, for its owner alone, when it is missing, and take the steps that it lacks.

        ``probes``: one SELECT for each table with the columns used; a file that cannot be asked so is another program's.
        A file of version 0 that has tables is of before versions were kept, and stands at version 1.

        Raises:
            StoreFault: the file is damaged, or is not what ragqa wrote there.
            StoreBusy: it has to be brought up to date, and another process holds it.
            OSError, sqlite3.Error: the disk cannot be read or written.
        """
        self.file = file
        self._lock = threading.Lock()
        self._own = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._synchronous = synchronous
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(file, steps)
        require_plain(file)
        for one in _parts(file):
            tighten(one, 0o600)
        with self._told():
            self._writer = self._connected()
            try:
                self._advance(steps)
                self._check(probes)
            except BaseException:
                self._writer.close()
                raise

    def close(self) -> None:
        """Release the file; nobody may be using it any more."""
        for connection in (*self._readers, self._writer):
            connection.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's own connection, which cannot write and waits for no writer. Raises StoreFault, sqlite3.Error."""
        with self._told():
            if not hasattr(self._own, "connection"):
                self._own.connection = self._connected()
                self._own.connection.execute("PRAGMA query_only = ON")
                self._readers.append(self._own.connection)
            yield self._own.connection

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One change, whole or not at all. Raises StoreBusy after WAIT_SECONDS behind others, StoreFault, sqlite3.Error."""
        until = time.monotonic() + WAIT_SECONDS
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise self._busy()
        try:
            left = max(0, round(1000 * (until - time.monotonic())))
            with self._told():
                self._writer.execute(f"PRAGMA busy_timeout = {left}")
                with transaction(self._writer):
                    yield self._writer
        finally:
            self._lock.release()

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=WAIT_SECONDS, check_same_thread=False, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _advance(self, steps: Sequence[Step]) -> None:
        if self._version() > len(steps):
            raise StoreFault(f"{self.file} was written by a newer ragqa: upgrade this one")
        if self._version() < len(steps):
            with transaction(self._writer):
                for step in steps[self._version() :]:  # asked again: another process may have been first
                    step(self._writer)
                self._writer.execute(f"PRAGMA user_version = {len(steps)}")

    def _version(self) -> int:
        version: int = self._writer.execute("PRAGMA user_version").fetchone()[0]
        tables: int = self._writer.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables:
            raise StoreFault(f"{self.file} holds nothing at all: {MEND}")
        return version or 1

    def _check(self, probes: Sequence[str]) -> None:
        for probe in probes:
            self._writer.execute(f"{probe} LIMIT 1").fetchall()
        if self.file.stat().st_size <= CHECKED_WHOLE:
            found = self._writer.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreFault(f"{self.file} is damaged: {MEND}")
        if self._writer.execute("PRAGMA journal_mode").fetchone()[0] != "wal":  # last: nothing else's file is changed
            self._writer.execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _LOCKED:
                raise self._busy() from error
            if code in _DAMAGED:
                raise StoreFault(f"{self.file} is damaged ({error}): {MEND}") from error
            if code == sqlite3.SQLITE_CANTOPEN:
                raise StoreFault(f"{self.file} cannot be opened: see who owns it and its folder, then try again") from error
            if code == sqlite3.SQLITE_ERROR:  # no such table, no such column
                raise StoreFault(f"{self.file} is not what ragqa writes there ({error}): {MEND}") from error
            raise

    def _busy(self) -> StoreBusy:
        return StoreBusy(f"{self.file.name} is being written by another program; nothing was changed, try again in a moment")


def _parts(file: Path) -> list[Path]:
    return [file, *(file.with_name(f"{file.name}-{suffix}") for suffix in ("wal", "shm"))]


def _make(file: Path, steps: Sequence[Step]) -> None:
    """A new file, whole before it has its name; where another process was faster, that one's stays."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    try:
        with contextlib.closing(sqlite3.connect(name, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            with transaction(database):
                for step in steps:
                    step(database)
                database.execute(f"PRAGMA user_version = {len(steps)}")
        with contextlib.suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()
