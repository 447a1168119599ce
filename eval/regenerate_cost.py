"""What regenerating k of n answers costs: time against k, one line for each n.

python eval/regenerate_cost.py questions.jsonl

The questions are those of eval/batch.py (--keep). "Affected" are k answers whose stored basis was altered.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "ragqa"

from matplotlib import pyplot as plt  # noqa: E402 - the backend is chosen first

from ragqa.evaluate import read_batch  # noqa: E402
from ragqa.files import write_atomic  # noqa: E402
from ragqa.library import Library, Remembered, key_of  # noqa: E402
from ragqa.parallel import cores  # noqa: E402
from ragqa.pipeline import Ragqa  # noqa: E402
from ragqa.records import Asked  # noqa: E402
from ragqa.regenerate import regenerate  # noqa: E402
from ragqa.settings import load_settings  # noqa: E402


@click.command()
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--sizes", type=int, multiple=True, default=(1_000, 10_000), show_default=True)
@click.option("--affected", type=int, multiple=True, default=(0, 10, 50, 100, 200), show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/regenerate-cost.json"))
def main(questions: Path, sizes: Sequence[int], affected: Sequence[int], out: Path) -> None:
    """Fill a library of each size, alter k of its bases, and time `regenerate`."""
    asked = [question.asked for question in read_batch(questions)]
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, Ragqa.open(load_settings()) as ragqa:
        for size in sizes:
            with Library(Path(folder) / f"{size}.sqlite") as library:
                filled(library, ragqa, list(islice(asked, size)))
                regenerate(library, ragqa, cores())
                found[str(size)] = {str(k): timed(library, ragqa, k) for k in affected}
            click.echo(f"{size}: {found[str(size)]}")
    write_atomic(out, [json.dumps({"seconds": found}, indent=1) + "\n"])
    plot(found, out.with_suffix(".svg"))


def filled(library: Library, ragqa: Ragqa, asked: Sequence[Asked]) -> None:
    """Publish an abstaining answer to each question: what is timed is the looking, and the answering of the k affected."""
    remembering = Remembered(ragqa.embedder, library)
    template = ragqa.ask("Who won the football?")
    for question in map(ragqa.without_identifiers, asked):
        basis = ragqa.basis(question, "clinician", remembering)
        answer = template.model_copy(update={"question": question.question})
        library.propose(key_of(question, "clinician"), question, answer, basis, [], severity="s", reason="r", published=True)


def timed(library: Library, ragqa: Ragqa, affected: int) -> float:
    """Seconds that `regenerate` takes when so many bases are not what the index holds."""
    entries = list(library.latest())
    for number, *_ in random.Random(affected).sample(entries, affected):
        version = library.version(number)
        library.rebase(number, replace(version.basis, made_with={"altered": str(affected)}), version.generation)
    started = time.perf_counter()
    report = regenerate(library, ragqa, cores())
    seconds = time.perf_counter() - started
    if len(report.redone) != affected:
        raise click.ClickException(f"{len(report.redone)} redone, {affected} were altered")
    for version, *_ in [(library.waiting(key), key) for _, key, *_ in entries]:
        if version:
            library.sign_off(version.number, "demo-editor")
    return round(seconds, 2)


def plot(found: dict[str, dict[str, float]], picture: Path) -> None:
    """Time against answers affected."""
    figure, axes = plt.subplots(figsize=(6, 4))
    for size, times in found.items():
        axes.plot([int(k) for k in times], list(times.values()), marker="o", label=f"library of {int(size):,} answers")
    axes.set(xlabel="answers affected by the change", ylabel="seconds", title="Regenerating: cost grows with what changed")
    axes.set(xlim=(0, None), ylim=(0, None))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main()
