"""Passages, the records they come from and what the gate left out, in SQLite: a base, and above it what came and went since.

passages.sqlite     as written by a whole build; shared by all generations grown from it
delta.sqlite        in those: what was added, and which of the base's sources are gone
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from ragqa.corpus.credits import credits
from ragqa.corpus.records import Abstract, Article, Passage

BASE, DELTA = "passages.sqlite", "delta.sqlite"

_TABLES = """
CREATE TABLE passages (row INTEGER PRIMARY KEY, id TEXT, source_id TEXT, start INTEGER, end INTEGER, text TEXT);
CREATE TABLE records (
    id TEXT PRIMARY KEY, kind TEXT, digest BLOB, title TEXT, first INTEGER, count INTEGER, document INTEGER
) WITHOUT ROWID;
CREATE TABLE documents (number INTEGER PRIMARY KEY, text TEXT);
CREATE TABLE excluded (id TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;
CREATE TABLE credits (name TEXT, id TEXT, year INTEGER, PRIMARY KEY (name, id)) WITHOUT ROWID;
CREATE TABLE gone (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_LIVE = """
CREATE TEMP VIEW live_records AS
    SELECT * FROM main.records WHERE id NOT IN (SELECT id FROM delta.gone) UNION ALL SELECT * FROM delta.records;
CREATE TEMP VIEW live_excluded AS
    SELECT * FROM main.excluded WHERE id NOT IN (SELECT id FROM delta.gone) UNION ALL SELECT * FROM delta.excluded;
CREATE TEMP VIEW live_credits AS
    SELECT * FROM main.credits WHERE id NOT IN (SELECT id FROM delta.gone) UNION ALL SELECT * FROM delta.credits;
CREATE TEMP VIEW live_passages AS SELECT * FROM main.passages UNION ALL SELECT * FROM delta.passages;
CREATE TEMP VIEW live_documents AS SELECT * FROM main.documents UNION ALL SELECT * FROM delta.documents;
"""
_ALONE = "".join(
    f"CREATE TEMP VIEW live_{table} AS SELECT * FROM main.{table};"
    for table in ("records", "excluded", "passages", "documents", "credits")
)


class PassageStore:
    """The store of a generation, open for reading. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(_immutable(folder / BASE), uri=True, check_same_thread=False)
        # 16 MB: the upper levels of the largest tables stay in memory, so that a passage costs one read.
        self._database.executescript("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;")
        self._schemas = ("main", "delta") if (folder / DELTA).exists() else ("main",)
        if "delta" in self._schemas:
            self._database.execute("ATTACH ? AS delta", (_immutable(folder / DELTA),))
            self._database.executescript(_LIVE)
        else:
            self._database.executescript(_ALONE)

    def passage(self, row: int) -> Passage:
        """The passage in this row."""
        found = self._database.execute(
            "SELECT id, source_id, start, end, text FROM live_passages WHERE row = ?", (row,)
        ).fetchone()
        return Passage(id=found[0], source_id=found[1], start=found[2], end=found[3], text=found[4])

    def texts(self, first: int, end: int) -> Iterator[tuple[int, str | None, str]]:
        """(row, title of its source, text) of the passages with ``first <= row < end`` whose sources are still there, by row."""
        for schema in self._schemas:
            gone = " AND r.id NOT IN (SELECT id FROM delta.gone)" if schema != self._schemas[-1] else ""
            yield from self._database.execute(
                f"SELECT p.row, r.title, p.text FROM {schema}.passages p JOIN {schema}.records r ON r.id = p.source_id "
                f"WHERE p.row >= ? AND p.row < ?{gone} ORDER BY p.row",
                (first, end),
            )

    def marks(self) -> Iterator[tuple[str, bytes | str]]:
        """Every source in the order of its id, with the digest of its record or, as text, why it was left out."""
        return iter(
            self._database.execute(
                "SELECT id, digest FROM live_records UNION ALL SELECT id, reason FROM live_excluded ORDER BY id"
            )
        )

    def record(self, source_id: str) -> Article | Abstract | None:
        """The record of this id; None when there is none."""
        found = self._database.execute("SELECT kind, document FROM live_records WHERE id = ?", (source_id,)).fetchone()
        return self._parsed(*found) if found else None

    def rows(self, source_id: str) -> range:
        """The rows of a source's passages; none where there is no source of that id."""
        found = self._database.execute("SELECT first, first + count FROM live_records WHERE id = ?", (source_id,)).fetchone()
        return range(*found) if found else range(0)

    def credited(self, name: str) -> list[tuple[str, int | None]]:
        """Id and year of the abstracts that go by this name, as ``credits`` gives it, by id."""
        return self._database.execute("SELECT id, year FROM live_credits WHERE name = ? ORDER BY id", (name,)).fetchall()

    def digest(self, source_id: str) -> str | None:
        """sha256 of a source's whole record; None when there is none of that id."""
        found = self._database.execute("SELECT digest FROM live_records WHERE id = ?", (source_id,)).fetchone()
        return found[0].hex() if found else None

    def articles(self) -> list[Article]:
        """The approved articles, by slug."""
        rows = self._database.execute(
            "SELECT kind, document FROM live_records WHERE id >= 'article:' AND id < 'article;' ORDER BY id"
        )
        found = (self._parsed(kind, document) for kind, document in rows.fetchall())
        return [record for record in found if isinstance(record, Article)]

    def abstracts(self) -> Iterator[Abstract]:
        """The abstracts, by id."""
        rows = self._database.execute("SELECT kind, document FROM live_records WHERE kind = 'abstract' ORDER BY id").fetchall()
        for kind, document in rows:
            found = self._parsed(kind, document)
            if isinstance(found, Abstract):
                yield found

    def excluded(self, source_ids: Sequence[str]) -> dict[str, str]:
        """Of these sources, those the gate left out, with the reason."""
        marks = ",".join("?" * len(source_ids))
        rows = self._database.execute(f"SELECT id, reason FROM live_excluded WHERE id IN ({marks})", list(source_ids))
        return dict(rows.fetchall())

    def left_out(self) -> dict[str, str]:
        """Every source that the gate left out, with the reason."""
        return dict(self._database.execute("SELECT id, reason FROM live_excluded ORDER BY id").fetchall())

    def articles_left_out(self) -> dict[str, str]:
        """Every article that the gate left out, with the reason."""
        rows = self._database.execute(
            "SELECT id, reason FROM live_excluded WHERE id >= 'article:' AND id < 'article;' ORDER BY id"
        )
        return dict(rows.fetchall())

    def close(self) -> None:
        """Release the files."""
        self._database.close()

    def _parsed(self, kind: str, document: int) -> Article | Abstract:
        (text,) = self._database.execute("SELECT text FROM live_documents WHERE number = ?", (document,)).fetchone()
        return (Article if kind == "article" else Abstract).model_validate_json(text)


class StoreWriter:
    """Writes a base, or what came and went since one. Nothing is whole before ``close``."""

    def __init__(self, file: Path, rows: int = 0, base: Path | None = None) -> None:
        """``rows``: rows given away before. ``base``: the base that this file stands above, for a delta."""
        self.rows = rows
        fresh = not file.exists()
        self._database = sqlite3.connect(file.resolve().as_uri(), uri=True, isolation_level=None)
        # A killed build's files are thrown away whole, so there is nothing that a journal would have to bring back.
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
        if base is not None:
            self._database.execute("ATTACH ? AS base", (_immutable(base),))
        self._database.execute("BEGIN")
        if fresh:
            for statement in _TABLES.split(";"):
                self._database.execute(statement)
        self._based = base is not None
        self._documents = max(
            self._database.execute(f"SELECT ifnull(max(number), -1) + 1 FROM {schema}.documents").fetchone()[0]
            for schema in (["base", "main"] if base is not None else ["main"])
        )

    def add(self, record: Article | Abstract, digest: bytes, found: Sequence[Passage]) -> None:
        """A record with its passages, in the next rows."""
        kind = "article" if isinstance(record, Article) else "abstract"
        self._database.execute("INSERT INTO main.documents VALUES (?, ?)", (self._documents, record.model_dump_json()))
        self._database.execute(
            "INSERT INTO main.records VALUES (?, ?, ?, ?, ?, ?, ?)",
            (record.id, kind, digest, record.title, self.rows, len(found), self._documents),
        )
        if isinstance(record, Abstract):
            names = ((name, record.id, record.year) for name in credits(record))
            self._database.executemany("INSERT INTO main.credits VALUES (?, ?, ?)", names)
        rows = ((self.rows + number, p.id, p.source_id, p.start, p.end, p.text) for number, p in enumerate(found))
        self._database.executemany("INSERT INTO main.passages VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._documents += 1
        self.rows += len(found)

    def leave_out(self, source_id: str, reason: str) -> None:
        """A source that the gate left out."""
        self._database.execute("INSERT INTO main.excluded VALUES (?, ?)", (source_id, reason))

    def forget(self, source_id: str) -> range:
        """Whatever is said of a source, here or in the base; gives the rows that its passages had."""
        rows = range(0)
        for schema in ["main", "base"] if self._based else ["main"]:
            found = self._database.execute(
                f"SELECT first, first + count FROM {schema}.records WHERE id = ? AND NOT EXISTS "
                "(SELECT 1 FROM main.gone WHERE gone.id = records.id AND ?)",
                (source_id, schema == "base"),
            ).fetchone()
            rows = range(*found) if found else rows
        self._database.execute(
            "DELETE FROM main.documents WHERE number = (SELECT document FROM main.records WHERE id = ?)", (source_id,)
        )
        self._database.execute("DELETE FROM main.passages WHERE row >= ? AND row < ?", (rows.start, rows.stop))
        self._database.execute("DELETE FROM main.records WHERE id = ?", (source_id,))
        self._database.execute("DELETE FROM main.credits WHERE id = ?", (source_id,))
        self._database.execute("DELETE FROM main.excluded WHERE id = ?", (source_id,))
        self._database.execute("INSERT OR IGNORE INTO main.gone VALUES (?)", (source_id,))
        return rows

    def close(self) -> None:
        """Finish the file."""
        self._database.execute("COMMIT")
        self._database.close()

    def abandon(self) -> None:
        """Let go of a file that is thrown away."""
        self._database.close()


def _immutable(file: Path) -> str:
    return f"{file.resolve().as_uri()}?mode=ro&immutable=1"
