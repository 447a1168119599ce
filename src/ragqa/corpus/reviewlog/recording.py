"""Events added to the review log by one process at a time, its copy kept up, and what it lost put back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ragqa.corpus.records import ReviewEvent
from ragqa.corpus.reviewlog.chain import chained, head_of, log_line
from ragqa.corpus.reviewlog.reading import COPY, LOG, known_log, read_events, read_log
from ragqa.errors import InvalidRecord, StoreBusy
from ragqa.files import write_atomic
from ragqa.files.appending import append_line
from ragqa.files.aside import keep_aside
from ragqa.files.locking import lock_file

LOCK = ".reviews.lock"
"""Beside the log, there for its lock alone."""
LOCK_SECONDS = 2.0
"""How long a step waits for others that write."""


@contextmanager
def writing(folder: Path, *, restore: bool = False) -> Iterator[list[ReviewEvent]]:
    """The events of the log, with every other writer waiting until the block ends.

    ``restore``: a log that lost events is put back from its copy first, for a step that must not wait.

    Raises:
        InvalidRecord: as ``read_log``.
        StoreBusy: another process writes for long.
    """
    with _alone(folder):
        if restore:
            with suppress(InvalidRecord):
                _mended(folder)
        if known_log(folder).torn:
            _end_last_line(folder / LOG)
        yield read_log(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    file = folder / LOCK
    with ExitStack() as held:  # what the block raises is none of these
        try:
            held.enter_context(lock_file(file, wait=LOCK_SECONDS))
        except BlockingIOError:
            raise StoreBusy("another process is writing the review log: take the step again in a moment") from None
        except OSError as error:
            raise InvalidRecord(file, None, f"cannot be locked ({error.strerror}): run `ragqa mend`, or take it away") from error
        yield


def append_event(folder: Path, events: Sequence[ReviewEvent], event: ReviewEvent) -> ReviewEvent:
    """Add an event behind ``events``, whole or not at all, and give it as written; only within ``writing``. Raises OSError."""
    (bound,) = chained([event], head_of(events))
    append_line(folder / LOG, bound.model_dump(mode="json", exclude_none=True))
    with suppress(OSError):  # the step is recorded; the copy catches up at the next one
        _keep_copy(folder)
    return bound


def _keep_copy(folder: Path) -> None:
    """Bring the copy up to the log, which must be whole. Raises OSError."""
    log, copy = (folder / LOG).read_bytes(), folder / COPY
    if not copy.exists() or copy.read_bytes() != log:
        write_atomic(copy, [log])


def first_copy(folder: Path) -> None:
    """Begin the copy of a whole log that has none yet. Raises OSError."""
    log = read_events(folder / LOG)
    if log.whole and log.events and not (folder / COPY).exists():
        with _alone(folder):
            _keep_copy(folder)


def mend_log(folder: Path) -> str | None:
    """Put back what the log lost, from its copy, or cut off an unfinished last line; what it did, None where nothing was to do.

    The log as it was found is kept beside it, under a name with the time.

    Raises:
        InvalidRecord: no whole copy goes on where the log ends, so that a person must restore it.
    """
    with _alone(folder):
        return _mended(folder)


def _mended(folder: Path) -> str | None:
    """As ``mend_log``, by who holds the lock."""
    file = folder / LOG
    log, copy = read_events(file), read_events(folder / COPY)
    if not copy.ends_within(log) and log.ends_within(copy):
        aside, done = _kept_aside(file), f"restored from {COPY}"
        write_atomic(file, map(log_line, copy.events))
    elif copy.ends_within(log) and log.torn:
        aside, done = _kept_aside(file), "the unfinished last line was mended"
        _end_last_line(file)
    else:
        aside, done = None, None
    read_log(folder)
    return f"{done}; what it held is in {aside.name}" if aside else done


def _kept_aside(file: Path) -> Path | None:
    """The damaged file under a name with the time; None where there is none."""
    return keep_aside(file) if os.path.lexists(file) else None


def _end_last_line(file: Path) -> None:
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
