"""Direction: more, less, no difference, the opposite."""

from __future__ import annotations

import pytest

from ragqa.language.direction import are_opposites, denies, direction, negated, opposite, reports_no_difference

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Drug A increased survival.", "more"),
        ("Drug A reduced relapse.", "less"),
        ("Drug A did not differ from placebo.", "none"),
        ("There was no significant difference between groups.", "none"),
        ("Scores were similar in both groups (p = 0.40).", "none"),
        ("The trial enrolled 40 adults.", None),
    ],
)
def test_direction_is_read_from_words(text: str, found: str | None) -> None:
    """Negated and null results first, then words of more and less."""
    assert direction(text) == found


@pytest.mark.parametrize(
    ("claim", "turned"),
    [
        ("Drug A increases risk.", "Drug A decreases risk."),
        ("Drug A does not work.", "Drug A work."),
        ("Drug A is useful.", "Drug A is not useful."),
        ("Forty adults enrolled.", "It is not true that Forty adults enrolled."),
    ],
)
def test_the_opposite_of_a_claim(claim: str, turned: str) -> None:
    """A denial taken out, else a word of direction swapped, else denied as a whole."""
    assert opposite(claim) == turned


def test_two_denials_are_none() -> None:
    """Parity counts; p-values at or above 0.06 are null results, below are not."""
    assert negated("It is not true that drug A does not work") is False
    assert reports_no_difference("The groups differed (p = 0.40)")
    assert not reports_no_difference("The groups differed (p = 0.01)")


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Lithium did not help.", True),
        ("Lithium cannot help.", True),
        ("Lithium not only helps but also prevents.", False),
        ("It is not uncommon with lithium.", False),
        ("A stroke cannot be excluded.", False),
        ("Without doubt it helps.", False),
        ("No more than two relapsed.", False),
        ("No increase was seen.", True),
        ("Mood did not improve.", True),
        ("It helps whether or not it is taken early.", False),
        ("It was not only late, it did not help.", True),
    ],
)
def test_phrases_that_only_look_like_a_denial_deny_nothing(text: str, denied: bool) -> None:
    """Another denial beside them still counts."""
    assert denies(text) is denied


def test_opposites_are_told_whichever_comes_first() -> None:
    """A word has several, and none of them is its own."""
    pairs = [("Before", "after"), ("after", "before"), ("reduced", "increased"), ("reduced", "elevated")]
    assert all(are_opposites(one, other) for one, other in pairs)
    assert not any(are_opposites("before", other) for other in ("before", "below"))
