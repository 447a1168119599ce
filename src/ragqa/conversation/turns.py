"""A conversation on disk: JSON Lines, one whole turn a line, only ever added to.

An earlier turn keeps its own numbers for its sources: no later answer changes what a citation meant. A turn that a kill cut off
while it was written is no turn: it is not read, and the next one takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragqa.answer.contract import Answer
from ragqa.corpus.records import explain
from ragqa.errors import Fault, InvalidRecord
from ragqa.files import json_object, open_regular, raw_lines
from ragqa.files.appending import append_line, ends_whole
from ragqa.question.asked import Cited, Turn

SCHEMA = "ragqa.turn/1"
LARGEST = 64 * 1024 * 1024
"""Bytes of a conversation file; by hand: thousands of turns. It is read whole."""
_NEXT = "name another file, or mend this line; nothing was changed"


def turn_of(answer: Answer) -> Turn:
    """What a conversation remembers of an answer."""
    passages: dict[int, list[str]] = {}
    for statement in answer.statements:
        for support in statement.support:
            passages.setdefault(support.reference, []).append(support.passage)
    return Turn(
        question=answer.question,
        standalone=answer.questions[-1].question if answer.questions else answer.standalone_question,
        status=answer.status.value,
        answer=" ".join(statement.text for statement in answer.statements) or answer.message or "",
        choices=answer.alternatives,
        cited=tuple(
            Cited(
                number=reference.number, source_id=reference.source_id, passages=tuple(dict.fromkeys(passages[reference.number]))
            )
            for reference in answer.references
        ),
    ).within_limits()


def read_turns(file: Path) -> list[Turn]:
    """The turns of a conversation file, oldest first; none when the file does not exist yet.

    Raises:
        InvalidRecord: the file cannot be read, or a line is not a turn, or was written by a later version.
    """
    lines = list(_lines(file))
    if lines and isinstance(lines[-1][1], Fault) and not ends_whole(file):
        lines.pop()
    return [_turn(file, line, value) for line, value in lines]


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    """The lines of a plain file: what is none, a pipe for instance, might never end."""
    try:
        with open_regular(file) as stream:
            if os.fstat(stream.fileno()).st_size > LARGEST:
                raise InvalidRecord(file, None, f"larger than {LARGEST // 2**20} MiB; {_NEXT}")
            for number, line in raw_lines(stream, file):
                yield number, line if isinstance(line, Fault) else json_object(line, file, number)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidRecord(file, None, f"cannot be read: {error.strerror or error}; {_NEXT}") from error


def _turn(file: Path, line: int, value: dict[str, Any] | Fault) -> Turn:
    if isinstance(value, Fault):
        raise InvalidRecord(file, line, f"{value.message}; {_NEXT}")
    schema = value.get("schema", SCHEMA)
    if schema != SCHEMA:
        later = str(schema).startswith(SCHEMA.split("/")[0] + "/")
        advice = "upgrade ragqa, or name another file" if later else f"this is no conversation of ragqa; {_NEXT}"
        raise InvalidRecord(file, line, f"schema {schema!r}, this version reads {SCHEMA!r}: {advice}")
    try:
        return Turn.model_validate({key: item for key, item in value.items() if key != "schema"})
    except ValidationError as error:
        raise InvalidRecord(file, line, f"not a turn: {explain(error)}; {_NEXT}") from error


def add_turn(file: Path, turn: Turn) -> None:
    """Append one turn, whole."""
    append_line(file, {"schema": SCHEMA} | turn.model_dump(mode="json"), mend=True)
