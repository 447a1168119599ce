"""Articles that may not be quoted are named where they may answer."""

from __future__ import annotations

import pytest
from fitted import asked

from ragqa.evidence.waiting import waiting
from ragqa.corpus.gate import reason
from ragqa.corpus.records import ReviewState

pytestmark = pytest.mark.quick

SUBMITTED = reason(ReviewState.SUBMITTED)


def told(question: str, slug: str, why: str = SUBMITTED) -> list[str]:
    """What is said of an article left out."""
    return list(waiting(asked(question), {f"article:{slug}": why, "pmid:7": "retracted"}))


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("Does sertraline help in panic disorder?", "panic-disorder-drugs"),
        ("Does sertraline help in panic disorder?", "sertraline-panic-disorder"),
        ("Does sertraline help in panic disorder?", "ssris-panic-disorder"),
        ("What is first line for panic disorder?", "sertraline-panic-disorder"),
        ("Is lithium safe?", "lithium-monitoring"),
    ],
)
def test_an_article_on_what_is_asked_is_named_with_its_state(question: str, slug: str) -> None:
    """By its name alone."""
    assert told(question, slug) == [f"An article that may answer this, {slug}, awaits review and may not be quoted."]


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("Does sertraline help in panic disorder?", "lithium-panic-disorder"),
        ("Does sertraline help in panic disorder?", "sertraline-depression"),
        ("Is duloxetine safe?", "therapy-plus-antidepressants"),
        ("Is it safe?", "lithium-monitoring"),
    ],
)
def test_an_article_on_something_else_is_not(question: str, slug: str) -> None:
    """Another drug, another disease, a class alone, nothing named."""
    assert told(question, slug) == []


@pytest.mark.parametrize("state", [state for state in ReviewState if state is not ReviewState.APPROVED])
def test_every_state_is_told(state: ReviewState) -> None:
    """But no other reason for which something is left out."""
    assert len(told("Is lithium safe?", "lithium-monitoring", reason(state))) == 1
    assert told("Is lithium safe?", "lithium-monitoring", "the review log is damaged where it speaks of this article") == []
