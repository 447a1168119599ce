"""What every embedder keeps to. RAGQA_TEST_MODEL names a sentence-transformers folder to hold to it instead of these."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fakes import FakeEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.models import BATCH, CachingEmbedder, Embedder, InterruptibleEmbedder, RecentVectors, Vectors, load_embedder, unhurried

MAKERS: dict[str, Callable[[], Embedder]] = {
    "packaged": load_embedder,
    "fake": FakeEmbedder,
    "caching": lambda: CachingEmbedder(FakeEmbedder(), RecentVectors()),
    "interruptible": lambda: InterruptibleEmbedder(FakeEmbedder(), unhurried),
}
if FOLDER := os.environ.get("RAGQA_TEST_MODEL"):
    MAKERS = {"sentence-transformers": lambda: load_embedder(FOLDER)}
SENTENCES = [f"Trial {n} of memantine had {n} patients." for n in range(2 * BATCH + 1)]


@pytest.fixture(scope="module", params=MAKERS.values(), ids=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[], Embedder]:
    """Makes another one of the kind."""
    maker: Callable[[], Embedder] = request.param
    return maker


@pytest.fixture(scope="module")
def embedder(make: Callable[[], Embedder]) -> Embedder:
    """One of each kind."""
    return make()


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(st.text(max_size=200), min_size=1, max_size=6))
def test_a_text_has_its_vector_whatever_is_embedded_beside_it(texts: list[str], embedder: Embedder) -> None:
    """Unit vectors in the order of the texts, each bit for bit the one that the text has alone."""
    together = embedder.embed(texts)
    assert (together.shape, together.dtype) == ((len(texts), embedder.dimension), np.float32)
    assert np.array_equal(together, np.concatenate([embedder.embed([text]) for text in texts]))
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_text_is_no_vector(embedder: Embedder) -> None:
    """Of the same width and type as others, so that it can be stacked with them."""
    nothing = embedder.embed([])
    assert (nothing.shape, nothing.dtype) == ((0, embedder.dimension), np.float32)


def test_what_is_alike_is_near(embedder: Embedder) -> None:
    """A question is nearer to its answer than to a sentence on another drug."""
    question, answer, other = embedder.embed(
        ["Does memantine help in OCD?", "Memantine reduced compulsions in OCD.", "Lithium needs serum monitoring."]
    )
    assert question @ answer > question @ other + 0.1


def test_another_one_of_the_kind_has_the_same_name_and_fingerprint(embedder: Embedder, make: Callable[[], Embedder]) -> None:
    """An index made with one is read with the other."""
    other = make()
    assert embedder.name
    assert embedder.fingerprint
    assert (other.name, other.fingerprint, other.dimension) == (embedder.name, embedder.fingerprint, embedder.dimension)
    assert np.array_equal(other.embed(SENTENCES[:1]), embedder.embed(SENTENCES[:1]))


def test_vectors_belong_to_whoever_asked(embedder: Embedder) -> None:
    """Writing into them changes no later one."""
    first = embedder.embed(SENTENCES[:2])
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(embedder.embed(SENTENCES[:2]), kept)


def test_threads_that_embed_at_once_get_their_own_vectors(embedder: Embedder) -> None:
    """Each those of its texts, though others are embedded meanwhile."""
    asked = [SENTENCES[n : n + 5] for n in range(8)]
    with ThreadPoolExecutor(4) as threads:
        together: list[Vectors] = list(threads.map(embedder.embed, asked))
    for texts, vectors in zip(asked, together, strict=True):
        assert np.array_equal(vectors, embedder.embed(texts))


class Given:
    """Passes texts on and counts them."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.fingerprint, self.dimension = embedder.name, embedder.fingerprint, embedder.dimension
        self._embedder, self.texts = embedder, 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        self.texts += len(texts)
        return self._embedder.embed(texts)


class Unwanted(Exception):
    """The answer is not wanted any more."""


@pytest.mark.parametrize("looks", range(4))
def test_work_that_is_not_wanted_any_more_ends_at_the_next_batch(embedder: Embedder, looks: int) -> None:
    """``check`` is called first, between batches and last: what it raises comes through, and no further text is embedded."""
    counted = Given(embedder)
    called = iter(range(looks))

    def check() -> None:
        if next(called, None) is None:
            raise Unwanted

    with pytest.raises(Unwanted):
        InterruptibleEmbedder(counted, check).embed(SENTENCES)
    assert counted.texts == min(looks * BATCH, len(SENTENCES))


def test_work_that_stays_wanted_gives_the_same_vectors(embedder: Embedder) -> None:
    """Whoever looks in between."""
    called: list[None] = []
    watched = InterruptibleEmbedder(embedder, lambda: called.append(None))
    assert np.array_equal(watched.embed(SENTENCES), embedder.embed(SENTENCES))
    assert len(called) == 4
