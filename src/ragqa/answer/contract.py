"""The answer, and the checks that make it valid. An ``Answer`` that exists has its disclaimer, and every statement in it
is cited to a passage that was retrieved for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ragqa.corpus.records import Abstract, Article, Part, Passage
from ragqa.errors import UncitedStatement, UnknownCitation, UnsupportedStatement

Audience = Literal["clinician", "patient"]

DISCLAIMERS: dict[Audience, str] = {
    "clinician": (
        "For healthcare professionals. This answer was assembled by software from the sources listed and is no substitute for "
        "clinical judgment, examination of the patient, or local guidelines. Verify every statement, dose and contraindication "
        "in the primary literature and current product information before acting on it. No liability is accepted for decisions "
        "based on it."
    ),
    "patient": (
        "This is general information put together by software from the sources listed. It is not advice for you personally. "
        "Talk to your doctor or pharmacist before you start, stop or change any treatment. In an emergency, call your local "
        "emergency number."
    ),
}


class Status(StrEnum):
    """What kind of answer this is; abstaining is an answer too."""

    ANSWERED = "answered"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    NEEDS_CLARIFICATION = "needs_clarification"
    URGENT = "urgent"
    OUT_OF_SCOPE = "out_of_scope"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Support(_Frozen):
    """Where a source says it: ``quote`` is ``source.text[start:end]``; ``score`` is how well it answers the question, 0..1."""

    reference: int
    passage: str
    quote: str
    start: int
    end: int
    score: float


class Statement(_Frozen):
    """One sentence of an answer with the references that say it."""

    text: str
    section: Part
    citations: tuple[int, ...]
    support: tuple[Support, ...]


class Reference(_Frozen):
    """One source, under its number in this answer. None means the record does not say."""

    number: int
    source_id: str
    kind: Literal["article", "abstract"]
    title: str | None
    authors: tuple[str, ...] = ()
    journal: str | None
    year: int | None
    pmid: str | None
    doi: str | None
    url: str | None
    study_design: str | None
    sample_size: int | None = None
    follow_up: str | None = None
    text_origin: Literal["publisher", "summary"] | None = None
    notices: tuple[str, ...] = ()
    retracted: Literal[False] = False


class Evidence(_Frozen):
    """Strength of the evidence cited, with its reason in words."""

    strength: Literal["high", "moderate", "low", "very_low"]
    why: str


class Conflict(_Frozen):
    """References that disagree."""

    about: str
    for_: tuple[int, ...] = Field(alias="for")
    against: tuple[int, ...]


class Trace(_Frozen):
    """How the answer came about; ``milliseconds`` is the only part that differs between two runs."""

    generation: str
    models: dict[str, str]
    queries: tuple[str, ...]
    understanding: dict[str, str] = {}
    scores: dict[str, float] = {}
    milliseconds: dict[str, float] = {}


class Answer(_Frozen):
    """The stable JSON contract ``ragqa.answer/1``. ``removed`` names the kinds of identifiers taken out of the question.

    ``digest`` is sha256 (hex) of all that decided the answer: equal digests, equal answers; "" in answers of earlier versions.
    ``id`` is where the answer is found again: the beginning of the digest on the command line, over the web a random address.
    """

    schema_: Literal["ragqa.answer/1"] = Field(default="ragqa.answer/1", alias="schema")
    id: str
    digest: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    question: str
    standalone_question: str
    status: Status
    statements: tuple[Statement, ...] = ()
    references: tuple[Reference, ...] = ()
    evidence: Evidence | None = None
    conflicts: tuple[Conflict, ...] = ()
    message: str | None = None
    alternatives: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    disclaimer: str = Field(min_length=40)
    audience: Audience
    review_state: str
    trace: Trace

    @model_validator(mode="after")
    def _complete(self) -> Answer:
        if (self.status is Status.ANSWERED) != bool(self.statements):
            raise ValueError("an answer has statements exactly when its status is 'answered'")
        if self.status is not Status.ANSWERED and not self.message:
            raise ValueError("a reader who gets no answer must be told why")
        numbers = [reference.number for reference in self.references]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError("references are numbered 1, 2, ... in order")
        for statement in self.statements:
            _check_citations(statement, numbers)
        return self

    def to_json(self) -> dict[str, Any]:
        """Plain data in the contract's names."""
        return self.model_dump(mode="json", by_alias=True)

    def said(self) -> dict[str, Any]:
        """What a reader is told, without how it came about: two answers that say the same are equal here."""
        return self.model_dump(mode="json", by_alias=True, exclude={"id", "digest", "trace", "review_state", "removed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """All that an answer was composed from: the same basis gives the same answer, whatever else the corpus holds.

    ``made_with``: models and settings, by name; ``passages``: ids of what was retrieved, nearest first, once per reading of the
    question; ``sources``: sha256 of each record behind them; ``barred``: what they cite and may not be quoted, with the reason.
    """

    made_with: dict[str, str]
    passages: tuple[tuple[str, ...], ...]
    sources: dict[str, str]
    barred: dict[str, str]

    def to_json(self) -> str:
        """One line; equal bases give equal lines."""
        return json.dumps([self.made_with, self.passages, self.sources, self.barred], sort_keys=True)

    @classmethod
    def from_json(cls, line: str) -> Basis:
        """What ``to_json`` wrote."""
        made_with, passages, sources, barred = json.loads(line)
        return cls(made_with=made_with, passages=tuple(map(tuple, passages)), sources=sources, barred=barred)

    @property
    def sha256(self) -> str:
        """Names the basis."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Where something stands in a retrieved passage, offsets into the source's text; ``score`` as in ``Support``."""

    passage: Passage
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A sentence proposed for an answer: the quote it was taken from first, then those of sources that say the same."""

    text: str
    section: Part
    quotes: tuple[Quote, ...]


def cite(
    drafts: Sequence[Draft], records: Mapping[str, Article | Abstract], references: Mapping[str, Reference]
) -> tuple[tuple[Statement, ...], tuple[Reference, ...]]:
    """Number the sources in order of first use and bind each sentence to its quote.

    ``records`` and ``references`` hold what was retrieved for this answer, by source id, and nothing else.

    Raises:
        UnknownCitation: a draft names a source that was not retrieved.
        UnsupportedStatement: the offsets do not lie in the passage, or the passage is not what its source says.
    """
    numbers: dict[str, int] = {}
    statements = []
    for draft in drafts:
        support = tuple(_support(quote, records, references, numbers) for quote in draft.quotes)
        citations = tuple(dict.fromkeys(quote.reference for quote in support))
        statements.append(Statement(text=draft.text, section=draft.section, citations=citations, support=support))
    used = tuple(references[source].model_copy(update={"number": number}) for source, number in numbers.items())
    return tuple(statements), used


def _support(
    quote: Quote, records: Mapping[str, Article | Abstract], references: Mapping[str, Reference], numbers: dict[str, int]
) -> Support:
    source, passage = quote.passage.source_id, quote.passage
    if source not in records or source not in references:
        raise UnknownCitation(f"{source} was not retrieved for this answer")
    text = records[source].text
    inside = passage.start <= quote.start < quote.end <= passage.end
    if not inside or text[passage.start : passage.end] != passage.text:
        raise UnsupportedStatement(f"{passage.id} does not hold characters {quote.start}-{quote.end} of {source}")
    return Support(
        reference=numbers.setdefault(source, len(numbers) + 1),
        passage=passage.id,
        quote=text[quote.start : quote.end],
        start=quote.start,
        end=quote.end,
        score=round(quote.score, 4),
    )


def _check_citations(statement: Statement, numbers: list[int]) -> None:
    if not statement.citations or not statement.support:
        raise UncitedStatement(f"no citation: {statement.text!r}")
    supported = {support.reference for support in statement.support}
    for number in statement.citations:
        if number not in numbers or number not in supported:
            raise UnknownCitation(f"citation [{number}] resolves to nothing: {statement.text!r}")
