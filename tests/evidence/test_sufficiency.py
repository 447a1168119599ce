"""Which words of a question a source must hold, and what each counts for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.evidence.coverage import coverage
from ragqa.evidence.sufficiency import HIGHEST, LOWEST, Sufficiency
from ragqa.models import CrossEncoder
from ragqa.pipeline import Ragqa
from ragqa.question.terms import Vocabulary


def test_the_more_a_word_names_the_more_it_counts(ragqa: Ragqa) -> None:
    """A code of many pieces before a drug name, that before a plain word; words of asking and of the trade do not count."""
    words = Vocabulary(ragqa.generation.terms, CrossEncoder())
    terms = words.terms("Describe the mechanism of action of REGN5458 and memantine in people")
    weights = {term.word: term.weight for term in terms}
    assert list(weights) == ["REGN5458", "memantine", "people"]
    assert weights["REGN5458"] > weights["memantine"] > 1 > weights["people"]


def test_coverage_is_the_share_of_weight_held(ragqa: Ragqa) -> None:
    """All of it where every term stands in the text, inflected or not; less what is missing; none of an empty text."""
    words = Vocabulary(ragqa.generation.terms, CrossEncoder())
    terms = words.terms("memantine for hoarding")
    memantine, hoarding = (term.weight for term in terms)
    assert coverage(terms, words.held("Memantine was given to people who hoard.")) == 1
    assert coverage(terms, words.held("Memantine was given.")) == memantine / (memantine + hoarding)
    assert coverage(terms, words.held("")) == 0
    assert coverage([], words.held("")) == 1


@given(st.floats(0, 1), st.floats(-1, 1), st.sampled_from([0.0, 1.0]), st.booleans(), st.floats(LOWEST, HIGHEST), st.floats(0, 1))
def test_what_is_hopeless_no_judgment_would_save(
    held: float, similarity: float, subjects: float, alone: bool, logit: float, abstain_below: float
) -> None:
    """Skipping the judge changes no decision, at the setting or at any down to a tenth of it; with 0 everything is judged."""
    measured = Sufficiency(coverage=held, similarity=similarity, subjects=subjects, studies_alone=alone, missing=())
    if measured.hopeless(abstain_below):
        assert replace(measured, logit=logit).probability < abstain_below / 10
    assert not measured.hopeless(0.0)


def test_what_nothing_covers_is_not_judged(ragqa: Ragqa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dear step is kept for questions that it could decide."""
    judged: list[str] = []
    score = CrossEncoder.score
    monkeypatch.setattr(
        CrossEncoder, "score", lambda self, question, texts: judged.append(question) or score(self, question, texts)
    )
    asked = ["What is the best antibiotic for community-acquired pneumonia?", "Does lithium prevent suicide?"]
    assert [ragqa.ask(question).status for question in asked] == ["insufficient_evidence", "answered"]
    assert judged == asked[1:]
