"""Follow-ups that name something else or tell of somebody: what was asked about before is never asked again in their place."""

from __future__ import annotations

from itertools import permutations

import pytest

from ragqa.question.asked import Turn
from ragqa.question.followup import apart, standalone
from ragqa.question.followup.several import MOST, several

pytestmark = pytest.mark.quick

DRUGS = ("memantine", "olanzapine", "lithium", "quetiapine", "donepezil")
CONDITIONS = ("dementia", "OCD", "bipolar disorder", "schizophrenia")
OPENINGS = ("What about {}?", "and {}?", "{} instead?", "{} too?", "how about {} instead?")


def read(*questions: str, status: str = "answered") -> str:
    """The last question as it is understood after the others."""
    turns = [Turn(question=question, status=status) for question in questions[:-1]]
    return standalone(questions[-1], turns).text


@pytest.mark.parametrize(("old", "new"), list(permutations(DRUGS, 2)))
@pytest.mark.parametrize("opening", OPENINGS)
def test_another_drug_takes_the_place_of_the_one_before_and_keeps_the_rest(old: str, new: str, opening: str) -> None:
    """Nor is the question before searched again behind it: its answer would be the other drug's."""
    before = f"What dose of {old} in severe renal impairment?"
    reading = standalone(opening.format(new), [Turn(question=before)])
    assert reading.text == before.replace(old, new)
    assert reading.joined == ""


@pytest.mark.parametrize(("old", "new"), list(permutations(CONDITIONS, 2)))
def test_another_condition_takes_the_place_of_the_one_before(old: str, new: str) -> None:
    """The drug stays."""
    reading = standalone(f"and in {new}?", [Turn(question=f"Does lamotrigine help in {old}?")])
    assert reading.text == f"Does lamotrigine help in {new}?"
    assert reading.joined == ""


@pytest.mark.parametrize(
    ("before", "said", "understood"),
    [
        ("What dose of memantine in dementia?", "she is 15", "What dose of memantine in dementia in 15-year-old patients?"),
        (
            "What dose of memantine in dementia?",
            "and if she is 15?",
            "What dose of memantine in dementia in 15-year-old patients?",
        ),
        ("What dose of memantine in dementia?", "he has CKD 4", "What dose of memantine in patients with CKD 4?"),
        ("What dose of memantine in dementia?", "her CrCl is 20", "What dose of memantine in patients with CrCl 20?"),
        ("What dose of memantine in CKD 3?", "now her eGFR is 25", "What dose of memantine in patients with eGFR 25?"),
        ("What dose of memantine in children?", "a 75 year old woman?", "What dose of memantine in 75-year-old woman?"),
        (
            "What dose of memantine in children?",
            "in renal impairment?",
            "What dose of memantine in children in renal impairment?",
        ),
        (
            "What dose of memantine in renal impairment?",
            "he is 9",
            "What dose of memantine in renal impairment in 9-year-old patients?",
        ),
        ("Does olanzapine help in BPD?", "she is pregnant", "Does olanzapine help in BPD in pregnant patients?"),
        (
            "Does olanzapine help in BPD?",
            "my patient also has epilepsy",
            "Does olanzapine help in BPD in patients with epilepsy?",
        ),
        ("Does olanzapine help in BPD?", "what if he smokes?", "Does olanzapine help in BPD, in a patient who smokes?"),
        (
            "Does olanzapine help in BPD?",
            "she's not on lithium",
            "Does olanzapine help in BPD, in a patient who is not on lithium?",
        ),
        ("Does olanzapine help in BPD?", "she is 15, is it safe?", "is olanzapine safe in BPD in 15-year-old patients?"),
    ],
)
def test_what_is_told_of_a_patient_restates_the_question_for_that_patient(before: str, said: str, understood: str) -> None:
    """Ages and organ functions are of one kind each, which the newer one takes over; the answer for anybody else is not tried."""
    reading = standalone(said, [Turn(question=before)])
    assert (reading.text, reading.is_follow_up) == (understood, True)
    assert reading.joined == "" or "in a patient who" in understood


@pytest.mark.parametrize(
    "said", ["she is also on {}", "he's already taking {}", "the patient takes {}", "if on {}?", "on {}?", "together with {}?"]
)
@pytest.mark.parametrize("other", ["amantadine", "warfarin"])
def test_a_second_drug_asks_whether_it_interacts_with_the_first(said: str, other: str) -> None:
    """The next question is still about the first one."""
    before = "What dose of memantine in dementia?"
    asked = f"Does memantine interact with {other}?"
    assert read(before, said.format(other)) == asked
    assert read(before, said.format(other), "and its half-life?") == "memantine's half-life?"
    assert "interact" not in read(before, said.format("memantine"))


def test_two_treatments_together_are_no_question_of_interaction_where_their_effect_was_asked() -> None:
    """ "With lithium?" after "does it help" asks whether both help."""
    assert "interact" not in read("Does quetiapine help in mania?", "with lithium?")
    assert "interact" not in read("Who wrote Hamlet?", "he is also on TV", status="out_of_scope")


@pytest.mark.parametrize(
    ("questions", "understood"),
    [
        (("what dose of the latter?",), "what dose of pregabalin in anxiety?"),
        (("what dose of the former?",), "what dose of duloxetine in anxiety?"),
        (("what dose of the former?", "and the other one?"), "what dose of pregabalin in anxiety?"),
        (
            ("how long before the latter is better than the former?",),
            "how long before pregabalin is better than duloxetine in anxiety?",
        ),
    ],
)
def test_the_former_the_latter_and_the_other_one_are_what_was_named(questions: tuple[str, ...], understood: str) -> None:
    """Of the newest question that named two; of two that stood alone one after the other."""
    assert read("Is duloxetine better than pregabalin for anxiety?", *questions) == understood
    assert "pregabalin" in read("Is duloxetine safe in pregnancy?", "Is pregabalin safe in pregnancy?", "does the latter help?")


def test_the_other_one_of_two_that_were_both_spoken_of_is_asked_about() -> None:
    """Other trials are none of the two."""
    turns = [Turn(question="Is duloxetine better than pregabalin for anxiety?")]
    assert standalone("is the other one safer?", turns).choices == (
        "is duloxetine safer in anxiety?",
        "is pregabalin safer in anxiety?",
    )
    assert not standalone("what did the other trials find?", turns).choices


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("does it interact with warfarin?", "does memantine interact with warfarin?"),
        ("does warfarin interact with it?", "does warfarin interact with memantine?"),
        ("contraindications?", "contraindications with memantine?"),
        ("is it safe in pregnancy?", "is memantine safe in pregnancy?"),
        ("what is its half-life?", "what is memantine's half-life?"),
        ("and in severe renal impairment?", "What is the dose of memantine in severe renal impairment?"),
        ("how often?", "how often with memantine in dementia?"),
    ],
)
def test_facts_of_a_drug_do_not_take_over_the_condition_it_was_asked_for(said: str, understood: str) -> None:
    """Interactions, pharmacology, pregnancy, kidneys; how often it is taken may depend on the condition."""
    assert read("What is the dose of memantine in dementia?", said) == understood


def test_a_question_searched_for_makes_its_follow_ups_ones_of_medicine() -> None:
    """Also where it names neither a drug nor a condition; one that was out of scope does not."""
    before = "STAR*D remission?"
    assert read(before, "is that disputed these days?") == "is that disputed these days: STAR*D remission?"
    assert read(before, "is that disputed these days?", status="out_of_scope") == "is that disputed these days?"


def test_a_brand_and_its_drug_are_one_and_a_combination_is_one_treatment() -> None:
    """Told to be taken, the drug spoken of is no second one; "it" is the whole combination."""
    assert "interact" not in read("What dose of memantine in dementia?", "she is also on Namenda")
    assert (
        read("Is budesonide/formoterol good for COPD?", "is it safe in pregnancy?")
        == "is budesonide/formoterol safe in pregnancy?"
    )
    assert standalone("and Namenda?", [Turn(question="Does memantine help in OCD?")]).joined != ""


@pytest.mark.parametrize(
    "said", ["any interactions with caffeine?", "interactions with caffeine?", "is there an interaction with caffeine?"]
)
def test_an_interaction_that_names_one_drug_is_one_with_the_drug_spoken_of(said: str) -> None:
    """Of a drug that nobody spoke of it stands as it is asked."""
    assert read("Does clozapine help in schizophrenia?", said) == "Does clozapine interact with caffeine?"
    assert read(said) == said


@pytest.mark.parametrize(
    "words", ["she is 15, ", "she is also on lithium ", "the former ", "lithium/", "CrCl 20 ", "is it safe? ", "ok thanks "]
)
def test_a_long_text_is_read_to_its_end(words: str) -> None:
    """Two thousand characters of one rule's words, after six such turns: no rule takes them for more than it looks at."""
    text = (words * 2000)[:2000].strip()
    reading = standalone(text, [Turn(question=text)] * 6)
    assert reading.text
    assert apart(text) is None or len(several(text)) <= MOST
