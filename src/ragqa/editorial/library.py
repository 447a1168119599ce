"""Answers that were signed off, with their history, in one SQLite file: what was asked, what was said, what it rested on.

An entry is a question as it may be asked again; a version is one answer to it. At most one version of an entry is published and
at most one waits for sign-off.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ragqa.answer.contract import Answer, Audience
from ragqa.answer.provenance import Provenance
from ragqa.editorial.library_file import LibraryFile
from ragqa.editorial.versions import COLUMNS, State, Version, version_of
from ragqa.errors import LibraryError
from ragqa.models import Vectors
from ragqa.question.asked import Asked


class Library(LibraryFile):
    """The library, open: what may be done with its answers, and what can be asked of it."""

    def add_version(
        self,
        key: str,
        asked: Asked,
        answer: Answer,
        basis: Provenance,
        rests_on: Iterable[str],
        *,
        severity: str,
        reason: str,
        published: bool = False,
    ) -> int:
        """Store a new version and return its number; it waits for sign-off in place of what waited before.

        ``rests_on``: every source whose retraction must take the answer back.
        With ``published`` it replaces the published version at once, which is for a change of wording only.
        """
        state = State.PUBLISHED if published else State.WAITING
        with self._change() as database:
            database.execute("INSERT OR IGNORE INTO entries VALUES (?, ?)", (key, asked.model_dump_json()))
            self._decide(database, "key = ? AND state = ?", (key, state), State.REPLACED, "ragqa", None)
            inserted = database.execute(
                "INSERT INTO versions (key, state, severity, reason, answer, basis, basis_sha256, generation, made_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key,
                    state,
                    severity,
                    reason,
                    json.dumps(answer.to_json(), ensure_ascii=False),
                    basis.to_json(),
                    basis.sha256,
                    answer.trace.generation,
                    _now(),
                ),
            )
            number = int(inserted.lastrowid or 0)
            database.executemany("INSERT INTO rests_on VALUES (?, ?)", ((source, number) for source in sorted(set(rests_on))))
        return number

    def sign_off(self, number: int, by: str, note: str | None = None) -> Version:
        """Publish a waiting version; the one published before becomes history. Raises LibraryError when it does not wait."""
        with self._change() as database:
            waiting = self._waiting(number)
            self._decide(database, "key = ? AND state = ?", (waiting.key, State.PUBLISHED), State.REPLACED, by, None)
            self._decide(database, "number = ?", (number,), State.PUBLISHED, by, note)
        return self.version(number)

    def reject(self, number: int, by: str, note: str | None = None) -> Version:
        """Put a waiting version aside; what is published stays. Raises LibraryError when it does not wait."""
        with self._change() as database:
            self._waiting(number)
            self._decide(database, "number = ?", (number,), State.REJECTED, by, note)
        return self.version(number)

    def unpublish(self, source_ids: Iterable[str], why: str) -> list[int]:
        """Take back every published or waiting version that rests on one of these sources, at once; returns their numbers."""
        numbers: list[int] = []
        with self._change() as database:
            for source in source_ids:
                rows = database.execute(
                    "SELECT number FROM versions JOIN rests_on USING (number) WHERE source_id = ? AND state IN (?, ?)",
                    (source, State.PUBLISHED, State.WAITING),
                ).fetchall()
                for (number,) in rows:
                    self._decide(database, "number = ?", (number,), State.UNPUBLISHED, "ragqa", f"{source} {why}")
                    numbers.append(number)
        return sorted(numbers)

    def resting_on(self, source_ids: Iterable[str]) -> dict[str, list[tuple[int, State, str]]]:
        """Per source the published and waiting versions that rest on it: (number, state, question)."""
        query = (
            "SELECT number, state, json_extract(answer, '$.question') FROM versions JOIN rests_on USING (number) "
            "WHERE source_id = ? AND state IN (?, ?) ORDER BY number"
        )
        found = {}
        for source in source_ids:
            rows = self._rows(query, (source, State.PUBLISHED, State.WAITING))
            with self._readable():
                found[source] = [(number, State(state), question) for number, state, question in rows]
        return found

    def confirm(self, numbers: Sequence[int], generation: str) -> None:
        """Record that these versions rest on the same evidence in this generation too; what waited to replace them is dropped."""
        with self._change() as database:
            database.executemany("UPDATE versions SET generation = ? WHERE number = ?", ((generation, n) for n in numbers))
            for number in numbers:
                where = "state = ? AND number != ? AND key = (SELECT key FROM versions WHERE number = ?)"
                self._decide(database, where, (State.WAITING, number, number), State.REPLACED, "ragqa", None)

    def rebase(self, number: int, basis: Provenance, generation: str) -> None:
        """Record that a version was redone from changed evidence and came out the same."""
        with self._change() as database:
            database.execute(
                "UPDATE versions SET basis = ?, basis_sha256 = ?, generation = ? WHERE number = ?",
                (basis.to_json(), basis.sha256, generation, number),
            )

    def version(self, name: int | str) -> Version:
        """The version of this number, or the latest whose answer has this id. Raises LibraryError when there is none."""
        column = "number" if str(name).isdecimal() else "json_extract(answer, '$.id')"
        found = self._versions(f"{column} = ? ORDER BY number DESC LIMIT 1", (name,))
        if not found:
            raise LibraryError(f"no answer {name} in {self.file}; `ragqa library list` shows those there are")
        return found[0]

    def numbered(self, number: int) -> Version | None:
        """The version of this number, if any."""
        return next(iter(self._versions("number = ?", (number,))), None)

    def page(self, state: State | None, after: int, limit: int) -> list[Version]:
        """Up to ``limit`` versions in this state, or in any, numbered above ``after``, oldest first."""
        return self._versions("number > ? AND coalesce(?, state) = state ORDER BY number LIMIT ?", (after, state, limit))

    def versions(self, *states: State) -> list[Version]:
        """All versions in these states, oldest first; all there are when none is named."""
        wanted = states or tuple(State)
        return self._versions(f"state IN ({', '.join('?' * len(wanted))}) ORDER BY number", wanted)

    def history(self, key: str) -> list[Version]:
        """Every version of one entry, oldest first."""
        return self._versions("key = ? ORDER BY number", (key,))

    def published(self, key: str) -> Version | None:
        """The published version of an entry, if any."""
        return next(iter(self._versions("key = ? AND state = ?", (key, State.PUBLISHED))), None)

    def waiting(self, key: str) -> Version | None:
        """The version of an entry that waits for sign-off, if any."""
        return next(iter(self._versions("key = ? AND state = ?", (key, State.WAITING))), None)

    def asked(self, key: str) -> Asked:
        """What an entry asks."""
        row = self._row("SELECT asked FROM entries WHERE key = ?", (key,))
        with self._readable():
            return Asked.model_validate_json(row[0])

    def decisions(self, limit: int) -> list[Version]:
        """The versions decided on last, the newest decision first."""
        return self._versions("decided_at IS NOT NULL ORDER BY decided_at DESC, number DESC LIMIT ?", (limit,))

    def counts(self) -> dict[str, int]:
        """How many versions are in which state."""
        return dict(self._rows("SELECT state, count(*) FROM versions GROUP BY state ORDER BY state", ()))

    def latest(self) -> Iterator[tuple[int, str, State, str, Asked, Audience]]:
        """Per entry (number, key, state, basis sha256, what is asked, reader) of the version that counts, without the answers.

        That is the published one, else the latest that was not rejected; an entry with neither is left out.
        """
        rows = self._rows(
            "SELECT v.number, v.key, v.state, v.basis_sha256, e.asked, json_extract(v.answer, '$.audience') "
            "FROM (SELECT key, coalesce(max(CASE state WHEN 'published' THEN number END), "
            "max(CASE WHEN state != 'rejected' THEN number END)) AS number FROM versions GROUP BY key) AS last "
            "JOIN versions v ON v.number = last.number JOIN entries e ON e.key = v.key ORDER BY v.number",
            (),
        )
        for number, key, state, basis, asked, audience in rows:
            with self._readable():
                entry = number, key, State(state), basis, Asked.model_validate_json(asked), audience
            yield entry

    def proposed(self, key: str, basis_sha256: str) -> bool:
        """Whether an answer from this basis waits for sign-off, or was rejected."""
        where = "SELECT 1 FROM versions WHERE key = ? AND basis_sha256 = ? AND state IN (?, ?)"
        return self._row(where, (key, basis_sha256, State.WAITING, State.REJECTED)) is not None

    def find_vectors(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """See ``VectorCache.find_vectors``: of the questions, so that looking at many of them again costs little."""
        found = {}
        for text in dict.fromkeys(texts):
            if row := self._row("SELECT vector FROM vectors WHERE fingerprint = ? AND text = ?", (fingerprint, text)):
                with self._readable():
                    found[text] = np.frombuffer(row[0], np.float32)
        return found

    def keep_vectors(self, fingerprint: str, vectors: Mapping[str, Vectors]) -> None:
        """See ``VectorCache.keep_vectors``."""
        rows = [(fingerprint, text, vector.tobytes()) for text, vector in vectors.items()]
        with self._change() as database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def _decide(
        self, database: sqlite3.Connection, where: str, values: tuple[Any, ...], state: State, by: str, note: str | None
    ) -> None:
        database.execute(
            f"UPDATE versions SET state = ?, decided_at = ?, decided_by = ?, note = coalesce(?, note) WHERE {where}",
            (state, _now(), by, note, *values),
        )

    def _waiting(self, number: int) -> Version:
        version = self.version(number)
        if version.state is not State.WAITING:
            raise LibraryError(f"answer {number} is {version.state.value}: only a waiting answer can be signed off or rejected")
        return version

    def _versions(self, where: str, values: Sequence[Any]) -> list[Version]:
        rows = self._rows(f"SELECT {COLUMNS} FROM versions WHERE {where}", values)
        with self._readable():
            return [version_of(row) for row in rows]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
