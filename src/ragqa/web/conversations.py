"""Conversations that readers come back to: a folder of turns, and the archive of answers.

A conversation's id is random and all it takes to read it; nobody signed in for it.
"""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

from fastapi import Request

from ragqa.answer import Answer
from ragqa.conversation import add_turn, read_turns, turn_of
from ragqa.files import write_atomic
from ragqa.records import Turn
from ragqa.web.archive import Archive
from ragqa.web.problems import Problem

ID = re.compile(r"[A-Za-z0-9_-]{22}")
DAY = 24 * 3600


class Conversations:
    """Files of turns under one folder, each named by a random id of 128 bits."""

    def __init__(self, folder: Path, archive: Archive, hold_seconds: float) -> None:
        self.folder = folder
        self.archive = archive
        self.hold_seconds = hold_seconds
        self._held: dict[str, float] = {}

    def begin(self) -> str:
        """A new, empty conversation."""
        id = secrets.token_urlsafe(16)
        write_atomic(self._file(id), ())
        return id

    def turns(self, id: str) -> list[Turn]:
        """Its turns, oldest first. Raises Problem 404 when there is no such conversation (any more)."""
        return read_turns(self._existing(id))

    def answers(self, id: str) -> list[Answer | None]:
        """The answer of each turn; None where it is no longer kept."""
        ids = self.archive.answer_ids(id)
        return [self.archive.answer(ids[place]) if place in ids else None for place in range(len(self.turns(id)))]

    def add(self, id: str, answer: Answer) -> None:
        """Append a turn; only while it is held."""
        place = len(self.turns(id))
        add_turn(self._existing(id), turn_of(answer))
        self.archive.add_turn(id, place, answer)

    def hold(self, id: str) -> list[Turn]:
        """The turns so far; until ``release`` nobody else adds one. Raises Problem 409 while somebody does.

        A hold ends by itself after ``hold_seconds``, so that a reader who went away locks nothing for ever.
        """
        turns = self.turns(id)
        if self._held.get(id, 0) > time.monotonic():
            message = "the question before is still being answered; wait for it"
            raise Problem(409, "conversation_busy", message, {"Retry-After": "1"})
        self._held[id] = time.monotonic() + self.hold_seconds
        return turns

    def release(self, id: str) -> None:
        """Let others add turns again."""
        self._held.pop(id, None)

    def delete(self, id: str) -> None:
        """Delete a conversation; its answers stay under their own ids, which do not tell whose they were."""
        self._existing(id).unlink(missing_ok=True)
        self.archive.forget(id)

    def clear(self, days: float) -> int:
        """Delete what nobody touched for so many days; returns how many."""
        old = [file for file in self.folder.glob("*.jsonl") if file.stat().st_mtime < time.time() - days * DAY]
        for file in old:
            self.delete(file.stem)
        return len(old)

    def _existing(self, id: str) -> Path:
        if not ID.fullmatch(id) or not self._file(id).exists():
            raise Problem(404, "not_found", "no such conversation, or it was deleted: POST /api/v1/conversations begins one")
        return self._file(id)

    def _file(self, id: str) -> Path:
        return self.folder / f"{id}.jsonl"


def talks(request: Request) -> Conversations:
    """The conversations."""
    found: Conversations = request.app.state.conversations
    return found


def given(request: Request) -> Archive:
    """Answers as they were given, by id."""
    found: Archive = request.app.state.archive
    return found
