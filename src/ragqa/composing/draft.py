"""The seam at which evidence becomes sentences: what a composer gives, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ragqa.corpus.parts import Part
from ragqa.corpus.records import Passage
from ragqa.evidence.gathering import Evidence
from ragqa.question.query import Query


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


class Composer(Protocol):
    """What turns evidence into the sentences of an answer; each of them is checked afterwards, whoever wrote it."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the drafts could: it is part of what an answer was made with."""

    def compose(self, query: Query, evidence: Evidence) -> tuple[Draft, ...]:
        """Drafts in reading order, the direct answer first; none where the evidence is not enough."""
