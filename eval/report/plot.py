"""Draw what a results file holds, by its schema: see DRAWN below and the modules of figures/.

python eval/report/plot.py eval/results/scorecard.json eval/results/risk-coverage.svg
python eval/report/plot.py eval/results/conversations.json eval/results/conversations.svg eval/results/conversations.png
python eval/report/plot.py eval/results/retrieval.json eval/results/retrieval.svg eval/results/retrieval.png
python eval/report/plot.py eval/results/rivals.json eval/results/rivals.svg eval/results/rivals.png
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from figures import answers, enduring, growing, learning, ranking
from matplotlib.figure import Figure

DRAWN: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "ragqa.scorecard/1": answers.risk_coverage,
    "ragqa.dialogues/1": answers.conversations,
    "ragqa.regenerate-cost/1": answers.regenerate_cost,
    "ragqa.retrieval/1": ranking.retrieval,
    "ragqa.rivals/1": ranking.rivals,
    "ragqa.growth/1": growing.growth,
    "ragqa.verdicts/1": learning.verdicts,
    "ragqa.by-heart/1": learning.by_heart,
    "ragqa.patterns/1": enduring.patterns,
    "ragqa.crowd/1": enduring.crowd,
}


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("pictures", type=click.Path(path_type=Path), nargs=-1, required=True)
def main(results: Path, pictures: tuple[Path, ...]) -> None:
    """Draw RESULTS by its schema; the ending of each of PICTURES (.svg, .png) says what it becomes."""
    found = json.loads(results.read_text(encoding="utf-8"))
    figure = DRAWN[found["schema"]](found)
    figure.tight_layout(rect=(0, 0.07 if figure.legends else 0, 1, 1))
    for picture in pictures:
        if picture.suffix == ".svg":
            figure.savefig(picture, metadata={"Date": None})
        else:
            figure.savefig(picture, metadata={"Software": None}, dpi=150)
        click.echo(f"written: {picture}")


if __name__ == "__main__":
    main()
