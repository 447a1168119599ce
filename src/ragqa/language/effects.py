"""What the figures of a sentence say about an effect: p values, and intervals that include no effect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import Quantity, quantities

ALPHA = Decimal("0.05")
"""The p value below which trials call a difference significant (ICH E9, 5.5)."""
NO_EFFECT = (Decimal(0), Decimal(1))
"""Where there is no effect: a difference is 0, a ratio 1."""
WIDE = 3
"""By hand: a ratio so uncertain may be a large effect or hardly one."""
_WORDS = lexicon("language", "effects")
_MEASURE = re.compile(rf"(?<!\w)(?:(?P<ratio>{_WORDS['ratios'].pattern})|(?P<difference>{_WORDS['differences'].pattern}))(?!\w)")
_P = re.compile(r"\b[Pp](?:s|[\s-]?values?)?\b")


def significant(quantity: Quantity) -> bool | None:
    """Whether a p value is below ``ALPHA``; None where it does not say ("p < 0.1", "p = 0.05") or is no p value."""
    if quantity.kind != "p":
        return None
    if quantity.bound in (">", ">="):
        return False if quantity.low is not None and quantity.low >= ALPHA else None
    if quantity.bound in ("<", "<="):
        return True if quantity.high is not None and quantity.high <= ALPHA else None
    return None if quantity.low is None or quantity.low == ALPHA else quantity.low < ALPHA


def p_values_say(text: str) -> bool | None:
    """True where all p values of a sentence are significant, False where none is; None where they differ or there are none."""
    if not _P.search(text):
        return None
    said = {found for quantity in quantities(text) if (found := significant(quantity)) is not None}
    return said.pop() if len(said) == 1 else None


def includes_no_effect(text: str) -> bool:
    """Whether a confidence or credible interval of a sentence includes no effect, by the measure named last before it."""
    return any(_spans(quantity, _no_effect(text, quantity)) for quantity in quantities(text) if quantity.kind == "interval")


def is_wide(text: str) -> bool:
    """Whether the interval of a ratio reaches from one value to more than ``WIDE`` times it."""
    return any(
        _no_effect(text, quantity) == NO_EFFECT[1:] and quantity.low and quantity.high and quantity.high > WIDE * quantity.low
        for quantity in quantities(text)
        if quantity.kind == "interval"
    )


def may_show_no_effect(quantity: Quantity) -> bool:
    """Whether a figure may show no effect, whatever it measures: a p value not below ``ALPHA``, a range over 0 or 1."""
    if quantity.kind == "p":
        return significant(quantity) is not True
    return quantity.is_range and _spans(quantity, NO_EFFECT)


def _spans(quantity: Quantity, values: Iterable[Decimal]) -> bool:
    low, high = quantity.low, quantity.high
    return low is not None and high is not None and any(low <= value <= high for value in values)


def _no_effect(text: str, interval: Quantity) -> tuple[Decimal, ...]:
    """1 behind a ratio, 0 behind a difference; behind neither only an interval across 0 counts: a share may begin at 0."""
    measures = list(_MEASURE.finditer(text, 0, interval.start))
    if measures:
        return (NO_EFFECT[measures[-1]["ratio"] is not None],)
    return () if interval.low == 0 else NO_EFFECT[:1]
