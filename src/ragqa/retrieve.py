"""A question to ranked hits: dense and lexical candidates, one convex sum of their scores.

Fusion: each retriever's scores are scaled to 0..1 over the candidates (min-max), then summed with ``dense_weight``.
On SciFact, BioASQ and PubMedQA this beat reciprocal rank fusion (``docs/decisions/0004-fusion.md``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragqa.index import Generation
from ragqa.models import Embedder, Vectors
from ragqa.records import Passage
from ragqa.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A retrieved passage. ``similarity`` is a cosine, ``bm25`` is 0 where the lexical retriever did not propose it,
    ``score`` is the fused score in 0..1.
    """

    passage: Passage
    score: float
    similarity: float
    bm25: float


PREFERENCE = 0.1
"""Added to the fused score of the article being read and of what it cites: breaks near ties, imposes nothing."""


BESIDE = 0.3
"""Weight of a further reading of the question beside the first one's 1."""


def retrieve(
    readings: Sequence[str],
    generation: Generation,
    embedder: Embedder,
    settings: Settings,
    preferred: frozenset[str] = frozenset(),
) -> list[Hit]:
    """Passages of the best ``settings.sources`` sources, at most ``passages_per_source`` of each, nearest to the question first.

    ``readings`` are wordings of one question, the likeliest first; what a further one finds adds to the first one's score.
    The fused score decides which passages these are. Their order is by cosine alone, which no other document can change: BM25
    moves a little with every document added, and an answer should move only with the passages it was made from.
    """
    ranked = rank_readings(readings, generation, embedder, settings, settings.candidates, preferred)
    hits = capped(ranked, generation, settings.sources, settings.passages_per_source)
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.passage.id))


def rank_sources(
    readings: Sequence[str],
    generation: Generation,
    embedder: Embedder,
    settings: Settings,
    k: int,
    preferred: frozenset[str] = frozenset(),
) -> list[Hit]:
    """The best passage of each of the best ``k`` sources, best first: what a run file holds."""
    depth = max(settings.candidates, 2 * k)
    return capped(rank_readings(readings, generation, embedder, settings, depth, preferred), generation, k, 1)


def rank_readings(
    readings: Sequence[str],
    generation: Generation,
    embedder: Embedder,
    settings: Settings,
    depth: int,
    preferred: frozenset[str] = frozenset(),
) -> list[tuple[int, float, float, float]]:
    """As ``rank``, for one or several wordings of a question, with PREFERENCE added to preferred sources."""
    ranked = [rank(reading, embedder.embed([reading]), generation, settings, depth) for reading in readings]
    if len(ranked) == 1 and not preferred:
        return ranked[0]
    scale = 1 + BESIDE * (len(ranked) - 1)
    scores: dict[int, float] = {}
    signals: dict[int, tuple[float, float]] = {}
    for weight, hits in zip([1.0, *[BESIDE] * len(ranked)], ranked, strict=False):
        for row, score, similarity, bm25 in hits:
            scores[row] = scores.get(row, 0.0) + weight * score / scale
            signals.setdefault(row, (similarity, bm25))
    for row in scores if preferred else ():
        scores[row] += PREFERENCE * (generation.passage(row).source_id in preferred)
    return sorted(((row, score, *signals[row]) for row, score in scores.items()), key=lambda hit: (-hit[1], hit[0]))


def rank(
    question: str, query: Vectors, generation: Generation, settings: Settings, depth: int
) -> list[tuple[int, float, float, float]]:
    """(row, score, similarity, bm25) of every candidate, best first; a tie goes to the lower row."""
    bm25 = dict(generation.lexical(question, depth)) if settings.dense_weight < 1 else {}
    dense = dict(generation.dense(query, depth)) if settings.dense_weight > 0 else {}
    late = [row for row in bm25 if row not in dense]
    dense.update(zip(late, generation.similarity(query, late), strict=True))
    scaled_dense, scaled_bm25 = _min_max(dense), _min_max({row: bm25.get(row, 0.0) for row in dense})
    weight = settings.dense_weight
    rows = ((row, weight * scaled_dense[row] + (1 - weight) * scaled_bm25[row], dense[row], bm25.get(row, 0.0)) for row in dense)
    return sorted(rows, key=lambda hit: (-hit[1], hit[0]))


def capped(ranked: Iterable[tuple[int, float, float, float]], generation: Generation, sources: int, per_source: int) -> list[Hit]:
    """Keep the best ``sources`` sources and at most ``per_source`` passages of each, in ranked order."""
    kept: dict[str, int] = {}
    hits = []
    for row, score, similarity, bm25 in ranked:
        passage = generation.passage(row)
        count = kept.get(passage.source_id, 0)
        if count >= per_source or (count == 0 and len(kept) >= sources):
            continue
        kept[passage.source_id] = count + 1
        hits.append(Hit(passage=passage, score=score, similarity=similarity, bm25=bm25))
        if per_source == 1 and len(kept) >= sources:
            break
    return hits


def _min_max(scores: dict[int, float]) -> dict[int, float]:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    span = high - low
    return {row: (score - low) / span if span else 1.0 for row, score in scores.items()}
