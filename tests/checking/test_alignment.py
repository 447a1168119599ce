"""A claim held against the sentence that speaks most directly to it: what departs is named, what cannot be read is left alone."""

from __future__ import annotations

import pytest

from ragqa.checking.alignment import DENIED, contrary, order_of_sides

pytestmark = pytest.mark.quick

TOLD = "Lithium 20 mg improved mood more than placebo."


@pytest.mark.parametrize(
    ("claim", "sentence", "told"),
    [
        (TOLD, TOLD, None),
        ("Mood with lithium 30 mg improved more than placebo.", TOLD, "30 mg is not in the sentence"),
        (
            "Mood did not improve with lithium 20 mg more than placebo.",
            "Lithium 20 mg did improve mood more than placebo.",
            DENIED,
        ),
        ("Placebo improved mood more than lithium.", TOLD, "the sides of the comparison are exchanged"),
        ("After meals lithium is given.", "Lithium is to be given before meals.", "the sentence says 'before', not 'after'"),
        (
            "In adults relapse rose on lithium.",
            "Lithium lowered relapse, which fell in adults.",
            "the sentence says 'fell', not 'rose'",
        ),
        (
            "Lithium lowered the rate of relapse in young adults.",
            "Lithium lowered the rate of relapse in young adults, but not the rate in adults who were older.",
            None,
        ),
        (
            "Lithium lowered the rate of relapse in older adults.",
            "Lithium lowered the rate of relapse in adults, but not the rate of relapse in older adults.",
            DENIED,
        ),
        ("Mood stayed as it was.", "Relapse fell in adults on lithium.", None),
    ],
)
def test_the_fact_by_which_a_claim_departs_is_named(claim: str, sentence: str, told: str | None) -> None:
    """A quantity, a denial, the sides, an opposite; none where both are about other things."""
    assert contrary(claim, sentence) == told


@pytest.mark.parametrize(
    ("claim", "moved"),
    [
        ("With clozapine 30% and with chlorpromazine 4% of patients responded.", False),
        ("With chlorpromazine 4% and with clozapine 30% of patients responded.", False),
        ("With clozapine 4% and with chlorpromazine 30% of patients responded.", True),
    ],
)
def test_figures_stay_with_their_groups(claim: str, moved: bool) -> None:
    """Both orders of the groups, with the figures of each."""
    sentence = "Clozapine helped 30% of patients, and patients responded to chlorpromazine in 4%, with criteria set before."
    assert (contrary(claim, sentence) == "its figures stand with other groups in the sentence") is moved


def test_sides_are_read_where_both_compare() -> None:
    """Kept, exchanged, or not to be told."""
    assert order_of_sides("lithium beats mood better than placebo", "lithium was better than placebo") == 1
    assert order_of_sides("placebo was better than lithium", "lithium was better than placebo") == -1
    assert order_of_sides("lithium was better", "lithium was better than placebo") == 0
