"""One built generation, open for reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path

from ragqa.corpus.credits import folded
from ragqa.corpus.records import Abstract, Article, Passage
from ragqa.errors import IndexFault, IndexMismatch, IndexMissing
from ragqa.index.generations import current_generation, nothing_live, stored_generations
from ragqa.index.lexical import LexicalIndex
from ragqa.index.manifest import CHECKED_AT_OPEN, damage, damaged, read_manifest, reading
from ragqa.index.store import PassageStore
from ragqa.index.vectors import engine_of
from ragqa.models import Embedder, Vectors


class Generation:
    """A built generation, open for reading. Safe to share between threads.

    Opening it, and whatever reads it later, raises IndexDamaged where a file is not what was built.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        reason = damage(folder, self.manifest, CHECKED_AT_OPEN)
        if reason is not None:
            raise damaged(folder, reason)
        with reading(folder):
            self._vectors = engine_of(self.manifest).open(folder, self.manifest)
            self._lexical = LexicalIndex(folder / "lexical")
            self._store = PassageStore(folder)
        self.passage = lru_cache(maxsize=4096)(self._passage)
        self._record = lru_cache(maxsize=4096)(self._record_of)
        self.digest = lru_cache(maxsize=65536)(self._digest_of)
        self.withheld: Mapping[str, str] = {}

    def without(self, withheld: Mapping[str, str]) -> Generation:
        """The same open generation, in which these sources (id to reason) are not to be found; only the first is closed."""
        view = copy(self)
        view.withheld = withheld
        return view

    def dense(self, query: Vectors, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` (row, cosine similarity) pairs, best first; ``query`` has shape (1, dimension)."""
        with reading(self.folder):
            return self._shown(self._vectors.search(query, k))

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """The unit vectors of these rows, shape (len(rows), dimension)."""
        with reading(self.folder):
            return self._vectors.vectors(rows)

    def lexical(self, question: str, k: int, rare: float = 0.0) -> list[tuple[int, float]]:
        """Up to ``k`` (row, BM25) pairs, best first; each term counts ``rarity ** rare`` times, so 0 is plain BM25."""
        with reading(self.folder):
            return self._shown(self._lexical.search(question, k, rare))

    def _shown(self, rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
        if not self.withheld:
            return rows
        return [(row, score) for row, score in rows if self.passage(row).source_id not in self.withheld]

    def terms(self, text: str) -> list[str]:
        """The index terms of a text: lower-cased, stemmed, without stop words."""
        return self._lexical.terms(text)

    def uses(self, word: str) -> bool:
        """Whether a passage holds a word, whatever its ending."""
        with reading(self.folder):
            return any(self._lexical.holds(term) for term in self._lexical.terms(word))

    def rarity(self, term: str) -> float:
        """Inverse document frequency of an index term, as in BM25: ln(1 + (N - n + 0.5) / (n + 0.5))."""
        with reading(self.folder):
            return self._lexical.rarity(term)

    def find(self, source_id: str) -> Article | Abstract | None:
        """The record of this id; None when there is none, or it is withheld."""
        return None if source_id in self.withheld else self._record(source_id)

    def rows(self, source_id: str) -> range:
        """The rows of a source's passages; none where it is not to be found."""
        with reading(self.folder):
            return range(0) if source_id in self.withheld else self._store.rows(source_id)

    def credited(self, name: str) -> list[tuple[str, int | None]]:
        """Id and year of the abstracts that are called by this name of an author, a group or a journal, by id."""
        with reading(self.folder):
            return [(id_, year) for id_, year in self._store.credited(folded(name)) if id_ not in self.withheld]

    def record(self, source_id: str) -> Article | Abstract:
        """The source of a passage of this generation; raises IndexFault when there is none of that id."""
        found = self.find(source_id)
        if found is None:
            raise self._unknown(source_id)
        return found

    def articles(self) -> list[Article]:
        """The approved articles, by slug."""
        with reading(self.folder):
            return [article for article in self._store.articles() if article.id not in self.withheld]

    def _passage(self, row: int) -> Passage:
        with reading(self.folder):
            return self._store.passage(row)

    def _record_of(self, source_id: str) -> Article | Abstract | None:
        with reading(self.folder):
            return self._store.record(source_id)

    def _digest_of(self, source_id: str) -> str:
        """sha256 of a source's whole record, so that any edit of it shows; raises IndexFault when there is none of that id."""
        with reading(self.folder):
            found = self._store.digest(source_id)
        if found is None:
            raise self._unknown(source_id)
        return found

    def _unknown(self, source_id: str) -> IndexFault:
        return IndexFault(f"{source_id} is not in the generation {self.manifest.generation}: run `ragqa index`")

    def excluded(self, source_ids: Sequence[str]) -> dict[str, str]:
        """Of these sources, those the gate left out, with the reason."""
        here = {source: self.withheld[source] for source in source_ids if source in self.withheld}
        with reading(self.folder):
            return self._store.excluded(source_ids) | here

    def left_out(self) -> dict[str, str]:
        """Every source that the gate left out, with the reason."""
        with reading(self.folder):
            return self._store.left_out() | dict(self.withheld)

    def articles_left_out(self) -> dict[str, str]:
        """Every article that the gate left out, with the reason."""
        with reading(self.folder):
            here = {source: why for source, why in self.withheld.items() if source.startswith("article:")}
            return self._store.articles_left_out() | here

    def close(self) -> None:
        """Release the files."""
        self._store.close()
        self._lexical.close()
        self._vectors.close()


def open_index(folder: Path, embedder: Embedder, name: str | None = None) -> Generation:
    """Open the live generation, or the stored one of this name.

    Raises:
        IndexMissing: nothing has been built in ``folder``, or the named generation is not stored any more.
        IndexMismatch: it was built with another model, so its vectors cannot be compared with the question's.
        IndexDamaged: one of its files is not what was built.
    """
    if name is not None and name not in stored_generations(folder):
        stored = ", ".join(stored_generations(folder)) or "none"
        raise IndexMissing(
            f"generation {name} is not stored in {folder} any more, only {stored}; RAGQA_GENERATIONS sets how many are kept"
        )
    generation = Generation(folder / name) if name else _open_current(folder)
    built = generation.manifest
    if built.fingerprint != embedder.fingerprint:
        generation.close()
        raise IndexMismatch(
            f"the index {folder} was built with {built.model} ({built.fingerprint}), the model set now is {embedder.name} "
            f"({embedder.fingerprint}): run `ragqa index` with the model you want, or set RAGQA_MODEL={built.model}"
        )
    return generation


def _open_current(folder: Path) -> Generation:
    for last in (False, True):
        name = current_generation(folder)
        if name is None:
            break
        try:
            return Generation(folder / name)
        except IndexFault:
            if last or current_generation(folder) == name:
                raise
    raise IndexMissing(f"{nothing_live(folder)}: run `ragqa index`")
