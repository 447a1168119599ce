"""What of a built generation may be quoted at this moment: the review log and the retractions of the corpus as they stand now.

A build applies ``corpus.gate`` to what it indexes. Between a withdrawal and the next whole build a generation still holds
what was taken back, so every question is asked of the generation without it. No draft, no build under way, no damaged index can
delay that: only the log and the lines that speak of a retraction are read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ragqa.corpus.abstracts import abstract_files
from ragqa.corpus.folder import require_folder, retracted_in
from ragqa.corpus.gate import Gate, state_of_text
from ragqa.corpus.records import ReviewEvent, ReviewState
from ragqa.corpus.reviewlog import COPY, LOG, Log, head_of, known_log
from ragqa.errors import Fault, IndexMismatch
from ragqa.files.places import stamp
from ragqa.index import Generation, belongs, built_from

LOOK = 0.5
"""Seconds between two looks at the files of abstracts. The log, one small file, is looked at for every question."""
_DAMAGED = "the review log is damaged where it speaks of this article"

Withheld = Mapping[str, str]
"""Source id to the reason why it may not be quoted."""


class LiveGate:
    """The gate of one open generation. Safe to share between threads."""

    def __init__(self, corpus: Path, generation: Generation) -> None:
        """Look for the first time.

        Raises:
            CorpusError: there is no such corpus folder.
            IndexMismatch: the generation was built from another corpus, or the review log lost its end since.
        """
        require_folder(corpus)
        self.corpus = corpus
        self.fault: Fault | None = None
        self._manifest = generation.manifest
        self._articles = {article.slug: article for article in generation.articles()}
        self._lock = threading.Lock()
        self._log_stamps: object = None
        self._file_stamps: object = None
        self._looked_at = -LOOK
        self._retracted: dict[Path, tuple[object, frozenset[str]]] = {}
        self._log: Log | None = None
        self._withheld: Withheld = {}
        index, log = generation.folder.parent, self._whole_log()
        if not belongs(index, self._manifest, corpus, {event.chain for event in log.events}):
            raise IndexMismatch(_not_its_own(self._manifest.review_head, index, corpus, log.fault))

    @classmethod
    def of(cls, corpus: Path, generation: Generation) -> LiveGate:
        """The gate of a generation that was just opened, which is closed where it cannot be had; raises as ``LiveGate``."""
        try:
            return cls(corpus, generation)
        except BaseException:
            generation.close()
            raise

    def withheld(self) -> Withheld:
        """Sources of the generation that may not be quoted now; the same object as long as nothing changed."""
        with self._lock:
            self._look()
            return self._withheld

    @property
    def head(self) -> str | None:
        """Chain of the last event of the review log, as last looked at; None where there is none."""
        return (head_of(self._log.events) if self._log else "") or None

    def _look(self) -> None:
        stamps = tuple(stamp(self.corpus / name) for name in (LOG, COPY))
        changed = stamps != self._log_stamps
        if changed:
            self._log, self._log_stamps = self._whole_log(), stamps
        if time.monotonic() - self._looked_at >= LOOK:
            changed |= self._look_at_files()
        if changed:
            self._withheld = self._decided()

    def _whole_log(self) -> Log:
        """The log; one that has lost events which were known before takes nothing out of their effect."""
        log = known_log(self.corpus)
        before = self._log
        self.fault = log.fault
        if before is not None and not {event.chain for event in before.events} <= {event.chain for event in log.events}:
            self.fault = log.fault or Fault(file=self.corpus / LOG, line=None, message="the log lost events: run `ragqa check`")
            return Log(events=before.events, fault=self.fault, complete=False, doubtful=before.doubtful | log.doubtful)
        return log

    def _look_at_files(self) -> bool:
        """Whether a file of abstracts changed what is known of retractions."""
        self._looked_at = time.monotonic()
        stamps = {file: stamp(file) for file in abstract_files(self.corpus)}
        if stamps == self._file_stamps:
            return False
        self._file_stamps = stamps
        for file, now in stamps.items():
            before, ids = self._retracted.get(file, (None, frozenset[str]()))
            if before != now:
                self._retracted[file] = now, ids | retracted_in(file)  # what was retracted stays so while this is open
        return True

    def _decided(self) -> Withheld:
        log = self._log or Log(events=())
        of = _by_article(log.events)
        states = {
            slug: ReviewState.WITHDRAWN if slug in log.doubtful else state_of_text(article.sha256, of.get(slug, ()))
            for slug, article in self._articles.items()
        }
        citations = {slug: article.citations for slug, article in self._articles.items()}
        gate = Gate(states, citations, self._manifest.abstracts)
        reasons = {slug: _DAMAGED if slug in log.doubtful else gate.article(slug) for slug in states}
        retracted = frozenset[str]().union(*(ids for _, ids in self._retracted.values()))
        lost = {source for slug, reason in reasons.items() if reason for source in citations[slug]}
        decided = {f"article:{slug}": reason for slug, reason in reasons.items()} | {
            source: gate.abstract(source, retracted=source in retracted) for source in sorted(lost | retracted)
        }
        return {source: reason for source, reason in decided.items() if reason}


def _by_article(events: Iterable[ReviewEvent]) -> dict[str, list[ReviewEvent]]:
    found: dict[str, list[ReviewEvent]] = {}
    for event in events:
        found.setdefault(event.article, []).append(event)
    return found


def _not_its_own(head: str | None, index: Path, corpus: Path, fault: Fault | None) -> str:
    if fault is not None:
        return str(fault)
    if head is None:
        return (
            f"the index {index} was built from {built_from(index)}, not from {corpus}: name the index of {corpus} with --index "
            f"DIR, or build one with `ragqa index --corpus {corpus} --index DIR`"
        )
    return (
        f"the index {index} was not built from {corpus}, or the review log there lost its end: the last event known when it was "
        "built is gone. Name the index of this corpus with --index DIR; a log that was cut must be restored from a copy"
    )
