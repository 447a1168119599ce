"""Records to passages, each an exact slice of its record's text.

A passage is as many whole sentences as fit, never across an article's headings. Offsets count code points of
``record.text``; ``record.text[p.start:p.end] == p.text`` holds for every passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ragqa.corpus.parts import Part
from ragqa.corpus.records import Abstract, Article, Passage
from ragqa.language.lexicon import lexicon
from ragqa.language.sentences import Sentence, sentence_spans, sentences

RULES = "3"
"""Part of a generation's name: raise it whenever the same record would be cut differently."""

_LABEL = re.compile(rf"(?:{lexicon('evidence', 'parts')['labels_in_text'].pattern})(?: AND [A-Z]+)*[:.]?\s+(?=[A-Z0-9])")
"""A section label run into the text of an abstract."""


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


def quotable(text: str, passage: Passage) -> Iterator[tuple[int, Sentence]]:
    """Each sentence of a source's text that stands whole in a passage, and where it begins behind the label of its section.

    Of a very long sentence a passage may hold a part, which may say what the whole does not.
    """
    for start, sentence in _labelled(text):
        if passage.start <= sentence.start and sentence.end <= passage.end:
            yield start, sentence


@lru_cache(maxsize=64)
def _labelled(text: str) -> tuple[tuple[int, Sentence], ...]:
    """The sentences of a text, kept because its passages and its quotes are looked at one after another."""
    found = []
    for sentence in sentences(text, 0, len(text)):
        label = _LABEL.match(sentence.text)
        found.append((sentence.start + (label.end() if label else 0), sentence))
    return tuple(found)


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
