"""One reading of the corpus: of the files that may have changed only what is not what was read before, into the catalogue."""

from __future__ import annotations

from pathlib import Path

from ragqa.corpus.abstracts import abstract_of
from ragqa.corpus.articles import parse_article
from ragqa.corpus.catalogue.findings import BytesRead, Faults, Progress
from ragqa.corpus.catalogue.lines import Line, lines
from ragqa.corpus.catalogue.sources import CataloguedArticle, Held, Place, Sources
from ragqa.corpus.catalogue.stamps import size_of, stamped_files
from ragqa.corpus.faults import duplicate, marker_faults
from ragqa.corpus.records import record_digest
from ragqa.errors import Fault, InvalidRecord, printable_name
from ragqa.files import json_object


def read_changes(corpus: Path, sources: Sources, progress: Progress) -> Faults:
    """Bring ``sources`` up to date with the folder, within their ``change``; what is wrong with its files, each by itself."""
    reading = _Reading(corpus, sources)
    reading.run(progress)
    sources.drop_aside()
    return reading.faults


class _Reading:
    """Every changed file is compared before the first is read on: a line that moved is then known wherever it went."""

    def __init__(self, corpus: Path, sources: Sources) -> None:
        self.corpus, self.sources, self.faults = corpus, sources, Faults()
        self.read: BytesRead

    def run(self, progress: Progress) -> None:
        changed = self._changed_files()
        self.read = BytesRead(progress, sum(size_of(self.corpus / name) for name in changed))
        rest: dict[str, tuple[int, Line | None]] = {}
        for name, stamp in changed.items():
            number = self.sources.stamp(name, stamp)
            rest[name] = (number, self._first_difference(name, number))
        for name, (number, line) in rest.items():
            if name.endswith(".md"):
                self._read_article(name, number)
            elif line is not None:
                self._read_abstracts(name, number, line)
        self.read.finish()

    def _changed_files(self) -> dict[str, str]:
        """Name and new stamp of each file that may have changed; those that are no more are forgotten."""
        known, present = self.sources.files(), stamped_files(self.corpus)
        for name in [name for name in present if name != printable_name(name)]:
            message = "its name is no text on one line: rename the file"
            self.faults.add("", [Fault(file=self.corpus / name, line=None, message=message)])
            del present[name]
        for name in known.keys() - present.keys():
            self.sources.forget_file(known[name][0])
        return {name: stamp for name, stamp in present.items() if known.get(name, (0, None))[1] != stamp or not stamp}

    def _first_difference(self, name: str, number: int) -> Line | None:
        """The first line that is not what was read before, None where all is; what stood there and after it is forgotten.

        Of a file that cannot be read on, what comes after that place is forgotten too.
        """
        if name.endswith(".md"):
            self.sources.forget_sources(number)
            return None
        before = self.sources.places(number)
        differing, same = None, Line(0, 0, b"")
        try:
            for line in lines(self.corpus / name):
                if isinstance(line, Fault):
                    differing = Line(same.number + 1, same.end, b"")
                    break
                if next(before, None) != (line.start, line.sha256):
                    differing = line
                    break
                same = line
                self.read.add(len(line.data))
        except InvalidRecord as error:
            self.faults.add(name, error.faults)
        self.sources.set_lines_aside(number, differing.start if differing else same.end)
        return differing

    def _read_article(self, name: str, number: int) -> None:
        self.read.add(size_of(self.corpus / name))
        try:
            article = parse_article(self.corpus / name)
        except InvalidRecord as error:
            self.faults.add(name, error.faults)
            return
        self.faults.add(name, marker_faults(self.corpus, article))
        entry = CataloguedArticle(article.slug, article.sha256, list(article.citations))
        self.sources.add_article(entry, record_digest(article), number)

    def _read_abstracts(self, name: str, number: int, first: Line) -> None:
        file = self.corpus / name
        for line in self.faults.readable(name, lines(file, first.start, first.number - 1)):
            if isinstance(line, Fault):
                self.faults.add(name, [line])
                continue
            self.read.add(len(line.data))
            sha256 = line.sha256
            held = self._held(line, sha256, file)
            if isinstance(held, Fault):
                self.faults.add(name, [held])
            elif not self.sources.add_abstract(held, number, Place(line.number, line.start, len(line.data)), sha256):
                self.faults.add(name, [self._duplicate(held.id, name, line.number)])
                self.faults.ambiguous.add(held.id)

    def _held(self, line: Line, sha256: bytes, file: Path) -> Held | Fault:
        """What a line holds; it is parsed only where no such line stood anywhere before."""
        if before := self.sources.held_before(sha256):
            return before
        abstract = abstract_of(json_object(line.data, file, line.number), file, line.number)
        return abstract if isinstance(abstract, Fault) else Held(abstract.id, record_digest(abstract), abstract.retracted)

    def _duplicate(self, source_id: str, name: str, line: int) -> Fault:
        """Of two places the one that comes later is at fault."""
        (first, first_line), (second, second_line) = sorted([self.sources.stands_at(source_id), (name, line)])
        return duplicate(self.corpus / second, second_line, source_id, f"{Path(first).name}:{first_line}")
