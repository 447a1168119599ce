"""Patients like the one asked about: bands of organ function and of age."""

from __future__ import annotations

import pytest
from fitted import asked, found_in, study
from hypothesis import given
from hypothesis import strategies as st

from ragqa.corpus.records import Abstract
from ragqa.evidence.patients import Suited, suited

pytestmark = pytest.mark.quick

CLEARED = "Gabapentin leaves by the kidney unchanged."
MILD = "Give 300 mg thrice a day in mild renal impairment."
MODERATE = "Give 200 mg twice a day in moderate renal impairment."
SEVERE = "Give 100 mg once a day in severe renal impairment."
KIDNEYS = study("Gabapentin and the kidney", CLEARED, MILD, MODERATE, SEVERE, label="DOSAGE")


def suits(question: str, *records: Abstract) -> Suited:
    """What of records suits the patient of a question."""
    return suited(asked(question), *found_in(*records))


def told(question: str, *records: Abstract) -> list[str]:
    """The sentences that suit."""
    return [candidate.text for candidate in suits(question, *records).candidates]


@pytest.mark.parametrize(
    ("patient", "sentence"),
    [
        ("creatinine clearance of 40 mL/min", MODERATE),
        ("CrCl 33", MODERATE),
        ("CKD 4", SEVERE),
        ("on haemodialysis", SEVERE),
        ("eGFR of 12", SEVERE),
        ("eGFR 75 mL/min", MILD),
        ("severe renal impairment", SEVERE),
    ],
)
def test_the_band_of_the_patient_leads_and_other_bands_are_dropped(patient: str, sentence: str) -> None:
    """What names no band stays, behind it."""
    found = suits(f"What dose of gabapentin, {patient}?", KIDNEYS)
    assert [candidate.text for candidate in found.candidates] == [sentence, CLEARED]
    assert (found.caveats, found.lacking) == ((), ())


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("Child-Pugh A", "Halve it in Child-Pugh class A disease."),
        ("Child-Pugh C cirrhosis", "Avoid it in Child-Pugh class C disease."),
    ],
)
def test_a_class_of_liver_function_is_a_place_too(place: str, kept: str) -> None:
    """A name that sources prefer for it does not make it any class."""
    livers = study(
        "Naltrexone and the liver", "Halve it in Child-Pugh class A disease.", "Avoid it in Child-Pugh class C disease."
    )
    assert told(f"What dose of naltrexone in {place}?", livers) == [kept]


def test_where_only_another_band_of_organ_function_is_spoken_of_nothing_is_told() -> None:
    """Whose kidneys work better or worse would read another's dose."""
    found = suits("What dose of gabapentin with a creatinine clearance of 45 mL/min?", study("Gabapentin", SEVERE))
    assert found == Suited(candidates=[], lacking=("creatinine clearance of 45 mL/min",))


def test_a_figure_of_organ_function_says_more_than_a_stage() -> None:
    """Dialysis may reach into a band that the clearance lies below."""
    severe = "In severe renal impairment (CrCl 5-29 mL/min) give 100 mg once a day."
    record = study("Gabapentin and the kidney", severe)
    assert suits("On dialysis, CrCl 7 mL/min: dose of gabapentin?", record).candidates
    assert not suits("On dialysis, CrCl 2 mL/min: dose of gabapentin?", record).candidates


def test_where_only_another_age_is_spoken_of_the_reader_is_told() -> None:
    """Which place the question has, in its words, and whom the sentences are about."""
    found = suits("What dose of gabapentin in adolescents?", study("Gabapentin", "Adults start with 300 mg three times a day."))
    assert len(found.candidates) == 1
    (caveat,) = found.caveats
    for words in ("adolescents", "dults"):
        assert words in caveat
    assert found.lacking == ()


def test_who_asks_by_a_degree_asks_for_what_a_source_calls_so() -> None:
    """Whatever figures it gives for the degree; of the others only bands that reach to the patient are told, with that said."""
    severe = "In severe renal impairment (CrCl 5-29 mL/min) give 100 mg once a day."
    record = study("Gabapentin and the kidney", MILD, severe, CLEARED)
    found = suits("What dose of gabapentin in severe renal impairment?", record)
    assert [candidate.text for candidate in found.candidates] == [severe, CLEARED]
    assert found.candidates[0].met > found.candidates[1].met
    assert found.caveats == ()
    found = suits("What dose of gabapentin on dialysis?", record)
    assert MILD not in [candidate.text for candidate in found.candidates]
    assert severe in [candidate.text for candidate in found.candidates]
    (caveat,) = found.caveats
    assert "dialysis" in caveat
    assert "5-29" in caveat


def test_that_nothing_is_known_of_children_makes_no_text_on_children() -> None:
    """An adult is not told that what follows is about others."""
    record = study("Atomoxetine in ADHD", "Atomoxetine lowered the score.", "Nothing is known of atomoxetine in children.")
    found = suits("Does atomoxetine help a 45-year-old woman with ADHD?", record)
    assert [candidate.text for candidate in found.candidates] == ["Atomoxetine lowered the score."]
    assert found.caveats == ()


def test_where_no_band_is_spoken_of_a_stage_of_organ_function_is_lacking() -> None:
    """Nothing is said of a patient whom nobody speaks of."""
    found = suits("What dose of gabapentin with a creatinine clearance of 45 mL/min?", study("Gabapentin", CLEARED))
    assert (found.candidates, found.caveats, found.lacking) == ([], (), ("creatinine clearance of 45 mL/min",))
    assert suits("Gabapentin in Child-Pugh B?", KIDNEYS).lacking == ("Child-Pugh B",)


def test_figures_of_a_source_say_what_its_names_mean() -> None:
    """A source whose severe impairment begins at 40 speaks of a clearance of 35."""
    defined = study("Gabapentin", "In severe renal impairment (CrCl 10-40 mL/min) exposure rose.", SEVERE)
    assert SEVERE in told("gabapentin with CrCl 35", defined)
    assert SEVERE not in told("gabapentin with CrCl 35", KIDNEYS)


CHILD, ADULT, ANYBODY = (
    "In children aged 6 to 12 years atomoxetine lowered the score.",
    "In adults atomoxetine lowered the score.",
    "Appetite was less with atomoxetine.",
)


@pytest.mark.parametrize(("age", "kept"), [("a 9-year-old", CHILD), ("a 45-year-old woman", ADULT), ("a girl of 11", CHILD)])
def test_what_was_found_at_the_age_asked_about_is_told(age: str, kept: str) -> None:
    """What was found at another age is not, where there is any such."""
    record = study("Atomoxetine in ADHD", CHILD, ADULT)
    assert told(f"Does atomoxetine help {age} with ADHD?", record) == [kept]


@pytest.mark.parametrize(
    "record",
    [
        study("Atomoxetine in ADHD", ADULT),
        study("Atomoxetine in ADHD", "The 40 adults had ADHD of one kind or another.", ANYBODY),
        study("Atomoxetine in adults with ADHD", ANYBODY),
    ],
)
def test_what_was_found_in_adults_is_not_told_of_a_child(record: Abstract) -> None:
    """The age stands in the sentence, elsewhere in its record, or in the title."""
    found = suits("Does atomoxetine help a 9-year-old?", record)
    assert found == Suited(candidates=[], lacking=("children (9-year-old)",))


@pytest.mark.parametrize(
    ("people", "said", "is_told"),
    [
        ("adolescents", ADULT, True),
        ("adolescents", "In 40 patients aged 12 to 17 years atomoxetine lowered the score.", False),
        ("adults", "In 40 patients aged 21 to 45 years atomoxetine lowered the score.", False),
        ("teenagers", "In 40 patients aged 16 to 60 years atomoxetine lowered the score.", True),
    ],
)
def test_people_whose_ages_only_touch_are_others(people: str, said: str, is_told: bool) -> None:
    """What was found in adults is not told of adolescents without that being said, though some are eighteen."""
    found = suits(f"Does atomoxetine help {people} with ADHD?", study("Atomoxetine in ADHD", said))
    assert [candidate.text for candidate in found.candidates] == [said]
    assert bool(found.caveats) is is_told


def test_where_no_age_is_spoken_of_nothing_is_said_of_it() -> None:
    """An age is no stage of a disease: most sources mix ages."""
    found = suits("Does atomoxetine help a 9-year-old?", study("Atomoxetine in ADHD", ANYBODY))
    assert ([candidate.text for candidate in found.candidates], found.caveats, found.lacking) == ([ANYBODY], (), ())


def test_a_question_without_a_patient_keeps_everything_in_its_order() -> None:
    """As does one for which nothing was found."""
    assert told("What dose of gabapentin?", KIDNEYS) == [CLEARED, MILD, MODERATE, SEVERE]
    assert suits("gabapentin with CrCl 40", study("Gabapentin", "Nothing.")) == Suited(candidates=[])


QUESTIONS = [
    "CrCl {}",
    "eGFR of {} mL/min",
    "CKD {}",
    "a {}-year-old",
    "{} kg",
    "Child-Pugh B, {} years old",
    "aged {} on dialysis",
]
SENTENCES = [CLEARED, MILD, MODERATE, SEVERE, CHILD, ADULT, ANYBODY, "Halve the dose in Child-Pugh class B disease."]


@given(st.sampled_from(QUESTIONS), st.integers(0, 130), st.lists(st.sampled_from(SENTENCES), min_size=1, unique=True))
def test_nothing_is_dropped_without_a_word_and_nothing_is_made_up(question: str, figure: int, said: list[str]) -> None:
    """Where all was dropped the question's words say why; nobody is told of the same twice; a patient's band stays."""
    found, retrieved = found_in(study("What was found", *said))
    suit = suited(asked(f"dose for {question.format(figure)}?"), found, retrieved)
    assert {candidate.text for candidate in suit.candidates} <= set(said)
    assert bool(suit.candidates) is not bool(suit.lacking)
    assert len(set(suit.caveats)) == len(suit.caveats)
