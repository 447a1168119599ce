"""What a text is about, and what it only names."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.language.about import About, Concepts, about, asked_about
from ragqa.language.vocabulary import Kind, concept, vocabulary

pytestmark = pytest.mark.quick


def named(*names: str) -> Concepts:
    """What each of these names means, on its own."""
    meanings = [vocabulary().meanings(name) for name in names]
    assert all(meanings), names
    return frozenset(meaning[0] for meaning in meanings)


BESIDE = [
    ("Baclofen added to gabapentin eased the pain.", "baclofen", "gabapentin"),
    ("Topiramate as an adjunct to nortriptyline lowered the score.", "topiramate", "nortriptyline"),
    ("Buspirone on top of trazodone was well tolerated.", "buspirone", "trazodone"),
    ("Melatonin combined with zolpidem shortened the nights.", "melatonin", "zolpidem"),
    ("In patients receiving methotrexate, folic acid prevented ulcers.", "folic acid", "methotrexate"),
    ("Febuxostat was given with stable colchicine.", "febuxostat", "colchicine"),
    ("Folic acid in patients receiving methotrexate prevented ulcers.", "folic acid", "methotrexate"),
    ("Augmentation of nortriptyline with buspirone was tried.", "buspirone", "nortriptyline"),
    ("Atomoxetine in 40 inpatients on methotrexate", "atomoxetine", "methotrexate"),
]
HISTORY = [
    ("Prazosin was given after trazodone had failed.", "prazosin", "trazodone"),
    ("Febuxostat lowered urate where allopurinol had failed.", "febuxostat", "allopurinol"),
    ("Febuxostat lowered urate in allopurinol-resistant gout.", "febuxostat", "allopurinol"),
    ("Febuxostat lowered urate in allopurinol non-responders.", "febuxostat", "allopurinol"),
    ("Propranolol in migraine refractory to topiramate", "propranolol", "topiramate"),
    ("Those with no response to propranolol received sumatriptan.", "sumatriptan", "propranolol"),
    ("Propranolol failed. Sumatriptan stopped the attacks.", "sumatriptan", "propranolol"),
    ("Propranolol was not tolerated, sumatriptan was.", "sumatriptan", "propranolol"),
    ("Switching from ziprasidone to lurasidone lowered the weight.", "lurasidone", "ziprasidone"),
    ("Despite acamprosate they drank, and naltrexone was begun.", "naltrexone", "acamprosate"),
]
COMPARED = [
    ("Naltrexone reduced drinking more than acamprosate.", "naltrexone", "acamprosate"),
    ("Febuxostat was compared with allopurinol in gout.", "febuxostat", "allopurinol"),
    ("Lisinopril versus metoprolol in hypertension", "lisinopril", "metoprolol"),
    ("Rivaroxaban was not inferior to warfarin.", "rivaroxaban", "warfarin"),
    ("RESULTS: Compared with allopurinol, febuxostat lowered urate.", "febuxostat", "allopurinol"),
    ("Unlike warfarin, rivaroxaban needs no tests.", "rivaroxaban", "warfarin"),
    ("Compared with propranolol, topiramate and candesartan lowered the score.", "topiramate", "propranolol"),
    ("Febuxostat is an alternative to allopurinol.", "febuxostat", "allopurinol"),
    ("Does febuxostat beat allopurinol in gout?", "febuxostat", "allopurinol"),
    ("Rivaroxaban outperformed warfarin.", "rivaroxaban", "warfarin"),
    ("Febuxostat differed from allopurinol in price.", "febuxostat", "allopurinol"),
    ("Modafinil, unlike atomoxetine, left the pulse alone.", "modafinil", "atomoxetine"),
    ("There was a benefit of febuxostat over allopurinol; no advantage in cost over probenecid.", "febuxostat", "probenecid"),
]


@pytest.mark.parametrize(
    ("text", "told", "other", "part"),
    [
        (text, told, other, part)
        for part, rows in {"beside": BESIDE, "history": HISTORY, "compared": COMPARED}.items()
        for text, told, other in rows
    ],
)
def test_what_is_only_named_is_not_what_a_text_is_about(text: str, told: str, other: str, part: str) -> None:
    """What goes on beside it, was tried before or is held against it."""
    found = about(text)
    assert named(told) <= found.treatments
    assert named(other) <= getattr(found, part)
    assert named(told, other) <= found.all_treatments
    assert not named(other) & found.treatments


@pytest.mark.parametrize(
    ("text", "part", "names"),
    [
        ("Febuxostat was compared with allopurinol and probenecid.", "compared", ("allopurinol", "probenecid")),
        ("Febuxostat was compared with allopurinol 300 mg or probenecid.", "compared", ("allopurinol", "probenecid")),
        ("Melatonin combined with zolpidem, trazodone or lurasidone", "beside", ("zolpidem", "trazodone", "lurasidone")),
        ("Compared with warfarin, aspirin and heparin, rivaroxaban was best.", "compared", ("warfarin", "aspirin", "heparin")),
        ("Compared with warfarin, aspirin, heparin, rivaroxaban was best.", "compared", ("warfarin", "aspirin", "heparin")),
        (
            "In adults with gout, febuxostat, allopurinol and colchicine",
            "treatments",
            ("febuxostat", "allopurinol", "colchicine"),
        ),
        ("Modafinil added to nortriptyline or to trazodone", "beside", ("nortriptyline", "trazodone")),
        ("Modafinil was compared with nortriptyline plus topiramate.", "compared", ("nortriptyline", "topiramate")),
        ("Sumatriptan after failure of propranolol and of topiramate", "history", ("propranolol", "topiramate")),
        ("Zolpidem and melatonin shortened sleep latency.", "treatments", ("zolpidem", "melatonin")),
        ("Furosemide plus spironolactone", "treatments", ("furosemide", "spironolactone")),
    ],
)
def test_joined_names_share_their_part(text: str, part: str, names: tuple[str, ...]) -> None:
    """Whatever joins them, with a dose between them or none."""
    assert getattr(about(text), part) == named(*names)


@pytest.mark.parametrize(
    "text",
    [
        "Can she take febuxostat?",
        "Febuxostat failed to lower urate.",
        "Febuxostat had failed to lower urate.",
        "Gout was eased by febuxostat.",
    ],
)
def test_what_looks_like_another_part_and_is_none(text: str) -> None:
    """To fail to do something is a finding; whether to take something is a question about it."""
    assert about(text).treatments == named("febuxostat")


def test_what_is_told_of_anywhere_is_told_of() -> None:
    """A comparator of which a second sentence tells something is about both."""
    both = about("Febuxostat was compared with allopurinol. Allopurinol lowered urate in most.")
    assert both.treatments == named("febuxostat", "allopurinol")
    assert not both.compared


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("nortriptyline in post-stroke depression", ("stroke", "depression")),
        ("gout and psoriasis", ()),
        ("depression after a stroke", ()),
        ("a stroke, then depression", ()),
        ("the trimethoprim/sulfamethoxazole tablet", ("trimethoprim", "sulfamethoxazole")),
        ("naltrexone/bupropion combination", ("naltrexone", "bupropion")),
        ("naltrexone/bupropion for weight", ()),
        ("naltrexone or bupropion combination", ()),
    ],
)
def test_what_is_one_by_its_name_is_one_together(text: str, joined: tuple[str, ...]) -> None:
    """Two that stand apart are each their own."""
    assert about(text).joined == named(*joined)


@pytest.mark.parametrize("kind", ["multiple sclerosis", "mitral stenosis"])
def test_a_name_of_several_meanings_has_that_of_its_source(kind: str) -> None:
    """The likeliest only where the source speaks for none of them."""
    assert about("Few people with MS relapsed.", named(kind)).conditions == named(kind)
    assert about("Few people with MS relapsed.", named("gout")).conditions == about("Few people with MS relapsed.").conditions


def test_what_something_is_for_is_an_aim() -> None:
    """What it merely happens in is none."""
    assert about("methotrexate for psoriatic arthritis").aims == named("psoriatic arthritis")
    assert not about("methotrexate in psoriatic arthritis").aims


def test_places_on_a_scale_are_no_states() -> None:
    """Pregnant women are another people than others; adults of some age are placed by their age."""
    found = about("levetiracetam in pregnant women, older adults and children")
    assert {state.name for state in found.states} == {"pregnant women"}
    assert len(found.populations) == 3


@pytest.mark.parametrize(
    ("story", "treatments", "conditions"),
    [
        ("She takes methotrexate for psoriasis. Is colchicine safe?", ("colchicine",), ("psoriasis",)),
        ("A man of 60 with gout. Which dose of febuxostat?", ("febuxostat",), ("gout",)),
        ("Propranolol slowed him. Is topiramate better in migraine?", ("topiramate",), ("migraine",)),
        ("Febuxostat was begun last week. Does it lower urate in gout?", ("febuxostat",), ("gout",)),
        ("colchicine in gout", ("colchicine",), ("gout",)),
        ("Is the weight up after a year of febuxostat in gout?", ("febuxostat",), ("gout",)),
        ("How is gout after febuxostat has failed?", (), ("gout",)),
    ],
)
def test_a_question_is_about_what_its_asking_sentences_name(
    story: str, treatments: tuple[str, ...], conditions: tuple[str, ...]
) -> None:
    """What they leave out is that of the story."""
    found = asked_about(story)
    assert (found.treatments, found.conditions) == (named(*treatments), named(*conditions))


_WORDS = [row[0] for rows in (BESIDE, HISTORY, COMPARED) for row in rows]
_PIECES = st.lists(st.sampled_from([*sorted({w for text in _WORDS for w in text.split()}), "MS", "post-stroke", "(", ",", "?"]))
TEXTS = st.one_of(st.text(max_size=300), _PIECES.map(" ".join))


@given(TEXTS)
def test_any_text_is_about_something_or_nothing(text: str) -> None:
    """What it tells something of has no other part, and each kind holds its own kind only."""
    assert not about(text).treatments & about(text).beside
    for found in (about(text), asked_about(text)):
        assert not found.treatments & (found.history | found.compared)
        kinds = {Kind.DRUG, Kind.DRUG_CLASS, Kind.THERAPY}
        assert {one.kind for one in found.all_treatments} <= kinds
        assert {one.kind for one in found.conditions | found.joined} <= {Kind.CONDITION}
        assert {one.kind for one in found.outcomes} <= {Kind.OUTCOME}
        assert {one.kind for one in found.populations} <= {Kind.POPULATION}
        assert found.joined <= found.conditions
        assert found.aims <= found.conditions | found.outcomes | found.populations
        parts = (found.all_treatments, found.conditions, found.outcomes, found.populations)
        assert not any(one & other for one, other in combinations(parts, 2))


@given(TEXTS, TEXTS)
def test_two_texts_together_are_about_what_either_is(one: str, other: str) -> None:
    """As titles and topics of a record are."""
    both = about(one) | about(other)
    assert both == about(other) | about(one)
    assert both | both == both | About() == both
    assert both.asked >= about(one).asked | about(other).asked


def test_an_unknown_drug_is_told_of_by_its_stem() -> None:
    """What no list holds is another drug than those it holds."""
    (unknown,) = about("Zorbutinib slowed the decline more than donepezil.").treatments
    assert unknown.kind is Kind.DRUG
    assert unknown != concept(Kind.DRUG, "donepezil")
