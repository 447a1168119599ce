"""Who may sign in, on disk: names with hashed passwords and roles, sessions, API tokens; one SQLite file.

A password is kept as its argon2id hash, a session and a token, which are random, as their SHA-256: whoever reads the file can
use none of them. Removing a user or changing a password ends their sessions at once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from ragqa.errors import RagqaError
from ragqa.files import transaction

ROLES = ("reader", "editor", "admin")
"""Each may do what those before it may."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1024
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    label TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class User:
    """A name that may sign in, with its role."""

    name: str
    role: str


class Accounts:
    """The file, open; safe to share between threads."""

    def __init__(self, file: Path) -> None:
        """Open the file, creating it, readable by its owner alone, when it is missing."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=True)
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._lock = threading.Lock()
        self._database = sqlite3.connect(file, timeout=30, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def add(self, name: str, role: str, password: str) -> None:
        """Add a user. Raises RagqaError when the name is taken, or name, role or password will not do."""
        if not NAME.fullmatch(name):
            raise RagqaError(f"{name!r} is no user name: up to 64 of a-z 0-9 . _ -, for instance demo-editor")
        if role not in ROLES:
            raise RagqaError(f"{role!r} is no role: one of {', '.join(ROLES)}")
        hashed = self._hashed(password)
        with self._change() as database:
            if database.execute("INSERT OR IGNORE INTO users VALUES (?, ?, ?)", (name, role, hashed)).rowcount == 0:
                raise RagqaError(f"there is a user {name} already; `ragqa users password {name}` changes the password")

    def remove(self, name: str) -> None:
        """Remove a user with all sessions and tokens. Raises RagqaError when there is none of that name."""
        with self._change() as database:
            self._known(database.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount, name)

    def set_password(self, name: str, password: str) -> None:
        """Change a password and end the user's sessions. Raises RagqaError when there is none of that name."""
        hashed = self._hashed(password)
        with self._change() as database:
            self._known(database.execute("UPDATE users SET password = ? WHERE name = ?", (hashed, name)).rowcount, name)
            database.execute("DELETE FROM sessions WHERE name = ?", (name,))

    def users(self) -> list[User]:
        """Everybody, by name."""
        with self._lock:
            return [User(*row) for row in self._database.execute("SELECT name, role FROM users ORDER BY name").fetchall()]

    def check(self, name: str, password: str) -> User | None:
        """The user, when the password is right. An unknown name takes as long as a wrong password."""
        with self._lock:
            found = self._database.execute("SELECT role, password FROM users WHERE name = ?", (name,)).fetchone()
        hashed = found[1] if found else self._nobody
        try:
            self._hasher.verify(hashed, password[:LONGEST_PASSWORD])
        except (VerifyMismatchError, InvalidHashError):
            return None
        if found is None:
            return None
        if self._hasher.check_needs_rehash(hashed):
            with self._change() as database:
                database.execute("UPDATE users SET password = ? WHERE name = ?", (self._hasher.hash(password), name))
        return User(name, found[0])

    def begin(self, name: str, hours: float) -> str:
        """Begin a session; returns the secret that its cookie holds."""
        secret = secrets.token_urlsafe(32)
        now = time.time()
        with self._change() as database:
            database.execute("DELETE FROM sessions WHERE until < ?", (now,))
            database.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_sha256(secret), name, now + 3600 * hours))
        return secret

    def session(self, secret: str) -> User | None:
        """Whose session this is, as long as it lasts."""
        return self._user("JOIN sessions USING (name) WHERE sha256 = ? AND until > ?", (_sha256(secret), time.time()))

    def end(self, secret: str) -> None:
        """End a session."""
        with self._change() as database:
            database.execute("DELETE FROM sessions WHERE sha256 = ?", (_sha256(secret),))

    def issue(self, name: str, label: str) -> str:
        """A new API token for a user, shown this once. Raises RagqaError when there is none of that name."""
        secret = secrets.token_urlsafe(32)
        with self._change() as database:
            self._known(database.execute("SELECT count(*) FROM users WHERE name = ?", (name,)).fetchone()[0], name)
            database.execute("INSERT INTO tokens VALUES (?, ?, ?)", (_sha256(secret), name, label))
        return secret

    def revoke(self, name: str, label: str) -> int:
        """Take back a user's tokens of this label; returns how many there were."""
        with self._change() as database:
            return database.execute("DELETE FROM tokens WHERE name = ? AND label = ?", (name, label)).rowcount

    def token(self, secret: str) -> User | None:
        """Whose API token this is."""
        return self._user("JOIN tokens USING (name) WHERE sha256 = ?", (_sha256(secret),))

    def _user(self, joined: str, values: tuple[object, ...]) -> User | None:
        with self._lock:
            found = self._database.execute(f"SELECT name, role FROM users {joined}", values).fetchone()
        return User(*found) if found else None

    def _hashed(self, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise RagqaError(f"a password has at least {SHORTEST_PASSWORD} characters, at most {LONGEST_PASSWORD}")
        return self._hasher.hash(password)

    def _known(self, count: int, name: str) -> None:
        if not count:
            raise RagqaError(f"no user {name!r}; `ragqa users list` shows them")

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._database):
            yield self._database


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
