"""A quantity, and when two are the same."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ragqa.language.quantities.units import NO_UNIT, Unit
from ragqa.language.quantities.writing import Bound

QuantityKind = Literal["value", "count", "year", "interval", "p", "spread", "level"]

NEAR = Decimal("1e-9")
"""Relative difference below which two values are one: what rounding leaves of a third."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity, ``text[start:end]`` of the text it was read from: number and unit, its bound's words, both ends of a range.

    ``low`` and ``high`` are equal for a single value; a bound has one of them None. ``kind``: "interval" and "spread" name their
    ``statistic`` ("CI", "CrI"; "SD", "SE", "IQR", "" where only ± stands); "level" is that of an interval without its ends.
    ``level``: that of an interval in percent, None where it is not said.
    """

    start: int
    end: int
    text: str
    low: Decimal | None
    high: Decimal | None
    bound: Bound = ""
    kind: QuantityKind = "value"
    measured_in: Unit = NO_UNIT
    statistic: str = ""
    level: Decimal | None = None

    @property
    def unit(self) -> str:
        """UCUM-like code: "mg/d", "mL/min/1.73.m2", "percentage points", "{times}/d"; "" where there is none."""
        return self.measured_in.code

    @property
    def dimension(self) -> str:
        """What is measured: "mass", "mass per time", "frequency", "ratio"; "" where there is no unit."""
        return self.measured_in.dimension

    @property
    def is_range(self) -> bool:
        """Whether it has two ends."""
        return self.low is not None and self.high is not None and self.low != self.high


def same(a: Quantity, b: Quantity) -> bool:
    """Whether two quantities are equal in value, sign, bound, ends and what they are of, in whatever writing and unit.

    A rate of a day, a week or a month is the same only in the same period: 70 mg weekly is another dose than 10 mg daily.
    """
    return (
        sort(a) == sort(b)
        and _equal(a.low, a.measured_in, b.low, b.measured_in)
        and _equal(a.high, a.measured_in, b.high, b.measured_in)
    )


def within(a: Quantity, b: Quantity) -> bool:
    """Whether one lies in the other's range, or is equal to it, in the same unit, whatever it is per: 15 mg in 5-20 mg/day."""
    above = all(b.low is None or end is None or b.low <= end for end in (a.low, a.high))
    below = all(b.high is None or end is None or end <= b.high for end in (a.low, a.high))
    return a.unit.partition("/")[0] == b.unit.partition("/")[0] and above and below


def sort(quantity: Quantity) -> tuple[str, str, str, Decimal | None, str, str]:
    """What a quantity is beside its ends: equal for any two that can be the same."""
    kind = "value" if quantity.kind == "count" else quantity.kind
    period = "" if quantity.dimension == "frequency" else quantity.measured_in.period
    return kind, quantity.bound, quantity.statistic, quantity.level, quantity.dimension, period


def _equal(a: Decimal | None, a_unit: Unit, b: Decimal | None, b_unit: Unit) -> bool:
    if a is None or b is None:
        return a is b
    first, second = (a, b) if a_unit == b_unit else (a_unit.in_base(a), b_unit.in_base(b))
    return abs(first - second) <= NEAR * max(abs(first), abs(second))
