"""A conversation on disk: JSON Lines, one whole turn a line, only ever added to.

An earlier turn keeps its own numbers for its sources: no later answer changes what a citation meant.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ragqa.answer import Answer
from ragqa.errors import Fault, InvalidRecord
from ragqa.files import append_line, read_jsonl
from ragqa.records import Cited, Turn

SCHEMA = "ragqa.turn/1"


def turn_of(answer: Answer) -> Turn:
    """What a conversation remembers of an answer."""
    passages: dict[int, list[str]] = {}
    for statement in answer.statements:
        for support in statement.support:
            passages.setdefault(support.reference, []).append(support.passage)
    return Turn(
        question=answer.question,
        standalone=answer.standalone_question,
        status=answer.status.value,
        answer=" ".join(statement.text for statement in answer.statements) or answer.message or "",
        choices=answer.alternatives,
        cited=tuple(
            Cited(
                number=reference.number, source_id=reference.source_id, passages=tuple(dict.fromkeys(passages[reference.number]))
            )
            for reference in answer.references
        ),
    )


def read_turns(file: Path) -> list[Turn]:
    """The turns of a conversation file, oldest first; none when the file does not exist yet.

    Raises:
        InvalidRecord: a line is not a turn, or was written by a later version.
    """
    turns = []
    for line, value in read_jsonl(file) if file.exists() else ():
        if isinstance(value, Fault):
            raise InvalidRecord(file, line, value.message)
        if value.get("schema", SCHEMA) != SCHEMA:
            raise InvalidRecord(file, line, f"schema {value['schema']!r}, this version reads {SCHEMA!r}: upgrade ragqa")
        try:
            turns.append(Turn.model_validate({key: item for key, item in value.items() if key != "schema"}))
        except ValidationError as error:
            raise InvalidRecord(file, line, f"not a turn: {error.errors()[0]['msg']}") from error
    return turns


def add_turn(file: Path, turn: Turn) -> None:
    """Append one turn, whole."""
    append_line(file, {"schema": SCHEMA} | turn.model_dump(mode="json"))
