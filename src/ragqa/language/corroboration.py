"""Whether one sentence says what another says: most of its words, the same facts, in the same direction."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ragqa.language.abbreviations import both_spellings
from ragqa.language.concepts import Kind, links
from ragqa.language.direction import balance, negated, reports_no_difference
from ragqa.language.quantities import Quantity, quantities, same
from ragqa.language.roots import roots

SHARED = 0.6
"""Share of a sentence's words that another source's sentence must hold to corroborate it; by hand: less, and methods of another
trial corroborated."""
CORROBORATES = 0.8
"""Cosine from which a sentence of another source may say the same; by hand: ``uncorroborated`` then decides."""

ROUNDED = Decimal("0.1")
"""Relative difference up to which one quantity may be the other, rounded; by hand: two months are 60.9 days, eight weeks 56."""


def uncorroborated(text: str, quote: str) -> str | None:
    """Why ``quote``, another source's sentence near in meaning, is no further support for ``text``; None when it is.

    Most of the text's words must stand in it, and every quantity, drug and stated age; both must point the same way.
    """
    words, held = roots(text), roots(both_spellings(quote))
    if len(words & held) < SHARED * len(words):
        return "too little of it is said"
    if difference := exact_difference(text, quote):
        return difference
    if negated(text) != negated(quote) or reports_no_difference(text) != reports_no_difference(quote):
        return "one denies what the other says"
    if balance(text) * balance(quote) < 0:
        return "opposite directions"
    return None


def exact_difference(claim: str, source: str) -> str | None:
    """A quantity or a drug of the claim that the source does not hold, in words; None when it holds them all."""
    if missing := _missing(claim, quantities(source)):
        return f"{missing[0].text} is not in the source"
    named = {concept.id for link in links(source) for concept in link.concepts}
    for link in links(claim):
        if link.concept.kind in (Kind.DRUG, Kind.DRUG_CLASS) and named.isdisjoint(concept.id for concept in link.concepts):
            return f"{link.text} is not in the source"
    return None


def only_rounded(claim: str, source: str) -> bool:
    """Whether a quantity that the source does not hold stands there rounded: 2 months for 8 weeks is no contradiction."""
    held = quantities(source)
    return any(_nearly(quantity, other) for quantity in _missing(claim, held) for other in held)


def _missing(claim: str, held: Sequence[Quantity]) -> list[Quantity]:
    """The quantities of a claim that are not among those held."""
    return [quantity for quantity in quantities(claim) if not any(same(quantity, other) for other in held)]


def _nearly(one: Quantity, other: Quantity) -> bool:
    if (
        one.dimension != other.dimension
        or not one.dimension
        or one.low is None
        or other.low is None
        or one.is_range
        or other.is_range
    ):
        return False
    first, second = one.measured_in.in_base(one.low), other.measured_in.in_base(other.low)
    return first != second and abs(first - second) <= ROUNDED * max(abs(first), abs(second))
