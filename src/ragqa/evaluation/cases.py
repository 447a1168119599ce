"""Cases: questions as people ask them, with what must be told, what must come first and what must never appear.

The form is one JSON object a line (docs/formats.md). Statements and what else a reader is told are held against regular
expressions, because a source's fact may be told in several sentences of several sources, and no list of sources cited says
whether the fact came first.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ragqa.answer.contract import Strength
from ragqa.corpus.records import explain
from ragqa.errors import CorpusError, Fault
from ragqa.files import json_object, raw_lines, read_jsonl
from ragqa.question.asked import Turn
from ragqa.question.refusal import Status


def _compiled(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"/{pattern}/ is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiled)]
"""A regular expression; case is ignored, "." stays in one statement, [\\s\\S] crosses them."""


class Case(BaseModel):
    """One question, or the last turn of a conversation, with what a clinician would expect of the answer.

    ``status``: the kinds of answer that are right. When answered, all of ``cite`` and one of ``cite_any`` must be cited; of each
    group of ``say`` one must match the statements, of ``tell`` anything the reader is told; one of ``first`` the first statement;
    none of ``never`` anything told; at most ``most`` statements; the ``strength`` of evidence is one of those. Each of
    ``message`` must match what an abstention says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    group: str = Field(min_length=1)
    question: str | None = Field(default=None, min_length=1)
    history: tuple[Turn, ...] = ()
    turns: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    article: str | None = None
    status: tuple[Status, ...] = Field(min_length=1)
    cite: tuple[str, ...] = ()
    cite_any: tuple[str, ...] = ()
    say: tuple[tuple[Pattern, ...], ...] = ()
    tell: tuple[tuple[Pattern, ...], ...] = ()
    first: tuple[Pattern, ...] = ()
    never: tuple[Pattern, ...] = ()
    most: int | None = Field(default=None, ge=0)
    strength: tuple[Strength, ...] = ()
    message: tuple[Pattern, ...] = ()
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_way_to_ask(self) -> Self:
        if (self.question is None) != bool(self.turns):
            raise ValueError("a case has a question or turns, not both and not neither")
        if self.turns and self.history:
            raise ValueError("turns say what came before; history belongs to a question")
        return self

    @property
    def asked(self) -> tuple[str, ...]:
        """What is said, in order; the last is judged."""
        return self.turns or (*(turn.question for turn in self.history), self.question or "")


def read_cases(file: Path) -> list[Case]:
    """The cases of a file, in its order.

    Raises:
        CorpusError: with every fault, ids given twice included.
    """
    return _cases(file, read_jsonl(file))


def parse_cases(data: bytes, file: Path) -> list[Case]:
    """The cases in the bytes of a file that was sealed; ``file`` is what faults are told of.

    Raises:
        CorpusError: as ``read_cases``.
    """
    lines = raw_lines(io.BytesIO(data), file)
    return _cases(file, ((n, line if isinstance(line, Fault) else json_object(line, file, n)) for n, line in lines))


def _cases(file: Path, lines: Iterable[tuple[int, dict[str, object] | Fault]]) -> list[Case]:
    cases: dict[str, Case] = {}
    faults: list[Fault] = []
    for line, found in _validated(file, lines):
        if isinstance(found, Fault):
            faults.append(found)
        elif found.id in cases:
            faults.append(Fault(file=file, line=line, message=f"the id {found.id} is given twice"))
        else:
            cases[found.id] = found
    if not cases and not faults:
        faults.append(Fault(file=file, line=None, message="holds no case; docs/formats.md shows one"))
    if faults:
        raise CorpusError(faults)
    return list(cases.values())


def _validated(file: Path, lines: Iterable[tuple[int, dict[str, object] | Fault]]) -> Iterator[tuple[int, Case | Fault]]:
    for line, value in lines:
        try:
            yield line, value if isinstance(value, Fault) else Case.model_validate(value)
        except ValidationError as error:
            yield line, Fault(file=file, line=line, message=f"no case: {explain(error)}")
