"""Look at every file that ragqa keeps; name what is damaged, a line each; repair what can be repaired without losing anything.

What is damaged keeps its bytes under NAME.damaged-DATE-TIME, and what takes its place appears whole, so that a kill at any moment
costs nothing: the next run goes on. What no program can know again, the text of an article above all, is for a person; with
``restore`` the text approved last, and records that the live generation holds, are put back in its place.

Each module looks at one family of files and gives Damages one by one; each is repaired before the next is looked for, since an
index is built from what was mended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from ragqa.corpus.catalogue import Progress
from ragqa.corpus.reviewlog import LOG, known_log, mend_log
from ragqa.errors import RagqaError
from ragqa.index import current_generation
from ragqa.index.refresh import build_index, silent
from ragqa.mend.databases import library
from ragqa.mend.found import Damage, Finding
from ragqa.mend.generations import index
from ragqa.mend.permissions import permissions
from ragqa.mend.places import places
from ragqa.mend.serving import serving
from ragqa.mend.texts import abstracts, approved, articles
from ragqa.settings import Settings

__all__ = ["Damage", "Finding", "look", "mend", "review_log"]

REFUSED = (RagqaError, OSError, sqlite3.Error)


def mend(settings: Settings, *, dry_run: bool = False, restore: bool = False, progress: Progress = silent) -> Iterator[Finding]:
    """Find what is damaged and, unless it is a ``dry_run``, repair it; each finding is given as soon as it was dealt with.

    Where something of the corpus was put back, the index follows.
    """
    restored = False
    for found in look(settings, restore, progress):
        seen = " ".join(found.seen.split())[:400]
        if found.repair is None:
            yield Finding(file=found.file, seen=seen, outcome=found.advice, mended=False)
        elif dry_run:
            yield Finding(file=found.file, seen=seen, outcome=f"can be mended: {found.advice}", mended=True)
        else:
            finding = _repaired(found, seen, found.repair)
            restored = restored or (finding.mended and found.file.is_relative_to(settings.corpus))
            yield finding
    if restored and current_generation(settings.index) is not None:
        with suppress(*REFUSED):  # what keeps it from following was named above, or is by `ragqa index`
            build_index(settings, progress)


def _repaired(found: Damage, seen: str, repair: Callable[[], str]) -> Finding:
    try:
        return Finding(file=found.file, seen=seen, outcome=f"mended: {repair()}", mended=True)
    except REFUSED as error:
        reason = " ".join(str(error).split())[:400]
        return Finding(file=found.file, seen=seen, outcome=f"not mended: {reason}", mended=False)


def look(settings: Settings, restore: bool, progress: Progress) -> Iterator[Damage]:
    """All that is damaged, in the order in which it has to be mended."""
    yield from permissions(settings)
    yield from places(settings, restore)
    yield from serving(settings)
    yield from library(settings.library)
    yield from review_log(settings.corpus)
    yield from articles(settings.corpus, restore)
    yield from abstracts(settings, restore)
    yield from approved(settings.corpus)
    yield from index(settings, progress)


def review_log(corpus: Path) -> Iterator[Damage]:
    """The log of review events: what it lost comes back from its copy, and an unfinished last line is cut off."""
    log = known_log(corpus)
    if log.fault is None:
        return
    if log.complete:
        repair = partial(_mended_log, corpus)
        yield Damage(file=corpus / LOG, seen=log.fault.message, advice="put back what is known of it", repair=repair)
    else:
        yield Damage(file=corpus / LOG, seen=log.fault.message, advice="restore it from a copy, then run `ragqa check`")


def _mended_log(corpus: Path) -> str:
    return mend_log(corpus) or "it is whole again"
