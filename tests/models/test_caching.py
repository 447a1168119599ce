"""What every cache of vectors keeps to, and that no text is embedded again while its vector is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder
from hypothesis import given
from hypothesis import strategies as st

from ragqa.editorial.library import Library
from ragqa.index import EmbeddingCache
from ragqa.models import CachingEmbedder, RecentVectors, VectorCache, Vectors

pytestmark = pytest.mark.quick

TEXTS = ["memantine", "", "lithium in bipolar disorder", "ß\n\0"]


@pytest.fixture(params=["memory", "index", "library"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorCache]:
    """An empty one of each kind."""
    file = tmp_path / "vectors.sqlite"
    with ExitStack() as opened:
        yield {
            "memory": RecentVectors,
            "index": lambda: opened.enter_context(closing(EmbeddingCache(file))),
            "library": lambda: opened.enter_context(Library(file)),
        }[request.param]()


def kept(cache: VectorCache, fingerprint: str, texts: Sequence[str]) -> dict[str, list[float]]:
    """What a cache has of these texts, to be compared."""
    return {text: vector.tolist() for text, vector in cache.find_vectors(fingerprint, texts).items()}


def test_what_is_kept_is_found_again_bit_for_bit_for_the_same_model(cache: VectorCache) -> None:
    """Of the texts asked for, each once; nothing for another model, and nothing for another text."""
    vectors = FakeEmbedder().embed(TEXTS)
    cache.keep_vectors("one", dict(zip(TEXTS, vectors, strict=True)))
    assert kept(cache, "one", [*TEXTS, "donepezil", TEXTS[0]]) == dict(zip(TEXTS, vectors.tolist(), strict=True))
    assert kept(cache, "another", TEXTS) == {}
    assert kept(cache, "one", []) == {}


def test_a_vector_takes_the_place_of_the_one_before(cache: VectorCache) -> None:
    """As where the first was damaged."""
    first, second = FakeEmbedder().embed(["first", "second"])
    cache.keep_vectors("one", {"text": first})
    cache.keep_vectors("one", {"text": second})
    cache.keep_vectors("one", {})
    assert kept(cache, "one", ["text"]) == {"text": second.tolist()}


def test_a_text_is_embedded_once(cache: VectorCache) -> None:
    """Also where it comes twice at once; the vectors are those that the embedder gives, in the order of the texts."""
    embedder = FakeEmbedder()
    caching = CachingEmbedder(embedder, cache)
    for texts in (["a", "b", "a"], ["b", "c"], ["c", "a"]):
        assert np.array_equal(caching.embed(texts), FakeEmbedder().embed(texts))
    assert embedder.embedded == ["a", "b", "c"]


@pytest.mark.parametrize("damaged", [np.ones(3, np.float32), np.zeros(256, np.float32), np.full(256, np.nan, np.float32)])
def test_a_damaged_vector_is_made_anew(cache: VectorCache, damaged: Vectors) -> None:
    """One of another length, or that is no unit vector; from then on the whole one is kept."""
    embedder = FakeEmbedder()
    cache.keep_vectors(embedder.fingerprint, {"a": damaged})
    caching = CachingEmbedder(embedder, cache)
    for _ in range(2):
        assert np.array_equal(caching.embed(["a"]), FakeEmbedder().embed(["a"]))
    assert embedder.embedded == ["a"]


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=12), st.integers(1, 9))
def test_however_little_is_remembered_the_vectors_are_the_same(asked: list[list[str]], most: int) -> None:
    """Whatever is asked in whatever order: none is made twice at once, and the text met last is remembered."""
    embedder = FakeEmbedder()
    caching = CachingEmbedder(embedder, RecentVectors(most))
    for texts in asked:
        embedder.embedded.clear()
        assert np.array_equal(caching.embed(texts), FakeEmbedder().embed(texts))
        assert len(embedder.embedded) == len(set(embedder.embedded))
    caching.embed(["a"])
    embedder.embedded.clear()
    caching.embed(["a"])
    assert not embedder.embedded


def test_the_texts_met_longest_ago_are_forgotten() -> None:
    """Those that were looked for again meanwhile are not."""
    recent = RecentVectors(2)
    vectors: Mapping[str, Vectors] = dict(zip("abc", FakeEmbedder().embed(list("abc")), strict=True))
    recent.keep_vectors("one", {text: vectors[text] for text in "ab"})
    recent.find_vectors("one", ["a"])
    recent.keep_vectors("one", {"c": vectors["c"]})
    assert set(recent.find_vectors("one", list("abc"))) == {"a", "c"}
