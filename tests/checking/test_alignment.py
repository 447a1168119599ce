"""A claim held against a sentence that it may copy."""

from __future__ import annotations

import pytest

from ragqa.checking.alignment import DENIED, contained, keeps_sides, order_of_sides, twist

pytestmark = pytest.mark.quick

SOURCE = "We ran a trial. In 33 adults, drug A 20 mg/day did not lower the score. No one dropped out."


def test_a_claim_that_stands_in_the_source_is_found_with_its_offsets() -> None:
    """Whole words, white space and case aside."""
    start, end = contained("in 33 adults,  Drug A 20 mg/day did not lower the score.", SOURCE) or (0, 0)
    assert SOURCE[start:end] == "In 33 adults, drug A 20 mg/day did not lower the score"
    assert contained("drug A 20 mg/day did not lower the scores", SOURCE) is None
    assert contained(" . ", SOURCE) is None


def test_a_clause_without_the_denial_of_its_sentence_is_not_contained() -> None:
    """ "lower the score" stands there, and the sentence denies it."""
    assert contained("lower the score", SOURCE) is None


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("Lithium 20 mg improved mood more than placebo.", None),
        ("Lithium 30 mg improved mood more than placebo.", "30 mg is not in the sentence"),
        ("Lithium 20 mg improved mood less than placebo.", DENIED),
        ("Placebo 20 mg improved mood more than lithium.", "the sides of the comparison are exchanged"),
        ("Quetiapine 20 mg improved mood more than placebo.", "quetiapine is not in the sentence"),
    ],
)
def test_the_fact_by_which_a_copy_departs_is_named(claim: str, told: str | None) -> None:
    """A quantity, a direction, the sides, a name."""
    found = twist(claim, "Lithium 20 mg improved mood more than placebo.")
    assert (found or "").casefold() == (told or "").casefold()


def test_sides_are_read_where_both_compare() -> None:
    """Kept, exchanged, or not to be told; two sentences that compare nothing keep what they have."""
    assert order_of_sides("lithium beats mood better than placebo", "lithium was better than placebo") == 1
    assert order_of_sides("placebo was better than lithium", "lithium was better than placebo") == -1
    assert order_of_sides("lithium was better", "lithium was better than placebo") == 0
    assert keeps_sides("Lithium helped.", "Adults who took lithium were helped.")
    assert not keeps_sides("Lithium was compared.", "Lithium was better than placebo.")
