"""The review log on disk: one event a line, each bound by its ``chain`` to every line before it.

chain = sha256(chain of the event before, "" for the first + the event's own line without its chain)

A byte changed in a line breaks that line's chain, a line taken out or put in breaks the next one's. What a chain cannot show
is in ``docs/decisions/0012-review-log.md``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from ragqa.corpus.records import ReviewEvent, explain
from ragqa.errors import Fault, InvalidRecord, StoreBusy
from ragqa.files import json_line, open_regular, write_atomic
from ragqa.files.appending import append_line
from ragqa.files.aside import keep_aside
from ragqa.files.locking import lock_file
from ragqa.files.reading import LONGEST_LINE

LOG = "reviews.jsonl"
LOCK = ".reviews.lock"
LOCK_SECONDS = 2.0
"""How long a step waits for others."""
COPY = "reviews.copy.jsonl"
"""Beside the log, and never ahead of it: what shows that the log was cut, and mends it."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The review events that can be relied on, and what is wrong with the files that hold them.

    ``events``: of the log, or of its copy where the log was cut or damaged. ``fault``: what is wrong, and what to do; None for a
    whole log. ``torn``: it is only a last line that a kill cut off. ``complete``: these are all events that ever counted.
    ``doubtful``: slugs that a line which proves nothing speaks of; what it may have taken back is not cited.
    """

    events: tuple[ReviewEvent, ...]
    fault: Fault | None = None
    torn: bool = False
    complete: bool = True
    doubtful: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Lines:
    """One file's events up to its first fault, that fault, and the lines from there on, which prove nothing."""

    events: list[ReviewEvent]
    fault: Fault | None = None
    rest: list[bytes] = field(default_factory=list)

    def ends_within(self, other: _Lines) -> bool:
        """Whether the other file holds all these events."""
        return not self.events or self.events[-1].chain in (event.chain for event in other.events)

    @property
    def whole(self) -> bool:
        return self.fault is None

    @property
    def torn(self) -> bool:
        """Whether a kill cut off the last line while it was written: it never was an event."""
        return len(self.rest) == 1 and not self.rest[0].endswith(b"\n")


def read_log(folder: Path) -> list[ReviewEvent]:
    """All review events of a corpus, oldest first; none where it has no log.

    Raises:
        InvalidRecord: the log is not what was written there: a line was changed, or lines that its copy holds are missing.
    """
    log = known_log(folder)
    if log.fault:
        raise InvalidRecord(log.fault.file, log.fault.line, log.fault.message)
    return list(log.events)


def known_log(folder: Path) -> Log:
    """The events that can be relied on whatever happened to the log; never raises for what the files hold.

    The copy is written after the log. So a copy that knows more than the log shows that the log lost something, and one that
    knows less proves nothing.
    """
    file = folder / LOG
    log, copy = _read(file), _read(folder / COPY)
    events = tuple(log.events)
    if copy.ends_within(log):
        complete = log.whole or log.torn
        return Log(events=events, fault=log.fault, torn=log.torn, complete=complete, doubtful=_named(log.rest))
    if log.ends_within(copy):
        lost = log.fault or Fault(file=file, line=None, message=_missing(len(copy.events) - len(events)))
        told = Fault(file=file, line=lost.line, message=f"{lost.message}. {COPY} holds it whole: `ragqa mend` puts it back")
        return Log(events=tuple(copy.events), fault=told)
    told = log.fault or Fault(file=file, line=None, message=_DIVERGED)
    doubtful = _named(log.rest) | {event.article for event in copy.events}
    return Log(events=events, fault=told, complete=False, doubtful=doubtful)


def _missing(count: int) -> str:
    return f"the log was cut: its last {'event is' if count == 1 else f'{count} events are'} missing"


_DIVERGED = (
    f"the log and its copy {COPY} tell two histories: keep the right one under the name {LOG}, take the other away, then run "
    "`ragqa check`"
)


def _read(file: Path) -> _Lines:
    """The events of a file; an absent one has none."""
    events: list[ReviewEvent] = []
    try:
        with open_regular(file) as stream:
            lines = iter(lambda: stream.readline(LONGEST_LINE), b"")
            for number, line in enumerate(lines, start=1):
                try:
                    events.append(_event(line, head_of(events), file, number))
                except InvalidRecord as error:
                    return _Lines(events, error.faults[0], [line, *islice(lines, MOST_DOUBTED)])
    except FileNotFoundError:
        return _Lines([])
    except OSError as error:
        return _Lines(events, Fault(file=file, line=None, message=f"cannot be read: {error.strerror or error}"))
    return _Lines(events)


def _named(lines: Iterable[bytes]) -> frozenset[str]:
    """Slugs that these lines may have taken back: all they name but for those that they call approved."""
    return frozenset(
        match[1].decode() for line in lines if not _APPROVES.search(line) for match in _ARTICLE.finditer(line[:LONGEST_NAMED])
    )


MOST_DOUBTED = 10_000
"""Lines looked at behind a damaged one."""
LONGEST_NAMED = 4096
"""Bytes of such a line in which an article's name is looked for: events are shorter."""
_APPROVES = re.compile(rb'(?<!\\\\)"state": ?"approved"')
_ARTICLE = re.compile(rb'"article": ?"([a-z0-9-]{1,200})"')


def head_of(events: Sequence[ReviewEvent]) -> str:
    """The chain of the last event, which stands for the whole log; "" where there is none."""
    return events[-1].chain or "" if events else ""


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
            _mend(folder / LOG)
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
    """Add an event behind ``events``, whole or not at all; only within ``writing``."""
    (bound,) = chained([event], head_of(events))
    append_line(folder / LOG, bound.model_dump(mode="json", exclude_none=True))
    with suppress(OSError):  # the step is recorded; the copy catches up at the next one
        keep_copy(folder)
    return bound


def keep_copy(folder: Path) -> None:
    """Bring the copy up to the log, which must be whole. Raises OSError."""
    log, copy = (folder / LOG).read_bytes(), folder / COPY
    if not copy.exists() or copy.read_bytes() != log:
        write_atomic(copy, [log])


def first_copy(folder: Path) -> None:
    """Begin the copy of a whole log that has none yet. Raises OSError."""
    log = _read(folder / LOG)
    if log.whole and log.events and not (folder / COPY).exists():
        with _alone(folder):
            keep_copy(folder)


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
    log, copy = _read(file), _read(folder / COPY)
    if not copy.ends_within(log) and log.ends_within(copy):
        aside, done = _aside(file), f"restored from {COPY}"
        write_atomic(file, map(log_line, copy.events))
    elif copy.ends_within(log) and log.torn:
        aside, done = _aside(file), "the unfinished last line was mended"
        _mend(file)
    else:
        aside, done = None, None
    read_log(folder)
    return f"{done}; what it held is in {aside.name}" if aside else done


def _aside(file: Path) -> Path | None:
    """The damaged file under a name with the time; None where there is none."""
    return keep_aside(file) if os.path.lexists(file) else None


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
