"""Bands that figures give: "CrCl 18", "aged 18 to 65 years", "eGFR below 30", "weighing 40 kg or more", "over eight weeks"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragqa.language.scales.band import Band, Scale, Stretch, any_word

_NUMBER = r"\d{1,3}(?:\.\d{1,2})?"
_FLOW = r"ml\s?/\s?min(?:ute)?(?:\s?(?:/|per)\s?1\.73\s?m(?:2|²|\^2))?"
_UNIT = rf"(?:{_FLOW}|kg/m(?:2|²|\^2)|kg|(?:years?|yrs?|y|months?|mths?|mo|weeks?|wks?|days?|points?)\b)"
_FIGURE = re.compile(
    rf"(?<![\w.,/-])(?:(?P<under>{any_word('below')})|(?P<most>{any_word('at_most')})|(?P<over>{any_word('above')})|"
    rf"(?P<least>{any_word('at_least')})|between)?[\s-]?"
    rf"(?<![\w.,])(?P<low>{_NUMBER})(?:[\s-]?(?P<unit_low>{_UNIT}))?"
    rf"(?:\s?(?:-|–|—|to|and)\s?(?P<high>{_NUMBER}))?(?:[\s-]?(?P<unit_high>{_UNIT}))?"
    rf"(?P<plural>s\b)?(?P<old>[\s-](?:olds?|of\sage)\b)?(?![\w%/]|[.,]\d)"
    rf"(?:\s?(?:(?P<more>{any_word('or_more')})|(?P<less>{any_word('or_less')}))(?!\w)(?P<still>\sof\sage\b)?)?",
    re.IGNORECASE,
)
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
_OF_AGE = re.compile(r"(?:old|young)er than|.{0,14}\bage\b", re.IGNORECASE)
_MEAN = re.compile(r"\b(?:mean|median|average)\b", re.IGNORECASE)
_KIDNEYS = re.compile(any_word("renal_measures", "renal_heads", "renal_names"), re.IGNORECASE)
_DAYS = {"y": 365.25, "m": 30.4375, "w": 7.0, "d": 1.0}
_NEAR = 40
"""Characters of a text that are looked at for what its figure is said of; by hand."""
_BOUNDS = ("under", "most", "over", "least", "more", "less")


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure of a text, with the measure that is named just before it."""

    match: re.Match[str]
    measure: Scale | None
    measured_from: int

    @property
    def unit(self) -> str:
        return (self.match["unit_high"] or self.match["unit_low"] or "").lower()

    @property
    def bounded(self) -> bool:
        return any(self.match[name] for name in _BOUNDS)

    @property
    def before(self) -> str:
        return self.match.string[max(0, self.match.start() - _NEAR) : self.match.start()]

    @property
    def around(self) -> str:
        return self.match.string[max(0, self.match.start() - _NEAR) : self.match.end() + _NEAR]


def figures(text: str, asked: bool = False) -> list[Band]:
    """Bands that figures give, in order; ``asked``: the text is a question, in which kilograms alone are a patient's weight."""
    of_kidneys = bool(_KIDNEYS.search(text))
    found = []
    for figure in _measured(text):
        scale = _scale(figure, asked, of_kidneys)
        if scale:
            start = figure.measured_from if figure.measure is scale else figure.match.start()
            end = figure.match.end()
            found.append(Band(scale=scale, stretch=_stretch(figure.match, scale), start=start, end=end, text=text[start:end]))
    return found


def _measured(text: str) -> Iterator[_Figure]:
    """The figures of a text, each with its measure: one that only words of ``between`` part from it."""
    measures = [(match, _GAP.match(text, match.end(), match.end() + _NEAR)) for match in _MEASURE.finditer(text)]
    at = 0
    for match in _FIGURE.finditer(text):
        while at + 1 < len(measures) and measures[at + 1][0].end() <= match.start():
            at += 1
        measure, gap = measures[at] if measures else (None, None)
        if measure and gap and measure.end() <= match.start() <= gap.end():
            yield _Figure(match, list(_MEASURES)[(measure.lastindex or 1) - 1], measure.start())
        else:
            yield _Figure(match, None, match.start())


def _scale(figure: _Figure, asked: bool, of_kidneys: bool) -> Scale | None:
    """What a figure measures, by its unit and the words around it; None for one that places nobody."""
    unit, match = figure.unit, figure.match
    if match["plural"]:  # the over-65s, under 5s
        return Scale.AGE if figure.bounded and not unit else None
    if unit.startswith("ml"):
        return Scale.KIDNEY if of_kidneys or "1.73" in unit else None
    if unit.startswith("kg/"):
        return Scale.MASS_INDEX
    if unit == "kg":
        return Scale.WEIGHT if _weighs(figure, asked) else None
    if unit.startswith("point") or (not unit and figure.measure not in (None, Scale.AGE)):
        return figure.measure
    if not (asked or match["high"] or figure.bounded) and _MEAN.search(figure.before):
        return None  # what a sample was like on average says nothing of who was in it
    if _is_age(figure):
        return Scale.AGE
    return Scale.DURATION if unit else None


def _weighs(figure: _Figure, asked: bool) -> bool:
    """Whether kilograms are a body's weight, and not what was gained or lost."""
    if figure.measure is Scale.WEIGHT:
        return True
    return bool(asked or (figure.bounded and _PEOPLE.search(figure.before))) and not _CHANGE.search(figure.around)


def _is_age(figure: _Figure) -> bool:
    match = figure.match
    if figure.measure is Scale.AGE or match["old"] or match["still"] or _OF_AGE.match(match[0]):
        return True
    stretched = figure.bounded or match["high"]
    return bool(stretched and not figure.unit.startswith(("w", "d")) and _PEOPLE.search(figure.before))


def _stretch(match: re.Match[str], scale: Scale) -> Stretch:
    """What a figure stands for. Ages are completed years, and the upper end of a range of whole numbers reaches to just below
    the next, as rounded clearances do.
    """
    unit_high = match["unit_high"] or match["unit_low"] or ""
    low, high = match["low"], match["high"] or match["low"]
    first = _value(low, match["unit_low"] or unit_high, scale)
    last = _value(high, unit_high, scale)
    rounded = scale is Scale.AGE or (scale in (Scale.KIDNEY, Scale.LIVER) and match["high"])
    to = Stretch(first, last)
    if rounded and "." not in high:
        to = Stretch(first, last + _value("1", unit_high, scale), high_in=False)
    if match["under"]:
        return Stretch(high=last, high_in=False)
    if match["most"] or match["less"]:
        return Stretch(high=to.high, high_in=to.high_in)
    if match["over"] and scale is not Scale.DURATION:  # over 12 weeks is in the course of them
        return Stretch(low=first, low_in=False)
    if match["least"] or match["more"]:
        return Stretch(low=first)
    return to


def _value(number: str, unit: str, scale: Scale) -> float:
    """A number in its scale's unit."""
    if scale is Scale.AGE:
        return float(number) * (_DAYS[unit[0].lower()] / _DAYS["y"] if unit else 1)
    return float(number) * (_DAYS[unit[0].lower()] if scale is Scale.DURATION else 1)
