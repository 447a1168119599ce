"""Studies called by name in a question: by author, year, group, journal or register number."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.corpus.credits import folded
from ragqa.language.concepts import links
from ragqa.question.naming import named
from ragqa.question.studies import named_studies

pytestmark = pytest.mark.quick

HELD = {
    "okafor": [("pmid:1", 2015), ("pmid:2", 2019)],
    "lindqvist": [("pmid:3", 2004)],
    "young": [("pmid:4", 2011)],
    "cochrane": [("pmid:5", 2010), ("pmid:6", 2022)],
    "muller": [("pmid:7", 2001)],
}


def credited(name: str) -> Sequence[tuple[str, int | None]]:
    """Who goes by a name in a corpus of seven records."""
    return HELD.get(folded(name), [])


def uses(word: str) -> bool:
    """Texts that speak of one trial by its acronym."""
    return word == "MIRAGE"


def called(question: str) -> list[tuple[str, tuple[str, ...]]]:
    """The words that call studies, and the records that they call."""
    return [(study.text, study.ids) for study in named_studies(question, links(question), credited, uses)]


@pytest.mark.parametrize(
    ("question", "text", "ids"),
    [
        ("Okafor 2015 lithium in mania", "Okafor 2015", ("pmid:1",)),
        ("what did Okafor et al. (2019) find on lithium?", "Okafor et al. (2019)", ("pmid:2",)),
        ("okafor 2015 lithium", "okafor 2015", ("pmid:1",)),
        ("the Okafor lithium trial", "Okafor", ("pmid:1", "pmid:2")),
        ("the okafor trial of lithium", "okafor", ("pmid:1", "pmid:2")),
        ("Okafor's study of lithium", "Okafor's", ("pmid:1", "pmid:2")),
        ("lithium in Smith and Lindqvist 2004", "Smith and Lindqvist 2004", ("pmid:3",)),
        ("Müller et al lithium", "Müller et al", ("pmid:7",)),
        ("2022 Cochrane review of lithium", "2022 Cochrane", ("pmid:6",)),
        ("Cochrane 2010 on lithium", "Cochrane 2010", ("pmid:5",)),
        ("lithium: Young 2011 result", "Young 2011", ("pmid:4",)),
        ("Lindqvist 2005 lithium", "Lindqvist 2005", ("pmid:3",)),
        ("NCT01234567 lithium", "NCT01234567", ("nct:NCT01234567",)),
        ("what does PMID 29549516 say on lithium", "PMID 29549516", ("pmid:29549516",)),
    ],
)
def test_a_study_is_called_by_name(question: str, text: str, ids: tuple[str, ...]) -> None:
    """In whatever case, with or without its year; a year off by one may be that of the printed issue."""
    assert called(question) == [(text, ids)]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Okafor 2008 lithium", "Okafor 2008"),
        ("Brzezinska 2012 lithium", "Brzezinska 2012"),
        ("Brzezinska et al lithium", "Brzezinska et al"),
        ("VERTIGO trial of lithium", "VERTIGO"),
    ],
)
def test_a_study_that_no_record_is_of_is_called_too(question: str, text: str) -> None:
    """So that the reader is told."""
    assert called(question) == [(text, ())]


@pytest.mark.parametrize(
    "question",
    [
        "lithium in young adults: which trial?",
        "Young adults on lithium, any trial?",
        "Since 2011 any lithium trial?",
        "lithium trials in May 2011",
        "MIRAGE trial lithium",
        "Lithium 2011 review",
        "Brzezinska lithium trial",
        "does Okafor help in mania?",
        "NICE 2009 lithium",
        "BPD study in adults",
    ],
)
def test_other_words_call_no_study(question: str) -> None:
    """English words, drugs, months, bodies, an acronym that texts hold and are found by."""
    assert called(question) == []


def test_a_question_is_searched_for_without_the_names_of_studies() -> None:
    """They are known by their records; of a name alone nothing else is left to ask."""
    naming = named("Okafor 2015 lithium in mania", uses, credited)
    assert naming.text.split() == ["lithium", "in", "mania"]
    assert [study.ids for study in naming.studies] == [("pmid:1",)]
    assert named("Okafor 2015?", uses, credited).text == "Okafor 2015?"


WORDS = st.sampled_from(
    ["Okafor", "okafor", "et al", "2015", "trial", "lithium", ",", "(", ")", "&", "and", "NCT01234567", "-", "'s"]
)


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_studies_stand_apart_and_in_order(question: str) -> None:
    """Each is a stretch of the question."""
    found = named_studies(question, links(question), credited, uses)
    assert all(question[study.start : study.end] == study.text for study in found)
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))
