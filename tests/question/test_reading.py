"""What becomes of a question on its way to a search."""

from __future__ import annotations

from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.question.refusal import REFUSALS, Status


def test_a_question_in_another_language_is_told_that_english_is_read(ragqa: Ragqa) -> None:
    """Not searched for, whatever it asks; in English the same is searched for."""
    refusal = ragqa.reader().read(Asked(question="Hilft Lithium gegen Suizid bei affektiven Erkrankungen?")).refusal
    assert refusal is not None
    assert (refusal.status, refusal.message) == (Status.OUT_OF_SCOPE, REFUSALS["language"])
    assert ragqa.reader().read(Asked(question="Does lithium prevent suicide in mood disorders?")).refusal is None


def test_an_emergency_in_another_language_comes_first(ragqa: Ragqa) -> None:
    """Where its wording is known."""
    refusal = ragqa.reader().read(Asked(question="Hilfe, mein Vater hat crushing chest pain now und keine Luft")).refusal
    assert refusal is not None
    assert refusal.status is Status.URGENT


def test_what_is_searched_for_is_worded_as_sources_word_it(ragqa: Ragqa) -> None:
    """The reader sees the question as it was asked; the search, its terms and its subjects know the band."""
    query = ragqa.reader().read(Asked(question="memantine 10mg bd ok if CrCl 18?"))
    assert query.text == "memantine 10mg bd ok if CrCl 18?"
    assert query.searched == "memantine 10 mg twice daily ok if CrCl 18 (severe renal impairment)?"
    assert query.readings == (query.searched,)
    assert "renal impairment" in query.understanding.populations
    assert not {"bd", "18", "CrCl", "10mg"} & {term.word for term in query.terms}
