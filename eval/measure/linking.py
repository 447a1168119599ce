"""How many names of drugs and conditions are linked to the concept that they name, and how many other words are linked to one.

    python eval/measure/linking.py --json eval/results/linking.json

Judged are the labelled mentions of eval/linking (its README says how they were made). The wrong ones of the half that may be
looked at (dev) are printed, those of the other half with ``--held``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import click

from ragqa.evaluation.tally import DIGITS, wilson
from ragqa.language import concepts

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows

HALVES = ("dev", "held")
DRUG, DRUG_CLASS, CONDITION, OUTCOME, NONE = "drug", "drug class", "condition", "outcome", "none"
COUNTED = {DRUG: DRUG, DRUG_CLASS: DRUG, CONDITION: CONDITION}
"""The kinds of concept that are judged, and the figure that each counts in."""
STANDS_FOR = {DRUG: {DRUG}, DRUG_CLASS: {DRUG_CLASS}, CONDITION: {CONDITION, OUTCOME}}
"""As what a label's concept may be linked: a disease that is prevented is an outcome too."""
MISSPELLING = "misspelling"


class Concept(Protocol):
    """What a linker says a name means."""

    @property
    def id(self) -> str:
        """One for each concept, whatever it is called."""

    @property
    def kind(self) -> str:
        """Drug, drug class, condition and others."""

    @property
    def name(self) -> str:
        """The preferred name, in lower case."""


class Link(Protocol):
    """Words of a text that a linker takes for a name."""

    @property
    def start(self) -> int:
        """Where they begin."""

    @property
    def end(self) -> int:
        """Where they end."""

    @property
    def text(self) -> str:
        """The words."""

    @property
    def concepts(self) -> Sequence[Concept]:
        """All that they may mean."""


@dataclass(frozen=True, slots=True)
class Linker:
    """The two functions that are measured."""

    links: Callable[[str], Iterable[Link]]
    suggestions: Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Label:
    """A mention in a text: ``names`` of what it names, none where that is nothing; ``unlike`` holds names of what it is not."""

    id: str
    half: str
    group: str
    text: str
    start: int
    end: int
    kind: str
    names: tuple[str, ...]
    unlike: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def mention(self) -> str:
        """Its words."""
        return self.text[self.start : self.end]


class Verdict(StrEnum):
    """What became of a mention."""

    RIGHT = "right"
    OPEN = "open"  # linked to several concepts, its own among them
    WRONG = "wrong"  # linked to another concept
    MISSED = "missed"
    REPLACED = "replaced"  # a misspelt name, read as the right one without a word to the reader


@dataclass(frozen=True, slots=True)
class Judged:
    """A label, its verdict, what it was linked to, and links of the same text to what nobody named there."""

    label: Label
    verdict: Verdict
    linked: tuple[Concept, ...]
    strays: tuple[Link, ...]


def read_labels(folder: Path) -> list[Label]:
    """The labels of both halves.

    Raises:
        click.UsageError: a file is absent.
        KeyError: a line lacks a field.
    """
    return [_label(half, row) for half in HALVES for row in rows(folder / f"{half}.jsonl")]


def _label(half: str, row: dict[str, Any]) -> Label:
    plain = (row[field] for field in ("id", "group", "text", "start", "end", "kind"))
    number, group, text, start, end, kind = plain
    names, unlike, others = (tuple(row[field]) for field in ("names", "unlike", "others"))
    return Label(number, half, group, text, start, end, kind, names, unlike, others)


def judge(label: Label, linker: Linker) -> Judged:
    """What the linker made of the label's text."""
    links = [
        link
        for link in linker.links(label.text)
        if any(concept.kind in COUNTED or _of(label, concept) for concept in link.concepts)
    ]
    over = [link for link in links if _overlaps(link, (label.start, label.end))]
    linked = tuple(concept for link in over for concept in link.concepts)
    strays = tuple(link for link in links if link not in over and not any(_overlaps(link, span) for span in _named_beside(label)))
    return Judged(label, _verdict(label, over, linker), linked, strays)


def _verdict(label: Label, over: list[Link], linker: Linker) -> Verdict:
    own = _own(label, linker)
    meant = [[own(concept) for concept in link.concepts] for link in over]
    if label.group == MISSPELLING:
        if any(not _is_unknown(concept) for link in over for concept in link.concepts):
            return Verdict.REPLACED if all(map(all, meant)) else Verdict.WRONG
        offered = {plain(name) for name in linker.suggestions(label.mention)}
        return Verdict.RIGHT if offered & set(map(plain, label.names)) else Verdict.MISSED
    if not over:
        return Verdict.RIGHT if label.kind == NONE else Verdict.MISSED
    if any(map(all, meant)):
        return Verdict.RIGHT
    return Verdict.OPEN if any(map(any, meant)) else Verdict.WRONG


def _is_unknown(concept: Concept) -> bool:
    """Whether it is only the ending by which a word was taken for a drug: such a concept is equal to no other, and the word may
    be a misspelt name, which the reader is offered."""
    return concept.id.startswith(f"{concept.kind}:?")


def _own(label: Label, linker: Linker) -> Callable[[Concept], bool]:
    """Whether a concept is the label's: by its name, or because one of the label's names, whole, is linked to it alone."""
    names = set(map(plain, label.names))
    known = set().union(*(_ids(name, linker) for name in label.names))
    known -= set().union(*(_ids(name, linker) for name in label.unlike))
    return lambda concept: _of(label, concept) and (plain(concept.name) in names or concept.id in known)


def _ids(name: str, linker: Linker) -> set[str]:
    whole = [link for link in linker.links(name) if link.end - link.start == len(name) and len(link.concepts) == 1]
    return {concept.id for link in whole for concept in link.concepts}


def _of(label: Label, concept: Concept) -> bool:
    return concept.kind in STANDS_FOR.get(label.kind, ())


def plain(name: str) -> str:
    """A name without case, hyphens and what else does not tell it from others."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _named_beside(label: Label) -> list[tuple[int, int]]:
    starts = [(label.text.index(words), words) for words in label.others]
    return [(start, start + len(words)) for start, words in starts]


def _overlaps(link: Link, span: tuple[int, int]) -> bool:
    return link.start < span[1] and span[0] < link.end


def measure(judged: Sequence[Judged]) -> dict[str, Any]:
    """Precision and recall for drugs and conditions, and the verdicts of each group."""
    groups = dict.fromkeys(one.label.group for one in judged)
    return {
        "mentions": len(judged),
        **{kind: _figures(judged, kind) for kind in (DRUG, CONDITION)},
        "groups": {group: _verdicts([one for one in judged if one.label.group == group]) for group in groups},
    }


def _figures(judged: Sequence[Judged], kind: str) -> dict[str, Any]:
    """Misspelt names are no part of recall; a wrong link counts against the precision of the kind that it was linked as."""
    named = [one for one in judged if COUNTED.get(one.label.kind) == kind and one.label.group != MISSPELLING]
    right = sum(one.verdict is Verdict.RIGHT for one in named)
    wrong = sum(one.verdict is Verdict.WRONG and _kind(one.linked) == kind for one in judged)
    strays = sum(_kind(link.concepts) == kind for one in judged for link in one.strays)
    return {
        "recall": share(right, len(named)),
        "precision": share(right, right + wrong + strays),
        "wrong": wrong,
        "strays": strays,
    }


def _kind(found: Sequence[Concept]) -> str | None:
    return next((COUNTED[concept.kind] for concept in found if concept.kind in COUNTED), None)


def _verdicts(judged: Sequence[Judged]) -> dict[str, Any]:
    counts = Counter(one.verdict.value for one in judged)
    return {"right": share(counts.pop(Verdict.RIGHT.value, 0), len(judged)), **counts}


def share(count: int, of: int) -> dict[str, Any]:
    """A share with its interval."""
    low, high = wilson(count, of)
    return {"count": count, "of": of, "share": round(count / of, DIGITS) if of else None, "low": low, "high": high}


def told(one: Judged) -> str:
    """A line on a mention: what was wrong with it."""
    label = one.label
    concepts_ = ", ".join(f"{concept.kind} {concept.name}" for concept in one.linked) or "nothing"
    strays = f"; and {[link.text for link in one.strays]}" if one.strays else ""
    named = f"{label.kind} {label.names[0]}" if label.names else "nothing"
    return f"{one.verdict:8} {label.id:26} {label.mention!r}: {named}, linked to {concepts_}{strays}"


def table(part: str, found: dict[str, Any]) -> Iterator[str]:
    """The figures of one half, a line each."""
    yield f"\n{part}: {found['mentions']} mentions"
    for kind in (DRUG, CONDITION):
        for figure in ("precision", "recall"):
            yield f"  {kind + ' ' + figure:24} {_line(found[kind][figure])}"
    for group, verdicts in found["groups"].items():
        others = ", ".join(f"{verdict} {count}" for verdict, count in verdicts.items() if verdict != Verdict.RIGHT)
        yield f"  {group:24} {_line(verdicts['right'])}  {others}"


def _line(one: dict[str, Any]) -> str:
    of = f"{one['count']} of {one['of']}"
    return f"{of:>10}  {one['low']:.3f} to {one['high']:.3f}"


@click.command()
@click.option("--labels", type=click.Path(path_type=Path), default=Path("eval/linking"), help="Folder of the labelled mentions.")
@click.option("--held", is_flag=True, help="Print the wrong ones of the half that is held back, too.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=None, help="Also write the figures here.")
def main(labels: Path, held: bool, out: Path | None) -> None:
    """Print and write the figures."""
    linker = Linker(concepts.links, concepts.suggestions)
    judged = [judge(label, linker) for label in read_labels(labels)]
    for one in judged:
        if (one.verdict is not Verdict.RIGHT or one.strays) and (held or one.label.half == HALVES[0]):
            click.echo(told(one))
    figures = {half: measure([one for one in judged if one.label.half == half]) for half in HALVES} | {"both": measure(judged)}
    for part, found in figures.items():
        click.echo("\n".join(table(part, found)))
    if out:
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
