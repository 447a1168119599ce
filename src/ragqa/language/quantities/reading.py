"""Reads the quantities of a text."""

from __future__ import annotations

import re
from dataclasses import replace

from ragqa.language.quantities.amounts import Amount, amount_at
from ragqa.language.quantities.bounds import bound_before, bound_behind, bounded
from ragqa.language.quantities.frequencies import FREQUENCY, frequency, hourly
from ragqa.language.quantities.numerals import VULGAR, Numeral, numeral_at
from ragqa.language.quantities.periods import NOUNS
from ragqa.language.quantities.spelled import FIRST
from ragqa.language.quantities.statistics import INTERVAL, P_VALUE, SPREAD, interval, p_value, spread
from ragqa.language.quantities.units import NO_UNIT, Unit, unit_at
from ragqa.language.quantities.values import Quantity, QuantityKind
from ragqa.language.quantities.writing import WORDS, Bound, end_of, folded

_IDENTIFIER = (
    r"https?://\S+|\bwww\.\S+|\b10\.[0-9]{4,9}/\S+|\b(?:doi|DOI):?\s?\S+|\bPM(?:C?ID|C):?\s?[0-9]+"
    r"|\[[0-9]{1,3}(?:\s?,\s?[0-9]{1,3})*\](?<!,000\])|\b(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}\b"
)
"""Addresses, record numbers, reference markers, dates."""
_LABEL = (
    rf"(?<!\w)(?i:{WORDS['labels'].pattern})[\s-](?:(?:one|two|three|four|five|six)(?!\w)"
    r"|[0-9]{1,2}(?:[a-z]\b)?(?:(?:\s?[-–/]\s?|\s(?:and|or|to)\s)[0-9]{1,2}(?![\d.]))*(?![\w.,·][0-9]|[0-9%]))"
)
"""A word whose number is a name or a rank: "phase 3", "grade 2 or 3"."""
_SIGN = r"(?<![\w%)\]])[-−–+]|(?<=[=(<>:]\s)[-−–]\s|(?<=[=(<>:,\[])[-−–]\s"
_NUMBER = (
    rf"(?<![\w.])(?<![0-9],)(?<!\^)(?<![^\W\d_][-‐‑–−])(?:(?:{_SIGN})?[.·]?[0-9]|[{VULGAR}]|(?i:minus|plus)\s(?=[0-9.]))"
    r"|(?<=(?<![A-Za-z])[xX×])[0-9]"
)
"""The beginning of a number in digits; not of one inside a name: "IL-6", "B12", "omega-3"."""
_ANCHOR = re.compile(
    f"(?P<identifier>{_IDENTIFIER})|(?P<interval>{INTERVAL})|(?P<p>{P_VALUE})|(?P<spread>{SPREAD})|(?P<frequency>{FREQUENCY})"
    rf"|(?P<label>{_LABEL})|(?P<number>{_NUMBER})|(?P<word>(?<![\w.-]){FIRST})"
)

_COUNTED = re.compile(r"(?<!\w)[nN]\s?[=:]\s?$")
_BETWEEN = re.compile(r"(?<!\w)between\s$", re.IGNORECASE)
_TIME = "|".join(noun for noun in NOUNS if len(noun) > len("min") or noun == "day")
"""Nouns of time written out: HR is a hazard ratio, not an hour."""
_POINT = re.compile(rf"(?<!\w)(?P<noun>{_TIME})s?[\s-]$", re.IGNORECASE)
_TIME_WORD = re.compile(rf"(?:{_TIME})s?[\s-]", re.IGNORECASE)
_MONEY = re.compile(r"(?:US)?\$\s?$")
_AGED = re.compile(rf"(?<!\w)(?:{WORDS['age'].pattern})\s?[:=]?\s?$", re.IGNORECASE)
_PEOPLE = re.compile(
    rf"(?:[\s-](?!(?:{WORDS['no_people_between'].pattern})\b)[^\W\d_][\w'’]{{0,30}}+,?){{0,5}}?[\s-](?:{WORDS['people'].pattern})\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"19[0-9]{2}|20[0-4][0-9]")
_LAST_WORD = re.compile(r"([^\W\d_]{1,20})\W{1,3}$")
_REST = re.compile(r"[\w.,]{0,60}")
_CLOSE = re.compile(r"[\s,(]{1,2}")
_SPACE = re.compile(r"[\s-]")
_LIST = re.compile(r"\s?(?:/|[-–−]|\bto\b|,?\s?\band\b|,?\s?\bor\b|,|\bversus\b|\bvs\.?|±|\+\s?/?\s?[-−–])\s?")
_IN_YEARS = frozenset(WORDS["years"].entries)
_WIDTH = 40
"""Characters before a number in which its bound is looked for."""


def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a text, in order, none overlapping."""
    found: list[Quantity] = []
    position = 0
    while anchor := _ANCHOR.search(text, position):
        read = _read(text, anchor, position)
        if isinstance(read, Quantity):
            found.append(read)
            position = read.end
        else:
            position = max(read, anchor.start() + 1)
    return tuple(_after_times(text, _before_units(text, found)))


def masses(text: str) -> list[Quantity]:
    """The masses of a text, per day, per kilogram or alone, as doses are told; concentrations are none."""
    return [one for one in quantities(text) if one.dimension.startswith("mass") and "volume" not in one.dimension]


def _read(text: str, anchor: re.Match[str], position: int) -> Quantity | int:
    """The quantity that begins at an anchor, or the place from which to look on. ``position``: where the last one ended."""
    start, end = anchor.span()
    if anchor["identifier"]:
        return end
    if anchor["interval"]:
        return interval(text, anchor) or end
    if anchor["p"]:
        return p_value(text, start, end) or end
    if anchor["spread"]:
        return spread(text, start, end) or end
    if anchor["frequency"]:
        return _frequency(text, anchor, position) or end
    return _after_label(text, anchor) if anchor["label"] else _number(text, anchor, position)


def _frequency(text: str, anchor: re.Match[str], position: int) -> Quantity | None:
    """A frequency with its bound: "at least twice daily"."""
    start, end = anchor.span()
    rate = frequency(text, start, end, behind_dose=_CLOSE.fullmatch(text, position, start) is not None)
    before = text[max(position, start - _WIDTH) : start]
    found = bound_before(before)
    if not rate or not found or rate.low is None or rate.is_range:
        return rate
    start += found[1] - len(before)
    low, high = bounded(rate.low, found[0])
    return replace(rate, start=start, text=text[start : rate.end], low=low, high=high, bound=found[0])


def _after_label(text: str, anchor: re.Match[str]) -> int:
    """The number of "phase 3" is a name; that of "level 5 mg" or "study 24 patients" is none and is still to be read."""
    numbers = list(re.finditer(r"[0-9]+", anchor[0]))
    if not numbers:
        return anchor.end()
    unit, _ = unit_at(text, end_of(_SPACE, text, anchor.end()))
    counts = len(numbers[-1][0]) > 1 and _PEOPLE.match(text, anchor.end())
    return anchor.end() if unit == NO_UNIT and not counts else anchor.start() + numbers[0].start()


def _number(text: str, anchor: re.Match[str], position: int) -> Quantity | int:
    numeral = numeral_at(text, anchor.start())
    if numeral is None:
        return end_of(_REST, text, anchor.end())
    if rate := hourly(text, numeral):
        return rate
    before = text[max(position, numeral.start - _WIDTH) : numeral.start]
    between = _BETWEEN.search(before)
    amount = amount_at(text, numeral, between=between is not None)
    if amount is None:
        return end_of(_REST, text, numeral.end)
    if between and amount.low != amount.high:
        numeral = numeral._replace(start=numeral.start - len(before) + between.start())
    return _quantity(text, before, numeral, amount)


def _quantity(text: str, before: str, numeral: Numeral, amount: Amount) -> Quantity:
    """An amount with its bound, and what kind it is."""
    start, end, kind, unit = numeral.start, amount.end, _kind(text, before, numeral, amount), amount.unit
    bound: Bound = ""
    if counted := _COUNTED.search(before):
        start = start - len(before) + counted.start()
    elif found := bound_before(before):
        bound, start = found[0], start - len(before) + found[1]
        before = before[: found[1]]
    elif unit == NO_UNIT and kind == "value" and (named := _unit_before(before)):
        unit, start = named[0], start - len(before) + named[1]
    if behind := bound_behind(text, end):
        bound, end = behind
    if unit == NO_UNIT and _AGED.search(before):
        kind, unit = "value", Unit((("a", 1),))
    low, high = (amount.low, amount.high) if amount.low != amount.high else bounded(amount.low, bound)
    return Quantity(start, end, text[start:end], low, high, bound, kind, unit)


def _unit_before(before: str) -> tuple[Unit, int] | None:
    """The unit of "week 8" or "$5", and where it begins."""
    if point := _POINT.search(before):
        return Unit(((NOUNS[folded(point["noun"])], 1),)), point.start()
    money = _MONEY.search(before)
    return (Unit((("{USD}", 1),)), money.start()) if money else None


def _kind(text: str, before: str, numeral: Numeral, amount: Amount) -> QuantityKind:
    if _COUNTED.search(before):
        return "count"
    if amount.unit != NO_UNIT:
        return "value"
    if amount.high == amount.high.to_integral_value() and _PEOPLE.match(text, amount.end):
        return "count"
    if not _YEAR.fullmatch(text, numeral.start, numeral.end):
        return "value"
    word = _LAST_WORD.search(before)
    return "year" if not before.strip() or before.endswith("(") or (word and word[1].lower() in _IN_YEARS) else "value"


def _before_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """Members of a list take the unit behind its last: "10, 20 or 30 mg", "12.3 ± 4.5 mg"."""
    for i in range(len(found) - 2, -1, -1):
        own, behind = found[i], found[i + 1]
        shared = behind.kind in ("value", "spread") and behind.dimension not in ("", "frequency", "times")
        if _is_bare(own) and shared and _joined(text, own, behind):
            found[i] = replace(own, measured_in=behind.measured_in)
    return found


def _after_times(text: str, found: list[Quantity]) -> list[Quantity]:
    """Members of a list take the unit of time before its first: "weeks 4 and 8"."""
    point = NO_UNIT
    for i, own in enumerate(found):
        if _TIME_WORD.match(own.text):
            point = own.measured_in
        elif point != NO_UNIT and _is_bare(own) and _joined(text, found[i - 1], own):
            found[i] = replace(own, measured_in=point)
        else:
            point = NO_UNIT
    return found


def _is_bare(quantity: Quantity) -> bool:
    return quantity.measured_in == NO_UNIT and quantity.kind == "value"


def _joined(text: str, first: Quantity, second: Quantity) -> bool:
    gap = text[first.end : second.start]
    return (second.kind == "spread" and not gap.strip()) or _LIST.fullmatch(gap) is not None
