"""Identifiers told by their form: dates, numbers, e-mail and street addresses; and what has such a form and identifies nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.question.privacy.spans import NO_AMOUNT, WORDS, Found, Identifier, spans

PUBLICATION = re.compile(
    rf"\b(?:{WORDS['publications'].pattern})s?\b[:\s#]*[\w./-]+(?:(?:,\s?|\s(?:and|or)\s|,\sand\s)\d{{5,9}}(?!\w))*+|"
    rf"(?-i:\b(?:{WORDS['registers'].pattern}))[-/:#]?\s?\d[\w/-]*|\bPMC\d+\b|"
    r"\b(?:19|20)\d\d-\d{6}-\d\d(?:-\d\d)?(?![\w-])|\b10\.\d{4,9}/\S+|https?://\S+",
    re.IGNORECASE,
)
"""Ids of publications and trials look like a patient's numbers."""

_MONTH = rf"(?:{WORDS['months'].pattern})\.?"
_YEAR = r"(?:(?:19|20)\d\d|['’]\d\d)"
_DAY_IN_FIGURES = r"(?:3[01]|[12]\d|0?[1-9])"
_MONTH_IN_FIGURES = r"(?:1[0-2]|0?[1-9])"
_DAY = rf"{_DAY_IN_FIGURES}(?:st|nd|rd|th)?"
_DATES = (
    re.compile(
        rf"\b{_MONTH}\s+{_DAY}(?:\s*,)?(?:\s*{_YEAR})?{NO_AMOUNT}(?![\w-]*\d)",
    ),
    re.compile(rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}(?:\s*,)?(?:\s*{_YEAR})?(?!\w)"),
    re.compile(rf"\b{_MONTH}(?:\s*+,)?\s++(?:of\s+)?{_YEAR}\b"),
    re.compile(
        rf"(?<![\d./-])(?:{_MONTH_IN_FIGURES}[/.-]{_DAY_IN_FIGURES}|{_DAY_IN_FIGURES}[/.-]{_MONTH_IN_FIGURES})"
        rf"[/.-](?:(?:19|20)\d\d|\d\d{NO_AMOUNT})(?![\d./-]\d|\d)"
    ),
    re.compile(rf"(?<!\d)(?:19|20)\d\d[/.-]{_MONTH_IN_FIGURES}[/.-]{_DAY_IN_FIGURES}(?!\d)"),
    re.compile(
        rf"\b(?:{WORDS['dated'].pattern})\s+(?P<it>{_MONTH_IN_FIGURES}/{_DAY_IN_FIGURES})(?![\d/]|\sof\b){NO_AMOUNT}",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:{WORDS['born'].pattern})[:\s]+(?P<it>(?>[\w/.,'-]*\d)[\w/.'-]*+)", re.IGNORECASE),
)

_NUMBERED = (
    rf"(?:{WORDS['numbers'].pattern}|"
    rf"(?:{WORDS['numbered'].pattern})(?:\.|\b)(?:\s(?:{WORDS['number_words'].pattern})){{0,4}})"
)
_NUMBER = r"#?\s?(?=[\w-]{0,80}\d)(?=[\w-]{4})[A-Z0-9](?:[A-Z0-9-]|\s(?=\d{3})){0,80}[A-Z0-9]"
_NUMBERS = (
    re.compile(rf"(?i:\b{_NUMBERED})\s*+(?:is|was|of|-)?[:#\s]*+(?P<it>(?i:{_NUMBER}))(?=[\s).,;:?!'\"\]]|$)"),
    re.compile(r"#\s?(?P<it>(?=[\w-]*\d{3})[A-Za-z0-9-]{4,})"),
    re.compile(rf"(?<![\w.,/-])\d{{8,}}+[A-Z]{{0,3}}+(?![\w.,]*\d)\b{NO_AMOUNT}"),
    re.compile(rf"(?<![\w.-])\d{{3}}-\d{{2}}-\d{{3,4}}(?![\w-]){NO_AMOUNT}"),
    re.compile(rf"(?<![\w.-])\d{{3}}-\d{{3}}-\d{{3}}(?![\w-]){NO_AMOUNT}"),
    re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"),
)
_CODES = (
    re.compile(r"(?<![\w.-])[A-Z]{1,5}-?\d{5,}[A-Z]{0,3}\b"),
    re.compile(r"(?<![\w.-])[A-Z]{2,5}-\d{4,}(?:-\d+)*\b"),
    re.compile(rf"(?<![\w.,/-])\d{{7,}}+[A-Z]{{0,3}}+(?![\w.,]*\d)\b{NO_AMOUNT}"),
    re.compile(r"(?<![\w.-])\d{4,5}-\d{4,5}(?:-\d{4})*(?![\w-])"),
)
"""Compounds under test are called so too (MK-1602): a number of a patient only beside another identifier."""

_FORMS: dict[Identifier, tuple[re.Pattern[str], ...]] = {
    "email": (re.compile(r"[\w.+%-]{1,64}+@[\w-]++(?:\.[\w-]++)++"),),
    "address": (re.compile(rf"\b\d{{1,5}}\s(?:[A-Z][\w.]*\s){{1,3}}(?:{WORDS['streets'].pattern})\b\.?"),),
    "date": _DATES,
    "number": _NUMBERS,
}


def formed(text: str) -> Iterator[Found]:
    """E-mail and street addresses, dates, and numbers of persons."""
    for kind, patterns in _FORMS.items():
        yield from spans(text, kind, patterns)


def codes(text: str) -> Iterator[Found]:
    """What is a patient's number only beside another identifier."""
    return spans(text, "number", _CODES)
