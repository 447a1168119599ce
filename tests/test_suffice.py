"""Which words of a question a source must hold, and what each counts for."""

from __future__ import annotations

from ragqa.models import CrossEncoder
from ragqa.pipeline import Ragqa
from ragqa.suffice import coverage, question_terms


def test_the_more_a_word_names_the_more_it_counts(ragqa: Ragqa) -> None:
    """A code of many pieces before a drug name, that before a plain word; words of asking and of the trade do not count."""
    judge = CrossEncoder()
    terms = question_terms("Describe the mechanism of action of REGN5458 and memantine in people", ragqa.generation, judge)
    weights = {term.word: term.weight for term in terms}
    assert list(weights) == ["REGN5458", "memantine", "people"]
    assert weights["REGN5458"] > weights["memantine"] > 1 > weights["people"]


def test_coverage_is_the_share_of_weight_held(ragqa: Ragqa) -> None:
    """All of it where every term stands in the text, inflected or not; less what is missing; none of an empty text."""
    terms = question_terms("memantine for hoarding", ragqa.generation, CrossEncoder())
    memantine, hoarding = (term.weight for term in terms)
    assert coverage(terms, "Memantine was given to people who hoard.", ragqa.generation) == 1
    assert coverage(terms, "Memantine was given.", ragqa.generation) == memantine / (memantine + hoarding)
    assert coverage(terms, "", ragqa.generation) == 0
    assert coverage([], "", ragqa.generation) == 1
