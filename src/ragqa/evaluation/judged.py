"""Cases asked and judged: one line a case with its verdict, its reasons and the whole answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from ragqa.conversation.turns import turn_of
from ragqa.corpus.catalogue import Progress
from ragqa.errors import InvalidRecord, RagqaError
from ragqa.evaluation.cases import Case
from ragqa.evaluation.judging import judge
from ragqa.evaluation.verdicts import Verdict
from ragqa.files import json_line, read_jsonl, write_atomic
from ragqa.index.refresh import silent
from ragqa.parallel import each
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Turn


class JudgedAnswer(BaseModel):
    """A case with what came of it; ``answer`` is the JSON contract, None where none came back."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    group: str
    asked: tuple[str, ...]
    why: str
    verdict: Verdict
    reasons: tuple[str, ...]
    answer: dict[str, Any] | None

    @classmethod
    def of(cls, case: Case, answer: dict[str, Any] | None) -> Self:
        """An answer held against its case."""
        judgment = judge(case, answer)
        return cls(
            id=case.id,
            group=case.group,
            asked=case.asked,
            why=case.why,
            verdict=judgment.verdict,
            reasons=judgment.reasons,
            answer=answer,
        )

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements in reading order; none where it was not answered."""
        return tuple(statement["text"] for statement in self.answer["statements"]) if self.answer else ()


def ask_cases(ragqa: Ragqa, cases: Sequence[Case], progress: Progress = silent, workers: int = 1) -> list[JudgedAnswer]:
    """Ask every case and judge the answers, in order. An answer that fails counts as none."""
    found = []
    for number, (case, answer) in enumerate(each(lambda case: ask_case(ragqa, case), cases, workers), start=1):
        found.append(JudgedAnswer.of(case, None if isinstance(answer, RagqaError) else answer))
        progress("asking", number, len(cases))
    return found


def ask_case(ragqa: Ragqa, case: Case) -> dict[str, Any]:
    """The answer to a case: to its question, or to the last of its turns, each asked after the answers before it.

    Raises:
        RagqaError: as ``Ragqa.ask``.
    """
    if case.question is not None:
        return ragqa.ask(case.question, case.history, case.article).to_json()
    held: list[Turn] = []
    for turn in case.turns[:-1]:
        held.append(turn_of(ragqa.ask(turn, held, case.article)))
    return ragqa.ask(case.turns[-1], held, case.article).to_json()


def write_judged(file: Path, judged: Iterable[JudgedAnswer]) -> None:
    """One line an answer."""
    write_atomic(file, (json_line(one.model_dump(mode="json")) for one in judged))


def read_judged(file: Path) -> list[JudgedAnswer]:
    """What ``write_judged`` wrote.

    Raises:
        InvalidRecord: a line is none of it.
    """
    found = []
    for line, value in read_jsonl(file):
        try:
            found.append(JudgedAnswer.model_validate(value))
        except ValueError as error:
            raise InvalidRecord(file, line, "no judged answer; `ragqa eval cases --judged FILE` writes them") from error
    return found
