"""Ten thousand questions through `ragqa answer`: questions a second, peak memory; a kill half-way loses and doubles nothing.

python eval/endure/batch.py ../shared/data/medquad ../shared/data/pubmedqa ../shared/data/bioasq_7b_11b
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import psutil

from ragqa.evaluation.retrieval import read_queries
from ragqa.files import write_atomic

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import RAGQA
from data_sets import rows, write_rows


@click.command()
@click.argument("datasets", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--questions", type=int, default=10_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/batch.json"))
@click.option("--keep", type=click.Path(path_type=Path), help="Leave questions and answers here.")
def main(datasets: Sequence[Path], questions: int, seed: int, out: Path, keep: Path | None) -> None:
    """Ask the bundled corpus questions of public data sets, kill the command at a random moment, and run it again."""
    texts = sorted({text for dataset in datasets for _, text in read_queries(dataset)})
    drawn = random.Random(seed).sample(texts, min(questions, len(texts)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        asked, answers = folder / "questions.jsonl", folder / "answers.jsonl"
        write_rows(asked, ({"id": f"q{n}", "question": text} for n, text in enumerate(drawn)))
        command = [*RAGQA, "answer", str(asked), "-o", str(answers)]
        started = time.perf_counter()
        kill_at = random.Random(seed).randrange(len(drawn) // 4, len(drawn) // 2)
        first = watched(command, answers, kill_at)
        left = lines(answers)
        second = watched(command, answers, None)
        seconds = time.perf_counter() - started
        made = list(rows(answers))
        ids = Counter(row["id"] for row in made)
        failed = answers.with_name(f"{answers.name}.failed.jsonl")
        found = {
            "questions": len(drawn),
            "killed_after": left,
            "answered": len(ids),
            "twice": sum(count > 1 for count in ids.values()),
            "failed": lines(failed),
            "statuses": Counter(row["status"] for row in made),
            "questions_per_second": round(len(drawn) / seconds, 2),
            "peak_memory_mib": {"first run": first, "second run": second},
        }
    write_atomic(out, [json.dumps(found, indent=1) + "\n"])
    click.echo(json.dumps(found, indent=1))


def watched(command: Sequence[str], answers: Path, kill_at: int | None) -> int:
    """Run the command to its end, or kill it once so many answers are written; peak resident memory in MiB."""
    peak = 0
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as running:
        process = psutil.Process(running.pid)
        while running.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            if kill_at is not None and lines(answers) >= kill_at:
                running.send_signal(signal.SIGKILL)
            time.sleep(0.5)
    return peak // 2**20


def lines(file: Path) -> int:
    """How many lines a file has; 0 when it is missing."""
    if not file.exists():
        return 0
    with file.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


if __name__ == "__main__":
    main()
