"""The measure of linking: each verdict on a linker made for it, and that the labelled list is what its README says."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from samples import ROOT

sys.path.append(str(ROOT / "eval" / "measure"))

from linking import DRUG, DRUG_CLASS, MISSPELLING, NONE, Judged, Label, Linker, Verdict, judge, measure, plain, read_labels

pytestmark = pytest.mark.quick
LABELS = read_labels(ROOT / "eval" / "linking")
README = (ROOT / "eval" / "linking" / "README.md").read_text(encoding="utf-8")
TEXT = "Does Zestril lower potassium?"
LABEL = Label("brand-1", "dev", "brand", TEXT, 5, 12, DRUG, ("lisinopril",), ("losartan",), ())


@dataclass(frozen=True)
class Concept:
    """One for a test."""

    id: str
    kind: str
    name: str


@dataclass(frozen=True)
class Link:
    """One for a test."""

    start: int
    end: int
    text: str
    concepts: tuple[Concept, ...]


def drug(name: str, kind: str = DRUG) -> Concept:
    """A concept by its name."""
    return Concept(f"{kind}:{name}", kind, name)


def linker(names: dict[str, tuple[Concept, ...]], offers: dict[str, tuple[str, ...]] | None = None) -> Linker:
    """Links these words wherever they stand."""
    return Linker(
        lambda text: [Link(*m.span(), m[0], names[word]) for word in names for m in re.finditer(re.escape(word), text)],
        lambda word: (offers or {}).get(word, ()),
    )


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        ({"Zestril": (drug("lisinopril"),)}, Verdict.RIGHT),
        ({"Zestril": (drug("Lisinopril"),)}, Verdict.RIGHT),
        ({"Zestril": (drug("c09aa03"),), "lisinopril": (drug("c09aa03"),)}, Verdict.RIGHT),
        ({"Zestril": (drug("sartans"),), "lisinopril": (drug("sartans"),), "losartan": (drug("sartans"),)}, Verdict.WRONG),
        ({"Zestril": (drug("lisinopril"), drug("losartan"))}, Verdict.OPEN),
        ({"Zestril": (drug("losartan"),)}, Verdict.WRONG),
        ({"Zestril": (drug("lisinopril", DRUG_CLASS),)}, Verdict.WRONG),
        ({"Zestril": (drug("lisinopril", "therapy"),)}, Verdict.MISSED),
        ({"estri": (drug("oestrogens"),)}, Verdict.WRONG),
        ({}, Verdict.MISSED),
    ],
)
def test_a_name_is_right_only_as_the_one_thing_that_it_names(names: dict[str, tuple[Concept, ...]], verdict: Verdict) -> None:
    """By name or because its own name is linked alike; never where that is linked like what it is not."""
    assert judge(LABEL, linker(names)).verdict is verdict


def test_a_condition_may_be_linked_as_an_outcome() -> None:
    """A stroke that is prevented is one."""
    label = replace(LABEL, kind="condition", names=("stroke",), text="Is a stroke likely?", start=5, end=11)
    assert judge(label, linker({"stroke": (drug("stroke", "outcome"),)})).verdict is Verdict.RIGHT
    assert judge(replace(label, kind=DRUG), linker({"stroke": (drug("stroke", "outcome"),)})).verdict is Verdict.MISSED


@pytest.mark.parametrize(
    ("names", "offers", "verdict"),
    [
        ({}, {"Zestril": ("lisinopril", "losartan")}, Verdict.RIGHT),
        ({}, {"Zestril": ("losartan",)}, Verdict.MISSED),
        ({}, {}, Verdict.MISSED),
        ({"Zestril": (drug("lisinopril"),)}, {"Zestril": ("lisinopril",)}, Verdict.REPLACED),
        ({"Zestril": (drug("losartan"),)}, {"Zestril": ("lisinopril",)}, Verdict.WRONG),
    ],
)
def test_a_misspelt_name_is_offered_and_never_read(
    names: dict[str, tuple[Concept, ...]], offers: dict[str, tuple[str, ...]], verdict: Verdict
) -> None:
    """Neither as another nor, without a word, as the right one."""
    assert judge(replace(LABEL, group=MISSPELLING), linker(names, offers)).verdict is verdict


def test_what_names_nothing_is_linked_to_nothing() -> None:
    """An outcome's or a therapy's name is not looked at."""
    label = replace(LABEL, kind=NONE, names=())
    assert judge(label, linker({})).verdict is Verdict.RIGHT
    assert judge(label, linker({"Zestril": (drug("zest", "outcome"),)})).verdict is Verdict.RIGHT
    assert judge(label, linker({"Zestril": (drug("lisinopril"),)})).verdict is Verdict.WRONG


def test_a_link_beside_the_mention_counts_unless_it_is_said_to_be_none_of_the_list() -> None:
    """In precision, of its own kind."""
    linked = linker({"Zestril": (drug("lisinopril"),), "potassium": (drug("potassium"),)})
    counted = measure([judge(LABEL, linked)])
    assert counted[DRUG]["precision"]["of"] == 2
    assert counted[DRUG]["strays"] == 1
    assert measure([judge(replace(LABEL, others=("potassium",)), linked)])[DRUG]["precision"]["of"] == 1


def test_figures_of_a_small_list() -> None:
    """Counted by hand: two of three drugs right, one linked to another, a word linked as a drug, a misspelling."""
    lost = replace(LABEL, names=("enalapril",))
    word = replace(LABEL, group="no concept", kind=NONE, names=())
    judged: list[Judged] = [judge(label, linker({"Zestril": (drug("lisinopril"),)})) for label in (LABEL, LABEL, lost, word)]
    judged.append(judge(replace(LABEL, group=MISSPELLING), linker({})))
    found = measure(judged)
    assert (found[DRUG]["recall"]["count"], found[DRUG]["recall"]["of"]) == (2, 3)
    assert (found[DRUG]["precision"]["count"], found[DRUG]["precision"]["of"]) == (2, 4)
    assert found["condition"]["recall"]["of"] == 0
    assert found["groups"]["no concept"]["right"]["count"] == 0


def test_the_list_is_what_its_readme_says() -> None:
    """Its size, its halves and its groups."""
    counts = Counter(label.group for label in LABELS)
    lines = re.findall(r"^\| ([a-z, ]+) \| ([\d, ]+) \|", README, re.MULTILINE)
    told = {
        group: int(count)
        for groups, figures in lines
        for group, count in zip(groups.split(", "), figures.split(", "), strict=True)
    }
    assert told == counts
    assert Counter(label.half for label in LABELS) == {"dev": 200, "held": 200}
    assert len({label.id for label in LABELS}) == len({label.text for label in LABELS}) == len(LABELS)


def faults(label: Label) -> list[str]:
    """What is wrong with a label's form."""
    around = label.text[label.start - 1 : label.start] + label.text[label.end : label.end + 1]
    found = {
        "no words": not label.mention.strip() or label.mention != label.mention.strip(),
        "part of a word": any(map(str.isalnum, around)),
        "others": any(words not in label.text or words in label.mention for words in label.others),
        "named or not": bool(label.names) != (label.kind != NONE),
        "unlike itself": bool({*map(plain, label.names)} & {*map(plain, label.unlike)}),
    }
    return [f"{label.id}: {fault}" for fault, is_there in found.items() if is_there]


def test_every_label_is_well_formed() -> None:
    """Whole words, with names where it names something, which are not those of what it is not."""
    assert [fault for label in LABELS for fault in faults(label)] == []
    assert faults(replace(LABEL, end=11, unlike=("Lisinopril",))) == ["brand-1: part of a word", "brand-1: unlike itself"]
