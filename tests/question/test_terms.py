"""The words of a question that a source should hold, with a vocabulary of words alone."""

from __future__ import annotations

import re

import pytest
from fakes import FakeReranker

from ragqa.question.terms import Vocabulary

pytestmark = pytest.mark.quick


def words() -> Vocabulary:
    """Stems are words in lower case; a word's rarity is that of the fake reranker."""
    return Vocabulary(lambda text: re.findall(r"\w+", text.lower()), FakeReranker())


def test_terms_are_the_words_that_tell_each_once_heavier_the_rarer() -> None:
    """Words of asking and of the trade are left out; an unknown word of more pieces counts for more."""
    terms = words().terms("What is the mechanism of memantine and dextromethorphan in trials, and memantine in rats?")
    named = {term.word: term for term in terms}
    assert "mechanism" not in named
    assert "trials" not in named
    assert list(named).count("memantine") == 1
    assert named["dextromethorphan"].weight > named["memantine"].weight > named["rats"].weight
    assert named["rats"].rarity < 1


def test_a_text_holds_its_synonyms_and_abbreviations_too() -> None:
    """So that either spelling of a source answers either spelling of a question."""
    assert {"renal", "kidney"} <= words().held("kidney disease")
    assert {"obsessive", "compulsive"} <= words().held("a trial in OCD")


@pytest.mark.parametrize(
    "question",
    ["memantine", "memantine if CrCl is 18 mL/min", "84F, 47 kg, BMI 19: memantine?", "my registrar rang, memantine please?"],
)
def test_the_figures_of_a_patient_and_who_asked_are_no_words_of_a_source(question: str) -> None:
    """A source names the band a figure lies in, and knows nothing of the ward."""
    assert {term.word for term in words().terms(question)} <= {"memantine", "if", "my"}


def test_doses_and_durations_are_words_of_a_source() -> None:
    """They tell one statement from another."""
    assert {"150", "8", "weeks"} <= {term.word for term in words().terms("quetiapine 150 mg for 8 weeks")}
