"""The queue of answers that wait for sign-off."""

from __future__ import annotations

from typing import NamedTuple

from ragqa.editorial.difference import Difference, Severity, compare
from ragqa.editorial.library import Library
from ragqa.editorial.versions import State, Version


class Queued(NamedTuple):
    """A stored answer, the last one that readers saw before it, and the difference; None for a new question."""

    version: Version
    before: Version | None
    difference: Difference | None


def sign_off_queue(library: Library) -> list[Queued]:
    """The waiting versions, the gravest change first."""
    found = []
    for version in library.versions(State.WAITING):
        before = library.published(version.key) or _last_shown(library, version)
        found.append(Queued(version, before, compare(before.answer, version.answer) if before else None))
    return sorted(found, key=_gravest_first)


def _gravest_first(queued: Queued) -> tuple[int, int]:
    severity = queued.difference.severity if queued.difference else Severity.RECOMMENDATION
    return -severity, queued.version.number


def _last_shown(library: Library, version: Version) -> Version | None:
    """What readers saw before it was taken back."""
    shown = [v for v in library.history(version.key) if v.number < version.number and v.state is State.UNPUBLISHED]
    return shown[-1] if shown else None
