"""What every engine of vectors keeps to: the files, compared all or in clusters, and a small one that holds them in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from fakes import FakeEmbedder, MemoryEngine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import ARTICLE, abstract, write_corpus

from ragqa.errors import IndexMismatch, SettingsError
from ragqa.index import Manifest, Sizes, open_index, read_manifest
from ragqa.index.refresh import build_index
from ragqa.index.vectors import ENGINES, VectorEngine, VectorStore
from ragqa.index.vectors.files import Files
from ragqa.models import Vectors
from ragqa.settings import Settings

pytestmark = pytest.mark.quick
DIMENSION = 16
SIZES = Sizes(exact=50, queries=8, recall=1.0)
GENERATIONS = ("0123456789abcdef", "fedcba9876543210")


class Kind(NamedTuple):
    """An engine, and whether it is to prepare a search that does not compare all."""

    engine: Callable[[], VectorEngine]
    clustered: bool


KINDS = {
    "files": Kind(Files, clustered=False),
    "files in clusters": Kind(Files, clustered=True),
    "memory": Kind(MemoryEngine, clustered=False),
}


def manifest(name: str, dimension: int = DIMENSION) -> Manifest:
    """A manifest of which only the name, the dimension and the clusters matter here."""
    return Manifest(
        format="", generation=name, model="", fingerprint="", dimension=dimension, metric="", corpus_sha256="", abstracts="cited",
        passage_characters=1, counts={},
    )  # fmt: skip


def units(count: int, seed: int = 0) -> Vectors:
    """Random unit vectors."""
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    vectors: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return vectors


def tell(done: int, total: int) -> None:
    """Heard by nobody."""


class Built:
    """A generation made by one kind of engine, and one grown from it."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind, self.engine, self.folder = kind, kind.engine(), folder
        self.opened: list[VectorStore] = []

    def whole(self, vectors: Vectors) -> Manifest:
        """Write a generation of these vectors, in two parts."""
        place = self.folder / GENERATIONS[0]
        place.mkdir(parents=True)
        writer = self.engine.create(place, GENERATIONS[0], DIMENSION)
        writer.add(vectors[: len(vectors) // 2])
        writer.add(vectors[len(vectors) // 2 :])
        assert (writer.rows, writer.removed) == (len(vectors), 0)
        clusters = writer.cluster(units(8, seed=9), SIZES, tell) if self.kind.clustered and len(vectors) > SIZES.exact else None
        writer.finish()
        return manifest(GENERATIONS[0]).model_copy(update={"base_rows": len(vectors), "clusters": clusters})

    def grown(self, before: Manifest, vectors: Vectors, removed: list[int]) -> Manifest:
        """Write a generation that shares that one's, with vectors added and rows removed."""
        place = self.folder / GENERATIONS[1]
        place.mkdir()
        writer = self.engine.grow(self.folder / before.generation, before, place, GENERATIONS[1])
        assert writer.rows == before.base_rows
        writer.remove(removed)
        writer.add(vectors)
        assert (writer.rows, writer.removed) == (before.base_rows + len(vectors), len(set(removed)))
        writer.finish()
        return before.model_copy(update={"generation": GENERATIONS[1], "parent": before.generation})

    def open(self, made: Manifest) -> VectorStore:
        """Open one of them."""
        store = self.engine.open(self.folder / made.generation, made)
        self.opened.append(store)
        return store


@pytest.fixture(params=KINDS)
def built(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Built]:
    """One of each kind."""
    one = Built(KINDS[str(request.param)], tmp_path)
    yield one
    for store in one.opened:
        store.close()


def nearest(vectors: Vectors, query: Vectors, k: int, removed: tuple[int, ...] = ()) -> list[int]:
    """The oracle: rows by similarity in float64, the lower first of equal ones."""
    scores = vectors.astype(np.float64) @ query[0].astype(np.float64)
    rows = [row for row in range(len(vectors)) if row not in removed]
    return sorted(rows, key=lambda row: (-scores[row], row))[:k]


@pytest.mark.parametrize("k", [1, 10, 80, 1000])
def test_the_nearest_rows_come_first(built: Built, k: int) -> None:
    """With their inner products, as many as there are."""
    vectors, asked = units(80), units(3, seed=5)
    store = built.open(built.whole(vectors))
    assert len(store) == 80
    for query in asked:
        found = store.search(query[None], k)
        assert [row for row, _ in found] == nearest(vectors, query[None], k)
        assert np.allclose([score for _, score in found], vectors[[row for row, _ in found]] @ query, atol=1e-6)


def test_vectors_come_back_bit_for_bit_in_the_order_asked_for(built: Built) -> None:
    """Also one row twice, and none at all."""
    vectors = units(80)
    store = built.open(built.whole(vectors))
    rows = [79, 0, 41, 0]
    assert np.array_equal(store.vectors(rows), vectors[rows])
    assert store.vectors([]).shape == (0, DIMENSION)


def test_of_equal_ones_the_lower_row_comes_first(built: Built) -> None:
    """Sixty times the same vector among others."""
    vectors = units(80)
    vectors[20:] = vectors[20]
    found = built.open(built.whole(vectors)).search(vectors[20:21], 10)
    assert [row for row, _ in found] == list(range(20, 30))


def test_a_grown_one_has_what_was_added_and_not_what_was_removed(built: Built) -> None:
    """The generation before still has all it had."""
    vectors, more, asked = units(80), units(7, seed=2), units(4, seed=5)
    first = built.whole(vectors)
    before = built.open(first)
    told = [before.search(query[None], 80) for query in asked]
    after = built.open(built.grown(first, more, [3, 3, 71]))
    assert (len(before), len(after)) == (80, 85)
    both = np.concatenate([vectors, more])
    for query in asked:
        assert [row for row, _ in after.search(query[None], 100)] == nearest(both, query[None], 100, (3, 71))
    assert np.array_equal(after.vectors([80, 86, 2]), both[[80, 86, 2]])
    assert [before.search(query[None], 80) for query in asked] == told


def test_nothing_is_found_where_nothing_is(built: Built) -> None:
    """An empty generation is one too."""
    store = built.open(built.whole(units(0)))
    assert (len(store), store.search(units(1), 5)) == (0, [])


def test_threads_find_the_same(built: Built) -> None:
    """Many at a time."""
    store = built.open(built.whole(units(80)))
    asked = units(40, seed=3)
    alone = [store.search(query[None], 5) for query in asked]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda query: store.search(query[None], 5), asked)) == alone


def test_a_closed_one_tells_a_late_reader(built: Built) -> None:
    """By an error, never by other bytes."""
    store = built.open(built.whole(units(80)))
    store.close()
    with pytest.raises((OSError, ValueError)):
        store.vectors([1])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60), k=st.integers(0, 70))
def test_the_files_and_memory_find_the_same(tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, k: int) -> None:
    """Two engines, one oracle: the same rows with the same similarities, bit for bit."""
    vectors, query = units(count, seed), units(1, seed + 1)
    found = []
    for kind in (KINDS["files"], KINDS["memory"]):
        one = Built(kind, tmp_path_factory.mktemp("engines"))
        store = one.open(one.whole(vectors))
        found.append(store.search(query, k))
        store.close()
    assert found[0] == found[1]


def test_an_index_kept_by_another_engine_answers_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built, grown and read through the setting alone; the manifest names it, and its generations have names of their own."""
    monkeypatch.setitem(ENGINES, "memory", MemoryEngine())
    embedder = FakeEmbedder()
    records = [abstract(101), abstract(102), *(abstract(200 + n) for n in range(30))]
    corpus = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, records)
    found, names = [], []
    for engine in ("faiss", "memory"):
        chosen = Settings(corpus=corpus, index=tmp_path / engine, abstracts="all", vector_engine=engine)
        sizes = Sizes(exact=10, queries=4, slack=0.5)
        build_index(chosen, sizes=sizes, embedder=embedder)
        (corpus / "abstracts" / "new.jsonl").write_text("".join(json.dumps(abstract(300 + n)) + "\n" for n in range(2)))
        report = build_index(chosen, sizes=sizes, embedder=embedder)
        assert report.manifest.engine == engine
        assert report.manifest.parent is not None
        (corpus / "abstracts" / "new.jsonl").unlink()
        generation = open_index(chosen.index, embedder)
        query = embedder.embed(["How many points did drug A lower the score?"])
        found.append([(generation.passage(row).id, score) for row, score in generation.dense(query, 500)])
        names.append(report.manifest.generation)
        generation.close()
    assert found[0] == found[1]
    assert names[0] != names[1]


def test_an_engine_that_is_not_there_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a setting names it, or a generation that another ragqa built."""
    corpus = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    chosen = Settings(corpus=corpus, index=tmp_path / "index", vector_engine="memory")
    with pytest.raises(SettingsError, match="vector_engine: 'memory' is none of faiss"):
        build_index(chosen, embedder=FakeEmbedder())
    assert not chosen.index.exists()
    with monkeypatch.context() as patched:
        patched.setitem(ENGINES, "memory", MemoryEngine())
        name = build_index(chosen, embedder=FakeEmbedder()).manifest.generation
    assert read_manifest(chosen.index / name).engine == "memory"
    with pytest.raises(IndexMismatch, match="are kept by 'memory', which this ragqa does not have: run `ragqa index`"):
        open_index(chosen.index, FakeEmbedder())
