"""What words name."""

from __future__ import annotations

import pytest

from ragqa.language.concepts import Role, age_group, conditions, interventions, mentions, names, populations

pytestmark = pytest.mark.quick


def test_a_stated_age_stands_for_its_age_group() -> None:
    """A source speaks of adolescents, not of a 14-year-old; an adult's age names no group."""
    assert [age_group(text) for text in ("14-year-old", "8 year old", "45-year-old", "veterans")] == [
        "adolescents",
        "children",
        None,
        None,
    ]


def test_names_are_drugs_and_ages_whatever_the_case() -> None:
    """What may not be exchanged; ordinary words are not names."""
    assert names("Quetiapine 150 mg and sertraline in a 14-year-old") == ("Quetiapine", "sertraline", "14-year-old")
    assert names("The trial lasted eight weeks") == ()


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
