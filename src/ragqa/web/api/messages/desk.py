"""What editors send and are told: answers of the library, articles in review, the review log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel, StringConstraints

from ragqa.answer.contract import Answer
from ragqa.corpus.records import ReviewState
from ragqa.web.api.messages.fields import Message

Note = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Stored(Message):
    """An answer in the library, without its history."""

    number: int
    state: str
    severity: str
    reason: str
    made_at: str
    decided_at: str | None
    decided_by: str | None
    note: str | None
    answer: Answer


class Shelf(Message):
    """Answers of the library, oldest first; ``next`` is the number to go on after, None at the end."""

    answers: tuple[Stored, ...]
    next: int | None
    counts: dict[str, int]


class Decision(Message):
    """What an editor decides on a waiting answer."""

    decision: Literal["sign_off", "reject"]
    note: Note | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"decision": "reject", "note": "too small a trial"}]}
    )


class UnderReview(Message):
    """An article as it stands in review; ``possible`` are the steps that may follow."""

    slug: str
    question: str
    state: ReviewState
    sha256: str
    possible: tuple[ReviewState, ...]


class SetAside(Message):
    """An article whose file has faults: it is not shown, searched or cited until an editor has mended it."""

    slug: str
    faults: tuple[str, ...]


class Desk(Message):
    """All articles, by slug; those with faults apart, and what else is wrong with the corpus."""

    articles: tuple[UnderReview, ...]
    set_aside: tuple[SetAside, ...] = ()
    faults: tuple[str, ...] = ()


class Event(Message):
    """One line of the review log."""

    article: str
    sha256: str
    state: ReviewState
    by: str
    at: datetime
    note: str | None


class Log(Message):
    """The review log, oldest first; its chain was checked while it was read."""

    events: tuple[Event, ...]


class PlainStep(Message):
    """A step of the review but an approval."""

    state: Literal["submitted", "under_review", "withdrawn"]
    sha256: Sha256 | None = Field(default=None, description="of the text that was read, as GET /api/v1/review tells it")
    note: Note | None = None


class Approval(Message):
    """An approval of the very text that was read."""

    state: Literal["approved"]
    sha256: Sha256 = Field(description="of the text that was read, as GET /api/v1/review tells it")
    note: Note | None = None


class ReviewStep(RootModel[Annotated[PlainStep | Approval, Field(discriminator="state")]]):
    """A step of the review; who takes it is who is signed in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "submitted", "note": "second draft"}]})
