"""Phone numbers, as the library ``phonenumbers`` tells them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from ragqa.question.privacy.spans import NO_AMOUNT, Found, spans

SHORTEST_PHONE, LONGEST_PHONE = 10, 40
"""Digits that a phone number has at least; characters that one may take with its extension. By hand: numbers of both countries
have ten digits, and shorter ones are doses and record numbers."""
MOST_PHONES = 6
"""Groups of digits that ``phonenumbers`` looks at; by hand: each takes about 3 ms. In a text of more, ten digits in a row are a
phone number."""

_SIX_DIGITS = re.compile(r"\d{3}\D{0,3}\d{3}")
_TEN_DIGITS = re.compile(r"(?<!\w)[+(]?\d(?:[\s().+/-]{0,3}\d){9,}+")
_NO_AMOUNT = re.compile(NO_AMOUNT, re.IGNORECASE)
_NO_DIGIT = re.compile(r"\D")


def phones(text: str) -> Iterator[Found]:
    """Numbers of the United States and the United Kingdom, and international ones."""
    hits = [match.span() for match in islice(_SIX_DIGITS.finditer(text), MOST_PHONES + 1)]
    if not hits:
        return
    if len(hits) > MOST_PHONES:
        yield from (found for found in spans(text, "phone", (_TEN_DIGITS,)) if _NO_AMOUNT.match(text, found.end))
        return
    import phonenumbers  # 0.1 s that a question without such digits need not wait for

    for start, end in _around(hits, text):
        for region in ("US", "GB"):
            for match in phonenumbers.PhoneNumberMatcher(text[start:end], region, leniency=phonenumbers.Leniency.POSSIBLE):
                found = Found(start + match.start, start + match.end, "phone")
                if len(_NO_DIGIT.sub("", match.raw_string)) >= SHORTEST_PHONE and _NO_AMOUNT.match(text, found.end):
                    yield found


def _around(hits: Sequence[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """The stretches of a text around these spans, each from one blank to another, none overlapping."""
    stretches: list[tuple[int, int]] = []
    for start, end in hits:
        earliest, latest = max(start - LONGEST_PHONE, 0), min(end + LONGEST_PHONE, len(text))
        blank = text.rfind(" ", max(earliest - LONGEST_PHONE, 0), earliest + 1)
        first = blank + 1 if blank >= 0 else max(earliest - LONGEST_PHONE, 0)
        if stretches and first <= stretches[-1][1]:
            first = stretches.pop()[0]
        blank = text.find(" ", latest, latest + LONGEST_PHONE)
        stretches.append((first, blank if blank >= 0 else min(latest + LONGEST_PHONE, len(text))))
    return stretches
