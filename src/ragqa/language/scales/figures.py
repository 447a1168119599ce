"""Bands that figures give: "CrCl 18", "aged 18 to 65 years", "eGFR below 30", "weighing 40 kg or more", "over eight weeks"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ragqa.language.quantities import Quantity, quantities
from ragqa.language.quantities.units import Unit
from ragqa.language.scales.band import Band, Scale, Stretch, any_word

_MEASURES = {
    Scale.KIDNEY: "renal_measures",
    Scale.LIVER: "hepatic_measures",
    Scale.AGE: "age_measures",
    Scale.WEIGHT: "weight_measures",
    Scale.MASS_INDEX: "mass_measures",
}
_MEASURE = re.compile("|".join(rf"\b({any_word(group)})\b" for group in _MEASURES.values()), re.IGNORECASE)
_GAP = re.compile(rf"(?:[\s:=,~≈\[()-]|{any_word('between')}\b){{0,10}}", re.IGNORECASE)
_PEOPLE = re.compile(rf"\b{any_word('people')}[\s,(]{{0,3}}\Z", re.IGNORECASE)
_CHANGE = re.compile(rf"\b{any_word('weight_changes')}\b", re.IGNORECASE)
_MEAN = re.compile(r"\b(?:mean|median|average)\b", re.IGNORECASE)
_OLD = re.compile(r"[\s-]?(?:year[\s-])?(?:olds?|of\sage)\b", re.IGNORECASE)
_OLDER = re.compile(r"\b(?:old(?:er)?|younger|of\sage)\b", re.IGNORECASE)
_THE_AGE_OF = re.compile(r"\b(?P<bound>from|over|above|under|below|at)\s(?:the\s)?age\sof\s\Z", re.IGNORECASE)
_GROUP = re.compile(r"\b(?P<bound>over|above|under|below)[\s-](?P<years>\d{1,3})['’]?s\b", re.IGNORECASE)
_KIDNEYS = re.compile(any_word("renal_measures", "renal_heads", "renal_names"), re.IGNORECASE)
_BOUNDS = {"from": ">=", "over": ">", "above": ">", "under": "<", "below": "<", "at": ""}
_UNITS = {
    Scale.KIDNEY: Unit((("mL", 1), ("min", -1))).in_base(Decimal(1)),
    Scale.AGE: Unit((("a", 1),)).in_base(Decimal(1)),
    Scale.DURATION: Unit((("d", 1),)).in_base(Decimal(1)),
    Scale.WEIGHT: Unit((("kg", 1),)).in_base(Decimal(1)),
}
"""The unit of a scale in that of the readings."""
_NORMED = "mL/min/1.73.m2"
_WHOLE = frozenset({Scale.KIDNEY, Scale.LIVER, Scale.AGE})
"""Scales that are read in whole numbers: a range's upper end reaches to just below the next."""
_NEAR = 40
"""Characters of a text that are looked at for what its figure is said of; by hand."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """A quantity of a text, with the measure that is named just before it and where that begins."""

    text: str
    quantity: Quantity
    measure: Scale | None
    measured_from: int

    @property
    def before(self) -> str:
        return self.text[max(0, self.quantity.start - _NEAR) : self.quantity.start]

    @property
    def after(self) -> str:
        return self.text[self.quantity.end : self.quantity.end + _NEAR]

    @property
    def bound(self) -> str:
        """That of the quantity, or of the words "from the age of" before it."""
        said = _THE_AGE_OF.search(self.before)
        return self.quantity.bound or (_BOUNDS[said["bound"].lower()] if said else "")


def figures(text: str, asked: bool = False) -> list[Band]:
    """Bands that figures give, in order; ``asked``: the text is a question, in which kilograms alone are a patient's weight."""
    of_kidneys = bool(_KIDNEYS.search(text))
    found = [_group(match) for match in _GROUP.finditer(text)]
    taken = {band.start for band in found}
    for figure in _measured(text):
        scale = None if figure.quantity.start in taken else _scale(figure, asked, of_kidneys)
        if scale:
            start, end = figure.measured_from if figure.measure is scale else figure.quantity.start, _end(figure)
            found.append(Band(scale=scale, stretch=_stretch(figure, scale), start=start, end=end, text=text[start:end]))
    return sorted(found, key=lambda band: band.start)


def _group(match: re.Match[str]) -> Band:
    """The over-65s, under 5s."""
    years = int(match["years"])
    stretch = Stretch(low=years, low_in=False) if _BOUNDS[match["bound"].lower()] == ">" else Stretch(high=years, high_in=False)
    return Band(scale=Scale.AGE, stretch=stretch, start=match.start(), end=match.end(), text=match[0])


def _end(figure: _Figure) -> int:
    old = _OLD.match(figure.after)
    return figure.quantity.end + (old.end() if old else 0)


def _measured(text: str) -> Iterator[_Figure]:
    """The values of a text, each with its measure: one that only words of ``between`` part from it."""
    measures = [(match, _GAP.match(text, match.end(), match.end() + _NEAR)) for match in _MEASURE.finditer(text)]
    at = 0
    for quantity in quantities(text):
        if quantity.kind != "value":
            continue
        while at + 1 < len(measures) and measures[at + 1][0].end() <= quantity.start:
            at += 1
        measure, gap = measures[at] if measures else (None, None)
        if measure and gap and measure.end() <= quantity.start <= gap.end():
            yield _Figure(text, quantity, list(_MEASURES)[(measure.lastindex or 1) - 1], measure.start())
        else:
            yield _Figure(text, quantity, None, quantity.start)


def _scale(figure: _Figure, asked: bool, of_kidneys: bool) -> Scale | None:
    """What a figure measures, by its unit and the words around it; None for one that places nobody."""
    unit, dimension = figure.quantity.unit, figure.quantity.dimension
    if dimension == "volume per time" or unit == _NORMED:
        return Scale.KIDNEY if of_kidneys or unit == _NORMED else None
    if unit == "kg/m2":
        return Scale.MASS_INDEX
    if unit == "kg":
        return Scale.WEIGHT if _weighs(figure, asked) else None
    if unit == "{points}" or (not unit and figure.measure not in (None, Scale.AGE)):
        return figure.measure
    if dimension not in ("", "time") or (not (asked or figure.quantity.is_range or figure.bound) and _MEAN.search(figure.before)):
        return None  # what a sample was like on average says nothing of who was in it
    if _is_age(figure):
        return Scale.AGE
    return Scale.DURATION if dimension else None


def _weighs(figure: _Figure, asked: bool) -> bool:
    """Whether kilograms are a body's weight, and not what was gained or lost."""
    if figure.measure is Scale.WEIGHT:
        return True
    around = f"{figure.before} {figure.after}"
    return bool(asked or (figure.bound and _PEOPLE.search(figure.before))) and not _CHANGE.search(around)


def _is_age(figure: _Figure) -> bool:
    if figure.measure is Scale.AGE or _OLDER.search(figure.quantity.text) or _OLD.match(figure.after):
        return True
    if _THE_AGE_OF.search(figure.before):
        return True
    stretched = figure.bound or figure.quantity.is_range
    return bool(stretched and figure.quantity.unit in ("", "a", "mo") and _PEOPLE.search(figure.before))


def _stretch(figure: _Figure, scale: Scale) -> Stretch:
    """What a figure stands for. Ages are completed years, and the upper end of a range of whole numbers reaches to just below
    the next, as rounded clearances do.
    """
    quantity, bound = figure.quantity, figure.bound
    low, high = (_value(quantity, number, scale) for number in (quantity.low, quantity.high))
    first, last = (low if low is not None else high) or 0.0, (high if high is not None else low) or 0.0
    if scale is Scale.DURATION and bound == ">":  # over 12 weeks is in the course of them
        bound = ""
    end = quantity.high if quantity.high is not None else quantity.low
    reaches = scale is Scale.AGE or (scale in _WHOLE and quantity.is_range)
    if reaches and end is not None and end == int(end):
        upper, included = last + (_value(quantity, Decimal(1), scale) or 0.0), False
    else:
        upper, included = last, True
    match bound:
        case "<":
            return Stretch(high=last, high_in=False)
        case "<=":
            return Stretch(high=upper, high_in=included)
        case ">":
            return Stretch(low=first, low_in=False)
        case ">=":
            return Stretch(low=first)
    return Stretch(first, upper, high_in=included)


def _value(quantity: Quantity, number: Decimal | None, scale: Scale) -> float | None:
    """A number in its scale's unit."""
    if number is None or scale not in _UNITS or quantity.unit in ("", _NORMED):
        return None if number is None else float(number)
    return float(quantity.measured_in.in_base(number) / _UNITS[scale])
