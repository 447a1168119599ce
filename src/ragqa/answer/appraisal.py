"""How strong the evidence behind an answer is, and which of it disagrees.

Strength follows GRADE's frame (Guyatt et al., BMJ 2008;336:924-926): a starting level by design, named downgrades, and the
reason in words. What is appraised is the body of studies behind the direct answer, those that an article cites for it included.
Only what records show can be judged, and the reason says what was not. See docs/decisions/0027-strength.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ragqa.answer.contract import Certainty, Conflict, Reference, Strength
from ragqa.checking.statements import Statement
from ragqa.corpus.parts import Part
from ragqa.corpus.records import Abstract
from ragqa.corpus.study import design_rank, sample_size, study_design
from ragqa.language.direction import COMPARED, reports_no_difference
from ragqa.language.effects import includes_no_effect, is_wide
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import quantities

SMALL_SAMPLE = 400
"""Participants below which a body of trials counts as imprecise: GRADE's rule of thumb for continuous outcomes
(Guyatt et al., J Clin Epidemiol 2011;64:1283-1293)."""
VERY_SMALL = SMALL_SAMPLE // 4
"""Participants up to which it is two levels: "far less" than wanted (Zeng et al., J Clin Epidemiol 2022;150:216-224) names no
figure; a quarter is by hand."""

LEVELS: tuple[Strength, ...] = ("very_low", "low", "moderate", "high")
"""The strengths, the weakest first."""
POOLED = frozenset({"meta-analysis", "systematic review"})
WATCHED = frozenset({"cohort study", "observational study"})
"""Designs that start high where a course is asked about, no effect (Iorio et al., BMJ 2015;350:h870)."""
RANDOMISED = POOLED | {"randomised controlled trial"}
"""Designs that start high; another one starts lower because it is open to bias, which is not held against it twice."""
_WORDS = lexicon("answer", "appraisal")
_BIAS = re.compile(rf"\b(?:{_WORDS['risk_of_bias'].pattern})\b", re.IGNORECASE)
_SMALL = re.compile(rf"\b(?:{_WORDS['small'].pattern})\b", re.IGNORECASE)
_DISAGREE = re.compile(rf"\b(?:{_WORDS['inconsistency'].pattern})\b", re.IGNORECASE)
_GRADED = tuple(
    re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for (pattern,) in (_WORDS["graded"].table()[level] for level in LEVELS)
)
_UNASSESSED = "Publication bias was not assessed, and risk of bias only as far as the sources name it."


@dataclass(frozen=True, kw_only=True)
class Body:
    """The ``studies`` behind the direct answer, and the ``quotes`` that tell of them, the answer's own first."""

    studies: tuple[Abstract, ...]
    quotes: tuple[str, ...]

    @cached_property
    def designs(self) -> dict[str, str]:
        """The design of each study that tells it, by id."""
        return {study.id: design for study in self.studies if (design := study_design(study))}

    @cached_property
    def best(self) -> str:
        """The strongest design of them."""
        return max(self.designs.values(), key=design_rank)

    @property
    def participants(self) -> int | None:
        """In the trials, or in the largest review of trials; None where none tells."""
        sizes = [n for study in self.studies if self.designs.get(study.id) == self.best and (n := sample_size(study))]
        return (max(sizes) if self.best in POOLED else sum(sizes)) if sizes else None


def appraise(
    statements: Sequence[Statement],
    references: Sequence[Reference],
    body: Body,
    subjects_held: float = 1.0,
    *,
    of_course: bool = False,
) -> tuple[Certainty, tuple[Conflict, ...]]:
    """Strength of the body of evidence, and which of the studies cited disagree.

    ``subjects_held``: share of the question's conditions, populations and interventions that the evidence is about, 0..1;
    ``of_course``: it is asked what becomes of patients, not what a treatment does.
    """
    conflicts = disagreements(statements, references)
    if (graded := _graded(body.quotes[:1])) is not None:
        return _certainty(graded, [f"{LEVELS[graded].replace('_', ' ')} as the source grades it"]), conflicts
    if not body.designs:
        why = "No study of known design is cited for it; only an article's text or a record without a design stands behind it."
        return Certainty(strength="very_low", why=why), conflicts
    level = len(LEVELS) - 1 if of_course and body.best in WATCHED else design_rank(body.best)
    downgrades = _downgrades(body, any(_shares(conflict, references, body) for conflict in conflicts), subjects_held)
    reasons = [f"starts {LEVELS[level].replace('_', ' ')} (best design behind the answer: {body.best})"]
    reasons += [f"down {'one' if levels == 1 else 'two'} for {reason}" for levels, reason in downgrades]
    return _certainty(max(level - sum(levels for levels, _ in downgrades), 0), reasons), conflicts


def _certainty(level: int, reasons: Sequence[str]) -> Certainty:
    why = "; ".join(reasons)
    return Certainty(strength=LEVELS[level], why=f"{why[0].upper()}{why[1:]}. {_UNASSESSED}")


def _graded(quotes: Sequence[str]) -> int | None:
    """The level that the source itself gives its evidence, the lowest of several."""
    return next((level for level, named in enumerate(_GRADED) if any(named.search(quote) for quote in quotes)), None)


def _downgrades(body: Body, conflict: bool, subjects_held: float) -> list[tuple[int, str]]:
    """GRADE's reasons to rate down that the records' own words show, each with its levels."""
    found = []
    if body.best in RANDOMISED and any(_BIAS.search(text) for text in (*body.quotes, *(study.text for study in body.studies))):
        found.append((1, "risk of bias (the sources name it, or a study was not blind)"))
    if conflict or any(_DISAGREE.search(quote) for quote in body.quotes):
        found.append((1, "inconsistency (the sources cited disagree)"))
    if subjects_held < 1:
        found.append((1, "indirectness (not all of what the question names is in the evidence)"))
    return found + _imprecision(body)


def _imprecision(body: Body) -> list[tuple[int, str]]:
    """Of randomised evidence, by its size; of any, by its intervals."""
    count, randomised = body.participants, body.best in RANDOMISED
    if randomised and count and count < SMALL_SAMPLE:
        very = count <= VERY_SMALL or any(_SMALL.search(quote) for quote in body.quotes)
        return [(2 if very else 1, f"imprecision ({count} participants in the studies behind it)")]
    if any(includes_no_effect(quote) for quote in body.quotes):
        return [(1, "imprecision (a confidence interval cited includes no effect)")]
    if any(is_wide(quote) for quote in body.quotes):
        return [(1, "imprecision (a confidence interval cited is very wide)")]
    if (
        randomised
        and not count
        and not any(quantity.kind == "interval" for quote in body.quotes for quantity in quantities(quote))
    ):
        return [(1, "imprecision (neither size nor interval is reported)")]
    return []


def _shares(conflict: Conflict, references: Sequence[Reference], body: Body) -> bool:
    """Whether studies behind the answer are among those that disagree."""
    ids = {study.id for study in body.studies}
    return any(reference.source_id in ids for reference in references if reference.number in (*conflict.for_, *conflict.against))


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
