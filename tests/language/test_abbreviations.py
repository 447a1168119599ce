"""What else words are called."""

from __future__ import annotations

import pytest

from ragqa.language.abbreviations import both_spellings, known_abbreviations

pytestmark = pytest.mark.quick


def test_abbreviations_and_their_full_names_are_one() -> None:
    """A source that spells a condition out answers a question that abbreviates it, and the other way round."""
    assert "borderline personality disorder" in both_spellings("BPD")
    assert "BPD" in both_spellings("borderline personality disorder").split()
    assert "kidney" in both_spellings("severe renal impairment")
    assert set(known_abbreviations("SSRIs in OCD/BPD")) == {"SSRI", "OCD", "BPD"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("adrenal crisis", "kidney"),
        ("to deliver care", "hepatic"),
        ("behavioral therapy", "tablets"),
        ("temporal lobe", "tablets"),
        ("the dose was studied", "mortality"),
        ("stakeholders", "elderly"),
        ("haploinsufficiency", "failure"),
    ],
)
def test_a_synonym_inside_another_word_says_nothing(text: str, word: str) -> None:
    """Whole words only."""
    assert word not in both_spellings(text).split()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("both kidneys", "renal"),
        ("KIDNEY", "renal"),
        ("liver/kidney disease", "renal"),
        ("heart failures", "HF"),
        ("oral", "tablets"),
    ],
)
def test_a_synonym_is_found_in_the_plural_and_beside_marks(text: str, word: str) -> None:
    """In capitals too."""
    assert word in both_spellings(text).split()
