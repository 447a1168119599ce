"""What the API is sent and what it sends, beside Answer and ArticlePage, each with an example."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from ragqa.answer.contract import DISCLAIMERS, Answer, Audience
from ragqa.corpus.records import (
    LONGEST_ID,
    LONGEST_QUESTION,
    LONGEST_SAID,
    MOST_CHOICES,
    MOST_CITED,
    MOST_PASSAGES,
    Cited,
    Passage,
    ReviewState,
    Turn,
)
from ragqa.retrieval.retriever import Hit

Question = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION, pattern=r"\S")]
Slug = Annotated[str, StringConstraints(max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Note = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TURNS = 20
"""Earlier turns that one request may bring."""
Text = Annotated[str, StringConstraints(max_length=LONGEST_QUESTION)]
SourceId = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern="^[^ ]+$")]
ANSWER_ID = "^[A-Za-z0-9_-]{22}$"
"""An answer's address: random, so that nobody finds it by knowing what was asked."""
FIRST = "Is memantine effective as a first-line treatment for borderline personality disorder?"


def written(message: BaseModel, status: int = 200) -> Response:
    """The response with this body. Routes write it themselves, in a thread: a long one would hold up the event loop."""
    return Response(message.model_dump_json(by_alias=True), status, media_type="application/json")


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Follow(_Message):
    """A question within a conversation: the turns before it are known."""

    question: Question = Field(description="identifiers of patients are taken out before anything is searched or kept")
    article: Slug | None = Field(default=None, description="slug of the article being read; what it cites is preferred")
    audience: Audience | None = Field(
        default=None, description="who reads the answer; the server's setting where it is not given"
    )
    understood: Question | None = Field(default=None, description="the question as it is meant, where it was understood wrongly")

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"question": "And what dose was used?"}]})


class EarlierCited(Cited):
    """A source that an earlier answer cited, under the number it had there."""

    number: int = Field(ge=1, le=MOST_CITED)
    source_id: SourceId
    passages: tuple[SourceId, ...] = Field(default=(), max_length=MOST_PASSAGES)


class Earlier(Turn):
    """A turn before the question, as this server gave it or with the question alone; identifiers are taken out of every text."""

    question: Question
    standalone: Text = Field(default="", description="as it was understood")
    status: Literal["", "answered", "insufficient_evidence", "needs_clarification", "urgent", "out_of_scope"] = ""
    answer: str = Field(default="", max_length=LONGEST_SAID, description="what was said")
    choices: tuple[Text, ...] = Field(default=(), max_length=MOST_CHOICES, description="readings that were offered")
    cited: tuple[EarlierCited, ...] = Field(default=(), max_length=MOST_CITED)


class Ask(Follow):
    """A question with all that decides how it is read."""

    history: tuple[Earlier, ...] = Field(default=(), max_length=TURNS, description="the turns before it, oldest first")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": FIRST}, {"question": "And what dose was used?", "history": [{"question": FIRST}]}]
        },
    )


class Search(_Message):
    """What to look for."""

    question: Question
    k: int = Field(default=10, ge=1, le=100, description="sources wanted")
    article: Slug | None = None

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"question": "ketamine in PTSD", "k": 3}]})


class Found(_Message):
    """A source that was found, with its best passage."""

    rank: int
    source_id: str
    title: str | None
    score: float
    similarity: float
    bm25: float
    passage: Passage

    @classmethod
    def of(cls, rank: int, hit: Hit, title: str | None) -> Found:
        """From a hit."""
        return cls(
            rank=rank,
            source_id=hit.passage.source_id,
            title=title,
            score=round(hit.score, 4),
            similarity=round(hit.similarity, 4),
            bm25=round(hit.bm25, 4),
            passage=hit.passage,
        )


class Results(_Message):
    """Sources, best first."""

    generation: str
    results: tuple[Found, ...]


class Listed(_Message):
    """An article in a list."""

    slug: str
    question: str
    review_state: ReviewState
    updated: str
    topics: tuple[str, ...]


class Articles(_Message):
    """The articles this reader may read, by slug."""

    articles: tuple[Listed, ...]


class Begun(_Message):
    """A new conversation: whoever has the id can read it."""

    id: str = Field(examples=["q0Xw8mYy1h6T3mYzN5v0yA"])


class GivenAnswer(Answer):
    """An answer as it is given. Where it could not be kept, ``kept`` says so and no address leads to it."""

    kept: Literal[False] | None = Field(default=None, description="false, or not there")


class Spoken(_Message):
    """A turn, with the id of its answer while that is kept; ``withdrawn`` are the sources it cited that may not be cited now."""

    turn: Turn
    answer_id: str | None
    withdrawn: tuple[str, ...] | None = Field(default=None, description="null while that cannot be told")


class Conversation(_Message):
    """Turns of a conversation, oldest first, after the first ``after`` of ``count``; ``next`` is the ``after`` to go on with."""

    id: str
    count: int
    after: int
    next: int | None
    turns: tuple[Spoken, ...]


class Stored(_Message):
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


class Shelf(_Message):
    """Answers of the library, oldest first; ``next`` is the number to go on after, None at the end."""

    answers: tuple[Stored, ...]
    next: int | None
    counts: dict[str, int]


class Decision(_Message):
    """What an editor decides on a waiting answer."""

    decision: Literal["sign_off", "reject"]
    note: Note | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"decision": "reject", "note": "too small a trial"}]}
    )


class UnderReview(_Message):
    """An article as it stands in review; ``possible`` are the steps that may follow."""

    slug: str
    question: str
    state: ReviewState
    sha256: str
    possible: tuple[ReviewState, ...]


class SetAside(_Message):
    """An article whose file has faults: it is not shown, searched or cited until an editor has mended it."""

    slug: str
    faults: tuple[str, ...]


class Desk(_Message):
    """All articles, by slug; those with faults apart, and what else is wrong with the corpus."""

    articles: tuple[UnderReview, ...]
    set_aside: tuple[SetAside, ...] = ()
    faults: tuple[str, ...] = ()


class Event(_Message):
    """One line of the review log."""

    article: str
    sha256: str
    state: ReviewState
    by: str
    at: datetime
    note: str | None


class Log(_Message):
    """The review log, oldest first; its chain was checked while it was read."""

    events: tuple[Event, ...]


class PlainStep(_Message):
    """A step of the review but an approval."""

    state: Literal["submitted", "under_review", "withdrawn"]
    sha256: Sha256 | None = Field(default=None, description="of the text that was read, as GET /api/v1/review tells it")
    note: Note | None = None


class Approval(_Message):
    """An approval of the very text that was read."""

    state: Literal["approved"]
    sha256: Sha256 = Field(description="of the text that was read, as GET /api/v1/review tells it")
    note: Note | None = None


class ReviewStep(RootModel[Annotated[PlainStep | Approval, Field(discriminator="state")]]):
    """A step of the review; who takes it is who is signed in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "submitted", "note": "second draft"}]})


class Health(_Message):
    """The process runs."""

    status: Literal["ok"]


class Ready(_Message):
    """Questions can be answered, from this generation; ``faults`` name what does not do its work meanwhile."""

    status: Literal["ready"]
    generation: str
    faults: tuple[str, ...] = ()


ANSWER: dict[str, Any] = {
    "schema": "ragqa.answer/1",
    "id": "Yq3vO0m1W9d2cXr5tJ8aZg",
    "digest": "7722d8ab85bc7272f0a1c94be5d6837710fe9ab2c4d83e6501b7a9c8d2e4f613",
    "question": FIRST,
    "standalone_question": FIRST,
    "status": "answered",
    "statements": [
        {
            "text": "Memantine is not recommended as a first-line treatment for borderline personality disorder (BPD), because "
            "trials tested memantine only as an add-on to existing care.",
            "section": "recommendation",
            "citations": [1],
            "support": [
                {
                    "reference": 1,
                    "passage": "article:memantine-first-line-bpd#31-696",
                    "quote": "Memantine is not recommended as a first-line treatment for borderline personality disorder (BPD), "
                    "because trials tested memantine only as an add-on to existing care.",
                    "start": 31,
                    "end": 196,
                    "score": 1.0,
                }
            ],
        }
    ],
    "references": [
        {
            "number": 1,
            "source_id": "article:memantine-first-line-bpd",
            "kind": "article",
            "title": FIRST,
            "journal": None,
            "year": 2026,
            "pmid": None,
            "doi": None,
            "url": None,
            "study_design": None,
        }
    ],
    "evidence": {
        "strength": "moderate",
        "why": "Starts high (best design cited: randomised controlled trial); down one for imprecision.",
    },
    "disclaimer": DISCLAIMERS["clinician"],
    "audience": "clinician",
    "review_state": "not_reviewed",
    "trace": {"generation": "681a68dae74d97f9", "models": {"embedder": "bge-small-en-v1.5-int8"}, "queries": [FIRST]},
}
"""An answer of the bundled corpus, shortened to its first statement."""
STREAM = (
    'event: disclaimer\ndata: {"disclaimer": "For healthcare professionals. ..."}\n\n'
    'event: stage\ndata: {"stage": "searching"}\n\n'
    'event: stage\ndata: {"stage": "reading"}\n\n'
    'event: stage\ndata: {"stage": "checking"}\n\n'
    'event: statement\ndata: {"text": "...", "section": "recommendation", "citations": [1], "support": [...]}\n\n'
    'event: answer\ndata: {"schema": "ragqa.answer/1", ...}\n\n'
)
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": GivenAnswer,
        "description": "The answer, which may be an abstention: see `status`. With `Accept: text/event-stream` its events: "
        "disclaimer, stage (searching, reading, checking), statement, answer; or error, with the envelope.",
        "content": {
            "application/json": {"example": ANSWER},
            "text/event-stream": {"schema": {"type": "string"}, "example": STREAM},
        },
    }
}
