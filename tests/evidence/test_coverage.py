"""How much of a question a text holds: terms by their weight, inflected forms included."""

from __future__ import annotations

import pytest

from ragqa.evidence.coverage import coverage, holds
from ragqa.question.terms import Term

pytestmark = pytest.mark.quick


def term(word: str, weight: float) -> Term:
    """A term that is its own stem."""
    return Term(word=word, stems=(word,), rarity=0.5, weight=weight)


def test_a_text_holds_the_share_of_weight_of_the_terms_in_it() -> None:
    """All, a part, none; without terms there is nothing to miss."""
    terms = [term("memantin", 3.0), term("hoard", 1.0)]
    assert coverage(terms, {"memantin", "hoard", "adult"}) == 1.0
    assert coverage(terms, {"memantin"}) == 0.75
    assert coverage(terms, set()) == 0.0
    assert coverage([], set()) == 1.0


def test_a_form_of_a_word_counts_and_a_word_of_several_stems_needs_them_all() -> None:
    """Pregnant and pregnancy share a beginning; perfusion and perforation share too little of one."""
    assert holds({"pregnanc"}, ["pregnant"])
    assert not holds({"perfor"}, ["perfus"])
    assert holds({"cd", "4"}, ["cd", "4"])
    assert not holds({"cd"}, ["cd", "4"])
