"""What a question says of itself: its point, the doses it compares, whether it is of a drug or of what a study did."""

from __future__ import annotations

import pytest
from fitted import asked
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("text", "point"),
    [
        (
            "She is 61, keeps bees and has gout. Her sister swears by it. Is febuxostat worth a try?",
            "Is febuxostat worth a try? (gout)",
        ),
        (
            "Gout for years, allopurinol failed him. Would colchicine prevent flares?",
            "Would colchicine prevent flares? (Gout, allopurinol)",
        ),
        ("Is febuxostat worth a try in gout?", "Is febuxostat worth a try in gout?"),
        ("He has gout and takes febuxostat. Which dose?", "He has gout and takes febuxostat. Which dose?"),
        ("Febuxostat in gout. Is febuxostat safe in gout?", "Is febuxostat safe in gout?"),
    ],
)
def test_the_point_of_a_story_is_its_question_with_the_names_of_the_story(text: str, point: str) -> None:
    """A question that names nothing itself stays with its story."""
    assert asked(text).point == point


@given(st.text(max_size=200))
def test_the_point_of_any_text_is_no_longer_than_what_is_searched(text: str) -> None:
    """But for the marks between its names."""
    query = asked(text)
    assert len(query.point) <= len(query.searched) + len(query.searched.split()) * 2 + 3


@pytest.mark.parametrize(
    ("text", "doses"),
    [
        ("febuxostat 40 vs 80 mg", ["40", "80 mg"]),
        ("febuxostat 40 mg or 80 mg or 120 mg in gout?", ["40 mg", "80 mg", "120 mg"]),
        ("febuxostat 40 mg in gout rather than colchicine 0.5 mg", []),
        ("febuxostat 40 mg for 12 weeks versus 6", []),
    ],
)
def test_doses_are_held_against_one_another_by_what_stands_between(text: str, doses: list[str]) -> None:
    """And by nothing else between them."""
    assert [dose.text for dose in asked(text).doses] == doses


@pytest.mark.parametrize(
    ("text", "of_a_drug"),
    [
        ("What dose of febuxostat in gout?", True),
        ("What dose of febuxostat did they use in gout?", False),
        ("Which dose was given in the 2010 gout trial?", False),
        ("Is febuxostat safe?", True),
        ("Does febuxostat help in gout?", False),
    ],
)
def test_what_was_done_in_a_study_is_no_fact_of_a_drug(text: str, of_a_drug: bool) -> None:
    """No disease narrows a fact of a drug."""
    assert asked(text).of_a_drug is of_a_drug
