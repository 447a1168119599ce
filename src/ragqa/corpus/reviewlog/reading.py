"""What the review log and its copy hold, and which of their events can be relied on whatever happened to either."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ragqa.corpus.records import ReviewEvent
from ragqa.corpus.reviewlog.chain import bound_event, head_of
from ragqa.errors import Fault, InvalidRecord
from ragqa.files import open_regular
from ragqa.files.reading import LONGEST_LINE

LOG = "reviews.jsonl"
COPY = "reviews.copy.jsonl"
"""Beside the log, and never ahead of it: what shows that the log was cut, and mends it."""
MOST_DOUBTED = 10_000
"""Lines looked at behind a damaged one."""
LONGEST_NAMED = 4096
"""Bytes of such a line in which an article's name is looked for: events are shorter."""

_APPROVES = re.compile(rb'(?<!\\\\)"state": ?"approved"')
_ARTICLE = re.compile(rb'"article": ?"([a-z0-9-]{1,200})"')
_DIVERGED = (
    f"the log and its copy {COPY} tell two histories: keep the right one under the name {LOG}, take the other away, then run "
    "`ragqa check`"
)


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
class EventFile:
    """One file's events up to its first fault, that fault, and the lines from there on, which prove nothing."""

    events: list[ReviewEvent]
    fault: Fault | None = None
    rest: list[bytes] = field(default_factory=list)

    def ends_within(self, other: EventFile) -> bool:
        """Whether the other file holds all these events."""
        return not self.events or self.events[-1].chain in (event.chain for event in other.events)

    @property
    def whole(self) -> bool:
        """Whether every line is an event that follows from those before it."""
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
    log, copy = read_events(file), read_events(folder / COPY)
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


def read_events(file: Path) -> EventFile:
    """The events of the log or its copy, as far as they can be relied on by that file alone; an absent one has none."""
    events: list[ReviewEvent] = []
    try:
        with open_regular(file) as stream:
            lines = iter(lambda: stream.readline(LONGEST_LINE), b"")
            for number, line in enumerate(lines, start=1):
                try:
                    events.append(bound_event(line, head_of(events), file, number))
                except InvalidRecord as error:
                    return EventFile(events, error.faults[0], [line, *islice(lines, MOST_DOUBTED)])
    except FileNotFoundError:
        return EventFile([])
    except OSError as error:
        return EventFile(events, Fault(file=file, line=None, message=f"cannot be read: {error.strerror or error}"))
    return EventFile(events)


def _named(lines: Iterable[bytes]) -> frozenset[str]:
    """Slugs that these lines may have taken back: all they name but for those that they call approved."""
    return frozenset(
        match[1].decode() for line in lines if not _APPROVES.search(line) for match in _ARTICLE.finditer(line[:LONGEST_NAMED])
    )
