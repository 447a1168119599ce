"""How far a second reader agrees with the labelled names of drugs and conditions.

    python eval/measure/readers.py

eval/linking/README.md says who the readers are and what was drawn. No linker is judged here: that is for linking.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ragqa.evaluation.rating.agreement import kappa
from ragqa.evaluation.tally import DIGITS

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows
from linking import Label, plain, read_labels, share

SECOND = "second.jsonl"
"""The second reader's labels of a sample of both halves."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a second reader, who saw the text alone, says that a mention names: ``name`` is empty where that is nothing."""

    id: str
    kind: str
    name: str


def read_second(folder: Path) -> list[Reading]:
    """The second reader's labels.

    Raises:
        click.UsageError: the file is absent.
        TypeError: a line lacks a field, or has another.
    """
    return [Reading(**row) for row in rows(folder / SECOND)]


def agreement(labels: Sequence[Label], second: Sequence[Reading]) -> dict[str, Any]:
    """How often the two readers give a mention the same kind and, where either names something, the same thing.

    Raises:
        KeyError: the second reader labelled a mention that is not on the list.
    """
    by_id = {label.id: label for label in labels}
    pairs = [(by_id[reading.id], reading) for reading in second]
    named = [(label, reading) for label, reading in pairs if label.names or reading.name]
    chance = kappa({label.id: {"first": label.kind, "second": reading.kind} for label, reading in pairs}, "first", "second")
    return {
        "mentions": len(pairs),
        "kind": share(sum(label.kind == reading.kind for label, reading in pairs), len(pairs)),
        "kappa": None if chance is None else round(chance, DIGITS),
        "name": share(sum(same_name(*pair) for pair in named), len(named)),
        "differ": [differing(*pair) for pair in pairs if pair[0].kind != pair[1].kind or not same_name(*pair)],
    }


def same_name(label: Label, reading: Reading) -> bool:
    """Whether the reader's name is one of the label's, or neither names anything."""
    return plain(reading.name) in set(map(plain, label.names or ("",)))


def differing(label: Label, reading: Reading) -> str:
    """A line on a mention that the two readers took for different things, or called by names that no label joins."""
    first = " ".join((label.kind, *label.names[:1]))
    return f"{label.id:26} {label.mention!r}: {first}, by the second reader {reading.kind} {reading.name}".rstrip()


def table(found: dict[str, Any]) -> Iterator[str]:
    """How far two readers agree, a line each figure and each difference."""
    yield f"two readers of {found['mentions']} mentions"
    for figure in ("kind", "name"):
        one = found[figure]
        yield f"  {figure:8} {one['count']} of {one['of']}  {one['low']:.3f} to {one['high']:.3f}"
    yield f"  Cohen's kappa of the kind {found['kappa']}"
    yield from found["differ"]


@click.command()
@click.option("--labels", type=click.Path(path_type=Path), default=Path("eval/linking"), help="Folder of the labelled mentions.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=None, help="Also write the figures here.")
def main(labels: Path, out: Path | None) -> None:
    """Print and write the figures."""
    found = agreement(read_labels(labels), read_second(labels))
    click.echo("\n".join(table(found)))
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
