"""Which candidate sentences are about what was asked, and what of it none of them is about.

A sentence is about what it names itself; where it names nothing of a kind, about what its record's title and topics name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragqa.corpus.parts import Part
from ragqa.evidence.candidates import Candidate
from ragqa.evidence.coverage import holds
from ragqa.evidence.sources import Retrieved
from ragqa.language.about import NOTHING, NOTHING_NAMED, About, Concepts, itself, met_by
from ragqa.language.quantities import Quantity, masses, quantities, within
from ragqa.language.roots import roots
from ragqa.language.vocabulary import Kind, concept
from ragqa.question.query import Query
from ragqa.question.understanding import QuestionType

HARMS = frozenset({concept(Kind.OUTCOME, "adverse effects")})
"""What a sentence on safety is about, whatever harm it names."""
_PLAIN = frozenset({"value", "year"})
_ANYWHERE = frozenset({"", "time", "frequency"})
_SHARE = re.compile(r"\s(?:out\s)?of\b")
"""After a number, that it is a part of others: half of them, 6 of 9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The candidates that are about what was asked, the share of its concepts that candidates are about, 0..1, what none of them
    is about, in the question's words, and what a reader must know of those that are, in sentences."""

    candidates: list[Candidate]
    met: float
    lacking: tuple[str, ...]
    caveats: tuple[str, ...] = ()


def fitting(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> Fitting:
    """Of the candidates those that may be shown; none where no single one is about all that the question combines."""
    subjects = retrieved.conditions
    asked, of_a_drug = query.about(subjects), query.of_a_drug
    records = {id_: source.about for id_, source in retrieved.sources.items()}
    diseases = subjects  # another disease than the one asked about is one that records are about
    if query.understanding.question_type is QuestionType.DOSE:  # each disease has its own dose, named in a title or not
        diseases = subjects.union(asked.conditions, *(one.about.conditions for one in found))
    fits = [(one, _met(asked, of_a_drug, one, records[one.source_id], diseases)) for one in found]
    shown = [(candidate, met) for candidate, met in fits if met is not None]
    met = NOTHING.union(*(met for _, met in shown))
    needed = _needed(asked, of_a_drug, subjects)
    unmet = NOTHING.union(*(kind for kind in needed if not kind & met))
    full = [
        replace(candidate, met=len(met & asked.all_treatments)) for candidate, met in shown if all(kind & met for kind in needed)
    ]
    named = NOTHING.union(*(candidate.about.all_treatments | records[candidate.source_id].treatments for candidate in full))
    together = NOTHING.union(
        *(
            candidate.about.all_treatments | records[candidate.source_id].beside
            for candidate in full
            if met_by(asked.treatments, candidate.about.all_treatments)
        )
    )
    lacking = (unmet or (NOTHING if full else asked.asked)) or (asked.asked - met) | (
        asked.compared - met_by(asked.compared, named)
    )
    strange = [name for name in query.strange if not any(holds(source.held, name.stems) for source in retrieved.sources.values())]
    doses = query.doses
    if (strange and not asked.asked) or not any(_tells_a_dose(one.text, doses) for one in full):
        full = []
    wanted = len(asked.asked) + len(query.strange)
    share = 1 - (len(asked.asked - met) + len(strange)) / wanted if wanted else 1.0
    return Fitting(
        candidates=full,
        met=share,
        lacking=(*query.wording(lacking), *(name.word for name in strange), *(dose.text for dose in doses if not full)),
        caveats=tuple(_caveats(query, asked, named, together)) if full else (),
    )


def _caveats(query: Query, asked: About, named: Concepts, together: Concepts) -> Iterator[str]:
    """What is told of a drug's class alone, and of a drug without what it is given with; ``named`` are the treatments told of,
    ``together`` those that stand beside them."""
    of_a_class = query.wording(met_by(asked.treatments, named) - itself(asked.treatments, named))
    if of_a_class:
        yield f"No source searched speaks of {', '.join(of_a_class)}: what follows is about the class."
    apart = query.wording(asked.beside - asked.treatments - met_by(asked.beside, _told_of(together, asked.beside)))
    if apart:
        told = ", ".join(query.wording(asked.treatments)) or "what follows"
        yield f"No source searched speaks of {told} together with {', '.join(apart)}."


def _needed(asked: About, of_a_drug: bool, subjects: Concepts) -> list[Concepts]:
    """Of each of these kinds of concepts asked about a sentence must be about one at least.

    Beside a treatment only what records are about is its disease; any other condition is something that is asked of it.
    """
    diseases = met_by(asked.conditions, subjects) if asked.treatments else asked.conditions
    kinds = [asked.treatments, diseases, asked.outcomes | (asked.conditions - diseases), asked.states]
    kinds += [frozenset({one}) for one in asked.joined]
    return [kind for kind in kinds if kind and not _is_beside_the_point(asked, of_a_drug, kind)]


def _is_beside_the_point(asked: About, of_a_drug: bool, kind: Concepts) -> bool:
    """Whether nothing need be about these concepts: the disease in a question on a drug itself or on two drugs together, and what
    a treatment is asked about for in a disease."""
    of_drugs = of_a_drug or len(asked.all_treatments) > 1
    return (kind <= asked.conditions and bool(asked.treatments) and of_drugs) or (
        kind <= asked.aims and bool(asked.conditions - kind)
    )


def _met(asked: About, of_a_drug: bool, candidate: Candidate, record: About, diseases: Concepts) -> Concepts | None:
    """What of the question a sentence of a record is about, or None where it is about something else instead.

    ``diseases`` are the conditions that may be another one than that asked about; any other that a sentence names (an adverse
    effect, say) is not.
    """
    own = candidate.about
    treatments = _told_of(_subject(own, record), asked.treatments)
    treated = met_by(asked.treatments, treatments) | met_by(asked.treatments & asked.beside, own.all_treatments)
    together = met_by(asked.all_treatments, _told_of(own.all_treatments, asked.all_treatments))
    if len(together) > 1:
        treated |= together
    told = own.conditions & diseases
    around = record.conditions | record.outcomes
    conditions = met_by(asked.conditions, own.conditions | own.outcomes | (NOTHING if told else around))
    outcomes = met_by(asked.outcomes, own.outcomes | own.conditions | around)
    if candidate.part is Part.SAFETY:
        outcomes |= asked.outcomes & HARMS
    states = met_by(asked.states, own.states | record.states)
    inherited = NOTHING if of_a_drug else record.conditions
    instead = (
        (asked.treatments, treated, treatments | own.all_treatments),
        (asked.conditions & diseases, conditions, told or inherited),
        (asked.outcomes, outcomes, own.outcomes),
        (asked.states, states, own.states),
    )
    if candidate.lead and not (asked.treatments - met_by(asked.treatments, record.treatments)):
        return met_by(asked.asked, record.asked | own.asked)  # what its editors wrote on this very question belongs to the answer
    if any(wanted and not met and named for wanted, met, named in instead):
        return None
    if own == NOTHING_NAMED and asked.asked and not _tells_a_finding(candidate.text):
        return None  # it names nothing and tells no figure of a study: whatever it says, it is not about this
    return treated | conditions | outcomes | states


def _subject(own: About, record: About) -> Concepts:
    """The treatments that a sentence tells of: beside what its record is about only what it names first, all others are only
    mentioned there; where it names none those of its record."""
    of_record = met_by(own.treatments, record.treatments)
    return ((of_record | (own.first & own.treatments)) if of_record else own.treatments) or record.treatments


def tells_something(query: Query, candidate: Candidate) -> bool:
    """Whether a sentence of a study that a question calls by name tells something of it: it names something, holds a figure of
    patients or results, or a word that is asked for; any other may be an order to whoever reads it."""
    if candidate.about != NOTHING_NAMED or _tells_a_finding(candidate.text):
        return True
    return not roots(query.searched).isdisjoint(roots(candidate.text))


def _tells_a_dose(text: str, doses: Sequence[Quantity]) -> bool:
    """Whether it tells one of the doses that a question holds against one another; anything does where it does not."""
    return not doses or any(within(dose, told) for told in masses(text) for dose in doses)


def _tells_a_finding(text: str) -> bool:
    """Whether it holds a figure of patients or results; a bare number, a time of day and "daily" stand in any text."""
    return any(
        number.kind not in _PLAIN or number.dimension not in _ANYWHERE or _SHARE.match(text, number.end)
        for number in quantities(text)
    )


def _told_of(treatments: Concepts, asked: Concepts) -> Concepts:
    """Without the classes that are named beside a treatment: what is told of "an SSRI" there is not told of each of them."""
    single = frozenset(one for one in treatments if one.kind is not Kind.DRUG_CLASS)
    return single | (treatments & asked) if single else treatments
