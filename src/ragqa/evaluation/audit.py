"""Check a cited text sentence by sentence against its sources: ragqa's own answers, or what others wrote.

Accepted: a ``ragqa.answer/1`` object; ``{"statements": [{"text", "citations": [1]}], "references": [...]}``; or
``{"text": "One sentence [1]. Another [2]", "references": [...]}``. A reference has a ``number`` and either a ``source_id`` of the
index or the ``text`` of its source.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.checking.checker import Finding
from ragqa.checking.support import unsupported
from ragqa.corpus.records import explain
from ragqa.errors import Fault, InvalidRecord
from ragqa.files import read_jsonl
from ragqa.language.sentences import MARKER, holds_whole_sentences, sentences, without_markers
from ragqa.pipeline import Ragqa

Outcome = Literal["supported", "contradicted", "not_enough", "uncited", "unknown_source", "excluded_source", "false_quote"]


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True)


class GivenQuote(_Given):
    """A quote that a statement claims to rest on."""

    reference: int
    quote: str
    start: int | None = None
    end: int | None = None


class GivenStatement(_Given):
    """One sentence with the numbers of its references."""

    text: str
    citations: tuple[int, ...] = ()
    support: tuple[GivenQuote, ...] = ()


class GivenReference(_Given):
    """A source by id, or its text itself."""

    number: int
    source_id: str | None = None
    text: str | None = None


class CitedText(_Given):
    """What is to be checked; ``text`` is cut into statements at its sentences."""

    question: str | None = None
    text: str | None = None
    statements: tuple[GivenStatement, ...] = ()
    references: tuple[GivenReference, ...] = ()

    def all_statements(self) -> tuple[GivenStatement, ...]:
        """The statements as given, and the sentences of ``text``, each with the markers in and after it."""
        cut = sentences(self.text, 0, len(self.text)) if self.text else []
        return (*self.statements, *(GivenStatement(text=MARKER.sub("", s.text), citations=s.markers) for s in cut))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome for one statement: the best of its citations, the reason in words, and the sentence it rests on."""

    text: str
    citations: tuple[int, ...]
    outcome: Outcome
    reason: str
    quote: str


def read_cited_texts(file: Path) -> list[CitedText]:
    """One JSON object, or one a line.

    Raises:
        InvalidRecord: not JSON, or none of the accepted forms, with the line.
    """
    whole = _parsed(file)
    rows = [(1, whole)] if whole is not None else list(read_jsonl(file))
    texts = []
    for line, value in rows:
        if isinstance(value, Fault):
            raise InvalidRecord(file, line, value.message)
        try:
            texts.append(CitedText.model_validate(value))
        except ValidationError as error:
            raise InvalidRecord(file, line, f"not a cited text: {explain(error)}; see docs/formats.md") from error
    if not any(text.all_statements() for text in texts):
        raise InvalidRecord(file, None, "holds no statement to check: expected statements, or text with [1] markers")
    return texts


def audit(text: CitedText, ragqa: Ragqa) -> list[Check]:
    """Check every statement of a text."""
    references = {reference.number: reference for reference in text.references}
    return [_check(statement, references, ragqa) for statement in text.all_statements()]


def _check(statement: GivenStatement, references: dict[int, GivenReference], ragqa: Ragqa) -> Check:
    if not statement.citations:
        return _outcome(statement, "uncited", "no citation")
    found = [_against(statement, references.get(number), number, ragqa) for number in statement.citations]
    return min(found, key=lambda check: _ORDER.index(check.outcome))


_ORDER: Sequence[Outcome] = (
    "false_quote",
    "contradicted",
    "unknown_source",
    "excluded_source",
    "supported",
    "not_enough",
    "uncited",
)
"""What one citation says of a statement, gravest first; one source that supports it is enough when none is at fault."""


def _against(statement: GivenStatement, reference: GivenReference | None, number: int, ragqa: Ragqa) -> Check:
    if reference is None:
        return _outcome(statement, "unknown_source", f"[{number}] is not among the references")
    source = reference.text
    if source is None:
        record = ragqa.generation.find(reference.source_id or "")
        if record is None:
            why = ragqa.generation.excluded([reference.source_id or ""]).get(reference.source_id or "")
            named = f"[{number}] {reference.source_id}"
            if why:
                return _outcome(statement, "excluded_source", f"{named} may not be cited: {why}")
            return _outcome(statement, "unknown_source", f"{named} is not in the index")
        source = record.text
    for quote in statement.support:
        if quote.reference == number and (found := _by_quote(statement, quote, source, ragqa)):
            return found
    return _judged(statement, ragqa.checker.judge(without_markers(statement.text), source))


def _by_quote(statement: GivenStatement, given: GivenQuote, source: str, ragqa: Ragqa) -> Check | None:
    """What a quote of its source comes to; None where it proves nothing, as a piece of a sentence never does."""
    quote, start = given.quote, source.find(given.quote) if given.start is None else given.start
    if quote not in source or (given.start is not None and source[start : given.end] != quote):
        return _outcome(statement, "false_quote", f"[{given.reference}] does not hold the quote given")
    if not holds_whole_sentences(source, start, start + len(quote)):
        return None
    if unsupported(statement.text, quote) is None:
        return _outcome(statement, "supported", "said word for word", quote)
    if ragqa.checker.corroborates(_as_quoted(statement), quote):
        return _outcome(statement, "supported", "said in other words, same quantities and direction", quote)
    return None


def _as_quoted(statement: GivenStatement) -> str:
    """The statement in the words of its first quote, where that says it: a patient's wording is far from a second source's."""
    own = statement.support[0].quote
    return own if unsupported(statement.text, own) is None else statement.text


def _judged(statement: GivenStatement, finding: Finding) -> Check:
    outcomes: dict[str, Outcome] = {"supports": "supported", "contradicts": "contradicted", "not_enough": "not_enough"}
    return _outcome(statement, outcomes[finding.verdict], finding.reason, finding.quote)


def _outcome(statement: GivenStatement, outcome: Outcome, reason: str, quote: str = "") -> Check:
    return Check(text=statement.text, citations=statement.citations, outcome=outcome, reason=reason, quote=quote)


def _parsed(file: Path) -> dict[str, Any] | None:
    """The file as one JSON object; None when it is JSON Lines or not JSON at all."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError):
        return None
    return value if isinstance(value, dict) else None
