"""Periods in which something is meant: daily, a day, every week, od."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from ragqa.language.quantities.units import ONE
from ragqa.language.quantities.writing import WORDS, either, folded

TIMES = {word: Decimal(number) for word, (number,) in WORDS["times"].table().items()}
"""Once, twice, thrice."""
ADVERBS = {word: unit for word, (unit,) in WORDS["adverbs"].table().items()}
"""Daily, weekly: the unit of their period."""
NOUNS = {word: unit for word, (unit,) in WORDS["periods"].table().items()}
"""Day, week: the unit."""
ADVERB = rf"(?:{either(ADVERBS)})(?!\w|\s(?:{WORDS['no_frequency'].pattern}))"
NOUN = rf"(?:{either(NOUNS)})(?!\w)"


class Rate(NamedTuple):
    """So many times in each of a period."""

    times: Decimal
    period: str


def _rates(group: str) -> dict[str, Rate]:
    rows = ((word, *meaning.split()) for word, (meaning,) in WORDS[group].table().items())
    return {word: Rate(Decimal(times), unit) for word, times, unit in rows}


def _dotted(words: dict[str, Rate]) -> str:
    return "|".join(r"\.?\s?".join(word) + r"\b\.?" if len(word) < 4 else word for word in words)


_ANYWHERE, _AFTER_A_DOSE = _rates("abbreviated"), _rates("abbreviated_after_a_dose")
_LATIN = _ANYWHERE | _AFTER_A_DOSE
LATIN = _dotted(_LATIN)
"""A pattern of the abbreviations that mean a frequency, some of them only behind a dose."""

_IN_A_PERIOD = re.compile(
    rf"[\s-]{{0,2}}(?:(?P<adverb>{ADVERB})|(?:(?:per|an?|each|every|in\sa)\s|/\s?)(?P<noun>{NOUN}))", re.IGNORECASE
)
_ONCE = re.compile(
    rf",?[\s-]\(?(?:(?P<once>once[\s-])?(?:(?P<adverb>{ADVERB})|(?:every|each|(?(once)(?:an?|per|in\sa)|(?!)))\s(?P<noun>{NOUN}))"
    rf"|(?P<latin>{LATIN})(?!\w)\)?)",
    re.IGNORECASE,
)
ONE_NOUN = re.compile(NOUN, re.IGNORECASE)


def latin_rate(written: str, behind_dose: bool = True) -> Rate | None:
    """What "b.i.d." means; None where it is no such abbreviation: "bd" is none where no dose stands before it."""
    return (_LATIN if behind_dose else _ANYWHERE).get(re.sub(r"[.\s]", "", folded(written)))


def in_a_period(text: str, start: int) -> tuple[str, int] | None:
    """The unit of the period written at ``start`` ("daily", " a day", "/d"), and where it ends."""
    found = _IN_A_PERIOD.match(text, start)
    if not found:
        return None
    noun = found["noun"]
    return NOUNS[folded(noun)] if noun else ADVERBS[folded(found["adverb"])], found.end()


def once_in_a_period(text: str, start: int) -> tuple[str, int] | None:
    """The same where it means once in the period, behind a dose: " daily", " once a day", " od"; not " twice daily"."""
    found = _ONCE.match(text, start)
    if not found:
        return None
    if latin := found["latin"]:
        rate = latin_rate(latin)
        return (rate.period, found.end()) if rate and rate.times == ONE else None
    noun = found["noun"]
    return NOUNS[folded(noun)] if noun else ADVERBS[folded(found["adverb"])], found.end()
