"""Text to sentences, each an exact slice of it, and the citation markers that stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ragqa.language.sentence_ends import sentence_starts

MARKER = re.compile(r"(?<!\s)\s*+\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
"""A citation marker, [1] or [1, 2], with the white space before it."""
_MARKER_RUN = re.compile(rf"(?:{MARKER.pattern})+")
_BULLET = re.compile(r"^([^\S\n]*+[-*+] +)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a text, without the citation markers that follow it (``markers`` holds their numbers)."""

    start: int
    end: int
    text: str
    markers: tuple[int, ...] = ()


def sentences(text: str, start: int, end: int) -> list[Sentence]:
    """The sentences of ``text[start:end]``; a line break always ends one."""
    return [
        Sentence(start=left, end=right, text=text[left:right], markers=tuple(markers_at(text, left, right)))
        for left, right in sentence_spans(text, start, end)
    ]


def sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each sentence of ``text[start:end]`` stands in ``text``.

    Markers and bullets are blanked (same length) before cutting, so they never join a sentence's edge.
    """
    blank = _BULLET.sub(_spaces, MARKER.sub(_spaces, text[start:end]))
    position = start
    for line in blank.splitlines(keepends=True):
        cuts = [0, *sentence_starts(line), len(line)]
        for left, right in pairwise(cuts):
            piece = line[left:right]
            if body := piece.strip():
                first = position + left + len(piece) - len(piece.lstrip())
                yield first, first + len(body)
        position += len(line)


def markers(text: str) -> list[int]:
    """Citation numbers of a stretch of text, in order, each once."""
    numbers = (int(number) for match in MARKER.finditer(text) for number in match[1].split(","))
    return list(dict.fromkeys(numbers))


def without_markers(text: str) -> str:
    """Text as a reader wants it: markers removed, white space folded."""
    return " ".join(MARKER.sub("", text).split())


def markers_at(text: str, left: int, right: int) -> list[int]:
    """Numbers inside a sentence and directly after it, also where the passage it was read from ends before them."""
    after = _MARKER_RUN.match(text, right)
    return markers(text[left : after.end() if after else right])


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])
