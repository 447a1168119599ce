"""What a record shows of its study: the design, where that starts in GRADE (Guyatt et al., BMJ 2008;336:924-926), its size, how
long it followed whom.
"""

from __future__ import annotations

import re

from ragqa.corpus.records import Abstract, Article
from ragqa.language.lexicon import lexicon

_DESIGNS = lexicon("corpus", "designs")
_TYPES = {kind: design for kind, (design,) in _DESIGNS["publication_types"].table().items()}
_START = {design: int(level) for design, (level,) in _DESIGNS["grade"].table().items()}
LADDER = {design: float(step) for design, (step,) in _DESIGNS["ladder"].table().items()}
"""How far up a named design stands, 0..1."""
_WORDS = tuple(
    (re.compile("|".join(words), re.IGNORECASE | re.DOTALL), design) for design, words in _DESIGNS["words"].table().items()
)
_SIZE = re.compile(
    r"\b[nN]\s*=\s*(\d{1,3}(?:[ ,]\d{3}){1,3}|\d+)\b|"
    r"\b(?!(?:19|20)\d\d\b)(\d{1,3}(?:[ ,]\d{3}){1,3}|\d+)\s+(?:[^\W\d]+[ -]){0,4}?"
    rf"(?:{_DESIGNS['participants'].pattern})\b"
)
_FOLLOW_UP = re.compile(
    r"\b(\d+(?:\.\d+)?|one|two|three|four|five|six|eight|ten|twelve)[ -]"
    r"(?:(week|month)s?|(year)s?(?=[ -]follow| of follow| after))\b",
    re.IGNORECASE,
)


def named_design(record: Abstract) -> str | None:
    """The strongest design that the record's publication types name; None where they name none."""
    named = {_TYPES[kind.lower()] for kind in record.publication_types if kind.lower() in _TYPES}
    return next((design for design in _TYPES.values() if design in named), None)


def design_rank(design: str | None) -> int:
    """GRADE's starting level of a study design, 0 (very low) to 3 (high); 0 where the design is unknown."""
    return _START.get(design or "", 0)


def study_design(record: Abstract | Article) -> str | None:
    """The design by publication types first, then by the words of title and text; None where neither says."""
    if isinstance(record, Article):
        return None
    named = named_design(record)
    if named and named != "narrative review":
        return named
    for text in (record.title or "", record.text):
        for pattern, design in _WORDS:
            if pattern.search(text):
                return design
    return named


def sample_size(record: Abstract | Article) -> int | None:
    """Participants, from the first count the methods (else the whole text) state; None where no count is stated."""
    if isinstance(record, Article):
        return None
    ordered = sorted(record.sections, key=lambda section: (section.label or "").upper() not in ("METHODS", "PARTICIPANTS"))
    for section in ordered:
        if found := _SIZE.search(section.text):
            return int(re.sub(r"\D", "", found[1] or found[2]))
    return None


def follow_up(record: Abstract | Article) -> str | None:
    """The longest duration the methods (else the title) state, as the source words it; None where none is stated."""
    if isinstance(record, Article):
        return None
    methods = [
        section.text for section in record.sections if (section.label or "").upper() in ("METHODS", "DESIGN", "PARTICIPANTS")
    ]
    found = [match for text in (*methods, record.title or "") for match in _FOLLOW_UP.finditer(text)]
    return max(found, key=_days)[0].replace("-", " ").lower() if found else None


def _days(match: re.Match[str]) -> float:
    words = ("one", "two", "three", "four", "five", "six", "eight", "ten", "twelve")
    number = match[1].lower()
    count = float(dict(zip(words, (1, 2, 3, 4, 5, 6, 8, 10, 12), strict=True)).get(number, number if number not in words else 0))
    return count * {"week": 7, "month": 30, "year": 365}[(match[2] or match[3]).lower()]
