"""The catalogue as a build uses it: brought up to date with the corpus, then asked for decisions and records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ragqa.corpus.abstracts import abstract_of
from ragqa.corpus.articles import parse_article
from ragqa.corpus.catalogue.crosscheck import is_blocking, set_faulty_aside
from ragqa.corpus.catalogue.findings import Progress
from ragqa.corpus.catalogue.lines import seekable
from ragqa.corpus.catalogue.reading import read_changes
from ragqa.corpus.catalogue.sources import Place, Sources
from ragqa.corpus.faults import raise_all, told
from ragqa.corpus.folder import require_folder
from ragqa.corpus.gate import Gate, review_states
from ragqa.corpus.records import Abstract, Article, ReviewEvent, record_digest
from ragqa.corpus.reviewlog import head_of, known_log
from ragqa.errors import CorpusChanged, Fault, InvalidRecord
from ragqa.files import UNREADABLE, json_object

STREAMS = 64
"""Files of abstracts held open at a time while records are read."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate decided on a source: ``reason`` is None for one that may be indexed, else why it is left out.

    ``kind`` is "article" or "abstract", ``digest`` the SHA-256 of the whole record.
    """

    id: str
    kind: str
    digest: bytes
    reason: str | None


class Catalogue:
    """The sources of one corpus folder, as they were when ``refresh`` was last called. One process at a time may have it open."""

    def __init__(self, file: Path, corpus: Path) -> None:
        """Open the catalogue, or make it where it is missing or of no use. Raises OSError, sqlite3.Error."""
        self.corpus = corpus
        self.reviews: tuple[ReviewEvent, ...] = ()
        self.faults: tuple[Fault, ...] = ()
        self._names: dict[int, str] = {}
        self._streams: dict[int, IO[bytes]] = {}
        self._sources = Sources(file)

    @property
    def review_head(self) -> str | None:
        """Chain of the last event of the review log."""
        return head_of(self.reviews) or None

    def refresh(self, progress: Progress) -> None:
        """Bring the catalogue up to date with the folder; progress counts thousands of bytes of files that may have changed.

        An article or a line with a fault is set aside, and ``faults`` name it, as long as nothing approved depends on it.

        Raises:
            CorpusError: what an approved article says or cites has a fault, or the review log cannot be relied on; with every
                fault of every file. The catalogue is as it was.
        """
        require_folder(self.corpus)
        self._close_streams()
        log = known_log(self.corpus)
        with self._sources.change():
            found = read_changes(self.corpus, self._sources, progress)
            if is_blocking(self.corpus, self._sources, log, found):
                raise_all(told(self.corpus, found.all()))
            set_faulty_aside(self._sources, found)
        self.reviews = log.events
        self.faults = tuple(told(self.corpus, found.all()))
        self._names = {number: name for name, (number, _) in self._sources.files().items()}

    def decisions(self, abstracts: str) -> Iterator[Decision]:
        """Every source in the order of its id, with the gate's decision; ``abstracts`` as for ``gate.Gate``."""
        articles = self._sources.articles()
        states = review_states({article.slug: article.sha256 for article in articles}, self.reviews)
        gate = Gate(states, {article.slug: article.citations for article in articles}, abstracts)
        for source, kind, digest, retracted in self._sources.all():
            reason = (
                gate.article(source.removeprefix("article:")) if kind == "article" else gate.abstract(source, retracted=retracted)
            )
            yield Decision(source, kind, digest, reason)

    def record(self, source_id: str) -> Article | Abstract:
        """The record of a catalogued source, read from its place in the corpus.

        Raises:
            CorpusChanged: the place does not hold what was catalogued: the corpus is being changed at this moment.
        """
        number, place, digest = self._sources.place(source_id)
        file = self.corpus / self._names[number]
        found: Article | Abstract | Fault | None = None
        with suppress(InvalidRecord, *UNREADABLE):
            found = self._abstract(number, file, place) if place else parse_article(file)
        if found is None or isinstance(found, Fault) or record_digest(found) != digest:
            message = f"{source_id} was changed while the index was being built: run `ragqa index` again"
            raise CorpusChanged(file, place.line if place else None, message)
        return found

    def close(self) -> None:
        """Release the files."""
        self._sources.close()
        self._close_streams()

    def _abstract(self, number: int, file: Path, place: Place) -> Abstract | Fault:
        if number not in self._streams:
            if len(self._streams) >= STREAMS:
                self._streams.pop(next(iter(self._streams))).close()
            self._streams[number] = seekable(file)
        stream = self._streams[number]
        stream.seek(place.start)
        return abstract_of(json_object(stream.read(place.length), file, place.line), file, place.line)

    def _close_streams(self) -> None:
        while self._streams:
            self._streams.popitem()[1].close()
