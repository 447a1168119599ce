"""How often: once, twice daily, every 8 hours, alternate days, bid."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from ragqa.language.quantities.amounts import amount_at
from ragqa.language.quantities.numerals import Numeral, numeral_at
from ragqa.language.quantities.periods import ADVERB, ADVERBS, LATIN, NOUNS, ONE_NOUN, TIMES, in_a_period, latin_rate
from ragqa.language.quantities.units import LONG, ONE, Unit
from ragqa.language.quantities.values import Quantity
from ragqa.language.quantities.writing import either, folded

FREQUENCY = (
    rf"(?<!\w)(?:(?i:{either(TIMES)}|{either(ADVERBS)}|every|each|(?:on\s)?alternate|alternating|{LATIN})(?!\w)"
    r"|[qQ]\.?\s?(?=[0-9]))"
)
"""How a frequency begins that no number begins."""
_EVERY = re.compile(r"(?:every|each|q\.?)\s?", re.IGNORECASE)
_ALTERNATE = re.compile(
    r"(?:(?:every|each)\s(?:other|second)|(?:on\s)?alternate|alternating)\s(?P<period>day|night|week|month)s?\b", re.IGNORECASE
)
_ADVERB = re.compile(ADVERB, re.IGNORECASE)
_HOURLY = re.compile(r"[\s-]hourly\b", re.IGNORECASE)
_ARTICLE = re.compile(r"\b(?:an?|the|to|in|their|its)\s$", re.IGNORECASE)
_BLANK = re.compile(r"[\s,]{1,2}")
_DAY = Decimal(86400)
_HOURS = Decimal(24)


def frequency(text: str, start: int, end: int, behind_dose: bool) -> Quantity | None:
    """The frequency whose first word is ``text[start:end]``; None where the word has another meaning."""
    word = folded(text[start:end])
    if word in TIMES:
        return _times(text, start, end, TIMES[word])
    if word in ADVERBS:
        return _rate(text, start, end, ONE, ADVERBS[word]) if _ADVERB.match(text, start) else None
    if rate := latin_rate(word, behind_dose):
        return None if _ARTICLE.search(text[max(0, start - 6) : start]) else _rate(text, start, end, *rate)
    return _every(text, start, ONE)


def hourly(text: str, numeral: Numeral) -> Quantity | None:
    """ "8-hourly"."""
    found = _HOURLY.match(text, numeral.end)
    return _rate(text, numeral.start, found.end(), _HOURS / numeral.value, "d") if found and numeral.value > 0 else None


def _times(text: str, start: int, end: int, times: Decimal) -> Quantity | None:
    """ "Twice" with the period that follows; once without one may mean as soon as."""
    if period := in_a_period(text, end):
        return _rate(text, start, period[1], times, period[0])
    blank = _BLANK.match(text, end)
    every = _every(text, blank.end(), times) if blank else None
    if every:
        return replace(every, start=start, text=text[start : every.end])
    return None if times == ONE else Quantity(start, end, text[start:end], times, times, measured_in=Unit((("{times}", 1),)))


def _every(text: str, start: int, times: Decimal) -> Quantity | None:
    """ "Every 8 hours", "every other day", "each day", "q8h"."""
    if alternate := _ALTERNATE.match(text, start):
        return _rate(text, start, alternate.end(), times / 2, NOUNS[folded(alternate["period"])])
    every = _EVERY.match(text, start)
    if not every:
        return None
    numeral = numeral_at(text, every.end())
    if numeral is None:
        period = ONE_NOUN.match(text, every.end())
        return _rate(text, start, period.end(), times, NOUNS[folded(period[0])]) if period else None
    spell = amount_at(text, numeral)
    if not spell or spell.unit.dimension != "time" or spell.low <= 0:
        return None
    code = spell.unit.parts[0][0]
    if code == "d" or code not in LONG:
        times, code = times * _DAY / spell.unit.in_base(ONE), "d"
    return _rate(text, start, spell.end, times / spell.high, code, times / spell.low)


def _rate(text: str, start: int, end: int, low: Decimal, period: str, high: Decimal | None = None) -> Quantity:
    unit = Unit((("{times}", 1), (period, -1)))
    return Quantity(start, end, text[start:end], low, low if high is None else high, measured_in=unit)
