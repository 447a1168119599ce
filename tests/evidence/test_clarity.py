"""Asking back about a question that names no subject, or one that could be several things."""

from __future__ import annotations

import pytest

from ragqa.evidence.clarity import ask_back
from ragqa.question.refusal import Refusal
from ragqa.question.understanding import understand

pytestmark = pytest.mark.quick

RARE = {"memantine", "volanesorsen"}
NEAREST = ["Does drug A help in condition B?"]


def asked_back(question: str, known: str = "", unnamed: str = "") -> Refusal | None:
    """As the room asks, where only the words of RARE are rare and the sources use only ``known``."""
    return ask_back(
        question,
        understand(question),
        lambda word: float(word.lower() in RARE),
        lambda text: bool(known) and text in known,
        NEAREST,
        unnamed,
    )


@pytest.mark.parametrize("question", ["Does volanesorsen help?", "Is it useful in depression?", "Which of these works best?"])
def test_a_question_that_names_something_is_clear(question: str) -> None:
    """A rare word or a condition is a subject; without either the nearest articles are offered."""
    refusal = asked_back(question)
    assert (refusal is None) == (question != "Which of these works best?")
    assert refusal is None or (refusal.status, refusal.alternatives) == ("needs_clarification", tuple(NEAREST))


def test_an_abbreviation_of_several_meanings_is_asked_about_unless_the_sources_tell_which() -> None:
    """Each meaning is offered as a whole question."""
    refusal = asked_back("What helps in PD?")
    assert refusal is not None
    assert len(refusal.alternatives) > 1
    assert all(choice.startswith("What helps in ") and "PD" not in choice for choice in refusal.alternatives)
    assert asked_back("What helps in PD?", known="personality disorder (PD)") is None


def test_what_points_to_nothing_named_is_asked_about_unless_a_rare_word_stands_before_it() -> None:
    """ "This drug" is none yet; after a name it is that name."""
    refusal = asked_back("Does this drug lower the rate of relapse in the long run, and by how much?", unnamed="this drug")
    assert refusal is not None
    assert '"this drug"' in refusal.message
    assert asked_back("Is memantine safe, and does this drug need monitoring in adults?", unnamed="this drug") is None


def test_a_long_question_is_searched_for_whatever_it_names() -> None:
    """In some way it says what it is about."""
    assert asked_back("What would you do for somebody who does not get any better after a while?") is None
