"""The words of a generation's passages: BM25 over stemmed English terms (tantivy), in segments that generations share.

    lexical/segments.json     which rows each segment holds
    lexical/meta.json         tantivy's own list of the same segments; with their files all that it needs to read

A segment never changes. A removed passage is taken out by writing its segment again without it, because BM25 must count the
passages that can be found and no others: tantivy's own deletions leave the statistics as they were. Searching reads all
segments as one index.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import tantivy

from ragqa.files.writing import linked

WORDS = "2"
"""Part of a generation's name: raise it whenever the same text would be indexed as other words."""
_MIXED = re.compile(r"\b(?:[A-Za-z]+\d|\d+[A-Za-z])[A-Za-z\d]*\b")
_LETTERS_OR_DIGITS = re.compile(r"[A-Za-z]+|\d+")

Texts = Callable[[int, int], Iterable[tuple[int, str]]]
"""(row, text) of the passages with ``first <= row < end`` that are still there, in order."""


class Segment(NamedTuple):
    """Rows ``first`` to ``end``, less those removed, with tantivy's entries for their files."""

    first: int
    end: int
    entries: list[dict[str, Any]]


class LexicalIndex:
    """The words of a generation, open for reading."""

    def __init__(self, folder: Path) -> None:
        self._analyzer = _analyzer()
        self._links: tempfile.TemporaryDirectory[str] | None = None
        self._index = self._opened(folder)
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def _opened(self, folder: Path) -> Any:
        """Tantivy takes a lock in its folder even to read; where it may not, it is given a folder of links to the same files."""
        try:
            index = tantivy.Index.open(str(folder))
            index.searcher()
        except ValueError as error:
            if "Lockfile" not in str(error):
                raise
            self._links = tempfile.TemporaryDirectory(prefix="ragqa-lexical-")
            for file in folder.resolve().iterdir():
                if not file.name.endswith(".lock"):
                    (Path(self._links.name) / file.name).symlink_to(file)
            index = tantivy.Index.open(self._links.name)
        return index

    def close(self) -> None:
        """Release what opening took."""
        if self._links is not None:
            self._links.cleanup()

    def terms(self, text: str) -> list[str]:
        """Lower-cased, stemmed, without stop words."""
        terms: list[str] = self._analyzer.analyze(text)
        return terms

    def search(self, question: str, k: int, rare: float) -> list[tuple[int, float]]:
        """Up to ``k`` (row, score) pairs, best first: BM25 in which each term counts ``rarity ** rare`` times; 0 is plain BM25.

        Any text is only words.
        """
        terms = dict.fromkeys(self.terms(with_parts(question)))
        if not terms:
            return []
        clauses = [(tantivy.Occur.Should, self._clause(term, self.rarity(term) ** rare)) for term in terms]
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), k).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits]) if hits else []
        found = [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def _clause(self, term: str, weight: float) -> Any:
        return tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, "text", term, "freq"), weight)

    def holds(self, term: str) -> bool:
        """Whether a text holds an index term."""
        return bool(self._searcher.doc_freq("text", term))

    def rarity(self, term: str) -> float:
        """Inverse document frequency: ln(1 + (N - n + 0.5) / (n + 0.5))."""
        total, holding = self._searcher.num_docs, self._searcher.doc_freq("text", term)
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def with_parts(text: str) -> str:
    """The text, and behind it the letters and digits of mixed words apart: "CD4", "10mg" are found by "CD 4", "10 mg" too."""
    mixed = (_LETTERS_OR_DIGITS.findall(word) for word in _MIXED.findall(text))
    return " ".join([text, *(part for parts in mixed for part in parts)])


def write_lexical(folder: Path, texts: Iterable[tuple[int, str]], size: int) -> None:
    """Index (row, text) pairs that come in the order of their rows, ``size`` of them a segment."""
    folder.mkdir()
    waiting, segments = iter(texts), []
    while some := list(islice(waiting, size)):
        segments.append(Segment(some[0][0], some[-1][0] + 1, _written(folder, some)))
    _list(folder, segments)


def grow_lexical(before: Path, folder: Path, texts: Texts, removed: Container[int], end: int, size: int) -> None:
    """The index in ``before`` with the rows up to ``end`` added and the ``removed`` ones out; what is untouched is shared.

    Small segments at the end are written again together with the new rows, so that their number stays small.
    """
    folder.mkdir()
    old = _segments(before)
    new = old[-1].end if old else 0
    while old and new < end and old[-1].end - old[-1].first < min(size, 2 * (end - new)):
        new = old.pop().first
    segments = []
    for segment in old:
        if any(row in removed for row in range(segment.first, segment.end)):
            segments.append(segment._replace(entries=_written(folder, texts(segment.first, segment.end))))
        else:
            segments.append(segment)
            for entry in segment.entries:
                for file in _files(before, entry):
                    linked(file, folder / file.name)
    while new < end:
        segments.append(Segment(new, min(end, new + size), _written(folder, texts(new, min(end, new + size)))))
        new += size
    _list(folder, segments)


def _written(folder: Path, texts: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """Tantivy's entries for these texts, whose files are put into the folder."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".segment-") as place:
        index = _new(place)
        writer = index.writer(heap_size=128_000_000, num_threads=1)
        for row, text in texts:
            document = tantivy.Document()
            document.add_unsigned("row", row)  # the keyword form would store a signed number, which the field refuses
            document.add_text("text", with_parts(text))
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        entries: list[dict[str, Any]] = json.loads((Path(place) / "meta.json").read_text(encoding="utf-8"))["segments"]
        for entry in entries:
            for file in list(_files(Path(place), entry)):
                file.rename(folder / file.name)
    return entries


def _list(folder: Path, segments: list[Segment]) -> None:
    """The two lists of segments: ours with their rows, and tantivy's, which an empty index is the pattern of."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".pattern-") as place:
        _new(place)
        meta = json.loads((Path(place) / "meta.json").read_text(encoding="utf-8"))
    meta["segments"] = [entry for segment in segments for entry in segment.entries]
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    (folder / "segments.json").write_text(json.dumps([segment._asdict() for segment in segments]), encoding="utf-8")


def _segments(folder: Path) -> list[Segment]:
    return [Segment(**entry) for entry in json.loads((folder / "segments.json").read_text(encoding="utf-8"))]


def _files(folder: Path, entry: dict[str, Any]) -> Iterator[Path]:
    return folder.glob(entry["segment_id"].replace("-", "") + ".*")


def _new(folder: str) -> Any:
    schema = tantivy.SchemaBuilder()
    schema.add_unsigned_field("row", stored=False, fast=True)
    schema.add_text_field("text", stored=False, tokenizer_name="ragqa", index_option="freq")
    index = tantivy.Index(schema.build(), path=folder)
    index.register_tokenizer("ragqa", _analyzer())
    return index


def _analyzer() -> Any:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )
