"""Do any two sets hold nearly the same question? Gold set, conversations, what was learned from, every set of the suite.

python eval/measure/overlap.py --against clinic.jsonl --json eval/results/overlap.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from itertools import combinations_with_replacement
from pathlib import Path

import click
import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from likeness import NEAR, Text, alike, likeness
from question_sets import of_files, of_older_sets, of_suite

from ragqa.files import write_atomic


@click.command(help=__doc__)
@click.option(
    "--against", multiple=True, type=click.Path(exists=True, path_type=Path), help="Case files from outside, looked at too."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the table here.")
def main(against: tuple[Path, ...], json_file: Path | None) -> None:
    """Print each pair of sets with its pairs of questions that are nearly the same, most first; texts are not shown."""
    sets: dict[str, list[Text]] = {}
    for text in [*of_suite(), *of_files(against), *of_older_sets()]:
        sets.setdefault(text.set, []).append(text)
    rows = [compared(sets[a], sets[b]) for a, b in combinations_with_replacement(sets, 2)]
    rows.sort(key=lambda row: -int(row["nearly_the_same"]))
    click.echo(f"{'sets':46}{'pairs':>10}{'nearly the same':>17}{'most alike':>12}")
    for row in rows:
        click.echo(f"{row['sets']:46}{row['pairs']:>10}{row['nearly_the_same']:>17}{row['most_alike']:>12}")
        if row["same"]:
            click.echo(f"    {', '.join(row['same'][:6])}")
    if json_file:
        found = {"schema": "ragqa.overlap/1", "bound": NEAR, "questions": {name: len(texts) for name, texts in sets.items()}}
        write_atomic(json_file, [json.dumps(found | {"rows": rows}, indent=1) + "\n"])


def compared(texts: Sequence[Text], others: Sequence[Text]) -> dict[str, object]:
    """How alike the questions of two sets are, or those of one set among themselves."""
    own = texts is others
    scores = likeness(texts, others)
    if own:
        scores = np.tril(scores, k=-1)
    near = alike(texts, others)
    same = sorted({" = ".join(sorted((one.id, other.id))) for one, other, _ in near})
    return {
        "sets": texts[0].set if own else f"{texts[0].set} and {others[0].set}",
        "pairs": len(texts) * (len(texts) - 1) // 2 if own else len(texts) * len(others),
        "nearly_the_same": len(same),
        "most_alike": round(float(scores.max()), 1),
        "same": same,
    }


if __name__ == "__main__":
    main()
