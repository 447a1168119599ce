"""Names and the concepts they name: every writing of a name is one, and no name is taken for another."""

from __future__ import annotations

import re
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from ragqa.errors import PackageDamaged
from ragqa.files import packaged
from ragqa.language import vocabulary as module
from ragqa.language.vocabulary import (
    NOTHING,
    Addition,
    Kind,
    Vocabulary,
    compiled,
    concept,
    folded,
    key,
    use,
    vocabulary,
    words,
)

pytestmark = pytest.mark.quick


def ids(text: str, held: Vocabulary | None = None) -> list[str]:
    """The likeliest concept of each name in a text."""
    return [found.concepts[0].id for found in (held or compiled()).find(text)]


@pytest.mark.parametrize(
    "writings",
    [
        ("anaemia", "anemia", "Anaemias", "ANEMIA"),
        ("tumour", "tumor", "tumours"),
        ("oedema", "edema", "œdema"),
        ("generalised anxiety disorder", "Generalized Anxiety Disorders"),
        ("cephalexin", "cefalexin", "Cefalexin"),
        ("sulphasalazine", "sulfasalazine"),
        ("Alzheimer's disease", "Alzheimer’s disease", "Alzheimer disease", "alzheimers disease"),
        ("Sjögren syndrome", "Sjogren's syndrome"),
        ("beta-blocker", "beta blockers", "Beta‐Blockers"),
        ("psychoses", "psychosis"),
    ],
)
def test_every_writing_of_a_name_has_one_number(writings: tuple[str, ...]) -> None:
    """Spelling, case, plural, possessive, accents and hyphens do not tell names apart."""
    assert len({key(writing) for writing in writings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clomipramine", "chlorpromazine"),
        ("prednisone", "prednisolone"),
        ("hydroxyzine", "hydralazine"),
        ("memantine", "amantadine"),
        ("fluoxetine", "duloxetine"),
        ("lamotrigine", "lamivudine"),
        ("citalopram", "escitalopram"),
        ("hypertension", "hypotension"),
        ("hyperthyroidism", "hypothyroidism"),
        ("tenofovir disoproxil", "tenofovir alafenamide"),
        ("SSRIs", "SNRIs"),
    ],
)
def test_names_that_look_alike_name_different_things(one: str, other: str) -> None:
    """Each is known, and they share no concept."""
    assert ids(one)
    assert ids(other)
    assert not {*ids(one)} & {*ids(other)}


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("memantine", "Namenda", "EBIXA", "memantine hydrochloride"), "drug:memantine"),
        (("adrenaline", "epinephrine"), "drug:epinephrine"),
        (("paracetamol", "acetaminophen", "Tylenol"), "drug:acetaminophen"),
        (("salbutamol", "albuterol"), "drug:albuterol"),
        (("valproate", "divalproex sodium", "valproic acid"), "drug:valproic acid"),
        (("EUPD", "emotionally unstable personality disorder"), "condition:borderline personality disorder"),
        (("heart attack", "myocardial infarction"), "condition:myocardial infarction"),
        (("eGFR", "creatinine clearance", "GFR"), "outcome:kidney function"),
        (("paediatric", "child", "children"), "population:children"),
        (("CBT", "cognitive behaviour therapy"), "therapy:cognitive behavioral therapy"),
        (("SSRI", "selective serotonin reuptake inhibitors"), "drug class:ssris"),
    ],
)
def test_what_is_one_thing_is_one_concept(names: tuple[str, ...], wanted: str) -> None:
    """Brands, generic names of both sides of the Atlantic, salts, abbreviations."""
    for name in names:
        assert {ident for found in compiled().find(name) for ident in [found.concepts[0].id]} == {wanted}, name


@pytest.mark.parametrize(
    "text",
    [
        "Focus on the balance of today's relief, with complete comfort and clear control.",
        "The program was combined with a hard task; some said that the impact on life was large.",
        "The stroke volume was measured, and ST-segment depression was seen.",
        "Is it or is it not so, and if all of us add to it?",
    ],
)
def test_everyday_words_are_no_drugs_and_no_conditions(text: str) -> None:
    """Brands and headings that are words of English, abbreviations that are words when written small."""
    assert not [ident for ident in ids(text) if ident.startswith(("drug:", "condition:"))]


def test_an_abbreviation_that_is_a_word_is_meant_in_capitals_only() -> None:
    """Two letters, or an everyday word."""
    assert ids("a patient with MS") == ["condition:multiple sclerosis"]
    assert ids("10 ms later") == []
    assert ids("she has SAD") == ["condition:social anxiety disorder"]
    assert ids("she was sad") == []


def test_of_names_that_overlap_the_longer_one_stands() -> None:
    """And what is found stands where it says, in order, apart."""
    text = "major depressive disorder, not depressive disorder, treated with lithium carbonate"
    found = compiled().find(text)
    assert [text[one.start : one.end] for one in found] == [
        "major depressive disorder",
        "depressive disorder",
        "lithium carbonate",
    ]


@given(st.text(alphabet=st.sampled_from("memantine MS BPD-'’,.\n\tß😀İSSRI stroke é2"), max_size=300))
def test_any_text_is_read_into_names_apart_and_in_order(text: str) -> None:
    """Whatever stands in it."""
    found = compiled().find(text)
    assert all(one.start < one.end <= len(text) and one.concepts for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("UTIs are common", ["condition:urinary tract infection"]),
        ("drugs for PDs", ["condition:parkinson's disease"]),
        ("CAPs and DVTs", ["condition:community-acquired pneumonia", "condition:venous thrombosis"]),
        ("scored by the CAPS", []),
        ("a hypothesis (PHTS)", []),
        ("AIDS, not hearing aids", ["condition:acquired immunodeficiency syndrome"]),
        ("SSRIS or SSRIs", ["drug class:ssris", "drug class:ssris"]),
        ("ARE SSRIS OK?", ["drug class:ssris"]),
    ],
)
def test_a_small_s_makes_several_of_an_abbreviation_and_a_capital_one_is_a_part_of_it(text: str, wanted: list[str]) -> None:
    """Unless all is written in capitals."""
    assert ids(text) == wanted


@pytest.mark.parametrize("brand", ["Bactrim", "co-trimoxazole", "Sinemet", "co-careldopa", "Entresto", "Suboxone", "co-codamol"])
def test_a_combination_has_names_of_its_own_and_is_below_what_it_combines(brand: str) -> None:
    """Its drugs listed in any order name each of them; whoever knows a brand knows no single drug by it."""
    held = compiled()
    (meant,) = held.meanings(brand)
    combined = [ident for ident in held.reached(meant, up=True) if ident.startswith("drug:")]
    assert len(combined) == 2
    names = [ident.removeprefix("drug:") for ident in combined]
    for listed in (" and ".join(names), " and ".join(reversed(names)), "/".join(names)):
        assert sorted(ids(listed)) == sorted(combined)
        assert not held.meanings(listed)


@pytest.mark.parametrize("brand", ["Caduet", "Genvoya", "Kombiglyze", "Anoro Ellipta", "Prempro"])
def test_a_brand_of_several_drugs_is_not_taken_for_one_of_them(brand: str) -> None:
    """Lists that tell one of its drugs alone do not tell what it is."""
    assert not [meant for meant in compiled().meanings(brand) if " and " not in meant.name]


def test_a_short_code_is_meant_with_a_capital() -> None:
    """In small letters it is a word of another field, mostly."""
    assert ids("Onfi or DMSO") == ["drug:clobazam", "drug:dimethyl sulfoxide"]
    assert not [ident for ident in ids("sino-nasal polyps") if ident.startswith("drug:")]


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once_for_a_name_already_folded(word: str) -> None:
    """What is compared is stable in case and accents, but for more than one of an abbreviation."""
    assume(not any(one.endswith("s") and one[:-1].isupper() for one in (word, *re.findall(r"[^\W_]+", word))))
    assert folded(word) == folded(word.lower())
    assert key(word) == key(word.lower()) or len(words(word)) != len(words(word.lower()))


def test_members_and_broader_mirror_each_other() -> None:
    """A drug of a class has the class above it; at any distance."""
    held = compiled()
    for name in ("ssris", "antipsychotics", "beta blockers", "statins"):
        group = concept(Kind.DRUG_CLASS, name)
        below = held.reached(group, up=False)
        assert len(below) > 5
        for ident in below:
            kind, _, drug = ident.partition(":")
            assert group.id in held.reached(concept(Kind(kind), drug), up=True)
    assert held.reached(concept(Kind.DRUG, "no such drug"), up=True) == frozenset()


def test_the_ssris_are_the_ssris() -> None:
    """A class holds its members and not drugs that only share an action."""
    below = compiled().reached(concept(Kind.DRUG_CLASS, "ssris"), up=False)
    assert {f"drug:{n}" for n in ("citalopram", "escitalopram", "fluoxetine", "fluvoxamine", "paroxetine", "sertraline")} <= below
    assert not below & {"drug:olanzapine", "drug:venlafaxine", "drug:bupropion", "drug:trazodone", "drug:clomipramine"}


def test_what_a_house_adds_comes_before_what_ships() -> None:
    """A new name, a name with another meaning, a name that is to be none, and a class of its own."""
    own, group = concept(Kind.DRUG, "zorbin"), concept(Kind.DRUG_CLASS, "zorbins")
    other = concept(Kind.CONDITION, "house illness")
    added = Addition(names=(("Zorbin", own), ("Zorbax", own), ("MS", other), ("Namenda", None)), broader=((own, group),))
    use(added)
    try:
        found = ids("Zorbax for MS, not Namenda or memantine", vocabulary())
        assert found == ["drug:zorbin", "condition:house illness", "drug:memantine"]
        assert vocabulary().reached(group, up=False) == {"drug:zorbin"}
        assert vocabulary().reached(own, up=True) == {"drug class:zorbins"}
    finally:
        use(NOTHING)
    assert ids("Zorbax", vocabulary()) == []
    assert ids("Namenda", vocabulary()) == ["drug:memantine"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_a_damaged_file_is_told_as_damage_of_the_package(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as an error of some library."""

    class Place:
        def joinpath(self, _name: str) -> Place:
            return self

        def read_bytes(self) -> bytes:
            return data

        def __str__(self) -> str:
            return "vocabulary.npz"

    monkeypatch.setattr(packaged.resources, "files", lambda _: Place())
    with pytest.raises(PackageDamaged, match="the vocabulary"):
        packaged.packaged_bytes("language", module.FILE, "the vocabulary", module._read)


ALIKE = ["".join(letters) for length in (4, 5, 6) for letters in product("bcd", repeat=length)]


@given(st.text(alphabet="bcd", min_size=3, max_size=8), st.integers(1, 2))
def test_no_name_within_so_many_edits_is_passed_over(word: str, most: int) -> None:
    """The letters are only a sieve: what it holds back is further away than ``most`` edits, or begins otherwise."""
    near = {name for name in ALIKE if name[0] == word[0] and OSA.distance(word, name) <= most}
    assert near <= set(SPELLED.spelled_like(word, most))
    assert "memantine" in SPELLED.spelled_like("memnatin", 2)
    assert "memantine" not in SPELLED.spelled_like("memory", 2)


SPELLED = compiled().with_added(Addition(names=tuple((name, None) for name in ALIKE)))


def test_the_compiled_arrays_fit_together() -> None:
    """Every number points to something; names and concepts stand in their order."""
    arrays = compiled()._arrays
    assert (np.diff(arrays["keys"].astype(object)) > 0).all()
    assert (np.diff(arrays["firsts"].astype(object)) > 0).all()
    many = len(arrays["kinds"])
    assert arrays["meanings"].max() < many
    assert arrays["broader"].max() < many
    assert len(arrays["meaning_at"]) == len(arrays["keys"]) + 1
    assert arrays["meaning_at"][-1] == len(arrays["meanings"])
    assert bytes(arrays["concepts"]).decode().count("\n") + 1 == many
