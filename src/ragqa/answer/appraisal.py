"""How strong the evidence cited is, and which of it disagrees.

Strength follows GRADE's frame (Guyatt et al., BMJ 2008;336:924-926): a starting level by design, named downgrades, and the
reason in words. Only what records show can be judged, so risk of bias is not assessed, and the reason says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ragqa.answer.contract import Certainty, Conflict, Reference
from ragqa.checking.statements import Statement
from ragqa.corpus.parts import Part
from ragqa.corpus.study import design_rank
from ragqa.language.direction import COMPARED, reports_no_difference
from ragqa.language.effects import includes_no_effect
from ragqa.language.lexicon import lexicon

Strength = Literal["high", "moderate", "low", "very_low"]

SMALL_SAMPLE = 400
"""Participants below which a body of trials counts as imprecise: GRADE's rule of thumb for continuous outcomes
(Guyatt et al., J Clin Epidemiol 2011;64:1283-1293)."""

LEVELS: tuple[Strength, ...] = ("very_low", "low", "moderate", "high")
"""The strengths, the weakest first."""
_WORDS = lexicon("answer", "appraisal")
_NOT_BLIND = re.compile(rf"\b(?:{_WORDS['risk_of_bias'].pattern})\b", re.IGNORECASE)


def appraise(
    statements: Sequence[Statement], references: Sequence[Reference], subjects_held: float = 1.0
) -> tuple[Certainty, tuple[Conflict, ...]]:
    """Strength of what is cited, and which of it disagrees.

    ``subjects_held``: share of the question's conditions, populations and interventions that the evidence is about, 0..1.
    """
    conflicts = disagreements(statements, references)
    designs = {reference.number: reference.study_design for reference in references if reference.study_design}
    if not designs:
        return Certainty(
            strength="very_low", why="Only article text is cited here; no study of known design supports it directly."
        ), conflicts
    best = max(designs.values(), key=design_rank)
    level = design_rank(best)
    reasons = [f"starts {LEVELS[level].replace('_', ' ')} (best design cited: {best})"]
    downgrades = _downgrades(best, statements, references, conflicts, subjects_held)
    reasons += [f"down one for {reason}" for reason in downgrades]
    why = "; ".join(reasons) + ". Publication bias was not assessed, and risk of bias only as far as the sources name it."
    return Certainty(strength=LEVELS[max(level - len(downgrades), 0)], why=why[0].upper() + why[1:]), conflicts


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
    elif any(includes_no_effect(quote) for quote in quotes):
        found.append("imprecision (a confidence interval cited includes no effect)")
    elif any(s.section is Part.UNCERTAINTY for s in statements):
        found.append("limitations that the sources name")
    return found


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
