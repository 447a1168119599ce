"""Figures of statistics: p values, confidence and credible intervals, spreads."""

from __future__ import annotations

import re
from decimal import Decimal

from ragqa.language.quantities.amounts import Amount, amount_at, in_unit, unit_behind
from ragqa.language.quantities.bounds import bound_before, bounded
from ragqa.language.quantities.numerals import MINUS, numeral_at
from ragqa.language.quantities.units import NO_UNIT, Unit
from ragqa.language.quantities.values import Quantity
from ragqa.language.quantities.writing import either, end_of, forms_of, named

_INTERVALS, _SPREADS = forms_of("intervals"), forms_of("spreads")
_OPENING = r"[\s,:;=(\[{]{0,4}"
_PLUS_MINUS = r"±|\+\s?/?\s?[-−–]"
INTERVAL = (
    r"(?<![\w.])(?:(?P<level>[0-9]{2}(?:\.[0-9])?)[\s-]?(?:[%％]|percent|per\scent)?[\s-]{0,2})?"
    rf"(?P<interval_name>(?i:{either(_INTERVALS)}))(?!\w)(?:\s?[(\[](?:CI|CrI)s?[)\]])?"
    r"(?(level)|(?:\s?(?P<level_behind>[89][0-9](?:\.[0-9])?)\s?[%％])?)"
)
"""The name of an interval, with its level."""
P_VALUE = (
    r"(?<![\w-])[Pp](?:s|[\s-]?[Vv]alues?)?(?:\s?\([\w\s-]{1,20}\)|_\w{1,12}|\s(?:for|of)\s[a-z\s-]{1,30}?)?\s?"
    r"(?=[=<>≤≥⩽⩾]|(?:of|was|is|at|less|greater|more|equal|under|below|above|over)\s|:\s?[0.])"
)
"""The letter of a p value, before its sign."""
SPREAD = (
    rf"(?:{_PLUS_MINUS}|(?<![\w.])(?:{either(_SPREADS)})(?!\w))"
    rf"(?:{_OPENING}+(?:(?:of|was){_OPENING})?(?:{_PLUS_MINUS})?\s?)?(?=[-−–]?[0-9.·])"
)
"""The name or sign of a spread, before its number."""
_TO_ENDS = re.compile(
    rf"{_OPENING}+(?:(?:of|was|were|is|from|between|ranging\sfrom|ranged\sfrom|range){_OPENING})?", re.IGNORECASE
)
_JOINT = re.compile(rf"\s?(?:to|through|and|[,;/]|\.\.|[{MINUS}])\s?")
_TO_P = re.compile(r"[\s=<>≤≥⩽⩾:~≈]{0,4}+(?:[a-z]{2,8}\s){0,6}+[<>=≤≥⩽⩾]{0,2}\s?(?=[.·0-9])")
_PERCENT = Unit((("%", 1),))


def p_value(text: str, start: int, end: int) -> Quantity | None:
    """The p value whose letter is ``text[start:end]``."""
    numeral = numeral_at(text, end_of(_TO_P, text, end))
    if numeral is None or not 0 <= numeral.value <= 1:
        return None
    before = bound_before(text[end : numeral.start])
    bound = before[0] if before else ""
    return Quantity(start, numeral.end, text[start : numeral.end], *bounded(numeral.value, bound), bound, "p")


def interval(text: str, name: re.Match[str]) -> Quantity | None:
    """The interval of this name with its level, or the level alone."""
    written = name["level"] or name["level_behind"]
    level = Decimal(written) if written else None
    start, end, statistic = *name.span(), named(name["interval_name"], _INTERVALS)
    if ends := _ends(text, end_of(_TO_ENDS, text, end)):
        whole = text[start : ends.end]
        return Quantity(start, ends.end, whole, ends.low, ends.high, "", "interval", ends.unit, statistic, level)
    return Quantity(start, end, name[0], level, level, "", "level", _PERCENT, statistic) if level is not None else None


def _ends(text: str, start: int) -> Amount | None:
    """The two ends of an interval, however they are parted and whichever comes first."""
    parted = _parted(text, start, None)
    cut = text.find(",", start, start + 12) if parted is None else -1
    if cut > 0:
        parted = _parted(text, start, cut)  # the comma is none of a decimal: "CI 2,14"
    if parted is None:
        return None
    lower, upper = parted
    unit = lower.unit if upper.unit == NO_UNIT else upper.unit
    low = lower.low if NO_UNIT in (lower.unit, upper.unit) else in_unit(lower.low, lower.unit, unit)
    return None if low is None else Amount(min(low, upper.low), max(low, upper.low), unit, upper.end)


def _parted(text: str, start: int, cut: int | None) -> tuple[Amount, Amount] | None:
    lower = numeral_at(text, start, cut)
    if not lower:
        return None
    unit, end = (NO_UNIT, cut) if cut else unit_behind(text, lower)
    joint = _JOINT.match(text, end)
    upper = numeral_at(text, joint.end()) if joint else None
    if not upper:
        return None
    return Amount(lower.value, lower.value, unit, end), Amount(upper.value, upper.value, *unit_behind(text, upper))


def spread(text: str, start: int, end: int) -> Quantity | None:
    """What stands behind ±, SD, SE or IQR, which is ``text[start:end]``."""
    numeral = numeral_at(text, end)
    amount = amount_at(text, numeral) if numeral else None
    if amount is None:
        return None
    name = re.match(rf"(?:{either(_SPREADS)})", text[start:end])
    statistic = named(name[0], _SPREADS) if name else ""
    whole = text[start : amount.end]
    return Quantity(start, amount.end, whole, amount.low, amount.high, "", "spread", amount.unit, statistic)
