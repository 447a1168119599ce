"""The words of a text that carry its content, and when two words are forms of one.

The index stems its words (Snowball, English); these rules are for what it leaves apart.

``root`` is for words as they stand in a text, ``holds_root`` for stems, whose endings are gone already.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ragqa.language.sentences import without_markers
from ragqa.language.stop import OF_CLAIMS

_CONTENT = re.compile(r"[a-z0-9][a-z0-9-]{2,}")
LETTERS = 6
"""Of a root; by hand: most forms of a drug's or a disease's name share so many."""
SHORTEST, SHARE = 5, 0.7
"""Letters of a stem's beginning at least, and their share of the stem; by hand: pregnant and pregnancy share them, perfusion
and perforation do not."""


def content(text: str) -> set[str]:
    """The words of a text that carry content, in lower case."""
    return {word for word in _CONTENT.findall(text.lower()) if word not in OF_CLAIMS}


def roots(text: str) -> set[str]:
    """First letters of the content words of a text: endings do not count."""
    return {root(word) for word in content(without_markers(text))}


def root(word: str, letters: int = LETTERS) -> str:
    """The first letters of a word, which its forms share."""
    return word[:letters]


def holds_root(stems: Collection[str], stem: str) -> bool:
    """Whether one of these stems begins as this one does; one of SHORTEST letters or fewer is only itself."""
    beginning = stem[: max(SHORTEST, round(SHARE * len(stem)))]
    return len(stem) > SHORTEST and any(other.startswith(beginning) for other in stems)
