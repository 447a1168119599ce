"""The chain of the review log: what binds each event to every line before it, and the one spelling of a line.

chain = sha256(chain of the event before, "" for the first + the event's own line without its chain)

A byte changed in a line breaks that line's chain, a line taken out or put in breaks the next one's. What a chain cannot show
is in ``docs/decisions/0012-review-log.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from ragqa.corpus.records import ReviewEvent, explain
from ragqa.errors import InvalidRecord
from ragqa.files import json_line


def chained(events: Iterable[ReviewEvent], head: str = "") -> list[ReviewEvent]:
    """The events, each with its chain; ``head`` is the chain of the event before the first."""
    bound = []
    for event in events:
        head = _chain_of(event, head)
        bound.append(event.model_copy(update={"chain": head}))
    return bound


def head_of(events: Sequence[ReviewEvent]) -> str:
    """The chain of the last event, which stands for the whole log; "" where there is none."""
    return events[-1].chain or "" if events else ""


def log_line(event: ReviewEvent) -> str:
    """The only way to write an event: any other spelling of the same event is a changed line."""
    return json_line(event.model_dump(mode="json", exclude_none=True))


def bound_event(line: bytes, before: str, file: Path, number: int) -> ReviewEvent:
    """The event in a line; ``before`` is the chain of the event before it, "" for the first. ``file`` and ``number`` name faults.

    Raises:
        InvalidRecord: the line is unfinished, is no event as ``log_line`` writes it, or its chain does not follow.
    """
    if not line.endswith(b"\n"):
        reason = "the last line is unfinished, so it is no event: record that step again with `ragqa review`"
        raise InvalidRecord(file, number, reason)
    try:
        event = ReviewEvent.model_validate_json(line)
    except ValidationError as error:
        raise _changed(file, number, explain(error)) from None
    if log_line(event).encode("utf-8") != line:
        raise _changed(file, number, "it is not written as ragqa writes it")
    if event.chain != _chain_of(event, before):
        reason = "its chain does not follow from the line before" if event.chain else "it has no chain"
        raise _changed(file, number, reason)
    return event


def _changed(file: Path, number: int, reason: str) -> InvalidRecord:
    message = (
        f"the review log was changed at this line: {reason}. Restore {file.name} from a copy; steps are added only with "
        "`ragqa review`"
    )
    return InvalidRecord(file, number, message)


def _chain_of(event: ReviewEvent, before: str) -> str:
    line = json_line(event.model_dump(mode="json", exclude_none=True, exclude={"chain"}))
    return hashlib.sha256((before + line).encode("utf-8")).hexdigest()
