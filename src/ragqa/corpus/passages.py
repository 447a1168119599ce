"""Records to passages, each an exact slice of its record's text.

A passage is as many whole sentences as fit, never across an article's headings. Offsets count code points of
``record.text``; ``record.text[p.start:p.end] == p.text`` holds for every passage.
"""

from __future__ import annotations

from collections.abc import Iterator

from ragqa.corpus.parts import Part
from ragqa.corpus.records import Abstract, Article, Passage
from ragqa.language.sentences import sentence_spans

RULES = "3"
"""Part of a generation's name: raise it whenever the same record would be cut differently."""


def passages(record: Abstract | Article, limit: int) -> list[Passage]:
    """Cut a record into passages of at most ``limit`` characters, in order; a single longer sentence is cut at white space."""
    return [
        Passage(id=f"{record.id}#{start}-{end}", source_id=record.id, start=start, end=end, text=record.text[start:end])
        for stretch in _stretches(record)
        for start, end in _pack(record.text, stretch, limit)
    ]


def part_at(record: Abstract | Article, offset: int) -> Part | None:
    """The heading an article's text stands under at ``offset``; None for abstracts, whose labels are the publisher's."""
    if isinstance(record, Abstract):
        return None
    return next((span.part for span in record.spans if span.start <= offset < span.end), None)


def label_at(record: Abstract | Article, offset: int) -> str | None:
    """The label of the abstract section at ``offset``, in upper case; None where there is none."""
    if isinstance(record, Article):
        return None
    return next((label.upper() for label, start, end in record.spans() if label and start <= offset < end), None)


def _stretches(record: Abstract | Article) -> list[tuple[int, int]]:
    if isinstance(record, Article):
        return [(span.start, span.end) for span in record.spans]
    return [(0, len(record.text))]


def _pack(text: str, stretch: tuple[int, int], limit: int) -> Iterator[tuple[int, int]]:
    first = last = None
    for left, right in sentence_spans(text, *stretch):
        for start, end in _cut(text, left, right, limit):
            if first is None:
                first = start
            elif end - first > limit:
                yield first, last or end
                first = start
            last = end
    if first is not None and last is not None:
        yield first, last


def _cut(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    while end - start > limit:
        space = text.rfind(" ", start + limit // 2, start + limit)
        middle = space if space > 0 else start + limit
        yield start, middle
        start = middle + (1 if space > 0 else 0)
    if start < end:
        yield start, end
