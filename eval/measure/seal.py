"""Cases that were just written, parted by chance into a half to work with and a half that is sealed.

First what repeats another case, a gold question or any other set is thrown away; then each group is halved by the seed. Nothing
of a case is printed but its id, because half of them are not to be looked at.

    python eval/measure/seal.py written.jsonl eval/cases/bundled --key eval/cases/seal.key --against clinic.jsonl
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from likeness import Text, alike, without_repeats
from question_sets import of_cases, of_files, of_older_sets, of_suite

from ragqa.evaluation.cases import Case, read_cases
from ragqa.evaluation.sealing import seal
from ragqa.files import json_line, write_atomic


@click.command(help=__doc__)
@click.argument("written", type=click.Path(exists=True, path_type=Path))
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Made where it is not there yet.")
@click.option(
    "--against", multiple=True, type=click.Path(exists=True, path_type=Path), help="Case files that may not be repeated."
)
@click.option("--seed", type=int, default=22, show_default=True)
def main(written: Path, name: Path, key: Path, against: tuple[Path, ...], seed: int) -> None:
    """Write NAME.jsonl and NAME.sealed from the cases of WRITTEN."""
    cases = read_cases(written)
    kept = fresh(cases, [*of_older_sets(), *of_suite(), *of_files(against)])
    working, held_back = halved(kept, seed)
    write_atomic(name.with_suffix(".jsonl"), map(line, working))
    seal(name.with_suffix(".sealed"), "".join(map(line, held_back)).encode(), key)
    counts = [Counter(case.group for case in part) for part in (cases, working, held_back)]
    click.echo(f"{'':20}{'written':>9}{'to work with':>14}{'sealed':>8}")
    for group in counts[0]:
        click.echo(f"{group:20}{counts[0][group]:>9}{counts[1][group]:>14}{counts[2][group]:>8}")
    click.echo(f"{'all':20}{len(cases):>9}{len(working):>14}{len(held_back):>8}")


def fresh(cases: Sequence[Case], others: Sequence[Text]) -> list[Case]:
    """The cases that repeat neither each other nor one of the others; tells which do."""
    texts, repeats = without_repeats(of_cases("written", cases))
    old = alike(texts, others)
    for text, other, score in [*repeats, *old]:
        click.echo(f"thrown away: {text.id} repeats {other.set} {other.id} ({score:.0f} of 100)")
    gone = {text for text, _, _ in old}
    kept = {text.id for text in texts if text not in gone}
    return [case for case in cases if case.id in kept]


def halved(cases: Sequence[Case], seed: int) -> tuple[list[Case], list[Case]]:
    """Half of each group and the other half, in an order of chance; odd ones out alternate."""
    draw = random.Random(seed)
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    working: list[Case] = []
    held_back: list[Case] = []
    for group in groups.values():
        draw.shuffle(group)
        odd = len(working) > len(held_back)
        half = (len(group) + (not odd)) // 2
        working += group[:half]
        held_back += group[half:]
    draw.shuffle(held_back)
    return working, held_back


def line(case: Case) -> str:
    """A case as its writer would put it: without what is left out."""
    return json_line(case.model_dump(mode="json", exclude_defaults=True))


if __name__ == "__main__":
    main()
