"""Study designs as publication types name them, and where each starts in GRADE (Guyatt et al., BMJ 2008;336:924-926)."""

from __future__ import annotations

from ragqa.corpus.records import Abstract

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


def named_design(record: Abstract) -> str | None:
    """The strongest design that the record's publication types name; None where they name none."""
    named = {_TYPES[kind.lower()] for kind in record.publication_types if kind.lower() in _TYPES}
    return next((design for design in _TYPES.values() if design in named), None)


def design_rank(design: str | None) -> int:
    """GRADE's starting level of a study design, 0 (very low) to 3 (high); 0 where the design is unknown."""
    return _START.get(design or "", 0)
