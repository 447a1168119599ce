"""Retrieval: the fused order, the cap per source, and what the article being read changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from samples import abstract, write_corpus

from ragqa.index import Generation, open_index
from ragqa.models import Embedder
from ragqa.pipeline import Ragqa, build_index
from ragqa.retrieve import rank, rank_sources, retrieve
from ragqa.settings import Settings


@pytest.fixture
def opened(tmp_path: Path, embedder: Embedder) -> tuple[Generation, Settings]:
    """Two long records on colds, one on sleep, one that shares only the word."""
    long = " ".join(f"Zinc lozenges shortened the common cold in trial {n} of adults." for n in range(60))
    records = [
        abstract(1, title="Zinc for colds", sections=[{"text": long}]),
        abstract(2, title="Zinc for colds in children", sections=[{"text": long.replace("adults", "children")}]),
        abstract(3, title="Melatonin for sleep", sections=[{"text": "Melatonin brought sleep forward by nine minutes."}]),
        abstract(4, title="Galvanised roofs", sections=[{"text": "Zinc coats steel roofs."}]),
    ]
    settings = Settings(
        corpus=write_corpus(tmp_path / "c", {}, records), index=tmp_path / "i", abstracts="all", passage_characters=300
    )
    build_index(settings)
    return open_index(settings.index, embedder), settings


def test_one_source_cannot_fill_the_list(opened: tuple[Generation, Settings], embedder: Embedder) -> None:
    """At most ``passages_per_source`` passages of a source, and at most ``sources`` sources."""
    generation, settings = opened
    chosen = settings.model_copy(update={"passages_per_source": 2, "sources": 3})
    hits = retrieve(["Do zinc lozenges shorten colds?"], generation, embedder, chosen)
    counts = Counter(hit.passage.source_id for hit in hits)
    assert max(counts.values()) == 2
    assert len(counts) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_fused_scores_are_the_convex_sum_of_scaled_scores(opened: tuple[Generation, Settings], embedder: Embedder) -> None:
    """Recomputed by hand from the two retrievers' own scores."""
    generation, settings = opened
    question = "zinc colds in children"
    rows = rank(question, embedder.embed([question]), generation, settings, 50)

    def scaled(values: list[float]) -> list[float]:
        low, high = min(values), max(values)
        return [(value - low) / (high - low) for value in values]

    dense, bm25 = scaled([row[2] for row in rows]), scaled([row[3] for row in rows])
    for (_, score, _, _), d, b in zip(rows, dense, bm25, strict=True):
        assert score == pytest.approx(0.7 * d + 0.3 * b)


@pytest.mark.parametrize(("weight", "position"), [(0.0, 3), (1.0, 2)])
def test_a_weight_of_one_end_is_that_retriever_alone(
    opened: tuple[Generation, Settings], embedder: Embedder, weight: float, position: int
) -> None:
    """Weight 0 orders by BM25, weight 1 by similarity."""
    generation, settings = opened
    question = "zinc lozenges for a cold"
    chosen = settings.model_copy(update={"dense_weight": weight})
    rows = rank(question, embedder.embed([question]), generation, chosen, 50)
    assert [row[position] for row in rows] == sorted((row[position] for row in rows), reverse=True)


def test_a_run_holds_each_source_once(opened: tuple[Generation, Settings], embedder: Embedder) -> None:
    """Best passage first, k respected, also when k is larger than the corpus."""
    generation, settings = opened
    hits = rank_sources(["zinc colds"], generation, embedder, settings, 100)
    assert Counter(hit.passage.source_id for hit in hits) == {f"pmid:{n}": 1 for n in (1, 2, 3, 4)}
    assert len(rank_sources(["zinc colds"], generation, embedder, settings, 2)) == 2


def test_the_article_being_read_is_preferred_not_imposed(ragqa: Ragqa) -> None:
    """Its own sources move up for a question they could answer; a question on another drug still finds that drug."""
    plain = [hit.passage.source_id for hit in retrieve(["adverse effects"], ragqa.generation, ragqa.embedder, ragqa.settings)]
    lithium = ragqa.generation.record("article:lithium-suicide-prevention")
    preferred = frozenset((lithium.id, *getattr(lithium, "citations", ())))
    read = [
        h.passage.source_id for h in retrieve(["adverse effects"], ragqa.generation, ragqa.embedder, ragqa.settings, preferred)
    ]
    assert len(set(read) & preferred) >= len(set(plain) & preferred)
    other = ragqa.ask("Does memantine help in obsessive-compulsive disorder?", article="lithium-suicide-prevention")
    assert any("memantine" in (reference.title or "").lower() for reference in other.references)
