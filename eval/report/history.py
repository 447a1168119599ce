"""How the scorecard moved: every version of it that was committed, as one small file for the evaluation page.

python eval/report/history.py eval/results/scorecard.json eval/results/history.json
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("scorecard", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
def main(scorecard: Path, output: Path) -> None:
    """One run a commit, oldest first: its date, its commit, and the measures of both halves."""
    lines = _git("log", "--reverse", "--format=%H %aI", "--", str(scorecard)).splitlines()
    runs: list[dict[str, Any]] = []
    for line in lines:
        commit, at = line.split()
        card = json.loads(_git("show", f"{commit}:./{scorecard}"))
        found = card["splits"] | ({"verdicts": verdicts(card)} if "verdicts" in card else {})
        if not runs or any(runs[-1].get(name) != value for name, value in found.items()):
            runs.append({"at": at[:10], "commit": commit[:7], **found})
    output.write_text(json.dumps({"schema": "ragqa.scorecards/1", "runs": runs}, indent=1) + "\n", encoding="utf-8")
    click.echo(f"{len(runs)} scorecards written to {output}")


def verdicts(card: dict[str, Any]) -> dict[str, Any]:
    """The four words of every set, without its groups."""
    return {name: row["all"] for name, row in card["verdicts"].items()}


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
