"""Questions in the names that sources use, and what a query reads from them."""

from __future__ import annotations

import pytest
from fitted import asked
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.language.about import NOTHING
from ragqa.language.concepts import links
from ragqa.language.vocabulary import Kind, vocabulary
from ragqa.question.naming import named, without_names

pytestmark = pytest.mark.quick

USED = frozenset(
    {
        "methotrexate",
        "gabapentin",
        "propranolol",
        "allopurinol",
        "naltrexone",
        "naloxone",
        "migraine",
        "prednisone",
        "prednisolone",
    }
)
"""Names that some sources use."""


def used(word: str) -> bool:
    """What these sources use."""
    return word.casefold() in USED


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Is Inderal good for migraine?", "Is propranolol good for migraine?"),
        ("Zyloprim in gout", "allopurinol in gout"),
        ("Lyrica or Inderal?", "pregabalin or propranolol?"),
        ("propranolol in migraine", "propranolol in migraine"),
        ("beta blocker in migraine", "beta blocker in migraine"),
        ("Is MS treated with Inderal?", "Is MS treated with propranolol?"),
    ],
)
def test_brands_go_by_their_preferred_names(question: str, text: str) -> None:
    """What shares a word with its preferred name stays, as does an abbreviation; nothing was guessed."""
    found = named(question, used)
    assert (found.text, found.guessed) == (text, ())


@pytest.mark.parametrize("place", ["Child-Pugh B", "creatinine clearance of 40 mL/min", "CKD 4", "9-year-old", "eGFR 20"])
def test_a_place_on_a_scale_is_never_renamed(place: str) -> None:
    """A class by the name of what it grades is no class any more."""
    assert named(f"Inderal in {place}", used).text == f"propranolol in {place}"


@pytest.mark.parametrize(
    ("question", "text", "guessed"),
    [
        ("gabapenten in pain", "gabapentin in pain", (("gabapenten", "gabapentin"),)),
        ("metotrexate?", "methotrexate?", (("metotrexate", "methotrexate"),)),
        (
            "Is gabapenten safe with metotrexate?",
            "Is gabapentin safe with methotrexate?",
            (("gabapenten", "gabapentin"), ("metotrexate", "methotrexate")),
        ),
        ("Inderal with gabapenten", "propranolol with gabapentin", (("gabapenten", "gabapentin"),)),
    ],
)
def test_a_misspelt_word_is_read_as_the_one_name_that_sources_use(
    question: str, text: str, guessed: tuple[tuple[str, str], ...]
) -> None:
    """And the reader is told which word was read as which."""
    found = named(question, used)
    assert (found.text, found.guessed) == (text, guessed)


@pytest.mark.parametrize("word", ["naltroxone", "prednisolne", "warfarim", "gaba", "zzyzxian"])
def test_a_word_near_several_names_or_none_that_sources_use_stays(word: str) -> None:
    """Drugs whose names are alike are never chosen between."""
    assert named(f"Is {word} safe?", used).guessed == ()
    assert word in named(f"Is {word} safe?", used).text


def test_of_several_near_names_the_one_that_sources_use_is_meant() -> None:
    """Where the others are names that no source uses."""
    assert named("naltroxone", lambda word: word == "naltrexone").guessed == (("naltroxone", "naltrexone"),)


def test_what_sources_use_is_never_corrected() -> None:
    """However near it is to a name, nor is a name."""
    assert named("gabapenten", lambda word: True).guessed == ()
    assert named("naloxone or naltrexone", lambda word: word == "naltrexone").text == "naloxone or naltrexone"


WORDS = ["Inderal", "gabapenten", "metotrexate", "MS", "Child-Pugh B", "in", "gout", "9-year-old", "?", "Zyloprim", "naltroxone"]
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS)).map(" ".join))


@settings(deadline=None)  # the first look-up loads the vocabulary
@given(TEXTS)
def test_any_text_can_be_named(text: str) -> None:
    """What is guessed stands in the text, sources use it and do not use the word; naming changes nothing that it named."""
    found = named(text, used)
    for word, name in found.guessed:
        assert word in text
        assert used(name)
        assert not used(word)
    assert named(found.text, used).text == found.text
    assert named(found.text, used).guessed == ()


@given(TEXTS)
def test_without_its_names_a_text_has_no_word_more(text: str) -> None:
    """Only names are taken out."""
    left = without_names(text)
    assert not set(left.split()) - set(text.split()) or any(link in text for link in left.split())
    assert len(left) <= len(text)


def test_without_names() -> None:
    """Drugs, conditions, people and outcomes are taken out, in any order."""
    assert without_names("Does colchicine prevent mortality in gout in veterans?").split() == ["Does", "prevent", "in", "in", "?"]


def about(question: str) -> list[str]:
    """What a query asks about, in alphabetical order."""
    return sorted(concept.name for concept in asked(question, used).about(NOTHING).asked)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Inderal in migraine?", ["migraine", "propranolol"]),
        ("gabapenten in CKD 4", ["gabapentin"]),
        ("gabapentin in severe renal impairment", ["gabapentin"]),
        ("gabapentin with a creatinine clearance of 40 mL/min", ["gabapentin"]),
        ("gabapentin in Child-Pugh B disease", ["gabapentin"]),
        ("gabapentin in chronic kidney disease", ["chronic kidney disease", "gabapentin"]),
        ("gabapentin for a 70-year-old", ["gabapentin"]),
        ("She has gout. Is Inderal safe in migraine?", ["migraine", "propranolol"]),
    ],
)
def test_a_query_is_about_concepts_and_a_stage_is_none(question: str, names: list[str]) -> None:
    """By whatever name, misspelt or not."""
    assert about(question) == names


def test_an_ambiguous_abbreviation_of_a_query_means_what_sources_are_about() -> None:
    """Its likeliest meaning where they are about neither."""
    likeliest, other = vocabulary().meanings("MS")
    query = asked("What is the prognosis of MS?")
    assert query.about(frozenset({other})).conditions == {other}
    assert query.about(NOTHING).conditions == {likeliest}


@pytest.mark.parametrize(
    ("question", "of_a_drug"),
    [
        ("What dose of colchicine in gout?", True),
        ("Is colchicine safe in gout?", True),
        ("Who should not take colchicine?", True),
        ("How does colchicine work in the body, by which mechanism?", True),
        ("colchicine in CKD 4", True),
        ("colchicine in Child-Pugh C disease", True),
        ("Does colchicine help in gout?", False),
        ("Is colchicine better than febuxostat in gout?", False),
        ("Does colchicine help a man of 70 in gout?", False),
    ],
)
def test_what_a_drug_is_and_does_is_asked_of_the_drug(question: str, of_a_drug: bool) -> None:
    """Whatever it is given for; how well it works depends on what for."""
    assert asked(question).of_a_drug is of_a_drug


def test_wording_is_the_questions_own_each_once_in_its_order() -> None:
    """Brands that were renamed go by their preferred names."""
    query = asked("Is gout or migraine eased by Inderal, or gout by colchicine?", used)
    wanted = query.about(NOTHING).asked
    assert query.wording(wanted) == ("gout", "migraine", "propranolol", "colchicine")
    assert query.wording(frozenset({one for one in wanted if one.name == "migraine"})) == ("migraine",)
    assert query.wording(NOTHING) == ()


@pytest.mark.parametrize(
    ("question", "strange"),
    [
        ("What did Zarkovian find on propranolol?", ("Zarkovian",)),
        ("Is Kowalczyk right on gout?", ("Kowalczyk",)),
        ("Is naltroxone safe?", ("naltroxone",)),
        ("Does propranolol help the elderly with tremendous palpitations?", ()),
        ("What did ZARKOV-2 find?", ()),
        ("Is gabapenten safe?", ()),
    ],
)
def test_a_word_in_no_dictionary_is_strange(question: str, strange: tuple[str, ...]) -> None:
    """No name that is known, no everyday word, no acronym, nothing that was read as a name."""
    assert tuple(term.word for term in asked(question, used).strange) == strange


def test_a_query_tells_what_was_guessed() -> None:
    """With the word as it was asked."""
    assert asked("gabapenten in pain", used).guessed == (("gabapenten", "gabapentin"),)
    assert asked("gabapentin in pain", used).guessed == ()


@pytest.mark.parametrize(
    ("written", "meant"), [("propramolol", "propranolol"), ("gabbapentin", "gabapentin"), ("naletrexone", "naltrexone")]
)
def test_a_misspelt_name_that_ends_as_a_drug_is_no_drug_of_its_own(written: str, meant: str) -> None:
    """It is read as what it is near, and the reader is told; where no source uses that it stays an unknown drug."""
    (link,) = links(written)
    assert (link.concept.kind, link.known) == (Kind.DRUG, False)
    read = named(f"Does {written} help in migraine?", used)
    assert (read.text, read.guessed) == (f"Does {meant} help in migraine?", ((written, meant),))
    assert named(f"Does {written} help?", lambda _: False).text == f"Does {written} help?"
