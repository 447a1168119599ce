"""Measures: what does not resolve scores 0, what is undefined is left out, and nothing is silently skipped."""

from __future__ import annotations

from ragqa.measures import citation_precision, fact_recall, group_recall, mean, percentile, share


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
