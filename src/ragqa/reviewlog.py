"""The review log on disk: one event a line, each bound by its ``chain`` to every line before it.

chain = sha256(chain of the event before, "" for the first + the event's own line without its chain)

A byte changed in a line breaks that line's chain, a line taken out or put in breaks the next one's. What a chain cannot show
is in ``docs/decisions/0012-review-log.md``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from ragqa.errors import InvalidRecord
from ragqa.files import LONGEST_LINE, append_line, json_line, locked
from ragqa.records import ReviewEvent, explain

LOG = "reviews.jsonl"


def chained(events: Iterable[ReviewEvent], head: str = "") -> list[ReviewEvent]:
    """The events, each with its chain; ``head`` is the chain of the event before the first."""
    bound = []
    for event in events:
        head = _chain(event, head)
        bound.append(event.model_copy(update={"chain": head}))
    return bound


def log_line(event: ReviewEvent) -> str:
    """The only way to write an event: any other spelling of the same event is a changed line."""
    return json_line(event.model_dump(mode="json", exclude_none=True))


def read_log(folder: Path) -> list[ReviewEvent]:
    """All review events of a corpus, oldest first; none where it has no log.

    Raises:
        InvalidRecord: at the first line that is not what was written there; the lines after it prove nothing and are not read.
    """
    file = folder / LOG
    if not file.exists():
        return []
    events: list[ReviewEvent] = []
    with file.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), b""), start=1):
            events.append(_event(line, head_of(events), file, number))
    return events


def head_of(events: Sequence[ReviewEvent]) -> str:
    """The chain of the last event, which stands for the whole log; "" where there is none."""
    return events[-1].chain or "" if events else ""


@contextmanager
def writing(folder: Path) -> Iterator[list[ReviewEvent]]:
    """The events of the log, with every other writer waiting until the block ends."""
    with (folder / ".reviews.lock").open("ab") as lock, locked(lock):
        _mend(folder / LOG)
        yield read_log(folder)


def append_event(folder: Path, events: Sequence[ReviewEvent], event: ReviewEvent) -> ReviewEvent:
    """Add an event behind ``events``, whole or not at all; only within ``writing``."""
    (bound,) = chained([event], head_of(events))
    append_line(folder / LOG, bound.model_dump(mode="json", exclude_none=True))
    return bound


def _chain(event: ReviewEvent, before: str) -> str:
    line = json_line(event.model_dump(mode="json", exclude_none=True, exclude={"chain"}))
    return hashlib.sha256((before + line).encode("utf-8")).hexdigest()


def _event(line: bytes, before: str, file: Path, number: int) -> ReviewEvent:
    if not line.endswith(b"\n"):
        reason = "the last line is unfinished, so it is no event: record that step again with `ragqa review`"
        raise InvalidRecord(file, number, reason)
    try:
        event = ReviewEvent.model_validate_json(line)
    except ValidationError as error:
        raise _changed(file, number, explain(error)) from None
    if log_line(event).encode("utf-8") != line:
        raise _changed(file, number, "it is not written as ragqa writes it")
    if event.chain != _chain(event, before):
        reason = "its chain does not follow from the line before" if event.chain else "it has no chain"
        raise _changed(file, number, reason)
    return event


def _changed(file: Path, number: int, reason: str) -> InvalidRecord:
    message = (
        f"the review log was changed at this line: {reason}. Restore {file.name} from a copy; steps are added only with "
        "`ragqa review`"
    )
    return InvalidRecord(file, number, message)


def _mend(file: Path) -> None:
    """Cut off a last line that a killed writer left unfinished. One that holds a whole event stays: it may have been changed."""
    if not file.exists():
        return
    with file.open("r+b") as stream:
        data = stream.read()
        start = data.rfind(b"\n") + 1
        if start == len(data):
            return
        rest = data[start:].decode("utf-8", "replace")
        try:
            _, end = json.JSONDecoder().raw_decode(rest)
        except ValueError:
            stream.truncate(start)
        else:
            if end == len(rest):
                stream.write(b"\n")  # only the line break was missing; whether the event is right, the chain says
        stream.flush()
        os.fsync(stream.fileno())
