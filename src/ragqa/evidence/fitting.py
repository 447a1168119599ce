"""Which candidate sentences are about what was asked, and what of it none of them is about.

A sentence is about what it names itself; where it names nothing of a kind, about what its record's title and topics name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.evidence.candidates import Candidate
from ragqa.evidence.sources import Retrieved
from ragqa.language.about import About, Concepts
from ragqa.language.concepts import broader, members
from ragqa.language.vocabulary import Concept, Kind
from ragqa.question.query import Query
from ragqa.question.understanding import QuestionType

OF_A_DRUG = frozenset({QuestionType.DOSE, QuestionType.SAFETY, QuestionType.CONTRAINDICATION, QuestionType.MECHANISM})
"""Kinds of question on what a drug is and does in whatever disease: a record's disease does not narrow its sentences on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The candidates that are about what was asked, and what of it none of them is about, in the question's words."""

    candidates: list[Candidate]
    lacking: tuple[str, ...]


def fitting(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> Fitting:
    """Of the candidates those that may be shown; none where no single one is about all that the question combines."""
    subjects = frozenset().union(*(source.about.conditions for source in retrieved.sources.values()))
    fits = [(candidate, _met(query, candidate.about, retrieved.sources[candidate.source_id].about, subjects)) for candidate in found]
    shown = [(candidate, met) for candidate, met in fits if met is not None]
    about = query.about
    kinds = [asked for asked in (about.treatments, about.conditions, about.outcomes, about.states) if asked]
    answered = any(all(asked & met for asked in kinds) for _, met in shown)
    met = frozenset().union(*(met for _, met in shown))
    lacking = [asked for asked in kinds if not asked & met] or ([] if answered else kinds)
    missing = frozenset().union(*lacking) if not answered else frozenset().union(*kinds) - met
    return Fitting(candidates=[candidate for candidate, _ in shown] if answered else [], lacking=query.wording(missing))


def _met(query: Query, own: About, record: About, subjects: Concepts) -> Concepts | None:
    """What of the question a sentence of a record is about, or None where it is about something else instead.

    ``subjects`` are the conditions that records searched are about: another one that a sentence names (an adverse effect, say)
    is no other disease than the one asked about.
    """
    asked = query.about
    treatments = _told_of(own.treatments or record.treatments, asked.treatments)
    treated = met_by(asked.treatments, treatments)
    together = met_by(asked.all_treatments, own.all_treatments)
    if len(together) > 1:
        treated |= together
    of_a_drug = query.understanding.question_type in OF_A_DRUG
    diseases = own.conditions & subjects
    around = record.conditions | record.outcomes
    conditions = met_by(asked.conditions, own.conditions | own.outcomes | (frozenset() if diseases else around))
    outcomes = met_by(asked.outcomes, own.outcomes | own.conditions | around)
    states = met_by(asked.states, own.states | record.states)
    elsewhere = diseases or (frozenset() if of_a_drug else record.conditions)
    instead = (
        (asked.treatments, treated, treatments | own.all_treatments),
        (asked.conditions, conditions, elsewhere),
        (asked.outcomes, outcomes, own.outcomes),
        (asked.states, states, own.states),
    )
    if any(wanted and not met and named for wanted, met, named in instead):
        return None
    if of_a_drug and not elsewhere:
        conditions = asked.conditions
    return treated | conditions | outcomes | states


def _told_of(treatments: Concepts, asked: Concepts) -> Concepts:
    """Without the classes that are named beside a treatment: what is told of "an SSRI" there is not told of each of them."""
    single = frozenset(one for one in treatments if one.kind is not Kind.DRUG_CLASS)
    return single | (treatments & asked) if single else treatments


def met_by(asked: Concepts, held: Concepts) -> Concepts:
    """Those of the concepts asked for that are among those held, or of which a kind or a class is."""
    ids = {concept.id for concept in held}
    return frozenset(one for one in asked if one.id in ids or not ids.isdisjoint(_kin(one)))


def _kin(of: Concept) -> frozenset[str]:
    """Ids of what is a kind of a concept, and of what it is a kind of; a salt or an enantiomer is another drug."""
    kin = members(of) | broader(of)
    return frozenset(id_ for id_ in kin if not id_.startswith(f"{Kind.DRUG}:")) if of.kind is Kind.DRUG else kin
