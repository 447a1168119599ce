"""Ages as vignettes write them: 84F, 15yo, "she is 15", "in her 60s", 60ish."""

from __future__ import annotations

import re

from ragqa.language.scales.band import Band, Scale, Stretch, any_word

_YEARS = r"(?<![\w.,/-])(?P<years>1[01]\d|\d{1,2})"
_STOPS = r"(?=\s*(?:[?.,;:!()]|\Z|(?:and|but|with|so|then|or|what|which|does|is|can)\b))"
_PATTERNS = [
    re.compile(pattern, flags)
    for pattern, flags in (
        (rf"{_YEARS}\s?(?:y|yrs?)?[\s.]?/?o\b\.?", re.IGNORECASE),
        (rf"{_YEARS}[\s-]?(?:y|yrs?|years?)(?=[\s-]{any_word('people')}\b)", re.IGNORECASE),
        (rf"{_YEARS}\s?[MF]\b", re.RegexFlag(0)),
        (r"(?:\A|(?<=[,;.(]\s)|(?<=\())(?P<years>1[01]\d|\d{2})[mf](?=[\s,;.)?]|\Z)", re.RegexFlag(0)),
        (rf"\b{any_word('people')}\sof\s{_YEARS}{_STOPS}", re.IGNORECASE),
        (rf"(?<!for )(?<!over )(?<!after ){_YEARS}\s?y\b(?!/)", re.RegexFlag(0)),
        (
            rf"\b{any_word('someone')}\s?(?:'s|’s|is|was|are|turns|turned)\s(?:{any_word('barely')}\s)?{_YEARS}{_STOPS}",
            re.IGNORECASE,
        ),
        (rf"\bat\s(?:age\s)?{_YEARS}(?=\s*(?:[?.,;:!)]|\Z))", re.IGNORECASE),
        (r"\b(?:in (?:her|his|their|the)|early|mid|late)[\s-](?:early |mid |late |mid-)?(?P<tens>[1-9])0['’]?s\b", re.IGNORECASE),
        (r"(?<![\w.,/-])(?P<about>[1-9]\d)[\s-]?(?:ish|something)\b", re.IGNORECASE),
    )
]
ROUGHLY = 5
"""Years by which a rough age may be off on either side; by hand."""


def ages(text: str) -> list[Band]:
    """Ages that are written without the word, each place once."""
    found: dict[int, Band] = {}
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            found.setdefault(match.start(), Band(scale=Scale.AGE, stretch=_stretch(match), start=start, end=end, text=match[0]))
    return list(found.values())


def _stretch(match: re.Match[str]) -> Stretch:
    said = match.groupdict()
    if years := said.get("years"):
        return Stretch(int(years), int(years) + 1, high_in=False)
    if tens := said.get("tens"):
        return Stretch(int(tens) * 10, int(tens) * 10 + 10, high_in=False)
    return Stretch(int(match["about"]) - ROUGHLY, int(match["about"]) + ROUGHLY + 1, high_in=False)
