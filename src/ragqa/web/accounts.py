"""Who may sign in, on disk: names with hashed passwords and roles, sessions, API tokens; one SQLite file.

A password is kept as its argon2id hash, a session and a token, which are random, as their SHA-256: whoever reads the file can
use none of them. Removing a user or changing a password ends the user's sessions and tokens at once; each ends by itself too.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from ragqa.errors import RagqaError, StoreBusy, StoreFault
from ragqa.web.store import Store
from ragqa.web.watch import Spell

ROLES = ("reader", "editor", "admin")
"""Each may do what those before it may."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1024
TOKEN_DAYS = 90
"""Days that a token lasts unless the settings say otherwise."""
DAY, HOUR = 24 * 3600, 3600
log = logging.getLogger("ragqa.web.accounts")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TABLES = (
    "CREATE TABLE users (name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE sessions (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES users ON DELETE CASCADE,"
    " until REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE tokens (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES users ON DELETE CASCADE,"
    " label TEXT NOT NULL) WITHOUT ROWID",
)
_PROBES = (
    "SELECT name, role, password FROM users",
    "SELECT sha256, name, until FROM sessions",
    "SELECT sha256, name, label, until FROM tokens",
)


@dataclass(frozen=True, slots=True)
class User:
    """A name that may sign in, with its role."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is listed; ``until`` is in seconds since 1970."""

    name: str
    label: str
    until: float


class Accounts:
    """The file, opened when it is first needed; safe to share between threads. What only reads waits for no writer.

    While it cannot be used every call raises as ``Store`` does, so nobody is let in; it is opened anew at the next call, so that
    a file that was mended is used again by itself.
    """

    def __init__(self, file: Path, token_days: float = TOKEN_DAYS) -> None:
        """``token_days``: how long a token lasts; those of a file in which none ended last so long from now on."""
        self.file = file
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._token_days = token_days
        self._store: Store | None = None
        self._opening = threading.Lock()
        self._spell = Spell("the accounts", log, "nobody can sign in, and guests are served")

    @property
    def fault(self) -> str | None:
        """Why nobody can sign in at present; None while all is well."""
        return self._spell.fault

    def open(self) -> None:
        """Open the file now, creating it, readable by its owner alone, when it is missing; raises as ``Store``."""
        self._opened()

    def close(self) -> None:
        """Release the file."""
        if self._store is not None:
            self._store.close()

    def _opened(self) -> Store:
        with self._opening:
            if self._store is None:
                try:
                    self._store = Store(self.file, (_made, self._ending), _PROBES)
                except (StoreFault, sqlite3.Error, OSError) as error:
                    self._spell.failed(error)
                    raise
                self._spell.over()
            return self._store

    @contextlib.contextmanager
    def _noticed(self, store: Store) -> Iterator[None]:
        """Drop a store whose file turns out to be damaged: the next call opens what takes its place."""
        try:
            yield
        except StoreFault as error:
            self._spell.failed(error)
            with self._opening:
                if self._store is store:
                    self._store = None
            raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        store = self._opened()
        with self._noticed(store), store.read() as database:
            yield database

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        store = self._opened()
        with self._noticed(store), store.change() as database:
            yield database

    def _ending(self, database: sqlite3.Connection) -> None:
        """From version 1 to 2: tokens have an end, those that are there ``token_days`` from now."""
        database.execute("ALTER TABLE tokens ADD COLUMN until REAL NOT NULL DEFAULT 0")
        database.execute("UPDATE tokens SET until = ?", (time.time() + self._token_days * DAY,))

    def add(self, name: str, role: str, password: str) -> None:
        """Add a user. Raises RagqaError when the name is taken, or name, role or password will not do."""
        if not NAME.fullmatch(name):
            raise RagqaError(f"{name!r} is no user name: up to 64 of a-z 0-9 . _ -, for instance demo-editor")
        if role not in ROLES:
            raise RagqaError(f"{role!r} is no role: one of {', '.join(ROLES)}")
        hashed = self._hashed(password)
        with self._changing() as database:
            if database.execute("INSERT OR IGNORE INTO users VALUES (?, ?, ?)", (name, role, hashed)).rowcount == 0:
                raise RagqaError(f"there is a user {name} already; `ragqa users password {name}` changes the password")

    def remove(self, name: str) -> None:
        """Remove a user with all sessions and tokens. Raises RagqaError when there is none of that name."""
        with self._changing() as database:
            self._known(database.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount, name)

    def set_password(self, name: str, password: str) -> None:
        """Change a password and end the user's sessions and tokens. Raises RagqaError when there is none of that name."""
        hashed = self._hashed(password)
        with self._changing() as database:
            self._known(database.execute("UPDATE users SET password = ? WHERE name = ?", (hashed, name)).rowcount, name)
            database.execute("DELETE FROM sessions WHERE name = ?", (name,))
            database.execute("DELETE FROM tokens WHERE name = ?", (name,))

    def users(self) -> list[User]:
        """All users, by name."""
        with self._reading() as database:
            return [User(*row) for row in database.execute("SELECT name, role FROM users ORDER BY name").fetchall()]

    def tokens(self) -> list[Token]:
        """Every token that has not ended, by name and label."""
        with self._reading() as database:
            found = database.execute("SELECT name, label, until FROM tokens WHERE until > ? ORDER BY 1, 2, 3", (time.time(),))
            return [Token(*row) for row in found.fetchall()]

    def check(self, name: str, password: str) -> User | None:
        """The user; None where the password is wrong. An unknown name takes as long as a wrong password."""
        with self._reading() as database:
            found = database.execute("SELECT role, password FROM users WHERE name = ?", (name,)).fetchone()
        hashed = found[1] if found else self._nobody
        try:
            self._hasher.verify(hashed, password[:LONGEST_PASSWORD])
        except (VerifyMismatchError, InvalidHashError):
            return None
        if found is None:
            return None
        if self._hasher.check_needs_rehash(hashed):
            self._rehash(name, hashed, password)
        return User(name, found[0])

    def _rehash(self, name: str, before: str, password: str) -> None:
        """Hash a password again with the present parameters; while the file is busy it is left to the next sign-in."""
        hashed = self._hasher.hash(password)
        with contextlib.suppress(StoreBusy), self._changing() as database:
            database.execute("UPDATE users SET password = ? WHERE name = ? AND password = ?", (hashed, name, before))

    def begin(self, name: str, hours: float, instead_of: str = "") -> str:
        """Begin a session, and end the one that the browser had before; returns the secret that its cookie holds."""
        secret = secrets.token_urlsafe(32)
        now = time.time()
        with self._changing() as database:
            database.execute("DELETE FROM sessions WHERE until < ? OR sha256 = ?", (now, _sha256(instead_of)))
            database.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_sha256(secret), name, now + HOUR * hours))
        return secret

    def session(self, secret: str) -> User | None:
        """The user of this session; None where it is unknown or has ended."""
        return self._user("JOIN sessions USING (name) WHERE sha256 = ? AND until > ?", (_sha256(secret), time.time()))

    def end(self, secret: str) -> None:
        """End a session."""
        with self._changing() as database:
            database.execute("DELETE FROM sessions WHERE sha256 = ?", (_sha256(secret),))

    def issue(self, name: str, label: str, days: float | None = None) -> str:
        """A new API token, shown this once; it ends after ``days``. Raises RagqaError when there is no user of that name."""
        secret = secrets.token_urlsafe(32)
        now = time.time()
        until = now + DAY * (self._token_days if days is None else days)
        with self._changing() as database:
            self._known(database.execute("SELECT count(*) FROM users WHERE name = ?", (name,)).fetchone()[0], name)
            database.execute("DELETE FROM tokens WHERE until < ?", (now,))
            database.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", (_sha256(secret), name, label, until))
        return secret

    def revoke(self, name: str, label: str) -> int:
        """Take back a user's tokens of this label; returns how many there were."""
        with self._changing() as database:
            return database.execute("DELETE FROM tokens WHERE name = ? AND label = ?", (name, label)).rowcount

    def token(self, secret: str) -> User | None:
        """The user of this API token; None where it is unknown or has ended."""
        return self._user("JOIN tokens USING (name) WHERE sha256 = ? AND until > ?", (_sha256(secret), time.time()))

    def _user(self, joined: str, values: tuple[object, ...]) -> User | None:
        with self._reading() as database:
            found = database.execute(f"SELECT name, role FROM users {joined}", values).fetchone()
        return User(*found) if found else None

    def _hashed(self, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise RagqaError(f"a password has at least {SHORTEST_PASSWORD} characters, at most {LONGEST_PASSWORD}")
        return self._hasher.hash(password)

    def _known(self, count: int, name: str) -> None:
        if not count:
            raise RagqaError(f"no user {name!r}; `ragqa users list` shows them")


def _made(database: sqlite3.Connection) -> None:
    for table in _TABLES:
        database.execute(table)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
