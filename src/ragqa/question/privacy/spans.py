"""Spans of a text that could identify a patient."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ragqa.language.lexicon import lexicon

Identifier = Literal["name", "date", "number", "place", "phone", "email", "address"]
WORDS = lexicon("question", "identifiers")


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A span of a text that could identify a patient."""

    start: int
    end: int
    kind: Identifier


def spans(text: str, kind: Identifier, patterns: Sequence[re.Pattern[str]]) -> Iterator[Found]:
    """Every match, or of a match the part that is called ``it``."""
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield Found(*match.span("it" if "it" in pattern.groupindex else 0), kind)


def meets(taken: Sequence[tuple[int, int]], found: Found) -> bool:
    """Whether one of these spans, in order and none overlapping, shares a character with what was found."""
    before = bisect_left(taken, (found.end,))
    return before > 0 and taken[before - 1][1] > found.start
