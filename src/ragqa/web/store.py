"""What the server keeps for itself: a private folder, a secret, and SQLite files in which no reader waits for a writer.

    store = Store(file, steps=(MAKE, ADD_COLUMN), probes=("SELECT name FROM users",))
    with store.read() as database: ...      # a connection of this thread that cannot write
    with store.change() as database: ...    # one transaction, whole or not at all

A damaged file is a StoreFault that names it and `ragqa mend`; a lock that another holds too long is a StoreBusy.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import sqlite3
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from ragqa.errors import StoreBusy, StoreFault
from ragqa.files import write_atomic
from ragqa.files.databases import transaction
from ragqa.files.places import require_regular

WAIT_SECONDS = 2.0
"""How long a change waits for other writers, of this process and of others, all together."""
CHECKED_WHOLE = 16 * 1024 * 1024
"""Bytes. A file up to this size is checked page by page when it is opened; a larger one would keep the start waiting."""
READERS, WRITERS, CHECKERS = 4, 4, 2
"""Threads that look up, that change, and that verify passwords (64 MiB each): none of the three can use up another's."""
ASKERS = 2
"""Threads for what comes right before and after an answer; pages have their own, so that they hold up no question."""
SECRET_BYTES = 32
log = logging.getLogger("ragqa.web.store")
Step = Callable[[sqlite3.Connection], object]
"""Takes the tables from one version to the next, inside one transaction."""
P = ParamSpec("P")
T = TypeVar("T")
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
        _check_regular(file)
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
            raise StoreFault(f"{self.file} holds nothing at all: {_MEND}")
        return version or 1

    def _check(self, probes: Sequence[str]) -> None:
        for probe in probes:
            self._writer.execute(f"{probe} LIMIT 1").fetchall()
        if self.file.stat().st_size <= CHECKED_WHOLE:
            found = self._writer.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreFault(f"{self.file} is damaged: {_MEND}")
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
                raise StoreFault(f"{self.file} is damaged ({error}): {_MEND}") from error
            if code == sqlite3.SQLITE_CANTOPEN:
                raise StoreFault(f"{self.file} cannot be opened: see who owns it and its folder, then try again") from error
            if code == sqlite3.SQLITE_ERROR:  # no such table, no such column
                raise StoreFault(f"{self.file} is not what ragqa writes there ({error}): {_MEND}") from error
            raise

    def _busy(self) -> StoreBusy:
        return StoreBusy(f"{self.file.name} is being written by another program; nothing was changed, try again in a moment")


_MEND = "run `ragqa mend`, which sets it aside, or restore it from a copy"


class Pools:
    """Threads for what waits for a disk or a lock, so that the event loop never does."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="look-up")
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="change")
        self._checkers = ThreadPoolExecutor(CHECKERS, thread_name_prefix="password")
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="asked")

    async def read(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a function that only reads."""
        return await _in(self._readers, function, *args, **named)

    async def write(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a function that changes something."""
        return await _in(self._writers, function, *args, **named)

    async def ask(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of what comes right before and after an answer, which no page may hold up."""
        return await _in(self._askers, function, *args, **named)

    async def verify(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a function that verifies a password."""
        return await _in(self._checkers, function, *args, **named)

    def close(self) -> None:
        """Finish what was begun."""
        for pool in (self._readers, self._writers, self._checkers, self._askers):
            pool.shutdown()


async def _in(pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: function(*args, **named))


def private_folder(folder: Path) -> None:
    """Make a folder for its owner alone; one that is there already is made so with all that is in it, and the log says so.

    Raises StoreFault when it cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise StoreFault(f"the folder {folder} cannot be written ({error.strerror}): name another with RAGQA_SERVING") from error
    changed = int(tighten(folder, 0o700))
    for place, folders, files in os.walk(folder):
        changed += sum(tighten(Path(place, name), 0o700) for name in folders)
        changed += sum(tighten(Path(place, name), 0o600) for name in files)
    if changed:
        log.warning("%s was open to others, or %d things in it: now it is its owner's alone", folder, changed)


def tighten(path: Path, mode: int) -> bool:
    """Take from a file or folder every permission that ``mode`` does not give, and say whether there was one to take.

    What a link points to is left alone, and what another owns stays as it is, with a word in the log.
    """
    try:
        present = path.lstat().st_mode
        if stat.S_ISLNK(present) or not stat.S_IMODE(present) & ~mode:
            return False
        path.chmod(stat.S_IMODE(present) & mode)
    except FileNotFoundError:
        return False
    except PermissionError:
        log.warning("something in %s is open to others and belongs to another owner: its mode cannot be changed", path.parent)
        return False
    return True


def secret(file: Path) -> bytes:
    """The server's own secret, 32 random bytes for its owner alone, made where there is none or a damaged one.

    With a new one the forms of pages that are open are no longer valid; sessions and tokens stay. Raises StoreFault where it
    cannot be read or kept; ``passing_secret`` does until it can.
    """
    kept = _kept_secret(file) if os.path.lexists(file) else None
    if kept is not None:
        tighten(file, 0o600)
        return kept
    made = passing_secret()
    write_atomic(file, [made], mode=0o600)
    return made


def passing_secret() -> bytes:
    """A secret that is gone when the server ends."""
    return secrets.token_bytes(SECRET_BYTES)


def _kept_secret(file: Path) -> bytes | None:
    _check_regular(file)
    try:
        with file.open("rb") as stream:
            found = stream.read(SECRET_BYTES + 1)
    except OSError as error:
        raise StoreFault(f"{file} cannot be read ({error.strerror}): run `ragqa mend`, or make it readable") from error
    if len(found) == SECRET_BYTES:
        return found
    log.warning(
        "%s did not hold %d bytes and is made anew: forms of pages that are open must be loaded again", file, SECRET_BYTES
    )
    return None


def _check_regular(file: Path) -> None:
    """Before it is opened: a pipe would be waited for without end."""
    try:
        require_regular(file)
    except OSError as error:
        raise StoreFault(f"{file} cannot be read ({error.strerror}): {_MEND}") from error


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
