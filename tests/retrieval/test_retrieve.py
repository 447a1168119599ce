"""Retrieval: the fused order, the cap per source, and what the article being read changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import abstract, write_corpus

from ragqa.corpus.study import LADDER
from ragqa.index import Generation, open_index
from ragqa.index.refresh import build_index
from ragqa.models import Embedder
from ragqa.pipeline import Ragqa
from ragqa.retrieval.ranking import EVIDENCE, PLAIN, PULL, fused, rank
from ragqa.retrieval.retriever import HybridRetriever
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
    """At most ``passages_per_source`` passages of a source, and at most ``sources`` sources; the nearest passage first."""
    generation, settings = opened
    chosen = settings.model_copy(update={"passages_per_source": 2, "sources": 3})
    hits = HybridRetriever(generation, embedder, chosen).passages(["Do zinc lozenges shorten colds?"])
    counts = Counter(hit.passage.source_id for hit in hits)
    assert max(counts.values()) == 2
    assert len(counts) == 3
    assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)


def test_fused_scores_are_the_convex_sum_of_scaled_scores(opened: tuple[Generation, Settings], embedder: Embedder) -> None:
    """Without the further stages, recomputed by hand from the two retrievers' own scores."""
    generation, settings = opened
    question = "zinc colds in children"
    rows = rank(question, embedder.embed([question]), generation, settings, 50, PLAIN)
    weight = settings.dense_weight

    def scaled(values: list[float]) -> list[float]:
        low, high = min(values), max(values)
        return [(value - low) / (high - low) for value in values]

    dense, bm25 = scaled([row[2] for row in rows]), scaled([row[3] for row in rows])
    for row, d, b in zip(rows, dense, bm25, strict=True):
        assert row.score == pytest.approx(weight * d + (1 - weight) * b)


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
    hits = HybridRetriever(generation, embedder, settings).sources(["zinc colds"], 100)
    assert Counter(hit.passage.source_id for hit in hits) == {f"pmid:{n}": 1 for n in (1, 2, 3, 4)}
    assert len(HybridRetriever(generation, embedder, settings).sources(["zinc colds"], 2)) == 2


def test_the_article_being_read_is_preferred_not_imposed(ragqa: Ragqa) -> None:
    """Its own sources move up for a question they could answer; a question on another drug still finds that drug."""
    plain = [hit.passage.source_id for hit in ragqa.retriever().passages(["adverse effects"])]
    lithium = ragqa.generation.record("article:lithium-suicide-prevention")
    preferred = frozenset((lithium.id, *getattr(lithium, "citations", ())))
    read = [h.passage.source_id for h in ragqa.retriever().passages(["adverse effects"], preferred)]
    assert len(set(read) & preferred) >= len(set(plain) & preferred)
    other = ragqa.ask("Does memantine help in obsessive-compulsive disorder?", article="lithium-suicide-prevention")
    assert any("memantine" in (reference.title or "").lower() for reference in other.references)


@hypothesis.settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 69), st.sampled_from([0.0, 1.0, 30.0]))
def test_a_fused_score_stays_between_nought_and_one(seed: int, candidates: int, most: float) -> None:
    """With any feedback, for any number of candidates, and also where all say the same."""
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((candidates, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = np.maximum(0, draw.uniform(-most, most, candidates))
    for feedback in (0, 0.15, 1):
        score = fused(vectors[0], vectors, words, 0.65, feedback)
        assert score.shape == (candidates,)
        assert score.min() >= -1e-6
        assert score.max() <= 1 + 1e-6


def test_feedback_draws_the_question_towards_its_best_candidate() -> None:
    """What feedback adds is the scaled similarity to the question moved by PULL towards the first candidate."""
    draw = np.random.default_rng(7)
    vectors = (np.repeat(np.eye(2, 16), 10, axis=0) + 0.05 * draw.standard_normal((20, 16))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = np.zeros(20)
    words[0] = 9.0
    question = (vectors[0] + vectors[10]) / np.linalg.norm(vectors[0] + vectors[10])
    plain, drawn = (fused(question, vectors, words, 0.4, feedback) for feedback in (0, 0.5))
    assert plain.argmax() == 0

    def scaled(values: np.ndarray) -> np.ndarray:
        return np.asarray((values - values.min()) / np.ptp(values), np.float64)

    near = 0.5 * scaled(vectors @ question) + 0.5 * scaled(vectors @ (question + PULL * vectors[0]))
    assert drawn == pytest.approx(0.4 * near + 0.6 * scaled(words), abs=1e-5)
    assert (drawn - plain)[1:10].mean() > (drawn - plain)[10:].mean()


def test_a_rare_word_outweighs_common_ones(tmp_path: Path, embedder: Embedder) -> None:
    """The one passage with the rare word comes first although another holds more of the question's words."""
    records = [
        abstract(n, title=f"Trial {n}", sections=[{"text": f"Zinc shortened the cold in trial {n}."}]) for n in range(1, 12)
    ]
    records.append(abstract(90, title="Trial 90", sections=[{"text": "Galvanothermy was described in one report."}]))
    settings = Settings(corpus=write_corpus(tmp_path / "c", {}, records), index=tmp_path / "i", abstracts="all")
    build_index(settings)
    generation = open_index(settings.index, embedder)
    plain, weighed = (dict(generation.lexical("zinc cold galvanothermy", 20, rare)) for rare in (0.0, 1.0))
    assert plain.keys() == weighed.keys()
    rare = max(weighed, key=lambda row: weighed[row])
    assert "Galvanothermy" in generation.passage(rare).text
    common = next(row for row in plain if row != rare)
    assert weighed[rare] / weighed[common] > plain[rare] / plain[common]


@pytest.mark.parametrize(("written", "asked"), [("CD4 cells", "CD 4 cells"), ("10mg daily", "10 mg daily"), ("IL 6", "IL6")])
def test_letters_and_digits_are_found_apart_and_together(tmp_path: Path, embedder: Embedder, written: str, asked: str) -> None:
    """However a name or a dose is spaced, both its parts are matched."""
    records = [abstract(1, sections=[{"text": f"Measured: {written}."}]), abstract(2, sections=[{"text": "Measured: sleep."}])]
    settings = Settings(corpus=write_corpus(tmp_path / "c", {}, records), index=tmp_path / "i", abstracts="all")
    build_index(settings)
    generation = open_index(settings.index, embedder)
    found = generation.lexical(asked, 5)
    assert generation.passage(found[0][0]).source_id == "pmid:1"


def test_evidence_is_bounded_visible_and_nothing_without_metadata(tmp_path: Path, embedder: Embedder) -> None:
    """Sources with the same text are told apart by design and year alone, in that order, by no more than EVIDENCE."""
    told = {1: ("Practice Guideline", 2020), 2: ("Meta-Analysis", 2020), 3: ("Randomized Controlled Trial", 2020)}
    told |= {4: ("Cohort Study", 2020), 5: ("Cohort Study", 2005), 6: (None, None)}
    records = [
        abstract(
            n,
            title="Zinc for colds",
            publication_types=[kind] if kind else [],
            year=year,
            sections=[{"text": "Zinc shortened colds."}],
        )
        for n, (kind, year) in told.items()
    ]
    settings = Settings(corpus=write_corpus(tmp_path / "c", {}, records), index=tmp_path / "i", abstracts="all")
    build_index(settings)
    hits = HybridRetriever(open_index(settings.index, embedder), embedder, settings).sources(["Does zinc shorten colds?"], 10)
    assert [hit.passage.source_id for hit in hits] == [f"pmid:{n}" for n in told]
    added = [hit.evidence for hit in hits]
    assert added == sorted(added, reverse=True)
    assert added[0] == pytest.approx(EVIDENCE * (0.75 * LADDER["guideline"] + 0.25))
    assert added[-1] == 0.0
    beside = [hit.score - hit.evidence for hit in hits]
    assert max(beside) - min(beside) < 1e-6


def test_an_approved_article_is_the_strongest_evidence(ragqa: Ragqa) -> None:
    """It gets the whole of EVIDENCE, whatever studies are near, and the term is in its score."""
    hits = ragqa.search("Does lithium prevent suicide in mood disorders?", 10)
    articles = [hit for hit in hits if hit.passage.source_id.startswith("article:")]
    assert articles
    assert all(hit.evidence == EVIDENCE for hit in articles[:1])
    assert max(hit.evidence for hit in hits if hit not in articles) < EVIDENCE
