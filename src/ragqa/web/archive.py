"""Answers as they were given, so that one can be linked to and read again; the newest ``keep`` of them, in one SQLite file.

What is kept has no patient identifiers as far as ``privacy`` finds them: an Answer's question is the one that was searched for.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

from ragqa.answer import Answer

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS turns (conversation TEXT NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (conversation, place)) WITHOUT ROWID;
"""


class Archive:
    """The file, open; safe to share between threads."""

    def __init__(self, file: Path, keep: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.keep = keep
        self._lock = threading.Lock()
        self._database = sqlite3.connect(file, timeout=30, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def add(self, answer: Answer) -> None:
        """Keep an answer; the same answer is kept once."""
        if not self.keep:
            return
        text = json.dumps(answer.to_json(), ensure_ascii=False)
        with self._lock:
            made = self._database.execute("INSERT OR IGNORE INTO answers (id, answer) VALUES (?, ?)", (answer.id, text))
            if made.rowcount:
                self._database.execute("DELETE FROM answers WHERE number <= ?", ((made.lastrowid or 0) - self.keep,))

    def answer(self, id: str) -> Answer | None:
        """The answer of this id, while it is kept."""
        with self._lock:
            found = self._database.execute("SELECT answer FROM answers WHERE id = ?", (id,)).fetchone()
        return Answer.model_validate_json(found[0]) if found else None

    def add_turn(self, conversation: str, place: int, answer: Answer) -> None:
        """Remember which answer a turn got."""
        self.add(answer)
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO turns VALUES (?, ?, ?)", (conversation, place, answer.id))

    def answer_ids(self, conversation: str) -> dict[int, str]:
        """Ids of a conversation's answers by the place of their turn, the first turn's place being 0."""
        with self._lock:
            return dict(self._database.execute("SELECT place, id FROM turns WHERE conversation = ?", (conversation,)).fetchall())

    def forget(self, conversation: str) -> None:
        """Drop which answers a conversation got."""
        with self._lock:
            self._database.execute("DELETE FROM turns WHERE conversation = ?", (conversation,))
