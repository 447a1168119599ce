"""Statements to an answer: references, strength, and what every answer of any status carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragqa.answer.appraisal import Body, appraise
from ragqa.answer.contract import DISCLAIMERS, Answer, Reference, Trace
from ragqa.checking.statements import Statement
from ragqa.corpus.passages import label_at
from ragqa.corpus.records import Abstract, Article
from ragqa.corpus.study import follow_up, sample_size, study_design
from ragqa.evidence.gathering import Evidence, Gate
from ragqa.language.about import NOTHING, about, met_by
from ragqa.language.readability import reading_grade
from ragqa.language.sentences import markers_at, without_markers
from ragqa.question.query import Query
from ragqa.question.refusal import CALM, REFUSALS, Refusal, Status
from ragqa.question.understanding import QuestionType

Find = Callable[[str], Article | Abstract | None]
"""The record of an id, none where there is none or it may not be shown."""
FOUND_BY_OTHERS = frozenset({"BACKGROUND", "INTRODUCTION", "OBJECTIVE", "OBJECTIVES"})
"""Sections of a structured abstract that tell what was known before: its study's design says nothing of that."""
SHORT_ID = 16
"""Hex digits of an answer's digest that name it on the command line; by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How an answer came about, whatever it says: its digest, the generation it was made from, the models, what was searched."""

    digest: str
    generation: str
    models: Mapping[str, str]
    queries: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)


def refused(query: Query, refusal: Refusal, made: Made) -> Answer:
    """The answer to a question that is not answered from sources, or not yet."""
    return answer_of(query, made, status=refusal.status, message=refusal.message, alternatives=refusal.alternatives)


def assembled(
    query: Query,
    evidence: Evidence,
    statements: tuple[Statement, ...],
    cited: Sequence[str],
    made: Made,
    find: Find,
    waits: Sequence[str] = (),
) -> Answer:
    """An answer from checked statements and the ids of the sources they cite, in the order of their numbers; without any, an
    abstention that says what was missing. ``find`` gives the records that articles cite, none that may not be shown; ``waits``
    are sentences on articles that may answer it and may not be quoted.
    """
    if not statements:
        return _abstained(query, evidence, made, waits)
    records = evidence.retrieved.records
    references = tuple(reference(records[source], number) for number, source in enumerate(cited, start=1))
    behind = _body(query, statements, [records[source] for source in cited], find)
    of_course = query.understanding.question_type is QuestionType.PROGNOSIS
    strength, conflicts = appraise(statements, references, behind, evidence.sufficiency.subjects, of_course=of_course)
    return answer_of(
        query,
        made,
        _scores(evidence) | _readability(query, statements),
        status=Status.ANSWERED,
        statements=statements,
        references=references,
        evidence=strength,
        conflicts=conflicts,
        caveats=_caveats(query, evidence),
    )


def _body(query: Query, statements: Sequence[Statement], cited: Sequence[Article | Abstract], find: Find) -> Body:
    """The studies behind the first statement, of those on several treatments the ones on what is asked about; and all quotes
    that rest on one of them.
    """
    rests_on = [_rests_on(statement, cited, find) for statement in statements]
    treatments = query.about(NOTHING).treatments
    on_it = {id_: study for id_, study in rests_on[0].items() if met_by(treatments, about(study.title or "").all_treatments)}
    studies = on_it or rests_on[0]
    quotes = [
        without_markers(support.quote)
        for statement, behind in zip(statements, rests_on, strict=True)
        if not studies.keys().isdisjoint(behind)
        for support in statement.support
    ]
    return Body(studies=tuple(studies.values()), quotes=tuple(quotes))


def _rests_on(statement: Statement, cited: Sequence[Article | Abstract], find: Find) -> dict[str, Abstract]:
    """The studies that found what a statement quotes, and those that an article quoted cites for it, by id."""
    studies: dict[str, Abstract] = {}
    for support in statement.support:
        record = cited[support.reference - 1]
        if label_at(record, support.start) in FOUND_BY_OTHERS:
            continue
        behind = (
            [record]
            if isinstance(record, Abstract)
            else map(find, record.cited(markers_at(record.text, support.start, support.end)))
        )
        studies |= {study.id: study for study in behind if isinstance(study, Abstract)}
    return studies


def _caveats(query: Query, evidence: Evidence) -> tuple[str, ...]:
    """What the reader must know before the first statement."""
    told = [CALM] if query.calm else []
    told += [f'"{asked}" was read as {name}.' for asked, name in query.guessed]
    told += _not_held(query)
    if evidence.lacking:
        told.append(f"No source searched covers: {', '.join(evidence.lacking)}.")
    return (*told, *evidence.caveats)


def _not_held(query: Query) -> list[str]:
    """The studies that a question calls by name and no record here is."""
    missing = ", ".join(study.text for study in query.studies if not study.ids)
    return [f"No record here is of {missing}."] if missing else []


def _abstained(query: Query, evidence: Evidence, made: Made, waits: Sequence[str]) -> Answer:
    medical = query.is_medical(query.asked)
    return answer_of(
        query,
        made,
        _scores(evidence),
        evidence.closed,
        status=Status.INSUFFICIENT_EVIDENCE if medical else Status.OUT_OF_SCOPE,
        message=_abstention(query, evidence, waits) if medical else REFUSALS["other"],
        caveats=(CALM,) if query.calm else (),
    )


def answer_of(
    query: Query, made: Made, scores: Mapping[str, float] | None = None, gate: Gate | None = None, **given: Any
) -> Answer:
    """An answer of this status and content with what every answer carries; ``given`` are fields of ``Answer``."""
    trace = Trace(
        generation=made.generation,
        models=dict(made.models),
        queries=made.queries,
        understanding=query.understanding.as_words() | ({"emergency": "said to be none"} if query.calm else {}),
        scores={name: round(value, 4) for name, value in (scores or {}).items()},
        gate=gate,
    )
    return Answer(
        id=made.digest[:SHORT_ID],
        digest=made.digest,
        question=query.asked,
        standalone_question=query.text,
        removed=query.removed,
        disclaimer=DISCLAIMERS[query.audience],
        audience=query.audience,
        review_state="not_reviewed",
        trace=trace,
        **given,
    )


def _scores(evidence: Evidence) -> dict[str, float]:
    measured = evidence.sufficiency
    return {"answerable": measured.probability} | measured.features()


def _readability(query: Query, statements: Sequence[Statement]) -> dict[str, float]:
    """School grade of a patient's answer, and of the sources' own sentences."""
    if query.audience != "patient":
        return {}
    own = reading_grade(" ".join(statement.text for statement in statements))
    quoted = reading_grade(" ".join(without_markers(statement.support[0].quote) for statement in statements))
    return {"reading_grade": own or 0.0, "reading_grade_of_sources": quoted or 0.0}


def _abstention(query: Query, evidence: Evidence, waits: Sequence[str]) -> str:
    parts = ["The approved articles and the abstracts they cite do not answer this question.", *_not_held(query)]
    if missing := evidence.lacking or evidence.sufficiency.missing:
        parts.append(f"No single source covers: {', '.join(missing)}.")
    parts += waits
    near = [record.title for record in evidence.retrieved.records.values()][:3]
    if titles := [title for title in near if title]:
        parts.append("Nearest sources searched: " + "; ".join(title.rstrip(".?") for title in titles) + ".")
    parts.append("A more specific question (drug, condition, population, outcome), or an approved article on it, would help.")
    return " ".join(parts)


def reference(record: Article | Abstract, number: int = 1) -> Reference:
    """A source as a reference list shows it, under its number there."""
    abstract = record if isinstance(record, Abstract) else None
    return Reference(
        number=number,
        source_id=record.id,
        kind="abstract" if abstract else "article",
        title=record.title,
        authors=abstract.authors if abstract else (),
        journal=abstract.journal if abstract else None,
        year=abstract.year if abstract else (record.updated.year if isinstance(record, Article) else None),
        pmid=abstract.pmid if abstract else None,
        doi=abstract.doi if abstract else None,
        url=abstract.url if abstract else None,
        study_design=study_design(record),
        sample_size=sample_size(record),
        follow_up=follow_up(record),
        text_origin=abstract.text_origin if abstract else None,
        notices=tuple(notice.kind.value for notice in abstract.notices) if abstract else (),
    )
