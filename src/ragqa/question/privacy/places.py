"""Places that tell where a patient lives or is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.language.abbreviations import abbreviations
from ragqa.question.privacy.eponyms import LISTS, is_eponym, is_generic
from ragqa.question.privacy.spans import WORDS, Found, spans

_CITIES = frozenset(LISTS["cities"].entries)
_WARDS = frozenset(LISTS["wards"].entries)
_CITY = re.compile(r"\b[A-Z][a-z']+(?:\s[A-Z][a-z]+){0,2}\b|\b[A-Z][a-z']+\b")
_INSTRUMENT = re.compile(rf"-[A-Z]|(?:\s[\w-]+){{1,4}}\s(?:{WORDS['instruments'].pattern})\b")
"""What follows the city in the name of a scale."""
_FACILITY = rf"(?:{WORDS['facilities'].pattern})"
_SAINT = rf"(?:{WORDS['saints'].pattern})"
_NAMED = r"[A-Z][\w.'’&-]*"
_NO_ORIGIN = "".join(rf"(?<!{word} )" for word in WORDS["no_origin"].entries)
_INSTITUTIONS = (
    re.compile(
        rf"(?<!\w)(?:{_SAINT}\s)?(?:[A-Z][\w.'’&-]{{0,60}}\s(?:&\s)?){{1,4}}{_FACILITY}(?:\s{_FACILITY})*"
        rf"(?:\s(?:of|in|at)\s[A-Z][a-z]+(?:\s[A-Z][a-z]+)*)?(?!['’\w])"
    ),
    re.compile(rf"\b{_SAINT}\s[A-Z][a-z]+(?:['’]s?)?(?:\s[A-Z][a-z]+)*"),
    re.compile(rf"\b(?:{WORDS['rooms'].pattern})\s(?P<it>#?\d+[A-Z]?|[A-Z]?\d+)\b"),
    re.compile(
        rf"\b(?:{WORDS['seen_at'].pattern})\s(?:(?:\w+\s){{0,2}}?(?:at|to|from)\s)(?:the\s|our\s)?"
        rf"(?P<it>(?:{_NAMED}\s(?:&\s)?){{0,3}}[A-Z][\w.'’&-]*\w)(?<!Dr)"
    ),
    re.compile(rf"\b(?:visit(?:ed|ing|s)?|our)\s(?:the\s|our\s)?(?P<it>(?:{_NAMED}\s){{0,3}}[A-Z][\w'’&-]*\w(?:\s{_FACILITY})?)"),
    re.compile(rf"\bat\s(?:the\s|our\s)?(?P<it>(?:{_NAMED}\s(?:&\s)?){{0,3}}[A-Z][A-Za-z.'’&-]*[A-Za-z])"),
    re.compile(rf"{_NO_ORIGIN}\b(?:{WORDS['residence'].pattern})\s(?P<it>[A-Z][a-z'’]+(?:\s[A-Z][a-z]+)*(?:,\s[A-Z]{{2}}\b)?)"),
)


def places(text: str) -> Iterator[Found]:
    """Named institutions, listed cities, and what a patient is said to come from or to be seen at."""
    for found in spans(text, "place", _INSTITUTIONS):
        words = text[found.start : found.end]
        everyday = all(map(is_generic, words.split())) or words.upper() in _WARDS or words in abbreviations()
        if not everyday and not is_eponym(text, found.start, found.end):
            yield found
    for match in _CITY.finditer(text):
        if match[0] in _CITIES and not is_eponym(text, *match.span()) and not _INSTRUMENT.match(text, match.end()):
            yield Found(*match.span(), "place")
