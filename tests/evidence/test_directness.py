"""What answers directly: the value asked for, all patients, the degree asked about, what was found."""

from __future__ import annotations

import pytest
from fitted import asked, found_in, study

from ragqa.corpus.records import Abstract
from ragqa.evidence.directness import directed

pytestmark = pytest.mark.quick


def directness(question: str, *records: Abstract) -> dict[str, int]:
    """The directness of each sentence, by its first word."""
    found, retrieved = found_in(*records)
    return {one.text.split()[0]: one.directness for one in directed(asked(question), found, retrieved)}


@pytest.mark.parametrize(
    ("question", "telling", "other"),
    [
        ("gabapentin half-life", "Gabapentin has a half-life of 5 to 7 hours.", "Renal disease doubled the half-life."),
        ("NNT of gabapentin", "The number needed to treat was 6 in neuropathy.", "Treated patients needed fewer rescue drugs."),
        ("hazard ratio for falls on gabapentin", "Falls rose (hazard ratio 1.4).", "Hazard of falls rose by a third."),
        ("effect size of gabapentin", "Pain fell with an SMD of -0.4.", "The effect on pain was moderate in size."),
        ("Is gabapentin off-label in sciatica?", "In sciatica its use is off-label.", "Gabapentin is not advised in sciatica."),
        ("serum level of gabapentin", "Levels reached 8 mg/L at steady state.", "Serum levels were not measured here."),
    ],
)
def test_a_sentence_that_tells_the_value_asked_for_is_direct(question: str, telling: str, other: str) -> None:
    """One that only speaks of it is not."""
    found = directness(question, study("Gabapentin", telling, other))
    assert list(found.values()) == [1, 0]
    assert set(directness("Does gabapentin help?", study("Gabapentin", telling, other)).values()) == {0}


def test_what_holds_for_one_degree_of_an_organ_function_is_less_direct() -> None:
    """Unless it is asked about."""
    record = study("Gabapentin", "Usual: 300 mg thrice a day for adults.", "Severe renal impairment: 100 mg once a day.")
    assert directness("What is the dose of gabapentin?", record) == {"Usual:": 1, "Severe": 0}
    assert directness("dose of gabapentin in severe renal impairment?", record) == {"Usual:": 0, "Severe": 0}


def test_the_degree_of_a_disease_that_is_asked_about_is_direct() -> None:
    """Another is less so, and a sentence on both is on the one asked about."""
    said = ("Mild asthma improved on it.", "Severe asthma did not improve.", "Both mild and severe asthma itched.", "All slept.")
    found = directness("montelukast for mild asthma", study("Montelukast", *said[:3], "All slept well on it."))
    assert found == {"Mild": 1, "Severe": -1, "Both": 1, "All": 0}
    assert set(directness("montelukast for asthma", study("Montelukast", *said[:3])).values()) == {0}


def test_the_degree_of_another_disease_is_not_direct() -> None:
    """A sentence that names another disease than the question tells nothing of its degree."""
    said = ("Mild eczema improved on it.", "Mild asthma improved on it as well.")
    assert list(directness("montelukast for mild asthma", study("Montelukast", said[0])).values()) == [0]
    assert list(directness("montelukast for mild asthma", study("Montelukast", said[1])).values()) == [1]


def test_a_degree_told_in_the_story_is_not_asked_about() -> None:
    """It may be that of another disease."""
    said = ("Mild asthma improved on it.", "Severe asthma did not improve.")
    assert set(directness("Severe eczema. Does montelukast help in asthma?", study("Montelukast", *said)).values()) == {0}


@pytest.mark.parametrize("form", ["XR", "extended-release", "modified release"])
def test_the_form_of_a_drug_that_is_asked_about_is_direct(form: str) -> None:
    """However it is called; each tells a dose, too."""
    said = (
        "Extended-release tablets start at 600 mg.",
        "Immediate-release capsules start at 300 mg.",
        "Doses are raised weekly.",
    )
    found = directness(f"starting dose of gabapentin {form}?", study("Gabapentin", *said))
    assert found == {"Extended-release": 2, "Immediate-release": 0, "Doses": 1}


def test_a_dose_is_direct_where_it_is_asked_for() -> None:
    """Of a dose that the question states itself only that one, alone or in a range."""
    record = study("Gabapentin", "Start with 300 mg.", "Raise to 900-1800 mg/day.", "Pain fell on it.", "No dose was given.")
    assert directness("What dose of gabapentin?", record) == {"Start": 1, "Raise": 1, "Pain": 0, "No": 1}
    assert directness("Is gabapentin 1200 mg a day enough?", record) == {"Start": 0, "Raise": 1, "Pain": 0, "No": 0}
    assert set(directness("Does gabapentin help?", record).values()) == {0}


def test_what_was_done_is_less_direct_than_what_was_found() -> None:
    """Unless the question asks for it; a fact told among the methods stays a fact."""
    done = study(
        "Montelukast", "We randomised 90 adults in a trial.", "Montelukast is licensed from six months of age.", label="METHODS"
    )
    assert directness("Does montelukast help in asthma?", done) == {"We": -1, "Montelukast": 0}
    assert directness("How many adults were randomised to montelukast?", done) == {"We": 0, "Montelukast": 0}
