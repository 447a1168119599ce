"""Measures: what does not resolve scores 0, what is undefined is left out, and nothing is silently skipped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.evaluation.measures import (
    citation_precision,
    fact_recall,
    group_recall,
    mean,
    overlap,
    percentile,
    randomisation_p,
    rouge_2,
    rouge_su4,
    set_scores,
    share,
)

pytestmark = pytest.mark.quick


def test_a_fabricated_citation_counts_as_wrong() -> None:
    """Relevant but unresolvable is 0, not skipped."""
    assert citation_precision(["a", "b"], {"a", "b"}, {"a"}) == 0.5
    assert citation_precision(["x"], {"a"}, {"x"}) == 0.0
    assert citation_precision([], {"a"}, set()) is None


def test_a_group_is_met_by_any_of_its_members() -> None:
    """Article or abstract may say the same; each group counts once."""
    assert group_recall([["a", "b"], ["c"]], {"b"}) == 0.5
    assert group_recall([], set()) == 1.0


def test_facts_are_found_across_case_spaces_and_dashes() -> None:
    """Wording variants count once; a missing number does not."""
    text = "Memantine  20 mg/day was not\nrecommended (95% CI 0.1\u20130.3)."
    assert fact_recall([["20 MG/day"], ["not recommended", "not first-line"], ["0.1-0.3"]], text) == 1.0
    assert fact_recall([["10 mg"]], text) == 0.0


def test_undefined_values_are_left_out_and_nothing_at_all_is_none() -> None:
    """A mean over nothing is not zero."""
    assert mean([1.0, None, 0.0]) == 0.5
    assert mean([None]) is None
    assert share([]) is None
    assert share([True, False]) == 0.5
    assert percentile([], 50) is None
    assert percentile([1.0, 3.0], 50) == 2.0


@pytest.mark.parametrize(
    ("text", "ideal"),
    [
        ("the cat sat on the mat", "the cat lay on the mat"),
        ("memantine improved mood", "memantine did not improve mood"),
        ("a a a b", "a a b b"),
        ("", "anything at all"),
        ("one", "one"),
    ],
)
def test_rouge_2_agrees_with_the_reference_implementation(text: str, ideal: str) -> None:
    """Google's rouge-score, without stemming."""
    from rouge_score.rouge_scorer import RougeScorer

    expected = RougeScorer(["rouge2"]).score(ideal, text)["rouge2"]
    assert rouge_2(text, ideal) == pytest.approx((expected.precision, expected.recall, expected.fmeasure))


def test_rouge_su4_counts_single_words_and_pairs_at_most_four_words_apart() -> None:
    """Lin (2004): "police killed the gunman" and "police kill the gunman" share 3 words and 3 skip pairs of 10 each."""
    assert rouge_su4("police killed the gunman", "police kill the gunman") == pytest.approx((0.6, 0.6, 0.6))
    far, near = "a b c d e f g", "a g"
    assert rouge_su4(far, near)[1] == pytest.approx(2 / 3)


def test_set_scores_and_overlap() -> None:
    """Precision, recall and F1; nothing shared is 0, never an error."""
    assert set_scores({"1", "2"}, {"2", "3", "4"}) == pytest.approx((0.5, 1 / 3, 0.4))
    assert set_scores(set(), {"1"}) == (0.0, 0.0, 0.0)
    assert overlap("a b c", "x a b y") == 0.5


def test_a_paired_randomisation_test_tells_a_steady_gain_from_a_chance_one() -> None:
    """Exact on few pairs (of 2^3 swaps the two extremes are as large), 1 without any difference, small for a steady gain."""
    assert randomisation_p([0.2, 0.4, 0.6], [0.1, 0.2, 0.3]) == pytest.approx(2 / 8, abs=0.02)
    assert randomisation_p([0.5, 0.5], [0.5, 0.5]) == 1.0
    assert randomisation_p([0.1, 0.9] * 20, [0.9, 0.1] * 20) == 1.0
    assert randomisation_p([0.6] * 30, [0.5] * 30) < 0.001
    assert randomisation_p([0.5] * 30, [0.6] * 30) < 0.001


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_a_p_value_does_not_depend_on_which_run_is_named_first(pairs: list[tuple[float, float]]) -> None:
    """Two-sided, and between 0 and 1."""
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    p = randomisation_p(ours, theirs, rounds=200)
    assert 0 < p <= 1
    assert p == randomisation_p(theirs, ours, rounds=200)
