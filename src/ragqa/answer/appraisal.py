"""Study design and strength of evidence.

Strength follows GRADE's frame (Guyatt et al., BMJ 2008;336:924-926): a starting level by design, named downgrades, and the
reason in words. Only what records show can be judged, so risk of bias is not assessed, and the reason says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ragqa.answer.contract import Conflict, Evidence, Reference, Statement
from ragqa.corpus.design import design_rank, named_design
from ragqa.corpus.records import Abstract, Article, Part
from ragqa.language.direction import COMPARED, reports_no_difference

Strength = Literal["high", "moderate", "low", "very_low"]

SMALL_SAMPLE = 400
"""Participants below which a body of trials counts as imprecise: GRADE's rule of thumb for continuous outcomes
(Guyatt et al., J Clin Epidemiol 2011;64:1283-1293)."""

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
_LEVELS: tuple[Strength, ...] = ("very_low", "low", "moderate", "high")
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
_NOT_BLIND = re.compile(r"\bopen-label\b|\bunblinded\b|\bsingle-blind\b|\brisk of bias\b|\bhigh drop-?out\b", re.IGNORECASE)
_WIDE = re.compile(r"95% CI[,:]?\s*\(?(-?\d+(?:\.\d+)?)\s*(?:to|,|;|-|–)\s*(-?\d+(?:\.\d+)?)", re.IGNORECASE)
_RATIO = re.compile(r"\b(?:OR|RR|HR|odds ratio|risk ratio|relative risk|hazard ratio)\b")


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


def appraise(
    statements: Sequence[Statement], references: Sequence[Reference], subjects_held: float = 1.0
) -> tuple[Evidence, tuple[Conflict, ...]]:
    """Strength of what is cited, and which of it disagrees.

    ``subjects_held``: share of the question's conditions, populations and interventions that the evidence is about, 0..1.
    """
    conflicts = disagreements(statements, references)
    designs = {reference.number: reference.study_design for reference in references if reference.study_design}
    if not designs:
        return Evidence(
            strength="very_low", why="Only article text is cited here; no study of known design supports it directly."
        ), conflicts
    best = max(designs.values(), key=design_rank)
    level = design_rank(best)
    reasons = [f"starts {_LEVELS[level].replace('_', ' ')} (best design cited: {best})"]
    downgrades = _downgrades(best, statements, references, conflicts, subjects_held)
    reasons += [f"down one for {reason}" for reason in downgrades]
    why = "; ".join(reasons) + ". Publication bias was not assessed, and risk of bias only as far as the sources name it."
    return Evidence(strength=_LEVELS[max(level - len(downgrades), 0)], why=why[0].upper() + why[1:]), conflicts


def _downgrades(
    best: str,
    statements: Sequence[Statement],
    references: Sequence[Reference],
    conflicts: Sequence[Conflict],
    subjects_held: float,
) -> list[str]:
    """GRADE's reasons to rate down that the sources' own words show, one level each."""
    quotes = [support.quote for statement in statements for support in statement.support]
    trials = [r.sample_size for r in references if r.study_design == "randomised controlled trial" and r.sample_size]
    found = []
    if any(_NOT_BLIND.search(quote) for quote in quotes):
        found.append("risk of bias (the sources name it, or a study was not blind)")
    if conflicts:
        found.append("inconsistency (the sources cited disagree)")
    if subjects_held < 1:
        found.append("indirectness (not all of what the question names is in the evidence)")
    if best == "randomised controlled trial" and trials and sum(trials) < SMALL_SAMPLE:
        found.append(f"imprecision ({sum(trials)} participants in the trials cited)")
    elif any(_crosses_no_effect(quote) for quote in quotes):
        found.append("imprecision (a confidence interval cited includes no effect)")
    elif any(s.section is Part.UNCERTAINTY for s in statements):
        found.append("limitations that the sources name")
    return found


def _crosses_no_effect(quote: str) -> bool:
    null = 1.0 if _RATIO.search(quote) else 0.0
    return any(float(low) < null < float(high) for low, high in _WIDE.findall(quote))


def disagreements(statements: Sequence[Statement], references: Sequence[Reference]) -> tuple[Conflict, ...]:
    """Studies cited of which some report a difference and others none. Direction is read from wording."""
    studies = {reference.number for reference in references if reference.kind == "abstract"}
    difference, none = set(), set()
    for statement in statements:
        number = statement.citations[0]
        if statement.section in (Part.RECOMMENDATION, Part.KEY_POINT) or number not in studies:
            continue
        if reports_no_difference(statement.text):
            none.add(number)
        elif COMPARED.search(statement.text):
            difference.add(number)
    for_, against = sorted(difference - none), sorted(none - difference)
    if not (for_ and against):
        return ()
    about = "Some of the studies cited report a difference, others report none."
    return (Conflict.model_validate({"about": about, "for": for_, "against": against}),)
