"""Draw the risk-coverage curve of a scorecard: what abstaining more or less would have cost.

python eval/plot.py eval/results/scorecard.json eval/results/risk-coverage.svg
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "ragqa"  # the same scorecard gives the same file

from matplotlib import pyplot as plt  # noqa: E402 - the backend is chosen first

from ragqa.settings import load_settings  # noqa: E402


@click.command()
@click.argument("scorecard", type=click.Path(path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path))
def main(scorecard: Path, picture: Path) -> None:
    """One line a split; the dot is where ragqa abstains by default."""
    curves, enough = json.loads(scorecard.read_text(encoding="utf-8"))["risk_coverage"], load_settings().enough
    figure, axes = plt.subplots(figsize=(6, 4))
    for split, curve in curves.items():
        (line,) = axes.step([p["coverage"] for p in curve], [p["risk"] for p in curve], where="post", label=split)
        default = next((p for p in curve if p["enough"] >= enough), curve[-1])
        axes.plot(default["coverage"], default["risk"], "o", color=line.get_color())
    axes.set(xlabel="coverage: share of searched questions answered", ylabel="risk: share of answers that should be none")
    axes.set(xlim=(0, 1), ylim=(0, None), title="Abstaining on the gold set")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})
    click.echo(f"written: {picture}")


if __name__ == "__main__":
    main()
