"""Answers as they were given, so that one can be linked to and read again: the newest of them, in one SQLite file.

An answer is kept under the random address that its reader was told; nothing in it can be computed from a question. What is kept
has no patient identifiers as far as ``privacy`` finds them: an Answer's question is the one that was searched for.

Keeping never holds up giving. Writes go through a short queue to one thread; a file that is damaged, full, missing or held by
another process costs the keeping, not the answer, and is tried again a little later. Readers have connections of their own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from ragqa.answer.contract import Answer
from ragqa.files.databases import transaction
from ragqa.web.watch import Spell

SCHEMA_VERSION = 1
"""Files of version 0 named answers by what was asked: nothing of them is shown any more."""
_SCHEMA = """
DROP TABLE IF EXISTS turns;
DROP TABLE IF EXISTS answers;
CREATE TABLE answers (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, conversation TEXT, place INTEGER,
    bytes INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE INDEX answers_of ON answers (conversation, place) WHERE conversation IS NOT NULL;
"""
ADDRESS = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 random bits, of an answer or of a conversation."""
BUSY = 2.0
"""Seconds a write waits for another process that holds the file; the reader waits with it."""
BUSY_READING = 0.25
"""Seconds a read waits: no writer holds readers up, only a process that locks the whole file does."""
AGAIN = 5.0
"""Seconds after a failure until the file is tried again; meanwhile no answer waits for it."""
PATIENCE = 2 * BUSY
"""Seconds an answer waits for being kept, whatever the disk does."""
WAITING = 64
"""Answers that may wait to be kept, a second's worth of small writes; one more is given without."""
log = logging.getLogger("ragqa.web.archive")


class Queue:
    """One thread that writes, with at most WAITING jobs before it; used from the event loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeping")
        self._waiting = 0
        self._stuck = False

    async def done(self, work: Callable[[], bool]) -> bool:
        """What ``work`` returns; False where too many wait, and after PATIENCE."""
        if self._waiting >= WAITING or self._stuck:
            return False
        self._waiting += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._finished)
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            self._stuck = not future.done() or self._stuck
            return False
        finally:
            self._waiting -= 1

    def _finished(self, future: Future[bool]) -> None:
        """Note that the thread is free again."""
        if not future.cancelled():
            self._stuck = False

    def close(self) -> None:
        """Finish what waits, unless the disk does not answer."""
        self._pool.shutdown(wait=not self._stuck, cancel_futures=self._stuck)


class Archive:
    """The file, opened when it is first needed; safe to share between threads. All but the constructor may wait for the disk."""

    def __init__(self, file: Path, keep: int, most_bytes: int) -> None:
        self.file = file
        self.keep = keep
        self.most_bytes = most_bytes
        self.queue = Queue()
        self._lock = threading.Lock()
        self._spell = Spell("the archive of answers", log)
        self._again = 0.0
        self._database: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._count = self._bytes = 0

    @property
    def fault(self) -> str | None:
        """Why nothing can be kept at present; None while all is well."""
        return self._spell.fault

    def close(self) -> None:
        """Finish what waits and release the file."""
        self.queue.close()
        with self._lock:
            self._drop()

    def add(self, answer: Answer, conversation: str | None = None, place: int | None = None) -> bool:
        """Keep an answer, of a conversation the one at this place (the first is 0); whether it is kept."""
        if not self.keep:
            return False
        text = json.dumps(answer.to_json())

        def change(database: sqlite3.Connection) -> None:
            database.execute(
                "INSERT INTO answers (id, conversation, place, bytes, answer) VALUES (?, ?, ?, ?, ?)",
                (answer.id, conversation, place, len(text), text),
            )
            self._count += 1
            self._bytes += len(text)
            self._trim(database)

        return self._change(change)

    def forget(self, conversation: str) -> None:
        """Drop which answers a conversation got."""
        statement = "UPDATE answers SET conversation = NULL, place = NULL WHERE conversation = ?"
        self._change(lambda database: database.execute(statement, (conversation,)))

    def answer(self, id: str) -> Answer | None:
        """The answer at this address, while it is kept. Raises sqlite3.Error or OSError when the file cannot be read."""
        rows = self._rows("SELECT answer FROM answers WHERE id = ?", (id,)) if ADDRESS.fullmatch(id) else []
        return _parsed(rows[0][0]) if rows else None

    def answers(self, conversation: str, first: int, limit: int) -> dict[int, Answer]:
        """A conversation's answers by their place, from ``first`` on; what is not kept or cannot be read is left out."""
        query = "SELECT place, answer FROM answers WHERE conversation = ? AND place >= ? AND place < ?"
        with suppress(sqlite3.Error, OSError):
            rows = self._rows(query, (conversation, first, first + limit))
            return {place: answer for place, text in rows if (answer := _parsed(text))}
        return {}

    def answer_ids(self, conversation: str) -> dict[int, str]:
        """Addresses of a conversation's answers by their place, as far as they can be read."""
        with suppress(sqlite3.Error, OSError):
            return dict(self._rows("SELECT place, id FROM answers WHERE conversation = ?", (conversation,)))
        return {}

    def _rows(self, query: str, values: Iterable[object]) -> list[Any]:
        """Rows by a connection of its own, which no writer blocks and which follows a file that was replaced."""
        try:
            if self._inode_now() is None:
                return []
            with closing(sqlite3.connect(f"file:{quote(str(self.file))}?mode=ro", uri=True, timeout=BUSY_READING)) as database:
                if database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                    return []
                return database.execute(query, tuple(values)).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._spell.failed(error)
            raise

    def _change(self, change: Callable[[sqlite3.Connection], object]) -> bool:
        with self._lock:
            if time.monotonic() < self._again:
                return False
            try:
                database = self._open()
                with transaction(database):
                    change(database)
            except (sqlite3.Error, OSError) as error:
                self._drop()
                self._again = time.monotonic() + AGAIN
                self._spell.failed(error)
                return False
            self._spell.over()
            return True

    def _open(self) -> sqlite3.Connection:
        """The connection that writes; a new one where the file was put aside or replaced."""
        if self._inode_now() != self._inode:
            self._drop()
        if self._database is None:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.file, timeout=BUSY, check_same_thread=False, isolation_level=None)
            self._prepare(self._database)
            self._inode = self._inode_now()
        return self._database

    def _inode_now(self) -> int | None:
        """Inode of the file; None where there is none. Raises OSError for a pipe or a folder, which SQLite would wait for."""
        try:
            status = self.file.stat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{self.file.name} is not a plain file: put it aside")
        return status.st_ino

    def _prepare(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"written by a later ragqa (version {version}): upgrade ragqa")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if version < SCHEMA_VERSION:
            with transaction(database):
                for statement in _SCHEMA.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._count, self._bytes = database.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM answers").fetchone()

    def _trim(self, database: sqlite3.Connection) -> None:
        """Let the oldest answers go until count and bytes are within their bounds."""
        while self._count > self.keep or self._bytes > self.most_bytes:
            number, size = database.execute("SELECT number, bytes FROM answers ORDER BY number LIMIT 1").fetchone()
            database.execute("DELETE FROM answers WHERE number = ?", (number,))
            self._count -= 1
            self._bytes -= size

    def _drop(self) -> None:
        """Close the connection; the next change opens a new one and counts again."""
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None


def _parsed(text: str) -> Answer | None:
    """The answer of a row; None where the row is damaged."""
    try:
        return Answer.model_validate_json(text)
    except ValidationError as error:
        log.error("a kept answer is damaged and is not shown: %s faults", error.error_count())
        return None
