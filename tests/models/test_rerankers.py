"""What every reranker keeps to."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import FakeReranker
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.models import BATCH, Reranker, load_reranker

MAKERS: dict[str, Callable[[], Reranker]] = {"packaged": load_reranker, "fake": FakeReranker}
QUESTION = "What dose of memantine is used in dementia?"
SENTENCES = [f"In trial {n} the dose of memantine was {n} mg." for n in range(2 * BATCH + 1)]


@pytest.fixture(scope="module", params=MAKERS.values(), ids=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[], Reranker]:
    """Makes another one of the kind."""
    maker: Callable[[], Reranker] = request.param
    return maker


@pytest.fixture(scope="module")
def reranker(make: Callable[[], Reranker]) -> Reranker:
    """One of each kind."""
    return make()


@settings(max_examples=10, deadline=None)
@given(question=st.text(max_size=80), sentences=st.lists(st.text(max_size=120), min_size=1, max_size=4))
def test_a_sentence_has_its_logit_whatever_is_judged_beside_it(question: str, sentences: list[str], reranker: Reranker) -> None:
    """Finite, one a sentence, in order, each the one that the sentence has alone."""
    together = reranker.score(question, sentences)
    assert together == [logit for sentence in sentences for logit in reranker.score(question, [sentence])]
    assert all(isinstance(logit, float) and math.isfinite(logit) for logit in together)


def test_no_sentence_is_no_logit(reranker: Reranker) -> None:
    """Nothing to judge is no fault."""
    assert reranker.score(QUESTION, []) == []


def test_the_sentence_that_answers_is_preferred(reranker: Reranker) -> None:
    """It scores above 0 and above one that merely shares a drug."""
    answer, other = reranker.score(
        QUESTION, ["The dose of memantine used in dementia is 20 mg a day.", "Memantine was patented decades ago."]
    )
    assert answer > max(other, 0)


def test_a_name_is_rarer_than_a_common_word_and_in_more_pieces(reranker: Reranker) -> None:
    """0 is the commonest and 1 a word that is not known as one piece."""
    assert (reranker.pieces("the"), reranker.pieces("drug")) == (1, 1)
    assert reranker.pieces("memantine") > 1
    assert 0 <= reranker.rarity("the") < reranker.rarity("drug") < reranker.rarity("memantine") == 1


def test_another_one_of_the_kind_has_the_same_name_and_fingerprint(reranker: Reranker, make: Callable[[], Reranker]) -> None:
    """An answer that one had a part in is told from an answer of other weights, and from no other."""
    other = make()
    assert reranker.name
    assert reranker.fingerprint
    assert (other.name, other.fingerprint) == (reranker.name, reranker.fingerprint)
    assert other.score(QUESTION, SENTENCES[:1]) == reranker.score(QUESTION, SENTENCES[:1])


def test_threads_that_judge_at_once_get_their_own_logits(make: Callable[[], Reranker]) -> None:
    """Each those of its sentences, though others are judged meanwhile and none was before."""
    reranker = make()
    asked = [SENTENCES[n : n + 3] for n in range(8)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda sentences: reranker.score(QUESTION, sentences), asked))
    assert together == [reranker.score(QUESTION, sentences) for sentences in asked]


class Unwanted(Exception):
    """The answer is not wanted any more."""


@pytest.mark.parametrize("looks", range(4))
def test_work_that_is_not_wanted_any_more_ends_at_the_next_batch(reranker: Reranker, looks: int) -> None:
    """``check`` is called first, between batches and last, and what it raises comes through; the reranker itself goes on."""
    called = iter(range(looks))

    def check() -> None:
        if next(called, None) is None:
            raise Unwanted

    watched = reranker.interruptible(check)
    with pytest.raises(Unwanted):
        watched.score(QUESTION, SENTENCES)
    assert next(called, None) is None
    assert len(reranker.score(QUESTION, SENTENCES[:2])) == 2


def test_work_that_stays_wanted_gives_the_same_logits(reranker: Reranker) -> None:
    """Whoever looks in between: once first and once after each of three batches."""
    called: list[None] = []
    watched = reranker.interruptible(lambda: called.append(None))
    assert watched.score(QUESTION, SENTENCES) == reranker.score(QUESTION, SENTENCES)
    assert len(called) == 4
