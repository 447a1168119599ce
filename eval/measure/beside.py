"""Is one version as fast as another? Both take turns in one run, so that what else the machine does falls on both.

* cold: seconds of a whole `ragqa ask` process
* warm: p50 of answering every gold question in one process, milliseconds, and resident memory then, MB

Each version builds an index of its own first. Ratios are those of a turn, this version to the other; figures go to
eval/results/beside.json.

    python eval/measure/beside.py ../before/src
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import click

from ragqa.files import write_atomic

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import SEED_QUESTION, environment, ragqa

ASKED = """
import json, statistics, sys
from pathlib import Path
import psutil
from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

lines = (line for file in sorted(Path("eval/gold").glob("*.jsonl")) for line in file.read_text("utf-8").splitlines())
questions = [json.loads(line)["question"] for line in lines]
with Ragqa.open(load_settings(index=sys.argv[1])) as opened:
    opened.ask(questions[0])
    times = [opened.ask(question).trace.milliseconds["total"] for question in questions]
print(json.dumps([statistics.median(times), psutil.Process().memory_info().rss / 2**20]))
"""
"""Asks the gold questions with whatever package is on the path: these names have stayed in every version."""
Figures = Mapping[str, float]


def measured(source: Path, index: Path) -> Figures:
    """One turn of one version."""
    started = time.perf_counter()
    ragqa("ask", SEED_QUESTION, "--index", index, source=source)
    cold = time.perf_counter() - started
    words = [sys.executable, "-c", ASKED, str(index)]
    warm = subprocess.run(words, env=environment(source), check=True, capture_output=True, text=True).stdout
    p50, resident = json.loads(warm)
    return {"cold_ask_s": cold, "warm_p50_ms": p50, "resident_mb": resident}


def row(these: list[float], others: list[float]) -> dict[str, float]:
    """Medians of both, and the median, least and greatest ratio of a turn."""
    ratios = sorted(this / other for this, other in zip(these, others, strict=True))
    figures = (statistics.median(these), statistics.median(others), statistics.median(ratios), ratios[0], ratios[-1])
    return {name: round(value, 3) for name, value in zip(("this", "other", "ratio", "least", "most"), figures, strict=True)}


@click.command(help=__doc__)
@click.argument("other", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--turns", default=5, show_default=True, type=click.IntRange(1), help="Turns of each version.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/beside.json"), show_default=True)
def main(other: Path, turns: int, out: Path) -> None:
    """OTHER is the folder of the other version's package."""
    found: dict[str, list[Figures]] = {"this": [], "other": []}
    with tempfile.TemporaryDirectory() as work:
        sources = {"this": Path("src"), "other": other}
        for version, source in sources.items():
            ragqa("index", "--index", Path(work) / version, source=source)
        for turn in range(turns):
            for version in sorted(sources, reverse=bool(turn % 2)):
                found[version].append(measured(sources[version], Path(work) / version))
            click.echo(f"turn {turn + 1} of {turns}")
    names = found["this"][0]
    result = {"turns": turns} | {
        name: row([turn[name] for turn in found["this"]], [turn[name] for turn in found["other"]]) for name in names
    }
    write_atomic(out, [json.dumps(result, indent=1) + "\n"])
    click.echo(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
