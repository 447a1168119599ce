"""Units as texts write them, read into a code, what they measure, and a factor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from ragqa.language.lexicon import lexicon
from ragqa.language.quantities.numerals import SPACES
from ragqa.language.quantities.writing import end_of


class Measure(NamedTuple):
    """What a unit measures: ``factor`` times a value, and ``zero`` added, is the value in the dimension's unit of factor 1."""

    dimension: str
    factor: Decimal
    zero: Decimal


@dataclass(frozen=True, slots=True)
class Unit:
    """Units with their powers, in the order of the text, and the number of a denominator ("/100 mL": 100)."""

    parts: tuple[tuple[str, int], ...] = ()
    number: Decimal = Decimal(1)

    @property
    def code(self) -> str:
        """UCUM-like: "mg/kg/d", "mL/min/1.73.m2", "/1000"; "" without a unit."""
        above = ".".join(_power(code, power) for code, power in self.parts if power > 0)
        below = [_power(code, -power) for code, power in self.parts if power < 0]
        if self.number != 1:
            below = [*below[:-1], ".".join([f"{self.number:f}", *below[-1:]])]
        return above + "".join(f"/{each}" for each in below)

    @property
    def dimension(self) -> str:
        """What is measured: "mass per volume", "frequency", "proportion" (of a number); "" without a unit."""
        above = sorted(_dimension(code, power) for code, power in self.parts if power > 0)
        below = sorted(_dimension(code, -power) for code, power in self.parts if power < 0)
        if below == ["time"] and above in ([], ["times"]):
            return "frequency"
        if not self.parts:
            return "proportion" if self.number != 1 else ""
        return " per ".join([" times ".join(above) or "number", *below])

    @property
    def period(self) -> str:
        """The day, week, month or year in which it is meant; "" where there is none."""
        return next((code for code, power in self.parts if power < 0 and code in LONG), "") if self.number == 1 else ""

    @property
    def is_rate(self) -> bool:
        """Whether it is per a time."""
        return any(power < 0 and _measures()[code].dimension == "time" for code, power in self.parts)

    def in_base(self, value: Decimal) -> Decimal:
        """The value in units of factor 1."""
        value /= self.number
        for code, power in self.parts:
            value *= _measures()[code].factor ** power
        return value + _measures()[self.parts[0][0]].zero if len(self.parts) == 1 else value

    def per(self, *periods: str) -> Unit:
        """This unit in each of a period."""
        return Unit((*self.parts, *((period, -1) for period in periods)), self.number)


NO_UNIT = Unit()
ONE = Decimal(1)
LONG = ("d", "wk", "{fortnight}", "mo", "a")
"""Periods of regimens, days and longer."""

_LETTERS = "A-Za-zµμΩ"
_NAME = re.compile(
    r"[%％℃℉×](?:[ -]points?\b)?|[°º]\s?[CF]\b|[iI]\.[uU]\.|mm\[Hg\]"
    rf"|[{_LETTERS}]+(?:[₂2]O\b)?(?:[\s-]{{1,2}}[{_LETTERS}]+(?:[₂2]O\b)?){{0,3}}"
)
_PIECE = re.compile(r"[\s-]{1,2}[^\s-]{1,40}$|[₂2]O$")
_POWER = re.compile(r"\^?\{?\(?(?P<sign>[-−–⁻])?(?P<number>[1-4¹²³⁴])\)?\}?(?![0-9.,]*[0-9])|\s(?P<apart>[23])(?=\s?[/·)]|\s*$)")
_NEXT = re.compile(
    r"\s?(?P<slash>[/∕⁄])\s?|\s{1,2}(?P<per>per)\s{1,2}(?:each\s)?|\s{1,2}(?P<each>an?|each|every|in\sa)\s{1,2}"
    r"|\s?[·⋅∙]\s?(?=[A-Za-zµμ])|[*.](?=[A-Za-zµμ])|\s(?=[A-Za-zµμ]{1,12}\^?\{?\(?[-−–⁻][1¹2²3³])"
)
_DENOMINATOR = re.compile(rf"(?P<number>[0-9]{{1,3}}(?:[,{SPACES} ][0-9]{{3}})+|[0-9]+(?:[.·][0-9]+)?)(?![0-9])")
_BLANK = re.compile(r"\s?")
_GOES_ON = re.compile(r"[0-9A-Za-zα-ωµ]")
_POWER_OF_TEN = re.compile(r"10+$")
_SUPERSCRIPTS = str.maketrans("¹²³⁴", "1234")
_SPACES = re.compile(r"\s+")


def _power(code: str, power: int) -> str:
    return code if power == 1 else f"{code}{power}"


def _dimension(code: str, power: int) -> str:
    return _power(_measures()[code].dimension, power)


@lru_cache(maxsize=1)
def _measures() -> dict[str, Measure]:
    rows = lexicon("language", "units")["measures"].table()
    return {
        code: Measure(dimension, Decimal(factor), Decimal(zero[0]) if zero else Decimal(0))
        for code, (dimension, factor, *zero) in rows.items()
    }


@lru_cache(maxsize=1)
def _forms() -> dict[str, Unit]:
    """Each way to write a unit; longer ones in lower case."""
    words = lexicon("language", "units")
    found = {form: Unit(((code, 1),)) for code, forms in words["forms"].table().items() for form in (code, *forms)}
    for code, forms in words["whole"].table().items():
        above, below = code.split("/")
        found |= {form: Unit(((above, 1), (below, -1))) for form in forms}
    return found | {form.lower(): unit for form, unit in found.items() if len(form) > LONGEST_SYMBOL}


LONGEST_SYMBOL = 3
"""Letters up to which the case of a unit matters."""


def named_unit(text: str, start: int, first: bool = False) -> tuple[Unit, int] | None:
    """The one unit written at ``start``, with its power, and where it ends; the longest name wins."""
    found = _NAME.match(text, start)
    if not found:
        return None
    words, end = found[0], found.end()
    while words:
        plain = _SPACES.sub(" ", words.replace("μ", "µ"))
        unit = _forms().get(plain) or (_forms().get(plain.lower()) if len(plain) > LONGEST_SYMBOL else None)
        if unit:
            return _with_power(unit, text, end, first)
        shorter = _PIECE.sub("", words)
        if shorter == words:
            return None
        words, end = shorter, start + len(shorter)
    return None


def _with_power(unit: Unit, text: str, end: int, first: bool) -> tuple[Unit, int] | None:
    power = _POWER.match(text, end)
    if power and len(unit.parts) == 1:
        ((code, _),) = unit.parts
        raised = int((power["number"] or power["apart"]).translate(_SUPERSCRIPTS))
        powered = f"{code}{raised}" if raised > 1 else code
        if powered in _measures() and (not power["sign"] or _is_negative_power(text, power, first)):
            return Unit(((powered, -1 if power["sign"] else 1),)), power.end()
    return None if _GOES_ON.match(text, end) else (unit, end)


def _is_negative_power(text: str, power: re.Match[str], first: bool) -> bool:
    """Whether "-1" is a power: "min-1", "kg-1 day-1", but not "1 h-1 day"."""
    return power["sign"] == "⁻" or not (first and named_unit(text, power.end() + 1))


def unit_at(text: str, start: int) -> tuple[Unit, int]:
    """The unit expression that begins at ``start``, and where it ends; ``NO_UNIT`` and ``start`` where none does."""
    first = named_unit(text, start, first=True)
    unit, end = first or (NO_UNIT, start)
    while joint := _NEXT.match(text, end):
        further = _next_unit(text, joint, unit)
        if not further:
            break
        unit, end = further
    return unit, end


def _next_unit(text: str, joint: re.Match[str], unit: Unit) -> tuple[Unit, int] | None:
    below = bool(joint["slash"] or joint["per"] or joint["each"])
    start, number = joint.end(), ONE
    amount = _DENOMINATOR.match(text, start) if below and not joint["each"] else None
    if amount:
        start = end_of(_BLANK, text, amount.end())
        number = Decimal(re.sub(r"[,\s]", "", amount["number"]).replace("·", "."))
    if number != 1 and not _POWER_OF_TEN.match(f"{number:f}") and not unit.parts:
        return None
    found = named_unit(text, start)
    if not found or not number:
        alone = _POWER_OF_TEN.match(f"{number:f}") and (unit.parts or not joint["slash"])
        return (Unit(unit.parts, unit.number * number), amount.end()) if alone and amount else None
    piece, end = found
    if not below:
        return (Unit(unit.parts + piece.parts, unit.number), end) if unit.parts else None
    if joint["each"] and (piece.dimension != "time" or unit.is_rate):
        return None
    if amount and (piece.dimension == unit.dimension or (not unit.parts and piece.dimension == "mass")):
        return None
    turned = tuple((code, -abs(power)) for code, power in piece.parts)
    return Unit(unit.parts + turned, unit.number * number), end
