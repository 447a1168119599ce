"""What regenerating k of n answers costs: time against k, one line for each n.

python eval/endure/regenerate_cost.py questions.jsonl
python eval/report/plot.py eval/results/regenerate-cost.json eval/results/regenerate-cost.svg eval/results/regenerate-cost.png

The questions are those of eval/endure/batch.py (--keep). The n answers are one abstention with n questions and n really
computed bases: what is timed is the looking at n, and the answering of the k whose stored basis was altered.
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

from ragqa.editorial.library import Library
from ragqa.editorial.regenerate import regenerate
from ragqa.editorial.versions import key_of
from ragqa.evaluation.batches import read_batch
from ragqa.files import write_atomic
from ragqa.models import CachingEmbedder
from ragqa.parallel import cores
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import load_settings


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
    write_atomic(out, [json.dumps({"schema": "ragqa.regenerate-cost/1", "seconds": found}, indent=1) + "\n"])


def filled(library: Library, ragqa: Ragqa, asked: Sequence[Asked]) -> None:
    """Publish an abstaining answer to each question, with the basis it would really have."""
    remembering = CachingEmbedder(ragqa.embedder, library)
    template = ragqa.ask("Who won the football?")
    for question in map(ragqa.without_identifiers, asked):
        basis = ragqa.provenance(question, "clinician", remembering)
        answer = template.model_copy(update={"question": question.question})
        library.add_version(key_of(question, "clinician"), question, answer, basis, [], severity="s", reason="r", published=True)


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


if __name__ == "__main__":
    main()
