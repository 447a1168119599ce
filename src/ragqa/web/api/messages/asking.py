"""What is sent and told where questions are asked: a question, sources found, the turns of a conversation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from ragqa.answer.contract import Answer, Audience
from ragqa.corpus.records import Passage
from ragqa.question.asked import LONGEST_ID, LONGEST_QUESTION, LONGEST_SAID, MOST_CHOICES, MOST_CITED, MOST_PASSAGES, Cited, Turn
from ragqa.retrieval.retriever import Hit
from ragqa.web.api.messages.fields import Message, Slug

QuestionText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION, pattern=r"\S")]
Text = Annotated[str, StringConstraints(max_length=LONGEST_QUESTION)]
SourceId = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern="^[^ ]+$")]
TURNS = 20
"""Earlier turns that one request may bring."""
FIRST = "Is memantine effective as a first-line treatment for borderline personality disorder?"


class Follow(Message):
    """A question within a conversation: the turns before it are known."""

    question: QuestionText = Field(description="identifiers of patients are taken out before anything is searched or kept")
    article: Slug | None = Field(default=None, description="slug of the article being read; what it cites is preferred")
    audience: Audience | None = Field(
        default=None, description="who reads the answer; the server's setting where it is not given"
    )
    understood: QuestionText | None = Field(
        default=None, description="the question as it is meant, where it was understood wrongly"
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"question": "And what dose was used?"}]})


class EarlierCited(Cited):
    """A source that an earlier answer cited, under the number it had there."""

    number: int = Field(ge=1, le=MOST_CITED)
    source_id: SourceId
    passages: tuple[SourceId, ...] = Field(default=(), max_length=MOST_PASSAGES)


class Earlier(Turn):
    """A turn before the question, as this server gave it or with the question alone; identifiers are taken out of every text."""

    question: QuestionText
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


class Search(Message):
    """What to look for."""

    question: QuestionText
    k: int = Field(default=10, ge=1, le=100, description="sources wanted")
    article: Slug | None = None

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"question": "ketamine in PTSD", "k": 3}]})


class Found(Message):
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


class Results(Message):
    """Sources, best first."""

    generation: str
    results: tuple[Found, ...]


class Begun(Message):
    """A new conversation: whoever has the id can read it."""

    id: str = Field(examples=["q0Xw8mYy1h6T3mYzN5v0yA"])


class GivenAnswer(Answer):
    """An answer as it is given. Where it could not be kept, ``kept`` says so and no address leads to it."""

    kept: Literal[False] | None = Field(default=None, description="false, or not there")


class Spoken(Message):
    """A turn, with the id of its answer while that is kept; ``withdrawn`` are the sources it cited that may not be cited now."""

    turn: Turn
    answer_id: str | None
    withdrawn: tuple[str, ...] | None = Field(default=None, description="null while that cannot be told")


class Conversation(Message):
    """Turns of a conversation, oldest first, after the first ``after`` of ``count``; ``next`` is the ``after`` to go on with."""

    id: str
    count: int
    after: int
    next: int | None
    turns: tuple[Spoken, ...]
