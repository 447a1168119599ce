"""Records to passages and sentences, each an exact slice of its record's text.

A passage is as many whole sentences as fit, never across an article's headings. Offsets count code points of
``record.text``; ``record.text[s.start:s.end] == s.text`` holds for every passage and sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sentencex

from ragqa.corpus.articles import MARKER, markers
from ragqa.corpus.records import Abstract, Article, Part, Passage

RULES = "2"
"""Part of a generation's name: raise it whenever the same record would be cut differently."""

_MARKER_RUN = re.compile(rf"(?:{MARKER.pattern})+")
_BULLET = re.compile(r"^([^\S\n]*+[-*+] +)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a record, without the citation markers that follow it (``markers`` holds their numbers)."""

    start: int
    end: int
    text: str
    markers: tuple[int, ...] = ()


def passages(record: Abstract | Article, limit: int) -> list[Passage]:
    """Cut a record into passages of at most ``limit`` characters; a single longer sentence is cut at white space."""
    return [
        Passage(id=f"{record.id}#{start}-{end}", source_id=record.id, start=start, end=end, text=record.text[start:end])
        for stretch in _stretches(record)
        for start, end in _pack(record.text, stretch, limit)
    ]


def sentences(text: str, start: int, end: int) -> list[Sentence]:
    """The sentences of ``text[start:end]``; a line break always ends one. Rules: sentencex, English."""
    return [
        Sentence(start=left, end=right, text=text[left:right], markers=tuple(_markers_of(text, left, right)))
        for left, right in _sentence_spans(text, start, end)
    ]


def without_markers(text: str) -> str:
    """Text as a reader wants it: markers removed, white space folded."""
    return " ".join(MARKER.sub("", text).split())


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
    for left, right in _sentence_spans(text, *stretch):
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


def _sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Markers and bullets are blanked (same length) before cutting, so they never join a sentence's edge."""
    blank = _BULLET.sub(_spaces, MARKER.sub(_spaces, text[start:end]))
    position = start
    for line in blank.splitlines(keepends=True):
        for piece in sentencex.segment("en", line) if line.strip() else [line]:
            body = piece.strip()
            if body:
                left = position + len(piece) - len(piece.lstrip())
                yield left, left + len(body)
            position += len(piece)


def _markers_of(text: str, left: int, right: int) -> list[int]:
    """Numbers inside a sentence and directly after it, also where the passage it was read from ends before them."""
    after = _MARKER_RUN.match(text, right)
    return markers(text[left : after.end() if after else right])


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])
