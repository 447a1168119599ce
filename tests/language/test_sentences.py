"""Sentences are slices of their text, and a reader never sees a marker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.language.sentences import markers, sentences, without_markers

pytestmark = pytest.mark.quick


def test_medical_sentences_are_not_cut_at_abbreviations_and_numbers() -> None:
    """Decimals, p values and versus do not end a sentence."""
    text = "The odds ratio was 0.13 (95% CI 0.03 to 0.66, p < 0.05). Drug A vs. placebo differed by 1.5 points."
    assert [text[s.start : s.end] for s in sentences(text, 0, len(text))] == [text[:56], text[57:]]


@given(st.text(alphabet="ab .?!\n[1]*-", max_size=200))
def test_sentences_are_slices_in_order(text: str) -> None:
    """Of any text, none overlapping, none empty."""
    position = 0
    for sentence in sentences(text, 0, len(text)):
        assert text[sentence.start : sentence.end] == sentence.text
        assert position <= sentence.start < sentence.end
        position = sentence.end


def test_markers_belong_to_the_sentence_before_them() -> None:
    """Each number once, in order; the text is given without them."""
    text = "It helped [2].[1][1, 3] It was safe."
    first, second = sentences(text, 0, len(text))
    assert (first.markers, second.markers) == ((2, 1, 3), ())
    assert markers(text) == [2, 1, 3]
    assert without_markers("It  helped. [1][2, 3]\nMore.") == "It helped. More."
