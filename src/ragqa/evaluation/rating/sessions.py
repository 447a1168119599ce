"""A rating session on disk: pairs drawn once, ratings only ever added, and whether it is closed.

serving/ratings/NAME/session.json    what was compared, and which side shows which system; written last, whole
                     pairs.jsonl     the pairs as raters see them
                     ratings.jsonl   one line a rating, also of a pair that was rated before: the newest counts
                     closed.json     there once raters may see what came of it
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ragqa.answer.contract import Answer
from ragqa.errors import Fault, InvalidRecord, RagqaError
from ragqa.evaluation.rating.drawing import Drawn
from ragqa.evaluation.verdicts import Verdict
from ragqa.files import json_line, read_jsonl, read_text, write_atomic
from ragqa.files.appending import append_line, ends_whole

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
LONGEST_NOTE = 2000
"""Characters of a rater's free text on one answer."""
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
Better = Literal["left", "right", "no difference"]
T = TypeVar("T", bound=BaseModel)


class Pair(BaseModel):
    """Two answers to one question as a rater sees them; nothing here tells which system gave which."""

    model_config = ConfigDict(frozen=True)

    number: int
    id: str
    group: str = ""
    asked: tuple[str, ...]
    left: Answer
    right: Answer

    @property
    def same(self) -> bool:
        """Whether both tell the very same."""
        return self.left.said() == self.right.said()


class Rating(BaseModel):
    """What one rater said of one pair."""

    model_config = ConfigDict(frozen=True)

    pair: int
    rater: str
    at: datetime
    left: Verdict
    right: Verdict
    better: Better
    left_note: Annotated[str, StringConstraints(max_length=LONGEST_NOTE)] = ""
    right_note: Annotated[str, StringConstraints(max_length=LONGEST_NOTE)] = ""


class Session(BaseModel):
    """What is compared: the two systems, and of each pair the one that stands left."""

    model_config = ConfigDict(frozen=True)

    schema_: Literal["ragqa.rating/1"] = Field(default="ragqa.rating/1", alias="schema")
    systems: tuple[str, str]
    seed: int
    made_at: datetime
    left: tuple[Literal["a", "b"], ...]

    def system(self, pair: int, side: Side) -> str:
        """Which system, "a" or "b", stood on a side of a pair (from 1)."""
        left = self.left[pair - 1]
        return left if side == "left" else {"a": "b", "b": "a"}[left]


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """One session; its files may be read and added to by several processes at once."""

    folder: Path

    @classmethod
    def named(cls, serving: Path, name: str) -> Self:
        """The session of a name that can be one; whether it is there, ``exists`` says. Raises RagqaError for other names."""
        if not NAME.fullmatch(name):
            raise RagqaError(f"{name!r} is no name of a rating session: small letters, digits and hyphens, at most 64")
        return cls(serving / "ratings" / name)

    @classmethod
    def all(cls, serving: Path) -> list[Self]:
        """Every session that is whole, by name."""
        found = (cls(file.parent) for file in (serving / "ratings").glob("*/session.json"))
        return sorted((one for one in found if NAME.fullmatch(one.name)), key=lambda one: one.name)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.folder.name

    @property
    def exists(self) -> bool:
        """Whether it was made, and made whole."""
        return (self.folder / "session.json").exists()

    @property
    def closed(self) -> bool:
        """Whether rating has ended and its results may be seen."""
        return (self.folder / "closed.json").exists()

    def close(self) -> None:
        """End the rating; closing twice changes nothing."""
        if not self.closed:
            write_atomic(self.folder / "closed.json", [json.dumps({"at": _now().isoformat()}) + "\n"])

    def read(self) -> Session:
        """What is compared. Raises InvalidRecord."""
        return _read(self.folder / "session.json", Session)

    def pairs(self) -> list[Pair]:
        """The pairs in their order. Raises InvalidRecord."""
        return _lines(self.folder / "pairs.jsonl", Pair)

    def ratings(self) -> list[Rating]:
        """The newest rating of each pair by each rater, in the order first given. Raises InvalidRecord."""
        newest: dict[tuple[int, str], Rating] = {}
        file = self.folder / "ratings.jsonl"
        for rating in _lines(file, Rating) if os.path.lexists(file) else []:
            newest[rating.pair, rating.rater] = rating
        return list(newest.values())

    def add(self, rating: Rating) -> None:
        """Keep a rating; it is on the disk when this returns.

        Raises:
            RagqaError: the session is closed.
            OSError: the disk cannot be written; nothing was added.
        """
        if self.closed:
            raise RagqaError("this rating is closed: nothing was changed")
        append_line(self.folder / "ratings.jsonl", rating.model_dump(mode="json"), mend=True)

    def order(self, rater: str) -> list[int]:
        """Numbers of the pairs in this rater's own order, so that no pair always comes when raters are tired."""
        numbers = range(1, len(self.read().left) + 1)
        return sorted(numbers, key=lambda number: hashlib.sha256(f"{self.name} {rater} {number}".encode()).digest())


def make(session: SessionFolder, systems: tuple[str, str], pairs: Sequence[Drawn], seed: int) -> None:
    """Write a session. Each system stands left in half of the pairs; the seed decides in which.

    Raises:
        RagqaError: there is a session of this name, or no pair.
    """
    if session.exists:
        raise RagqaError(f"there is a rating called {session.name}; choose another name")
    if not pairs:
        raise RagqaError("no pair to rate: the two files share no question, or with --only-different tell the same")
    sides: list[Literal["a", "b"]] = ["a" if number % 2 else "b" for number in range(len(pairs))]
    random.Random(seed).shuffle(sides)
    shown = [
        Pair(
            number=number,
            id=drawn.id,
            group=drawn.group,
            asked=drawn.asked,
            left=drawn.a if left == "a" else drawn.b,
            right=drawn.b if left == "a" else drawn.a,
        )
        for number, (drawn, left) in enumerate(zip(pairs, sides, strict=True), 1)
    ]
    session.folder.mkdir(parents=True, exist_ok=True)
    write_atomic(session.folder / "pairs.jsonl", (json_line(pair.model_dump(mode="json", by_alias=True)) for pair in shown))
    made = Session(schema="ragqa.rating/1", systems=systems, seed=seed, made_at=_now(), left=tuple(sides))
    write_atomic(session.folder / "session.json", [json_line(made.model_dump(mode="json", by_alias=True))])


def readable_ratings(file: Path) -> tuple[list[str], int]:
    """The lines of a damaged file that are ratings, and how many others there are; none where it cannot be read at all."""
    kept, lost = [], 0
    try:
        for _, value in read_jsonl(file):
            try:
                kept.append(json_line(Rating.model_validate(value).model_dump(mode="json")))
            except ValidationError:
                lost += 1
    except (InvalidRecord, OSError):
        lost += 1
    return kept, lost


def rated_now(pair: int, rater: str, left: Verdict, right: Verdict, better: Better, notes: tuple[str, str]) -> Rating:
    """A rating given at this moment."""
    return Rating(
        pair=pair, rater=rater, at=_now(), left=left, right=right, better=better, left_note=notes[0], right_note=notes[1]
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _read(file: Path, kind: type[T]) -> T:
    try:
        return kind.model_validate_json(read_text(file)[0])
    except (OSError, ValidationError) as error:
        raise InvalidRecord(file, None, "cannot be read as part of a rating session; restore it from a copy") from error


def _lines(file: Path, kind: type[T]) -> list[T]:
    lines = list(read_jsonl(file))
    if lines and isinstance(lines[-1][1], Fault) and not ends_whole(file):
        lines.pop()  # cut off by a kill: nobody was told that it was kept
    found = []
    for line, value in lines:
        try:
            found.append(kind.model_validate(value))
        except ValidationError as error:
            raise InvalidRecord(file, line, "is no line of a rating session; restore it from a copy, or remove it") from error
    return found
