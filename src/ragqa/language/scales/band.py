"""Scales on which a patient is placed, and stretches of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ragqa.language.lexicon import Group, lexicon

Fit = Literal["inside", "outside", "unknown"]
"""Whether a place lies in a band: wholly, not at all, or in part as far as is said."""


class Scale(StrEnum):
    """What is measured; the unit of its figures stands behind each."""

    KIDNEY = "kidney function"  # mL/min of creatinine clearance or GFR
    LIVER = "liver function"  # Child-Pugh points
    AGE = "age"  # years
    WEIGHT = "weight"  # kg
    MASS_INDEX = "body mass index"  # kg/m2
    DURATION = "duration"  # days


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one value, 0 at the least, to another in a scale's unit; ``low_in`` and ``high_in``: whether the ends belong to it."""

    low: float = 0.0
    high: float = math.inf
    low_in: bool = True
    high_in: bool = True

    def beyond(self, other: Stretch) -> bool:
        """Whether all of it lies above all of the other."""
        return (self.low, not self.low_in) > (other.high, -(not other.high_in))

    def within(self, other: Stretch) -> bool:
        """Whether the other holds all of it."""
        low = (other.low, not other.low_in) <= (self.low, not self.low_in)
        return low and (self.high, self.high_in) <= (other.high, other.high_in)

    def widened(self, other: Stretch) -> Stretch:
        """The shortest stretch that holds both."""
        low, low_in = min((self.low, not self.low_in), (other.low, not other.low_in))
        high, high_in = max((self.high, self.high_in), (other.high, other.high_in))
        return Stretch(low, high, not low_in, high_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of a scale that words of a text name; a place where they tell of one patient.

    ``start`` and ``end`` are where the words stand in the text; ``name`` is what they call it ("severe"), "" where figures alone
    say it; ``by_name``: nothing but the name says it, and the figures are those of its definitions.
    """

    scale: Scale
    stretch: Stretch
    start: int
    end: int
    text: str
    name: str = ""
    by_name: bool = False


def fit(place: Band, band: Band) -> Fit:
    """Whether a place lies in a band; "unknown" where their scales differ or the place reaches beyond the band.

    Who asks by a name asks for what a source calls so, whatever figures it gives for it.
    """
    if place.scale is not band.scale:
        return "unknown"
    if place.by_name and place.name == band.name:
        return "inside"
    if place.stretch.beyond(band.stretch) or band.stretch.beyond(place.stretch):
        return "outside"
    return "inside" if place.stretch.within(band.stretch) else "unknown"


def whole(low: str, high: str) -> Stretch:
    """From one whole number to another as they are measured: 29 reaches to just below 30; "" where there is no end."""
    return Stretch(float(low or 0), float(high) + 1 if high else math.inf, high_in=not high)


WORDS: Mapping[str, Group] = lexicon("language", "scales")
"""The word lists of this package."""


def any_word(*groups: str) -> str:
    """A pattern of the words of these groups."""
    return f"(?:{'|'.join(WORDS[group].pattern for group in groups)})"


@dataclass(frozen=True, slots=True)
class Named:
    """The names of a scale's bands."""

    pattern: str
    stretches: tuple[tuple[str, Stretch], ...]

    def of(self, name: str) -> Stretch:
        """What a name that ``pattern`` found stands for."""
        return next(stretch for pattern, stretch in self.stretches if re.fullmatch(pattern, name, re.IGNORECASE))


def named(group: str) -> Named:
    """The names of a group, each a part of a regular expression with its lowest and highest whole number."""
    table = WORDS[group].table().items()
    return Named("|".join(name for name, _ in table), tuple((name, whole(*figures)) for name, figures in table))
