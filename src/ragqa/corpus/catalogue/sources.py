"""The catalogue's SQLite file: files of records with their stamps, sources with their places and what the gate must know."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ragqa.files.aside import discard
from ragqa.files.databases import is_damage, transaction
from ragqa.files.places import require_usable

CATALOGUE = "catalogue.sqlite"
PARSING = "1"
"""Raise it whenever the same line or article would become another record: every catalogue is then made anew."""

_TABLES = """
CREATE TABLE made_by (parsing TEXT);
CREATE TABLE files (number INTEGER PRIMARY KEY, name TEXT UNIQUE, stamp TEXT);
CREATE TABLE sources (
    id TEXT PRIMARY KEY, kind TEXT, digest BLOB, retracted INTEGER, file INTEGER, line INTEGER, start INTEGER, length INTEGER,
    sha256 BLOB, citations TEXT
) WITHOUT ROWID;
CREATE INDEX places ON sources (file, start);
"""
_ASIDE = "CREATE TEMP TABLE aside (sha256 BLOB PRIMARY KEY, id TEXT, digest BLOB, retracted INTEGER) WITHOUT ROWID"


@dataclass(frozen=True, slots=True)
class Held:
    """What a line of abstracts holds: the id of its record, the digest of that, and whether it is retracted."""

    id: str
    digest: bytes
    retracted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where an abstract stands in its file: number of the line from 1, its first byte and how many bytes it has."""

    line: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class CataloguedArticle:
    """Of an article what gate and cross-check must know; ``sha256`` of its file in hexadecimal."""

    slug: str
    sha256: str
    citations: list[str]


class Sources:
    """The sources of a corpus as last read. Methods that change something are used within ``change``; all raise sqlite3.Error."""

    def __init__(self, file: Path) -> None:
        self._database = _opened(file)

    def change(self) -> AbstractContextManager[None]:
        """All that is changed within the block, or nothing of it."""
        return transaction(self._database)

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def files(self) -> dict[str, tuple[int, str]]:
        """Number and stamp of each file, by name."""
        return {name: (number, stamp) for number, name, stamp in self._database.execute("SELECT number, name, stamp FROM files")}

    def stamp(self, name: str, stamp: str) -> int:
        """Note a file with its stamp; its number."""
        upsert = "INSERT INTO files (name, stamp) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp"
        self._database.execute(upsert, (name, stamp))
        (number,) = self._database.execute("SELECT number FROM files WHERE name = ?", (name,)).fetchone()
        return int(number)

    def unstamp(self, name: str) -> None:
        """Have a file read again next time."""
        self._database.execute("UPDATE files SET stamp = '' WHERE name = ?", (name,))

    def forget_file(self, number: int) -> None:
        """A file that is no more; what its lines held is kept aside."""
        self.set_lines_aside(number)
        self.forget_sources(number)
        self._database.execute("DELETE FROM files WHERE number = ?", (number,))

    def forget_sources(self, number: int) -> None:
        """Whatever a file held."""
        self._database.execute("DELETE FROM sources WHERE file = ?", (number,))

    def places(self, number: int) -> Iterator[tuple[int, bytes]]:
        """First byte and SHA-256 of each line of a file that holds a record, in order."""
        return iter(self._database.execute("SELECT start, sha256 FROM sources WHERE file = ? ORDER BY start", (number,)))

    def set_lines_aside(self, number: int, start: int = 0) -> None:
        """Forget where the lines of a file stood, from byte ``start`` on, but not what they held: most will stand elsewhere."""
        lines = "SELECT sha256, id, digest, retracted FROM sources WHERE file = ? AND start >= ?"
        self._database.execute(f"INSERT OR IGNORE INTO temp.aside {lines}", (number, start))
        self._database.execute("DELETE FROM sources WHERE file = ? AND start >= ?", (number, start))

    def held_before(self, sha256: bytes) -> Held | None:
        """What a line of these bytes that was set aside held; None where there was none."""
        found = self._database.execute("SELECT id, digest, retracted FROM temp.aside WHERE sha256 = ?", (sha256,)).fetchone()
        return Held(found[0], found[1], bool(found[2])) if found else None

    def drop_aside(self) -> None:
        """Forget what was set aside."""
        self._database.execute("DELETE FROM temp.aside")

    def add_article(self, article: CataloguedArticle, digest: bytes, number: int) -> None:
        """An article that stands in file ``number``."""
        row = (f"article:{article.slug}", "article", digest, False, number, None, None, None)
        self._add((*row, bytes.fromhex(article.sha256), json.dumps(article.citations)))

    def add_abstract(self, held: Held, number: int, place: Place, sha256: bytes) -> bool:
        """The record in a line of this SHA-256 in file ``number``; False where its id stands somewhere already."""
        row = (held.id, "abstract", held.digest, held.retracted, number, place.line, place.start, place.length)
        try:
            self._add((*row, sha256, None))
        except sqlite3.IntegrityError:
            return False
        return True

    def _add(self, row: tuple[object, ...]) -> None:
        self._database.execute("INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def stands_at(self, source_id: str) -> tuple[str, int]:
        """Name of the file and number of the line in which an abstract stands."""
        found: tuple[str, int] = self._database.execute(
            "SELECT name, line FROM sources JOIN files ON number = file WHERE id = ?", (source_id,)
        ).fetchone()
        return found

    def place(self, source_id: str) -> tuple[int, Place | None, bytes]:
        """Number of a catalogued source's file, where in it an abstract stands (None for an article), and its record's digest."""
        number, *place, digest = self._database.execute(
            "SELECT file, line, start, length, digest FROM sources WHERE id = ?", (source_id,)
        ).fetchone()
        return number, None if None in place else Place(*place), digest

    def articles(self) -> list[CataloguedArticle]:
        """Every article, by slug."""
        rows = self._database.execute("SELECT id, sha256, citations FROM sources WHERE kind = 'article' ORDER BY id").fetchall()
        return [
            CataloguedArticle(source.removeprefix("article:"), sha256.hex(), json.loads(citations))
            for source, sha256, citations in rows
        ]

    def all(self) -> Iterator[tuple[str, str, bytes, bool]]:
        """Id, kind ("article" or "abstract"), digest and retraction of every source, in the order of ids."""
        for source, kind, digest, retracted in self._database.execute(
            "SELECT id, kind, digest, retracted FROM sources ORDER BY id"
        ):
            yield source, kind, digest, bool(retracted)

    def any(self) -> bool:
        """Whether there is a source at all."""
        return self._database.execute("SELECT 1 FROM sources LIMIT 1").fetchone() is not None

    def __contains__(self, source: object) -> bool:
        """Whether an abstract of this id is catalogued."""
        found = self._database.execute("SELECT 1 FROM sources WHERE id = ? AND kind = 'abstract'", (source,)).fetchone()
        return found is not None


def _opened(file: Path) -> sqlite3.Connection:
    """The catalogue's file; one that another ragqa made, or that is damaged, is made anew: all it says can be read again."""
    for last in (False, True):
        try:
            require_usable(file)
            database = sqlite3.connect(file, isolation_level=None)
        except OSError:
            if last:
                raise
            discard(file)
            continue
        try:
            if database.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
                database.executescript(f"BEGIN;{_TABLES}INSERT INTO made_by VALUES ('{PARSING}');COMMIT;")
            if database.execute("SELECT parsing FROM made_by").fetchone() == (PARSING,):
                database.execute(_ASIDE)
                return database
        except sqlite3.DatabaseError as error:
            database.close()
            if last or not is_damage(error):
                raise
        database.close()
        discard(file)
    raise sqlite3.OperationalError(f"{file} cannot be made")
