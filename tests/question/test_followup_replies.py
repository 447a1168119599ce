"""What asks nothing, replies to asking back, and texts that ask several things."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.question.asked import Asked, Turn
from ragqa.question.followup import apart, chosen, standalone
from ragqa.question.followup.courtesy import asks_nothing
from ragqa.question.followup.several import MOST, clauses, several

pytestmark = pytest.mark.quick

TWO = ("Does lithium help in mania?", "Does valproate help in mania?")
OFFERED = Turn(question="does it help?", standalone="does it help?", choices=TWO)


@pytest.mark.parametrize(
    "text",
    [
        "thanks",
        "Thank you so much!",
        "ok",
        "OK, great. Thanks a lot",
        "?",
        "...",
        "very helpful",
        "that's clear, thanks",
        "yes",
        "hello",
    ],
)
def test_courtesies_ask_nothing_and_leave_the_thread_as_it_was(text: str) -> None:
    """What is asked next leans on the question before the thanks."""
    assert asks_nothing(text)
    before = Turn(question="What is the dose of memantine in dementia?")
    assert not standalone(text, [before]).asks
    thanked = Turn(question=text, standalone=text, status="out_of_scope")
    assert standalone("and in children?", [before, thanked]) == standalone("and in children?", [before])


@pytest.mark.parametrize(
    "text", ["ok, and in children?", "thanks, what dose?", "fine needle aspiration", "2", "great saphenous vein", "no mania"]
)
def test_what_asks_something_is_no_courtesy(text: str) -> None:
    """However politely it begins."""
    assert not asks_nothing(text)
    assert standalone(text, []).asks


def test_yes_takes_the_only_choice_and_no_brings_them_up_again() -> None:
    """Several cannot be agreed to; where nothing was offered neither chooses."""
    one = OFFERED.model_copy(update={"choices": TWO[:1]})
    assert getattr(chosen("yes please", [one]), "text", "") == TWO[0]
    for reply, turn in (("yes", OFFERED), ("no", OFFERED), ("neither of them", OFFERED), ("no", one)):
        again = chosen(reply, [turn])
        assert again is not None
        assert again.choices == turn.choices
    assert chosen("yes", [Turn(question="Does lithium help?")]) is None
    assert not standalone("yes", [Turn(question="Does lithium help?")]).asks


def test_the_other_choices_can_still_be_named_after_one_was_answered() -> None:
    """Until something else is asked."""
    first = Turn(question="1", standalone=TWO[0], status="answered")
    thanked = Turn(question="thanks", standalone="thanks", status="out_of_scope")
    assert getattr(chosen("the second", [OFFERED, first]), "text", "") == TWO[1]
    assert getattr(chosen("2", [OFFERED, first, thanked]), "text", "") == TWO[1]
    other = Turn(question="Is clozapine safe?", standalone="Is clozapine safe?", status="answered")
    assert chosen("the second", [OFFERED, first, other]) is None


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        (
            "What dose of memantine in dementia? Is it safe in pregnancy? Does it interact with amantadine?",
            (
                "What dose of memantine in dementia?",
                "Is memantine safe in pregnancy?",
                "Does memantine interact with amantadine?",
            ),
        ),
        (
            "Does lithium help in mania, does lamotrigine help in BPD, and is clozapine useful in schizophrenia?",
            ("Does lithium help in mania?", "does lamotrigine help in BPD?", "is clozapine useful in schizophrenia?"),
        ),
        (
            "She is 34 with BPD. Does lamotrigine help? How should lithium be monitored?",
            ("She is 34 with BPD. Does lamotrigine help?", "How should lithium be monitored?"),
        ),
    ],
)
def test_several_questions_are_cut_apart_and_each_stands_alone(text: str, questions: tuple[str, ...]) -> None:
    """What a later one leaves out is taken from the ones before it."""
    assert understood(text) == questions
    reading = apart(text)
    assert reading is not None
    assert not reading.loosely


def test_the_first_of_several_leans_on_the_thread() -> None:
    """As it would alone."""
    before = Turn(question="Does olanzapine help in BPD?")
    questions = understood("is it safe in pregnancy? What dose of lithium in mania?", before)
    assert questions == ("is olanzapine safe in pregnancy?", "What dose of lithium in mania?")


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        (
            "lithium in mania: what level, and how often is it checked?",
            ("lithium in mania: what level?", "how often is lithium checked in mania?"),
        ),
        (
            "Does ketamine help in depression and what are the side effects?",
            ("Does ketamine help in depression?", "what are the side effects with ketamine in depression?"),
        ),
        (
            "quetiapine: usual dose in mania? commonest side effects?",
            ("quetiapine: usual dose in mania?", "commonest side effects with quetiapine in mania?"),
        ),
    ],
)
def test_clauses_that_ask_for_more_may_be_questions_of_their_own(text: str, questions: tuple[str, ...]) -> None:
    """Whether they are is seen once each is asked, so they are marked."""
    reading = apart(text)
    assert reading is not None
    assert reading.loosely
    assert understood(text) == questions


def understood(text: str, *before: Turn) -> tuple[str, ...]:
    """The questions of a text as each stands alone after those before it."""
    reading = apart(text)
    asked = Asked(question=text, history=before).one_by_one(reading.questions if reading else ())
    return tuple(standalone(one.question, one.history).text for one in asked)


@pytest.mark.parametrize(
    "text",
    [
        "Does memantine help in OCD? Or in BPD?",
        "Is lithium or valproate better in mania?",
        "55F with BPD on sertraline, worse for 3 weeks. She has CKD 3. Does lamotrigine help?",
        "Does memantine help in Alzheimer's disease, and does adding it to donepezil add benefit?",
        "Why was the lithium trial stopped early, and what was the hazard ratio?",
        "Is clozapine linked to seizures, and is it dose dependent?",
        "GAD drug trials - average length? Enough to say anything long term?",
        "Suicide attempts were HIGHER with mentalization in one study?! true?",
        "memantine for autism??",
        "thanks. What about lithium?",
    ],
)
def test_one_question_is_not_cut(text: str) -> None:
    """Vignettes, alternatives, what goes on about the same, second thoughts."""
    assert several(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Does memantine help in OCD? Or in BPD?",
        "Is lithium or valproate better in mania?",
        "55F with BPD on sertraline, worse for 3 weeks. She has CKD 3. Does lamotrigine help?",
        "Which patients, who were on lithium and were in remission, relapsed?",
        "What happens when lithium is stopped and when it is restarted after lithium is stopped?",
        "memantine for autism??",
        "Is lithium safe, and is lithium safe?",
        "thanks. What about lithium?",
    ],
)
def test_clauses_that_ask_nothing_more_are_not_cut(text: str) -> None:
    """Relative clauses, alternatives, repeats."""
    assert apart(text) is None


PIECES = st.sampled_from(
    [
        "Does lithium help in mania",
        "what dose of memantine in OCD",
        "is it safe",
        "she is 15",
        "or clozapine",
        "and",
        "?",
        "? ",
        ". ",
        ", ",
        "A",
    ]
)


@given(st.lists(PIECES, max_size=30).map(" ".join))
def test_cutting_loses_no_word_and_makes_two_to_nine(text: str) -> None:
    """None of a text that is one; words that join questions are none of them."""
    for questions in (several(text), clauses(text)):
        loses_no_word(text, questions)


def loses_no_word(text: str, questions: tuple[str, ...]) -> None:
    """But those that join."""
    assert len(questions) != 1
    assert len(questions) <= MOST
    kept, words = ([word for word in re.findall(r"\w+", said) if word.lower() != "and"] for said in (" ".join(questions), text))
    assert kept == (words if questions else [])
