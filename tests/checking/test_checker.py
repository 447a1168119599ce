"""Verdicts by exact comparison and by the learned part, with models that are words alone."""

from __future__ import annotations

import pytest
from fakes import FakeEmbedder, FakeReranker

from ragqa.checking.checker import MOST_RERANKED, REASONS, Checker

pytestmark = pytest.mark.quick

SENTENCE = "In 33 adults, memantine 20 mg/day improved mood more than placebo."
SOURCE = f"We ran a trial. {SENTENCE} No one dropped out of it."


@pytest.fixture
def small() -> Checker:
    """A checker with small models."""
    return Checker(FakeEmbedder(), FakeReranker())


def test_what_stands_there_is_supported_without_any_model() -> None:
    """With its place in the source; markers do not count."""
    embedder, reranker = FakeEmbedder(), FakeReranker()
    found = Checker(embedder, reranker).judge(f"{SENTENCE} [1]", SOURCE)
    assert (found.verdict, found.probability, found.reason) == ("supports", 1.0, "said word for word")
    assert SOURCE[found.start : found.end] == found.quote == SENTENCE
    assert embedder.embedded == reranker.scored == []


def test_what_exports_escaped_is_read(small: Checker) -> None:
    """However often they did."""
    source = "Patients were to eat only when glycemia was < 85 mg/dL in the morning."
    for sign in ("<", "&lt;", "&amp;lt;", "&amp;amp;lt;"):
        assert (
            small.judge(f"Patients were to eat only when glycemia was {sign} 85 mg/dL in the morning.", source).verdict
            == "supports"
        )


@pytest.mark.parametrize(
    ("before", "after", "verdict", "reason"),
    [
        ("20 mg", "30 mg", "not_enough", "the sentence says '20 mg/day', not '30 mg/day'"),
        ("more than", "less than", "contradicts", "the sentence says 'more', not 'less'"),
        ("memantine", "mirtazapine", "not_enough", "the sentence says 'memantine', not 'mirtazapine'"),
        ("In 33 adults, memantine", "Memantine in 33 adults at", "not_enough", "Memantine is not in the sentence"),
    ],
)
def test_a_copy_with_a_changed_fact_is_told_by_that_fact(
    small: Checker, before: str, after: str, verdict: str, reason: str
) -> None:
    """It points at the sentence that was copied."""
    found = small.judge(SENTENCE.replace(before, after), SOURCE)
    assert (found.verdict, found.quote) == (verdict, SENTENCE)
    assert reason in found.reason


def test_a_claim_of_several_sentences_is_as_good_as_the_worst_of_them(small: Checker) -> None:
    """Each is held against the source by itself."""
    assert small.judge(f"No one dropped out of it. {SENTENCE}", SOURCE).verdict == "supports"
    found = small.judge(f"No one dropped out of it. {SENTENCE.replace('33', '34')}", SOURCE)
    assert (found.verdict, found.quote) == ("not_enough", SENTENCE)


def test_a_number_that_stands_nowhere_in_the_source_is_never_supported(small: Checker) -> None:
    """Whatever the learned part thinks of the rest."""
    found = small.judge("Across clinics mood rose by 12 points.", SOURCE)
    assert found.verdict != "supports"
    assert found.reason == "12 points is not in the source"


def test_what_cannot_be_compared_exactly_is_left_to_the_learned_part(small: Checker) -> None:
    """Its verdict with its reason; a source without a whole sentence says nothing."""
    found = small.judge("People felt happier with the medicine.", SOURCE)
    assert found.reason == REASONS[found.verdict]
    assert 0 < found.probability < 1
    assert small.judge("Anything.", " ").reason == small.judge("It helps.", "It…").reason == "the source has no whole sentence"


def test_only_the_nearest_sentences_are_reranked() -> None:
    """However long the source; then the claim turned round against the one that was chosen."""
    reranker = FakeReranker()
    source = " ".join(f"Sentence number {n} tells of mood." for n in range(20))
    assert Checker(FakeEmbedder(), reranker).features("Memantine increases mood.", source) is not None
    assert len(reranker.scored) == MOST_RERANKED + 1
    assert reranker.scored[-1][0] == "Memantine decreases mood."


def test_yes_is_half_likely_where_nothing_tells_and_else_the_mean_of_what_the_texts_tell(small: Checker) -> None:
    """A text without a sentence tells nothing."""
    question = "Does memantine improve mood?"
    texts = ["Memantine improves mood.", "", "A trial found no difference in mood."]
    assert small.says_yes(question, []) == small.says_yes(question, [""]) == 0.5
    alone = [small.says_yes(question, [text]) for text in (texts[0], texts[2])]
    assert small.says_yes(question, texts) == pytest.approx(sum(alone) / 2)
