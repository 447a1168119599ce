"""Study design and strength of evidence.

Strength follows GRADE's frame (Guyatt et al., BMJ 2008;336:924-926): a starting level by design, named downgrades, and the
reason in words. Only what records show can be judged, so risk of bias is not assessed, and the reason says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ragqa.answer import Conflict, Evidence, Reference, Statement
from ragqa.records import Abstract, Article, Part

Strength = Literal["high", "moderate", "low", "very_low"]

SMALL_SAMPLE = 400
"""Participants below which a body of trials counts as imprecise: GRADE's rule of thumb for continuous outcomes
(Guyatt et al., J Clin Epidemiol 2011;64:1283-1293)."""

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
_WORDS = (
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
_LEVELS: tuple[Strength, ...] = ("very_low", "low", "moderate", "high")
_SIZE = re.compile(
    r"\b[nN]\s*=\s*(\d{1,3}(?:[ ,]\d{3})+|\d+)\b|"
    r"\b(?!(?:19|20)\d\d\b)(\d{1,3}(?:[ ,]\d{3})+|\d+)\s+(?:[^\W\d]+[ -]){0,4}?"
    r"(?:participants|patients|people|adults|adolescents|children|women|men|veterans|individuals|outpatients|inpatients|subjects)\b"
)
_NULL_RESULT = re.compile(
    r"\bno (?:statistically )?(?:significant |clear |meaningful )?(?:difference|benefit|effect|advantage|improvement)|"
    r"\bdid not (?:differ|improve|reduce|separate|outperform|beat)|"
    r"\bnot (?:significantly )?(?:different|better|superior|effective)|"
    r"\bfailed to\b|\bno more effective|\bneither\b|\bwithout (?:significant )?(?:benefit|difference)",
    re.IGNORECASE,
)
_POSITIVE_RESULT = re.compile(
    r"\b(?:significantly|more|greater|larger|better|superior|fewer|lower|faster)\b.{0,80}\b(?:than|compared|versus|placebo|control)|"
    r"\b(?:improved|reduced|outperformed|exceeded|beat|favou?red|superior to|effective)\b",
    re.IGNORECASE,
)


def study_design(record: Abstract | Article) -> str | None:
    """The design by publication types first, then by the words of title and text; None where neither says."""
    if isinstance(record, Article):
        return None
    named = [_TYPES[kind.lower()] for kind in record.publication_types if kind.lower() in _TYPES]
    strong = [design for design in _TYPES.values() if design in named and design != "narrative review"]
    if strong:
        return strong[0]
    for text in (record.title or "", record.text):
        for pattern, design in _WORDS:
            if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
                return design
    return "narrative review" if named else None


def sample_size(record: Abstract | Article) -> int | None:
    """Participants, from the first count the methods (else the whole text) state; None where no count is stated."""
    if isinstance(record, Article):
        return None
    ordered = sorted(record.sections, key=lambda section: (section.label or "").upper() not in ("METHODS", "PARTICIPANTS"))
    for section in ordered:
        if found := _SIZE.search(section.text):
            return int(re.sub(r"\D", "", found[1] or found[2]))
    return None


def appraise(statements: Sequence[Statement], references: Sequence[Reference]) -> tuple[Evidence, tuple[Conflict, ...]]:
    """Strength of what is cited, and which of it disagrees."""
    conflicts = disagreements(statements, references)
    designs = {reference.number: reference.study_design for reference in references if reference.study_design}
    if not designs:
        return Evidence(
            strength="very_low", why="Only article text is cited here; no study of known design supports it directly."
        ), conflicts
    best = max(designs.values(), key=lambda design: _START.get(design, 0))
    level = _START.get(best, 0)
    reasons = [f"starts {_LEVELS[level].replace('_', ' ')} (best design cited: {best})"]
    trials = [r.sample_size for r in references if r.study_design == "randomised controlled trial" and r.sample_size]
    if best == "randomised controlled trial" and trials and sum(trials) < SMALL_SAMPLE:
        level -= 1
        reasons.append(f"down one for imprecision ({sum(trials)} participants in the trials cited)")
    if conflicts:
        level -= 1
        reasons.append("down one for inconsistency (the sources cited disagree)")
    if any(s.section is Part.UNCERTAINTY for s in statements) and level > 1:
        level -= 1
        reasons.append("down one because the sources name serious limitations")
    why = "; ".join(reasons) + ". Risk of bias within studies was not assessed."
    return Evidence(strength=_LEVELS[max(level, 0)], why=why[0].upper() + why[1:]), conflicts


def disagreements(statements: Sequence[Statement], references: Sequence[Reference]) -> tuple[Conflict, ...]:
    """Studies cited as evidence of which some report a difference and others none. Direction is read from wording."""
    studies = {reference.number for reference in references if reference.kind == "abstract"}
    positive, null = [], []
    for statement in statements:
        number = statement.citations[0]
        if statement.section is not Part.EVIDENCE or number not in studies:
            continue
        if _NULL_RESULT.search(statement.text):
            null.append(number)
        elif _POSITIVE_RESULT.search(statement.text):
            positive.append(number)
    for_, against = sorted(set(positive) - set(null)), sorted(set(null) - set(positive))
    if not (for_ and against):
        return ()
    about = "Some of the studies cited report a difference, others report none."
    return (Conflict.model_validate({"about": about, "for": for_, "against": against}),)
