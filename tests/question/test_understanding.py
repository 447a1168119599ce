"""Reading questions: type, PICO elements, yes or no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.question.understanding import QuestionType, claim_of, is_polar, understand

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("question", "question_type"),
    [
        ("Is memantine effective as a first-line treatment for BPD?", QuestionType.EFFECTIVENESS),
        ("Is clozapine better than olanzapine in schizophrenia?", QuestionType.COMPARISON),
        ("What dose of memantine in severe renal impairment?", QuestionType.DOSE),
        ("memantine 20mg twice a day in OCD?", QuestionType.DOSE),
        ("Is memantine safe in pregnancy?", QuestionType.SAFETY),
        ("Who should avoid memantine?", QuestionType.CONTRAINDICATION),
        ("How is borderline personality disorder diagnosed, and by which diagnostic interview?", QuestionType.DIAGNOSIS),
        ("How many people with BPD reach remission?", QuestionType.PROGNOSIS),
        ("By which mechanism does memantine act?", QuestionType.MECHANISM),
        ("How often should the neutrophil count be checked on clozapine?", QuestionType.MONITORING),
        ("Tell me about schema therapy", QuestionType.GENERAL),
    ],
)
def test_the_question_type(question: str, question_type: QuestionType) -> None:
    """Each type is told by its own words."""
    assert understand(question).question_type is question_type


def test_pico_elements_are_parts_of_the_question() -> None:
    """Population, intervention, comparator and outcome as worded."""
    read = understand("Does adding metformin rather than placebo reduce weight gain in adolescents with bipolar disorder?")
    assert read.populations == ("adolescents",)
    assert read.conditions == ("bipolar disorder",)
    assert read.interventions == ("metformin",)
    assert (read.comparator, read.outcome) == ("placebo", "weight gain")
    assert read.as_words()["comparator"] == "placebo"


@pytest.mark.parametrize(
    ("question", "polar"),
    [
        ("Is ERP or risperidone better?", False),
        ("Should I give olanzapine or quetiapine?", False),
        ("What is the dose of lithium, and is it safe?", False),
        ("Which trials are there?", False),
        ("Do metformin or topiramate reduce weight gain?", True),
        ("In adults with OCD, does memantine help?", True),
        ("However, is it safe?", True),
        ("Memantine added to an SSRI: is it safe?", True),
        ("Memantine is an NMDA antagonist, yes or no?", True),
    ],
)
def test_yes_or_no_questions(question: str, polar: bool) -> None:
    """An auxiliary opens them or a clause of them; which of two things is better is no such question."""
    assert is_polar(question) is polar


def test_the_claim_of_a_yes_or_no_question() -> None:
    """What yes would claim, without the words of asking."""
    assert claim_of("Is there a benefit of memantine?") == "a benefit of memantine."
    assert claim_of("Memantine is an NMDA antagonist, yes or no?") == "Memantine is an NMDA antagonist."


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    """No text is too odd, and what is found is part of it."""
    read = understand(text)
    folded = " ".join(text.split())
    assert all(subject in folded for subject in (*read.populations, *read.conditions))
