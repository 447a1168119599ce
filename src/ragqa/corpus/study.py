"""What a record shows of its study: the design, where that starts in GRADE (Guyatt et al., BMJ 2008;336:924-926), its size, how
long it followed whom.
"""

from __future__ import annotations

import re

from ragqa.corpus.records import Abstract, Article

_TYPES = {
    "practice guideline": "guideline",
    "guideline": "guideline",
    "meta-analysis": "meta-analysis",
    "network meta-analysis": "meta-analysis",
    "systematic review": "systematic review",
    "randomized controlled trial": "randomised controlled trial",
    "product label": "product label",
    "clinical trial registration": "registered trial",
    "prospective cohort study": "cohort study",
    "cohort study": "cohort study",
    "observational study": "observational study",
    "case reports": "case report",
    "review": "narrative review",
}
_START: dict[str, int] = {
    "guideline": 3,
    "meta-analysis": 3,
    "systematic review": 3,
    "randomised controlled trial": 3,
    "product label": 2,
    "uncontrolled trial": 1,
    "cohort study": 1,
    "case-control study": 1,
    "observational study": 1,
    "cross-sectional study": 1,
}

LADDER = {
    "guideline": 1.0,
    "meta-analysis": 0.9,
    "systematic review": 0.9,
    "randomised controlled trial": 0.75,
    "product label": 0.6,
    "registered trial": 0.5,
    "cohort study": 0.4,
    "observational study": 0.3,
    "narrative review": 0.2,
    "case report": 0.1,
}
"""How far up a named design stands, 0..1, to tell apart sources that are equally near to a question."""


_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), design)
    for pattern, design in (
        (r"\bmeta-?analys[ei]s\b", "meta-analysis"),
        (r"\bsystematic(?:ally)? review", "systematic review"),
        (r"\b(?:practice|clinical) guideline\b", "guideline"),
        (
            r"\brandomi[sz]ed\b.{0,60}\btrial\b|\brandomly (?:assigned|allocated)\b|\bwere randomi[sz]ed\b",
            "randomised controlled trial",
        ),
        (r"\bopen-label\b|\buncontrolled\b", "uncontrolled trial"),
        (r"\bcohort\b|\bprospectively followed\b|\bregist(?:er|ry)-based\b", "cohort study"),
        (r"\bcase-control\b", "case-control study"),
        (r"\bcross-sectional\b", "cross-sectional study"),
        (r"\bcase (?:report|series)\b", "case report"),
        (r"\bnarrative review\b|\bthis review\b|\bwe review\b", "narrative review"),
    )
)
_SIZE = re.compile(
    r"\b[nN]\s*=\s*(\d{1,3}(?:[ ,]\d{3}){1,3}|\d+)\b|"
    r"\b(?!(?:19|20)\d\d\b)(\d{1,3}(?:[ ,]\d{3}){1,3}|\d+)\s+(?:[^\W\d]+[ -]){0,4}?"
    r"(?:participants|patients|people|adults|adolescents|children|women|men|veterans|individuals|outpatients|inpatients|subjects)\b"
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
