"""Passages, the records they come from and what the gate left out, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ragqa.records import Abstract, Article, Passage


class PassageStore:
    """The store of a generation, open for reading. Safe to share between threads."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True, check_same_thread=False)

    def passage(self, row: int) -> Passage:
        """The passage in this row."""
        found = self._database.execute("SELECT id, source_id, start, end, text FROM passages WHERE row = ?", (row,)).fetchone()
        return Passage(id=found[0], source_id=found[1], start=found[2], end=found[3], text=found[4])

    def record(self, source_id: str) -> Article | Abstract | None:
        """The record of this id; None when there is none."""
        found = self._database.execute("SELECT kind, document FROM records WHERE id = ?", (source_id,)).fetchone()
        if found is None:
            return None
        kind, document = found
        return (Article if kind == "article" else Abstract).model_validate_json(document)

    def document(self, source_id: str) -> str | None:
        """The record of this id as JSON; None when there is none."""
        found = self._database.execute("SELECT document FROM records WHERE id = ?", (source_id,)).fetchone()
        return str(found[0]) if found else None

    def articles(self) -> list[Article]:
        """The approved articles, by slug."""
        rows = self._database.execute("SELECT document FROM records WHERE kind = 'article' ORDER BY id")
        return [Article.model_validate_json(document) for (document,) in rows.fetchall()]

    def excluded(self, source_ids: Sequence[str]) -> dict[str, str]:
        """Of these sources, those the gate left out, with the reason."""
        marks = ",".join("?" * len(source_ids))
        rows = self._database.execute(f"SELECT id, reason FROM excluded WHERE id IN ({marks})", list(source_ids))
        return dict(rows.fetchall())

    def left_out(self) -> dict[str, str]:
        """Every source that the gate left out, with the reason."""
        return dict(self._database.execute("SELECT id, reason FROM excluded ORDER BY id").fetchall())

    def close(self) -> None:
        """Release the file."""
        self._database.close()


def write_passages(file: Path, cut: Sequence[tuple[Article | Abstract, list[Passage]]], excluded: dict[str, str]) -> None:
    """Store each record with its passages, rows in this order, and what was left out with the reason."""
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(
            "CREATE TABLE passages (row INTEGER PRIMARY KEY, id TEXT, source_id TEXT, start INTEGER, end INTEGER, text TEXT);"
            "CREATE TABLE records (id TEXT PRIMARY KEY, kind TEXT, document TEXT) WITHOUT ROWID;"
            "CREATE TABLE excluded (id TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;"
        )
        database.executemany(
            "INSERT INTO records VALUES (?, ?, ?)",
            ((r.id, "article" if isinstance(r, Article) else "abstract", r.model_dump_json()) for r, _ in cut),
        )
        found = (passage for _, part in cut for passage in part)
        database.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
            ((row, p.id, p.source_id, p.start, p.end, p.text) for row, p in enumerate(found)),
        )
        database.executemany("INSERT INTO excluded VALUES (?, ?)", excluded.items())
