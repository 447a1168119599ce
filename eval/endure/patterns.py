"""How long each regular expression of ragqa takes on its worst near-miss, against the size of the text.

    python eval/endure/patterns.py
    python eval/endure/patterns.py --against ../before/src
    python eval/report/plot.py eval/results/patterns.json eval/results/patterns.png

``--against`` measures the patterns of another checkout beside them. Writes ``eval/results/patterns.json``.
A run is stopped at two seconds of processor time. The exponent is the slope of the logarithms where a run takes a millisecond at
least: 1 is linear, 2 quadratic; an exponential pattern is stopped before there is anything to fit.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import environment
from near_misses import Unit
from package_patterns import Found, patterns
from slow_patterns import METHODS, seconds, slowest

SIZES = (500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
LOOKED_AT = 2_000
"""Characters at which the worst near-misses are chosen."""
STOPPED = 2.0
"""Seconds at which a run is stopped."""


def timed(found: Found) -> dict[str, Any]:
    """Seconds by size of a pattern's slowest near-miss; the last is ``STOPPED`` where it was stopped."""
    ours, theirs = get_context("fork").Pipe(duplex=False)
    worker = get_context("fork").Process(target=_time, args=(found, theirs))
    worker.start()
    theirs.close()
    runs: dict[str, dict[int, float]] = {}
    while True:
        try:
            name, size, took = ours.recv()
        except EOFError:
            break
        runs.setdefault(name, {})[size] = took
    worker.join()
    worst = max(runs, key=lambda name: max((took, size) for size, took in runs[name].items()))
    steps = runs[worst]
    kept = [(size, took) for size, took in steps.items() if 1e-3 <= took < STOPPED]
    exponent = float(np.polyfit(*np.log(np.array(kept)).T, 1)[0]) if len(kept) > 2 else None
    return {
        "place": found.place,
        "engine": found.engine,
        "text": worst,
        "exponent": round(exponent, 2) if exponent else None,
        "seconds": {str(size): round(took, 6) for size, took in sorted(steps.items())},
    }


def _time(found: Found, reports: Connection) -> None:
    """Report each run; what is reported before it is done stands if the timer ends the process."""

    def run(unit: Unit, method: str, size: int) -> float:
        name = f"{method} {unit}"[:160]
        reports.send((name, size, STOPPED))
        signal.setitimer(signal.ITIMER_PROF, STOPPED)
        took = min(seconds(found.pattern, method, unit, size) for _ in range(3 if size < 4_000 else 1))
        signal.setitimer(signal.ITIMER_PROF, 0)
        reports.send((name, size, took))
        return took

    for unit in slowest(found.pattern, lambda unit, method: run(unit, method, LOOKED_AT))[:2]:
        for method in METHODS[:2]:
            for size in SIZES:
                run(unit, method, size)


@click.command()
@click.option("--against", type=click.Path(path_type=Path, exists=True), help="The src folder of another checkout.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/patterns.json"))
def main(against: Path | None, out: Path) -> None:
    """Print and write the figures."""
    rows = [timed(found) for found in patterns(strict=False)]
    rows.sort(key=lambda row: (max(row["seconds"].values()), -len(row["seconds"])), reverse=True)
    found: dict[str, Any] = {"schema": "ragqa.patterns/1", "patterns": len(rows), "stopped_at": STOPPED, "now": rows}
    if against:
        beside = out.with_name("patterns-before.json")
        command = [sys.executable, __file__, "--json", str(beside)]
        subprocess.run(command, check=True, env=environment(against), stdout=subprocess.DEVNULL)
        found["before"] = json.loads(beside.read_text(encoding="utf-8"))["now"]
        beside.unlink()
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for key in filter(found.get, ("before", "now")):
        stopped = sum(max(row["seconds"].values()) >= STOPPED for row in found[key])
        click.echo(f"{key}: {stopped} of {len(found[key])} stopped at {STOPPED} s; the slowest five:")
        for row in found[key][:5]:
            size, took = list(row["seconds"].items())[-1]
            click.echo(f"  {row['place']}: {took:.4f} s at {size} characters, exponent {row['exponent']}; {row['text'][:80]}")


if __name__ == "__main__":
    main()
