"""How much of a question a text holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ragqa.language.roots import holds_root
from ragqa.question.terms import Term

LITTLE = 1.0
"""Weight of one rare word; by hand. What a question says beside its names weighs at least so much: where that is "used for"
alone, a source which answers in other words leaves little uncovered."""


def coverage(terms: Sequence[Term], held: Collection[str]) -> float:
    """Share of the terms' weight that a text's index terms hold, 0..1; 1 when the question has no such terms."""
    missing = sum(term.weight for term in terms if not holds(held, term.stems))
    return 1.0 - missing / max(sum(term.weight for term in terms), LITTLE)


def holds(held: Collection[str], stems: Sequence[str]) -> bool:
    """Each stem itself, or one that differs only in its ending (pregnant, pregnancy)."""
    return all(stem in held or holds_root(held, stem) for stem in stems)
