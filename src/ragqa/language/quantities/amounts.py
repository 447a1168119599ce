"""A number with its unit and the other end of its range."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from ragqa.language.quantities.numerals import MINUS, Numeral, numeral_at
from ragqa.language.quantities.periods import once_in_a_period
from ragqa.language.quantities.units import LONG, NO_UNIT, ONE, Unit, unit_at
from ragqa.language.quantities.writing import WORDS, end_of

_SEPARATOR = re.compile(r"[\s\-‐‑–]")
_OF_AGE = re.compile(r"[\s-](?:old|of\sage)\b|/o\b", re.IGNORECASE)
_TO = re.compile(rf"\s?[{MINUS}]\s?(?=[.·0-9{MINUS}])|\s(?:to|through|till|until)\s(?:about\s)?", re.IGNORECASE)
_AND = re.compile(r"\sand\s", re.IGNORECASE)
_ONE_MORE = re.compile(rf"[{MINUS}]\s?[0-9]")
_DECADE = re.compile(r"0s(?!\w)")
_ONE_BEFORE = re.compile(rf"[0-9][{MINUS}]")
_TIMES_SIGN = re.compile(r"[xX×]\s?[0-9]")
_NAME = re.compile(
    r"(?![xX×]\s?[0-9])[^\W\d_]|\(OH\)|\(?[0-9]\)?[A-Z(]|\.[0-9]|,[0-9]+[-‐]"
    rf"|[-‐‑–](?:[A-Z]|(?:{WORDS['chemistry'].pattern}))"
)
"""What stands behind the digits of a name: "2D6", "5-HT", "25(OH)", "5-fluorouracil"."""
_NOT_IN_A_PERIOD = frozenset(
    ("ratio", "percentage points", "temperature", "proportion", "fold", "points", "standard deviations", "length")
)
"""What "daily" behind it does not divide."""
_SPANS = frozenset(Unit(((code, 1),)) for code in LONG)
"""Of these a frequency is a share: "for six weeks, daily"."""


class Amount(NamedTuple):
    """A value, or a range, in a unit, and where it ends in the text."""

    low: Decimal
    high: Decimal
    unit: Unit
    end: int


def amount_at(text: str, numeral: Numeral, between: bool = False) -> Amount | None:
    """What the number begins; None where its digits are those of a name. ``between``: "and" joins the ends of a range."""
    unit, end = unit_behind(text, numeral)
    if unit == NO_UNIT and is_name(text, numeral):
        return None
    return _range(text, numeral, unit, end, _AND if between else _TO) or Amount(numeral.value, numeral.value, unit, end)


def is_name(text: str, numeral: Numeral) -> bool:
    """Whether a number without a unit belongs to the name that goes on behind it."""
    return not numeral.spelled and _NAME.match(text, numeral.end) is not None


def _range(text: str, numeral: Numeral, unit: Unit, end: int, joint: re.Pattern[str]) -> Amount | None:
    joined = None if _ONE_BEFORE.search(text, max(0, numeral.start - 2), numeral.start) else joint.match(text, end)
    upper = numeral_at(text, joined.end()) if joined else None
    if upper is None or _ONE_MORE.match(text, upper.end):
        return None
    upper_unit, upper_end = unit_behind(text, upper)
    low = numeral.value if unit in (NO_UNIT, upper_unit) else in_unit(numeral.value, unit, upper_unit)
    if low is None or low >= upper.value or (upper_unit == NO_UNIT and is_name(text, upper)):
        return None
    return Amount(low, upper.value, upper_unit, upper_end)


def in_unit(value: Decimal, unit: Unit, other: Unit) -> Decimal | None:
    """The value in another unit of its dimension (96 months to 17 years), or in each of its period (450 mg to 600 mg daily)."""
    if other.period and unit == Unit(other.parts[:-1], other.number):
        return value
    if unit.dimension != other.dimension or unit.dimension == "temperature":
        return None
    return unit.in_base(value) / other.in_base(ONE)


def unit_behind(text: str, numeral: Numeral) -> tuple[Unit, int]:
    """The unit behind a number, with the period in which it is meant, and where it ends."""
    unit, end = unit_at(text, end_of(_SEPARATOR, text, numeral.end))
    if unit == NO_UNIT:
        unit, end = unit_at(text, numeral.end)
    if unit == NO_UNIT or _TIMES_SIGN.match(text, end - 1) or _DECADE.match(text, numeral.end - 1):
        return NO_UNIT, numeral.end
    if unit.dimension == "time":
        end = end_of(_OF_AGE, text, end)
    if unit.period or unit in _SPANS or unit.dimension in _NOT_IN_A_PERIOD:
        return unit, end
    once = once_in_a_period(text, end)
    return (unit.per(once[0]), once[1]) if once else (unit, end)
