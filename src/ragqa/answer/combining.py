"""The answers to several questions of one text as one: each in its turn, under one list of references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragqa.answer.appraisal import LEVELS
from ragqa.answer.assembly import Made, answer_of
from ragqa.answer.contract import Answer, Certainty, Conflict, Reference, SubQuestion
from ragqa.checking.statements import Statement
from ragqa.question.query import Query
from ragqa.question.refusal import Status


@dataclass(slots=True)
class _Numbered:
    """References under their numbers in the whole answer, in the order in which they are first cited."""

    references: dict[str, Reference] = field(default_factory=dict)

    def renumbered(self, references: Sequence[Reference]) -> dict[int, int]:
        """The new number of each reference of one answer."""
        numbers = {}
        for reference in references:
            number = len(self.references) + 1
            known = self.references.setdefault(reference.source_id, reference.model_copy(update={"number": number}))
            numbers[reference.number] = known.number
        return numbers


def combined(query: Query, answers: Sequence[Answer], made: Made) -> Answer:
    """One answer from those to the questions that ``query`` holds, in their order; at least one of them has statements."""
    numbered = _Numbered()
    statements: list[Statement] = []
    conflicts: list[Conflict] = []
    for answer in answers:
        numbers = numbered.renumbered(answer.references)
        statements += (_moved(statement, numbers) for statement in answer.statements)
        conflicts += (
            Conflict(
                about=conflict.about,
                for_=tuple(numbers[number] for number in conflict.for_),
                against=tuple(numbers[number] for number in conflict.against),
            )
            for conflict in answer.conflicts
        )
    return answer_of(
        query,
        made,
        status=Status.ANSWERED,
        statements=tuple(statements),
        references=tuple(numbered.references.values()),
        evidence=_weakest(answers),
        conflicts=tuple(dict.fromkeys(conflicts)),
        questions=tuple(map(_asked, answers)),
    )


def tells_more(answers: Sequence[Answer], whole: Answer) -> bool:
    """Whether each of several answers has statements, and one of them only such as the answer to the whole text does not tell."""
    told = {statement.text for statement in whole.statements}
    own = [{statement.text for statement in answer.statements} for answer in answers]
    return all(own) and any(told.isdisjoint(statements) for statements in own)


def _moved(statement: Statement, numbers: Mapping[int, int]) -> Statement:
    """The statement under the whole answer's numbers."""
    support = tuple(one.model_copy(update={"reference": numbers[one.reference]}) for one in statement.support)
    return statement.model_copy(
        update={"citations": tuple(numbers[number] for number in statement.citations), "support": support}
    )


def _asked(answer: Answer) -> SubQuestion:
    told = answer.caveats if answer.statements else (answer.message or "",)
    return SubQuestion(question=answer.standalone_question, statements=len(answer.statements), told=told)


def _weakest(answers: Sequence[Answer]) -> Certainty | None:
    """The strength of the weakest evidence, with what is said of that behind each question, once where it is the same."""
    behind: dict[Certainty, list[str]] = {}
    for number, answer in enumerate(answers, start=1):
        if answer.evidence:
            behind.setdefault(answer.evidence, []).append(str(number))
    if not behind:
        return None
    told = [f"For {', '.join(numbers)}: {one.strength.replace('_', ' ')}. {one.why}" for one, numbers in behind.items()]
    return Certainty(strength=min((one.strength for one in behind), key=LEVELS.index), why=" ".join(told))
