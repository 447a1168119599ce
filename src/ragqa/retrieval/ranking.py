"""A question to ranked hits: dense and lexical candidates, one sum of their scores, then what the best of them adds.

1. Candidates: the passages nearest in meaning, and those that share the question's words, rare words counting for more.
2. Fusion: each list's scores are scaled to 0..1 over the candidates (min-max), then summed.
3. Feedback: similarity is also measured to the question drawn towards the best candidate (Rocchio, in: The SMART retrieval
   system, 1971, 313-323).
4. Evidence: a small, separate term for articles, strong designs and recent years; nothing where a record does not name them.

Answers are made from what rare words and the plain sum find; searching and runs use all. What each brings is measured by
``ragqa eval retrieval``; see ``docs/decisions/0019-ranking.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragqa.corpus.records import Abstract, Article
from ragqa.corpus.study import LADDER, named_design
from ragqa.index import Generation, inner_products
from ragqa.models import Embedder, Vectors
from ragqa.settings import Settings

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """How much each stage beyond the plain sum counts; 0 leaves it out.

    ``rare``: power of a word's rarity by which it counts again. ``feedback``: its share of the similarity, 0..1.
    """

    rare: float = 0.7
    feedback: float = 0.15


STAGES = Stages()
"""Chosen by `eval/learn/train_fusion.py` on SciFact, PubMedQA, evidence_inference and MedQuAD together (0019-ranking.md)."""
FOR_ANSWERS = Stages(feedback=0)
"""For choosing what an answer may quote: the later stages rank better but, on the gold set, cite no better (0019-ranking.md)."""
PLAIN = Stages(rare=0, feedback=0)
"""The convex sum alone, which every stage is measured against."""

ROUNDING = 1e-6
"""Differences that products of unit vectors make among equal passages; by hand: some ten times the step of single precision."""
PULL = 0.4
"""How far the question is drawn towards the best candidate; by hand: `eval/learn/train_fusion.py` chooses what the feedback made
with it counts for."""

PREFERENCE = 0.1
"""Added to the fused score of the article being read and of what it cites; by hand: breaks near ties, imposes nothing."""
EVIDENCE = 0.05
"""The most that a source's kind, design and year add; by hand: no data set names them, so nothing could fit it."""
DESIGN_SHARE, YEAR_SHARE = 0.75, 0.25
"""Of that, the most that an abstract's design and its year add; by hand: how a study was done tells more than when."""
WEIGHED = 20
"""First candidates whose evidence is looked at; by hand: each costs the reading of a record."""
OLD = 20
"""Years behind the newest source from which a year adds nothing; by hand."""
BESIDE = 0.3
"""Weight of a further reading of the question beside the first one's 1; by hand: a wrong reading of a follow-up costs little,
and what was asked itself cannot outweigh a right one (docs/decisions/0011-follow-ups.md)."""


class Ranked(NamedTuple):
    """A candidate by its row in the index, with its scores as in ``Hit``."""

    row: int
    score: float
    similarity: float
    bm25: float
    evidence: float = 0.0


def rank_readings(
    readings: Sequence[str],
    generation: Generation,
    embedder: Embedder,
    settings: Settings,
    depth: int,
    preferred: frozenset[str] = frozenset(),
    stages: Stages = STAGES,
) -> list[Ranked]:
    """As ``rank``, for one or several wordings of a question, the likeliest first, with PREFERENCE added to preferred sources.

    What a further wording finds adds to the first one's score.
    """
    found = [rank(reading, embedder.embed([reading]), generation, settings, depth, stages) for reading in readings]
    ranked = found[0] if len(found) == 1 else _joined(found)
    if not preferred:
        return ranked
    return in_order(hit._replace(score=hit.score + PREFERENCE * _is_of(hit, preferred, generation)) for hit in ranked)


def rank(
    question: str, query: Vectors, generation: Generation, settings: Settings, depth: int, stages: Stages = STAGES
) -> list[Ranked]:
    """Every candidate, best first; a tie goes to the lower row. At a ``dense_weight`` of 0 or 1 one retriever alone decides."""
    weight = settings.dense_weight
    bm25 = dict(generation.lexical(question, depth, stages.rare)) if weight < 1 else {}
    dense = [row for row, _ in generation.dense(query, depth)] if weight > 0 else []
    rows = np.array(sorted({*dense, *bm25}), np.int64)
    if not rows.size:
        return []
    vectors = generation.vectors(rows.tolist())
    similarity = inner_products(query[0], vectors)
    said = np.array([bm25.get(row, 0.0) for row in rows.tolist()])
    score = fused(query[0], vectors, said, weight, stages.feedback if 0 < weight < 1 else 0)
    return in_order(map(Ranked, rows.tolist(), score.tolist(), similarity.tolist(), said.tolist()))


def fused(query: Vectors, vectors: Vectors, said: Scores, weight: float, feedback: float) -> Scores:
    """The score of each candidate: of its vector, which counts ``weight``, and of what the words say."""
    near, words = _scaled(inner_products(query, vectors)), _scaled(said)
    score = weight * near + (1 - weight) * words
    if feedback:
        drawn = query + PULL * vectors[np.argmax(score)]
        score += weight * feedback * (_scaled(inner_products(drawn, vectors)) - near)
    return score


def _scaled(scores: NDArray[np.floating]) -> Scores:
    """Min-max to 0..1; 1 where all are equal but for rounding, which must not be blown up to an order."""
    low, high = float(scores.min()), float(scores.max())
    return (scores.astype(np.float64) - low) / (high - low) if high - low > ROUNDING else np.ones(len(scores))


def _joined(found: Sequence[Sequence[Ranked]]) -> list[Ranked]:
    """The lists of several readings as one; similarity and BM25 are those of the first reading that found the passage."""
    scale = 1 + BESIDE * (len(found) - 1)
    joined: dict[int, Ranked] = {}
    for weight, ranked in zip([1.0, *[BESIDE] * len(found)], found, strict=False):
        for hit in ranked:
            before = joined.get(hit.row, hit._replace(score=0.0))
            joined[hit.row] = before._replace(score=before.score + weight * hit.score / scale)
    return in_order(joined.values())


def _is_of(hit: Ranked, sources: frozenset[str], generation: Generation) -> bool:
    return generation.passage(hit.row).source_id in sources


def with_evidence(ranked: Sequence[Ranked], generation: Generation) -> list[Ranked]:
    """The same candidates with what their source's kind, design and year add to the score."""
    records = [generation.record(generation.passage(hit.row).source_id) for hit in ranked]
    newest = max((record.year for record in records if isinstance(record, Abstract) and record.year), default=0)
    added = [EVIDENCE * _strength(record, newest) for record in records]
    return [hit._replace(score=hit.score + more, evidence=more) for hit, more in zip(ranked, added, strict=True)]


def _strength(record: Article | Abstract, newest: int) -> float:
    """1 for an approved article; for an abstract up to DESIGN_SHARE by its named design and YEAR_SHARE by its year."""
    if isinstance(record, Article):
        return 1.0
    recent = max(0.0, 1 - (newest - record.year) / OLD) if record.year else 0.0
    return DESIGN_SHARE * LADDER.get(named_design(record) or "", 0.0) + YEAR_SHARE * recent


def in_order(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Best first; a tie goes to the lower row."""
    return sorted(ranked, key=lambda hit: (-hit.score, hit.row))
