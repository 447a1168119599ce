"""How much of a question a text holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ragqa.language.roots import holds_root
from ragqa.question.terms import Term


def coverage(terms: Sequence[Term], held: Collection[str]) -> float:
    """Share of the terms' weight that a text's index terms hold, 0..1; 1 when the question has no such terms."""
    total = sum(term.weight for term in terms)
    if not total:
        return 1.0
    return sum(term.weight for term in terms if holds(held, term.stems)) / total


def holds(held: Collection[str], stems: Sequence[str]) -> bool:
    """Each stem itself, or one that differs only in its ending (pregnant, pregnancy)."""
    return all(stem in held or holds_root(held, stem) for stem in stems)
