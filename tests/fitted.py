"""Questions and what was found for them, without an index or a model."""

from __future__ import annotations

import re

from fakes import FakeReranker
from samples import abstract

from ragqa.corpus.passages import passages
from ragqa.corpus.records import Abstract
from ragqa.evidence.candidates import Candidate, candidates
from ragqa.evidence.sources import Retrieved, Source
from ragqa.language.about import about
from ragqa.question.followup import Reading
from ragqa.question.query import Query
from ragqa.question.studies import Uses
from ragqa.question.terms import Vocabulary
from ragqa.question.understanding import understand
from ragqa.retrieval.retriever import Hit


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def asked(text: str, uses: Uses = str.isalpha) -> Query:
    """A question that was read, by sources that use these words."""
    vocabulary = Vocabulary(_words, FakeReranker(), uses)
    return Query(asked=text, reading=Reading(text), understanding=understand(text), audience="clinician", vocabulary=vocabulary)


def study(title: str, *said: str, number: int = 101, label: str = "RESULTS") -> Abstract:
    """A record of this title that says these sentences."""
    return Abstract.model_validate(abstract(number, title=title, sections=[{"label": label, "text": " ".join(said)}]))


def found_in(*records: Abstract) -> tuple[list[Candidate], Retrieved]:
    """The candidates of records, and the records, all of each retrieved."""
    hits = [Hit(passage=p, score=1.0, similarity=0.5, bm25=0.0) for record in records for p in passages(record, 1800)]
    sources = {
        record.id: Source(
            record=record,
            held=frozenset(_words(f"{record.title} {record.text}")),
            design=3,
            barred=frozenset(),
            about=about(record.title or ""),
        )
        for record in records
    }
    retrieved = Retrieved(hits=tuple(hits), sources=sources)
    return candidates(retrieved, set()), retrieved
