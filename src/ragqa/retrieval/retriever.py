"""The seam at which a question becomes hits: what a retriever is, and the one that ranks by meaning and by words.

retriever = HybridRetriever(generation, embedder, settings)
hits = retriever.retrieve(query)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ragqa.corpus.records import Passage
from ragqa.index import Generation, inner_products
from ragqa.models import Embedder, Vectors
from ragqa.question.query import Query
from ragqa.retrieval.ranking import FOR_ANSWERS, STAGES, WEIGHED, Ranked, Stages, in_order, rank_readings, with_evidence
from ragqa.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A retrieved passage. ``similarity`` is a cosine; ``bm25`` counts rare words for more and is 0 where the lexical retriever
    did not propose the passage; ``score`` is the fused score, 0..1, plus PREFERENCE where the source is preferred, plus
    ``evidence``, 0..EVIDENCE, which the source's kind, design and year add.
    """

    passage: Passage
    score: float
    similarity: float
    bm25: float
    evidence: float = 0.0


class Retriever(Protocol):
    """What an answer needs of retrieval; it binds an index, an embedder and settings once."""

    def retrieve(self, query: Query) -> list[Hit]:
        """The passages that an answer may quote, nearest to the question first; equal questions give equal hits."""

    def search(self, query: Query, k: int) -> list[Hit]:
        """The best passage of each of the best ``k`` sources, best first."""


class HybridRetriever:
    """Dense and lexical ranking of one generation, as ``ragqa.retrieval.ranking`` describes it."""

    def __init__(self, generation: Generation, embedder: Embedder, settings: Settings, stages: Stages = STAGES) -> None:
        """``stages`` are those of ``search``; answers are made from FOR_ANSWERS."""
        self._generation, self._embedder, self._settings, self._stages = generation, embedder, settings, stages

    def retrieve(self, query: Query) -> list[Hit]:
        """See ``Retriever``; of the records that a question calls by name also where nothing else finds them."""
        hits = self.passages(query.readings, query.preferred)
        return self._with_called(query.called - {hit.passage.source_id for hit in hits}, query.vector, hits)

    def _with_called(self, called: Collection[str], vector: Vectors, hits: list[Hit]) -> list[Hit]:
        """The hits and, of a few more sources, the first passages of each."""
        rows = [
            row
            for source in sorted(called)[: self._settings.sources]
            for row in self._generation.rows(source)[: self._settings.passages_per_source]
        ]
        if not rows:
            return hits
        near = inner_products(vector[0], self._generation.vectors(rows)).tolist()
        found = [
            Hit(passage=self._generation.passage(row), score=similarity, similarity=similarity, bm25=0.0)
            for row, similarity in zip(rows, near, strict=True)
        ]
        return sorted([*hits, *found], key=lambda hit: (-hit.similarity, hit.passage.id))

    def passages(self, readings: Sequence[str], preferred: frozenset[str] = frozenset()) -> list[Hit]:
        """Passages of the best ``settings.sources`` sources, at most ``passages_per_source`` of each, nearest first.

        The fused score decides which passages these are. Their order is by cosine alone, which no other document can change:
        BM25 moves a little with every document added, and an answer should move only with the passages it was made from.
        """
        ranked = self._ranked(readings, preferred, self._settings.candidates, FOR_ANSWERS)
        hits = _capped(ranked, self._generation, self._settings.sources, self._settings.passages_per_source)
        return sorted(hits, key=lambda hit: (-hit.similarity, hit.passage.id))

    def search(self, query: Query, k: int) -> list[Hit]:
        """See ``Retriever``; with the evidence counted: what a run file holds."""
        return self.sources(query.readings, k, query.preferred)

    def sources(self, readings: Sequence[str], k: int, preferred: frozenset[str] = frozenset()) -> list[Hit]:
        """As ``search``, of wordings alone."""
        ranked = self._ranked(readings, preferred, max(self._settings.candidates, 2 * k), self._stages)
        weighed = with_evidence(ranked[:WEIGHED], self._generation)
        return _capped(in_order([*weighed, *ranked[WEIGHED:]]), self._generation, k, 1)

    def _ranked(self, readings: Sequence[str], preferred: frozenset[str], depth: int, stages: Stages) -> list[Ranked]:
        return rank_readings(readings, self._generation, self._embedder, self._settings, depth, preferred, stages)


def _capped(ranked: Iterable[Ranked], generation: Generation, sources: int, per_source: int) -> list[Hit]:
    """Keep the best ``sources`` sources and at most ``per_source`` passages of each, in ranked order."""
    kept: dict[str, int] = {}
    hits = []
    for row, score, similarity, bm25, evidence in ranked:
        passage = generation.passage(row)
        count = kept.get(passage.source_id, 0)
        if count >= per_source or (count == 0 and len(kept) >= sources):
            continue
        kept[passage.source_id] = count + 1
        hits.append(Hit(passage=passage, score=score, similarity=similarity, bm25=bm25, evidence=evidence))
        if per_source == 1 and len(kept) >= sources:
            break
    return hits
