"""SQLite files: what stands beside them, when an error tells of damage, and changes whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

JOURNALS = ("-wal", "-shm", "-journal")
"""What SQLite writes beside a database."""

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH})
"""What SQLite says of a file that is no database, is damaged, or holds other tables than those asked for."""


def is_damage(error: Exception) -> bool:
    """Whether an error tells of a database file's content, not of a lock, the disk or permissions."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGE


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """One change of a database, whole or not at all; another writer's is waited for before it begins. Raises sqlite3.Error."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:  # a full disk has ended it already
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
