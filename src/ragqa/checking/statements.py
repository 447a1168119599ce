"""Checked drafts to statements: numbered, and each bound to the passages that were retrieved for this answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragqa.composing.draft import Draft, Quote
from ragqa.corpus.parts import Part
from ragqa.corpus.passages import quotable
from ragqa.corpus.records import Abstract, Article, Record
from ragqa.errors import UnknownCitation, UnsupportedStatement


class Support(Record):
    """Where a source says it: ``quote`` is ``source.text[start:end]``; ``score`` is how well it answers the question, 0..1."""

    reference: int
    passage: str
    quote: str
    start: int
    end: int
    score: float


class Statement(Record):
    """One sentence of an answer with the references that say it."""

    text: str
    section: Part
    citations: tuple[int, ...]
    support: tuple[Support, ...]


def cite(drafts: Sequence[Draft], records: Mapping[str, Article | Abstract]) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Number the sources in order of first use, and bind each sentence to its quotes; the ids of the sources cited, in order.

    ``records`` are what was retrieved for this answer, by source id, and nothing else.

    Raises:
        UnknownCitation: a draft names a source that was not retrieved.
        UnsupportedStatement: the quote is no whole sentence of the passage, or the passage is not what its source says.
    """
    numbers: dict[str, int] = {}
    statements = []
    for draft in drafts:
        support = tuple(_support(quote, records, numbers) for quote in draft.quotes)
        citations = tuple(dict.fromkeys(quote.reference for quote in support))
        statements.append(Statement(text=draft.text, section=draft.section, citations=citations, support=support))
    return tuple(statements), tuple(numbers)


def _support(quote: Quote, records: Mapping[str, Article | Abstract], numbers: dict[str, int]) -> Support:
    source, passage = quote.passage.source_id, quote.passage
    if source not in records:
        raise UnknownCitation(f"{source} was not retrieved for this answer")
    text = records[source].text
    whole = (quote.start, quote.end) in ((start, sentence.end) for start, sentence in quotable(text, passage))
    if not whole or text[passage.start : passage.end] != passage.text:
        raise UnsupportedStatement(f"characters {quote.start}-{quote.end} of {source} are no whole sentence of {passage.id}")
    return Support(
        reference=numbers.setdefault(source, len(numbers) + 1),
        passage=passage.id,
        quote=text[quote.start : quote.end],
        start=quote.start,
        end=quote.end,
        score=round(quote.score, 4),
    )
