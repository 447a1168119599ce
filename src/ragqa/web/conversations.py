"""Conversations that readers come back to: a folder of turns, and the archive of answers.

A conversation's id is random and all it takes to read it; nobody signed in for it. Nothing is written before its first turn.
Whatever reads or writes a file here may wait for the disk: call it in a thread.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ragqa.answer.contract import Answer
from ragqa.conversation.turns import add_turn, read_turns, turn_of
from ragqa.errors import RagqaError
from ragqa.question.asked import Turn
from ragqa.web.archive import ADDRESS, Archive, log
from ragqa.web.problems import Problem
from ragqa.web.watch import Spell

DAY = 24 * 3600
MOST_TURNS = 200
"""Turns of one conversation: its file is read whole at each question, and only the last few turns are looked back on."""
PAGE = 20
"""Turns that a page shows, or a request gets, at a time."""
MOST_BEGUN = 10_000
"""Conversations begun and not yet asked in that are remembered, about a megabyte; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Turns of a conversation that follow each other: the first has number ``after`` + 1 of ``count``."""

    after: int
    count: int
    turns: tuple[Turn, ...]


class Conversations:
    """Files of turns under one folder, each named by a random id of 128 bits; at most ``kept``, the oldest untouched go first."""

    def __init__(self, folder: Path, archive: Archive, hold_seconds: float, kept: int) -> None:
        self.folder = folder
        self.archive = archive
        self.hold_seconds = hold_seconds
        self.kept = kept
        self._lock = threading.Lock()
        self._held: dict[str, float] = {}
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._count: int | None = None
        self._spell = Spell("the folder of conversations", log)

    @property
    def fault(self) -> str | None:
        """Why no turn can be written at present; None while all is well."""
        return self._spell.fault

    def begin(self) -> str:
        """A new, empty conversation; known to this process alone until its first turn is written."""
        id = secrets.token_urlsafe(16)
        with self._lock:
            self._begun[id] = None
            while len(self._begun) > MOST_BEGUN:
                self._begun.popitem(last=False)
        return id

    def turns(self, id: str) -> list[Turn]:
        """Its turns, oldest first.

        Raises:
            Problem: 404, there is no such conversation (any more); 503, its file cannot be read.
        """
        file = self._existing(id)
        if file is None:
            return []
        try:
            return read_turns(file)
        except (RagqaError, OSError) as error:
            log.error("a conversation cannot be read: %s", type(error).__name__)
            message = "this conversation cannot be read any more: begin a new one, or delete it; all others are as they were"
            raise Problem(503, "conversation", message, {"Retry-After": "60"}) from error

    def stretch(self, id: str, after: int | None, limit: int) -> Stretch:
        """Up to ``limit`` turns after the first ``after`` ones, else the newest. Raises as ``turns``."""
        turns = self.turns(id)
        start = max(0, len(turns) - limit) if after is None else min(after, len(turns))
        return Stretch(after=start, count=len(turns), turns=tuple(turns[start : start + limit]))

    def add(self, id: str, answer: Answer) -> bool:
        """Append a turn, only while it is held, and keep its answer; whether both were done."""
        place = self._append(id, answer)
        kept = self.archive.add(answer, id if place is not None else None, place)
        return kept and place is not None

    def hold(self, id: str) -> list[Turn]:
        """The turns so far; until ``release`` nobody else adds one. Raises as ``turns``, and Problem 409 while somebody does.

        A hold ends by itself after ``hold_seconds``, so that a reader who went away locks nothing for ever.
        """
        self._take(id)
        try:
            turns = self.turns(id)
            if len(turns) >= MOST_TURNS:
                message = f"this conversation has {MOST_TURNS} turns, as many as one may have: begin a new conversation"
                raise Problem(409, "conversation_full", message)
        except BaseException:
            self.release(id)
            raise
        return turns

    def release(self, id: str) -> None:
        """Let others add turns again."""
        self._held.pop(id, None)

    def delete(self, id: str) -> None:
        """Delete a conversation; its answers stay under their own addresses, which do not tell whose they were."""
        file = self._existing(id)
        if file is not None:
            self._remove(file)
        self._begun.pop(id, None)

    def clear(self, days: float) -> int:
        """Delete what nobody touched for so many days, as far as the disk lets it; returns how many."""
        deleted = 0
        try:
            for file in [file for touched, file in self._files() if touched < time.time() - days * DAY]:
                self._remove(file)
                deleted += 1
        except OSError as error:
            log.error("old conversations cannot be deleted, tomorrow it is tried again: %s", error)
        return deleted

    def _take(self, id: str) -> None:
        with self._lock:
            if self._held.get(id, 0) > time.monotonic():
                message = "the question before is still being answered; wait for it"
                raise Problem(409, "conversation_busy", message, {"Retry-After": "1"})
            self._held[id] = time.monotonic() + self.hold_seconds

    def _append(self, id: str, answer: Answer) -> int | None:
        """Write a turn and return its place; None where it cannot be written."""
        try:
            place = len(self.turns(id))
            if not place:
                self._make_room()
            add_turn(self._file(id), turn_of(answer))
        except Problem:  # deleted meanwhile, or damaged: that is told where it is read
            return None
        except OSError as error:
            self._spell.failed(error)
            return None
        self._spell.over()
        self._begun.pop(id, None)
        return place

    def _make_room(self) -> None:
        """Before a new file: where as many are kept as may be, the oldest untouched go, a hundredth at a time."""
        if self._count is None:
            self._count = sum(1 for _ in self._files())
        if self._count >= self.kept:
            oldest = [file for _, file in sorted(self._files()) if file.stem not in self._held]
            for file in oldest[: self._count - self.kept + 1 + self.kept // 100]:
                self._remove(file)
            self._count = sum(1 for _ in self._files())
        self._count += 1

    def _files(self) -> Iterator[tuple[float, Path]]:
        """When each conversation was touched last, and its file."""
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if ADDRESS.fullmatch(entry.name.removesuffix(".jsonl")):
                        yield entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)

    def _remove(self, file: Path) -> None:
        """Delete a conversation's file, or whatever stands in its place, and forget its answers."""
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink(missing_ok=True)
        self._count = None
        self.archive.forget(file.stem)

    def _existing(self, id: str) -> Path | None:
        """Its file; None while it has no turn yet."""
        if ADDRESS.fullmatch(id):
            if id in self._begun:
                return None
            if os.path.lexists(self._file(id)):
                return self._file(id)
        raise Problem(404, "not_found", "no such conversation, or it was deleted: POST /api/v1/conversations begins one")

    def _file(self, id: str) -> Path:
        return self.folder / f"{id}.jsonl"
