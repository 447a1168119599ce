"""The words of a generation's passages: BM25 over stemmed English terms."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tantivy


class LexicalIndex:
    """BM25 over stemmed English terms (tantivy)."""

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

    def search(self, question: str, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` (row, BM25) pairs, best first; any text is only words."""
        terms = dict.fromkeys(self.terms(question))
        if not terms:
            return []
        clauses = [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "text", term, "freq")) for term in terms]
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), k).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits]) if hits else []
        found = [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def rarity(self, term: str) -> float:
        """Inverse document frequency: ln(1 + (N - n + 0.5) / (n + 0.5))."""
        total, holding = self._searcher.num_docs, self._searcher.doc_freq("text", term)
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def write_lexical(folder: Path, texts: Sequence[str]) -> None:
    """Index the texts, one row each."""
    folder.mkdir()
    schema = tantivy.SchemaBuilder()
    schema.add_unsigned_field("row", stored=False, fast=True)
    schema.add_text_field("text", stored=False, tokenizer_name="ragqa", index_option="freq")
    index = tantivy.Index(schema.build(), path=str(folder))
    index.register_tokenizer("ragqa", _analyzer())
    writer = index.writer(heap_size=128_000_000, num_threads=1)
    for row, text in enumerate(texts):
        document = tantivy.Document()
        document.add_unsigned("row", row)  # the keyword form would store a signed number, which the field refuses
        document.add_text("text", text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _analyzer() -> Any:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )
