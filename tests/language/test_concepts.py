"""What words name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from ragqa.language.concepts import (
    Role,
    broader,
    conditions,
    edits,
    interventions,
    links,
    members,
    mentions,
    populations,
    suggestions,
)

pytestmark = pytest.mark.quick


def test_treatments_conditions_and_populations_are_named_each_once() -> None:
    """As worded, abbreviations included; what names a population is no condition as well."""
    text = "SSRIs or lithium in adolescents with renal impairment and OCD: lithium or exposure therapy?"
    assert interventions(text) == ("SSRIs", "lithium", "exposure therapy")
    assert conditions(text) == ("OCD",)
    assert populations(text) == ("adolescents", "renal impairment")


def test_of_mentions_that_overlap_the_longer_one_stands() -> None:
    """Each with its role and its place in the text."""
    text = "Memantine in severe borderline personality disorder"
    found = mentions(text)
    assert [(mention.role, mention.text) for mention in found] == [
        (Role.TREATMENT, "Memantine"),
        (Role.CONDITION, "severe borderline personality disorder"),
    ]
    assert all(text[mention.start : mention.end] == mention.text for mention in found)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("BPD in the NICU", ["bronchopulmonary dysplasia"]),
        ("DBT for BPD", ["borderline personality disorder"]),
        ("mania in BPD on lithium", ["bipolar disorder"]),
        ("MS treated with natalizumab", ["multiple sclerosis"]),
        ("PD and levodopa", ["parkinson's disease"]),
        ("panic disorder (PD)", ["panic disorder"]),
        ("What is BPD?", ["borderline personality disorder", "bipolar disorder", "bronchopulmonary dysplasia"]),
    ],
)
def test_a_name_with_several_meanings_is_read_from_its_neighbours_or_keeps_them(text: str, wanted: list[str]) -> None:
    """Nothing beside it: all of them, the likeliest first."""
    (link,) = [link for link in links(text) if link.text.isupper() and link.text in ("BPD", "MS", "PD")]
    assert [meaning.name for meaning in link.concepts] == wanted


def test_an_unknown_drug_is_a_drug_that_equals_no_other() -> None:
    """By the stem of its name; an everyday word with such an ending is none."""
    assert [link.concept.id for link in links("zorbitriptan or vexastatin with saline as routine medicine")] == [
        "drug:?zorbitriptan",
        "drug:?vexastatin",
    ]


def test_persons_and_trials_are_no_conditions() -> None:
    """What a title stands before, and the second part of a trial's name."""
    assert links("Was Professor Parkinson right?") == ()
    assert links("How long did PARADIGM-HF run?") == ()


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("sertaline", "sertraline"),
        ("olanzipine", "olanzapine"),
        ("fluoxitine", "fluoxetine"),
        ("escitlopram", "escitalopram"),
        ("zyprexia", "zyprexa"),
        ("vestibular nueritis", "vestibular neuritis"),
    ],
)
def test_a_misspelt_name_is_offered_and_never_taken_for_it(word: str, wanted: str) -> None:
    """Offered first, and no concept of the text meanwhile."""
    assert suggestions(word)[0] == wanted
    assert not {meaning.name for link in links(word) for meaning in link.concepts} & {wanted}


@pytest.mark.parametrize(
    "word", ["clozapine", "prednisone", "hydralazine", "placebo", "medication", "improve", "the", "1234567", ""]
)
def test_nothing_is_offered_for_a_name_or_an_everyday_word(word: str) -> None:
    """Drugs that look alike are never offered for one another."""
    assert suggestions(word) == ()


@given(st.text(alphabet="abcd", max_size=7), st.text(alphabet="abcd", max_size=7), st.integers(0, 3))
def test_edits_are_counted_as_by_an_independent_library(one: str, other: str, most: int) -> None:
    """Optimal string alignment, cut off where more than ``most`` are needed."""
    assert edits(one, other, most) == min(OSA.distance(one, other), most + 1)


def test_mentions_carry_the_concept() -> None:
    """So that two names of one thing can be compared."""
    (brand,), (generic,) = mentions("Zyprexa"), mentions("olanzapine")
    assert brand.concept == generic.concept == "drug:olanzapine"
    assert broader(links("olanzapine")[0].concept) >= {"drug class:antipsychotics"}
    assert "drug:olanzapine" in members(links("atypical antipsychotics")[0].concept)
