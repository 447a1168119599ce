"""The answer, and the checks that make it valid. An ``Answer`` that exists has its disclaimer, and every statement in it
is cited to a passage that was retrieved for it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ragqa.checking.statements import Statement
from ragqa.errors import UncitedStatement, UnknownCitation
from ragqa.evidence.gathering import Gate
from ragqa.question.refusal import Status
from ragqa.settings import Audience as Audience

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


Strength = Literal["high", "moderate", "low", "very_low"]
"""The strongest first."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


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


class Certainty(_Frozen):
    """Strength of the evidence cited, with its reason in words."""

    strength: Strength
    why: str


class Conflict(_Frozen):
    """References that disagree."""

    about: str
    for_: tuple[int, ...] = Field(alias="for")
    against: tuple[int, ...]


class Trace(_Frozen):
    """How the answer came about; ``milliseconds`` is the only part that differs between two runs.

    ``queries`` are the wordings that were searched for, none where nothing was; ``gate`` is the one that closed.
    """

    generation: str
    models: dict[str, str]
    queries: tuple[str, ...]
    understanding: dict[str, str] = {}
    scores: dict[str, float] = {}
    gate: Gate | None = Field(default=None, exclude_if=lambda gate: gate is None)
    milliseconds: dict[str, float] = {}


class SubQuestion(_Frozen):
    """One of several questions asked at once, as understood; ``statements`` is how many of the answer's, in their order, are its
    own, and ``told`` what is said before them or, where there are none, instead.
    """

    question: str
    statements: int = Field(ge=0)
    told: tuple[str, ...] = ()


class Answer(_Frozen):
    """The stable JSON contract ``ragqa.answer/1``. ``removed`` names the kinds of identifiers taken out of the question.

    ``caveats`` are told before the first statement: what of the question no source covers, and how it was read.
    ``questions`` are those of a text that asks several, each answered in its turn; none of any other.
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
    evidence: Certainty | None = None
    conflicts: tuple[Conflict, ...] = ()
    caveats: tuple[str, ...] = ()
    questions: tuple[SubQuestion, ...] = Field(default=(), exclude_if=lambda questions: not questions)
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
        if self.disclaimer != DISCLAIMERS[self.audience]:
            raise ValueError(f"the disclaimer is not that of an answer to a {self.audience}")
        if self.status is not Status.ANSWERED and not self.message:
            raise ValueError("a reader who gets no answer must be told why")
        numbers = [reference.number for reference in self.references]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError("references are numbered 1, 2, ... in order")
        if self.questions and sum(one.statements for one in self.questions) != len(self.statements):
            raise ValueError("each statement of an answer to several questions belongs to one of them")
        for statement in self.statements:
            _check_citations(statement, numbers)
        return self

    def to_json(self) -> dict[str, Any]:
        """Plain data in the contract's names."""
        return self.model_dump(mode="json", by_alias=True)

    def said(self) -> dict[str, Any]:
        """What a reader is told, without how it came about: two answers that say the same are equal here."""
        return self.model_dump(mode="json", by_alias=True, exclude={"id", "digest", "trace", "review_state", "removed"})


def _check_citations(statement: Statement, numbers: list[int]) -> None:
    if not statement.citations or not statement.support:
        raise UncitedStatement(f"no citation: {statement.text!r}")
    supported = {support.reference for support in statement.support}
    for number in statement.citations:
        if number not in numbers or number not in supported:
            raise UnknownCitation(f"citation [{number}] resolves to nothing: {statement.text!r}")
