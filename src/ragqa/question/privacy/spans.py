"""Spans of a text that could identify a patient."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ragqa.language.lexicon import lexicon

Identifier = Literal["name", "date", "number", "place", "phone", "email", "address"]
WORDS = lexicon("question", "identifiers")
NO_AMOUNT = rf"(?!\s?-?(?:{WORDS['amounts'].pattern})(?!\w))"
"""After a number or several: what follows makes them no amount."""
_LATIN = [*range(0xC0, 0x250), *range(0x1E00, 0x1F00)]
_NO_PARTS = dict(zip("ÆæØøßĐđÐðŁłŦŧÞþıŒœŊŋĦħ", "AaOosDdDdLlTtTtiOoNnHh", strict=True))
"""Letters that Unicode does not part into a letter and its accent."""
_PLAIN = {
    **{code: first for code in _LATIN if (first := unicodedata.normalize("NFD", chr(code))[0]).isascii()},
    **dict.fromkeys(range(768, 880), "'"),
    **{ord(letter): plain for letter, plain in _NO_PARTS.items()},
}


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A span of a text that could identify a patient."""

    start: int
    end: int
    kind: Identifier


def without_accents(text: str) -> str:
    """A text of the same length in plain Latin letters; accents that stand by themselves become apostrophes."""
    return text if text.isascii() else text.translate(_PLAIN)


def spans(text: str, kind: Identifier, patterns: Sequence[re.Pattern[str]]) -> Iterator[Found]:
    """Every match, or of a match the part that is called ``it``."""
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield Found(*match.span("it" if "it" in pattern.groupindex else 0), kind)


def meets(taken: Sequence[tuple[int, int]], found: Found) -> bool:
    """Whether one of these spans, in order and none overlapping, shares a character with what was found."""
    before = bisect_left(taken, (found.end,))
    return before > 0 and taken[before - 1][1] > found.start
