"""Draw what a results file holds: a scorecard's risk-coverage curve, the turns of a conversations table, what regenerating costs,
the stages of a retrieval table, ragqa beside its rivals.

python eval/plot.py eval/results/scorecard.json eval/results/risk-coverage.svg
python eval/plot.py eval/results/conversations.json eval/results/conversations.svg eval/results/conversations.png
python eval/plot.py eval/results/retrieval.json eval/results/retrieval.svg eval/results/retrieval.png
python eval/plot.py eval/results/rivals.json eval/results/rivals.svg eval/results/rivals.png
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "ragqa"  # the same results give the same file

from matplotlib import pyplot as plt  # noqa: E402 - the backend is chosen first
from matplotlib.figure import Figure  # noqa: E402

from ragqa.dialogue import GOLD, OURS, RAW  # noqa: E402
from ragqa.settings import load_settings  # noqa: E402

STYLES = {
    GOLD: ("rewritten by a person", "black", "--"),
    OURS: ("ragqa's own reading", "tab:blue", "-"),
    "all turns": ("all turns joined", "tab:orange", ":"),
    "last turn + title": ("last turn + title of the article", "tab:green", ":"),
    RAW: ("last turn as typed", "tab:red", "-"),
}
"""Legend, colour and line of each way to read a follow-up, best expected first."""


def risk_coverage(scorecard: dict[str, Any]) -> Figure:
    """One line a split; the dot is where ragqa abstains by default."""
    curves, enough = scorecard["risk_coverage"], load_settings().enough
    figure, axes = plt.subplots(figsize=(6, 4))
    for split, curve in curves.items():
        (line,) = axes.step([p["coverage"] for p in curve], [p["risk"] for p in curve], where="post", label=split)
        default = next((p for p in curve if p["enough"] >= enough), curve[-1])
        axes.plot(default["coverage"], default["risk"], "o", color=line.get_color())
    axes.set(xlabel="coverage: share of searched questions answered", ylabel="risk: share of answers that should be none")
    axes.set(xlim=(0, 1), ylim=(0, None), title="Abstaining on the gold set")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    return figure


def conversations(found: dict[str, Any]) -> Figure:
    """A panel a measure, a line a way to read a follow-up, turn by turn; the share of the gap that ragqa recovers above it."""
    turns = list(found["by_turn"])
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    for axes, (measure, name) in zip(
        panels,
        {"recall_at_5": "needed sources among the first five", "citation_f1": "F1 of the citations given"}.items(),
        strict=True,
    ):
        for system, (label, colour, line) in STYLES.items():
            heights = [found["by_turn"][turn][system][measure] for turn in turns if system in found["by_turn"][turn]]
            axes.plot(turns[: len(heights)], heights, line, marker="o", markersize=4, color=colour, label=label)
        recovered = found["recovered"][measure]
        gained = f"\nafter the first turn ragqa recovers {recovered:.0%} of what a rewrite gains" if recovered else ""
        axes.set(xlabel="turn of the conversation", title=f"{name}{gained}", ylim=(0, 1.03))
        axes.title.set_fontsize(10)
        axes.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("mean over the answerable turns")
    panels[0].legend(frameon=False, loc="lower left", fontsize=9)
    figure.suptitle(
        f"Follow-up questions: {found['conversations']} conversations of the {found['split']} half, {found['turns']} turns"
    )
    return figure


def regenerate_cost(found: dict[str, Any]) -> Figure:
    """Time against the answers affected, a line for each size of library."""
    figure, axes = plt.subplots(figsize=(6.5, 4))
    for size, seconds in found["seconds"].items():
        axes.plot([int(k) for k in seconds], list(seconds.values()), marker="o", label=f"library of {int(size):,} answers")
    axes.set(xlabel="answers affected by the change", ylabel="seconds", title="Regenerating: time against what changed")
    axes.set(xlim=(0, None), ylim=(0, None))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    return figure


NAMES = {
    "scifact": "SciFact claims",
    "bioasq_7b_11b": "BioASQ questions",
    "pubmedqa": "PubMedQA questions",
    "evidence_inference": "Evidence Inference\nquestions on trials",
    "medquad": "MedQuAD questions",
    "medquad-3000": "MedQuAD questions,\n3,000 documents",
}
SHADES = {
    "BM25": "#c9c9c9",
    "dense": "#8f8f8f",
    "plain sum": "#4d4d4d",
    "+ rare words": "#cfe1f2",
    "+ contrast": "#93c4de",
    "+ feedback": "#4a97c9",
    "+ support": "#0b559f",
}
"""Grey for what is compared with, blue for the stages of the ranking, the last being what ragqa does."""


def retrieval(found: dict[str, Any]) -> Figure:
    """A panel a data set, a bar a configuration; above the last one what it gains on the plain sum, and how surely."""
    figure, panels = plt.subplots(1, len(found["sets"]), figsize=(2.5 * len(found["sets"]) + 1, 4.6), squeeze=False)
    for axes, table in zip(panels[0], found["sets"], strict=True):
        rows = table["configurations"]
        heights = [row["nDCG@10"] for row in rows.values()]
        axes.bar(range(len(rows)), heights, color=[SHADES[name] for name in rows], width=0.85)
        for place, height in enumerate(heights):
            axes.text(place, height, f"{height:.3f}", ha="center", va="bottom", rotation=90, fontsize=7)
        low, high = min(heights), max(heights)
        axes.set_ylim(low - 0.35 * (high - low), high + 0.3 * (high - low))
        last = list(rows.values())[-1]
        sure = f"p = {last['p']:.3f}" if last["p"] >= 0.001 else "p < 0.001"
        title = f"{NAMES.get(table['dataset'], table['dataset'])}\n{table['queries']} asked"
        axes.set_title(f"{title}\n{last['difference']:+.3f} on the {found['against']}, {sure}", fontsize=8)
        axes.set_xticks([])
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0][0].set_ylabel("nDCG@10: right documents near the top\n(each panel has its own scale, not from 0)", fontsize=8)
    labels = {
        "BM25": "words alone (BM25)",
        "dense": "vectors alone",
        "plain sum": "0.7 vectors + 0.3 words",
        "+ support": "+ support = ragqa",
    }
    columns = min(len(SHADES), 2 * len(found["sets"]))
    handles = [plt.Rectangle((0, 0), 1, 1, color=shade) for shade in SHADES.values()]
    figure.legend(
        handles, [labels.get(name, name) for name in SHADES], ncol=columns, loc="lower center", frameon=False, fontsize=8
    )
    figure.suptitle("What each stage of the ranking brings", fontsize=11)
    figure.subplots_adjust(bottom=0.2)
    return figure


MEASURED = {
    "nDCG@10": "nDCG@10\nhigher is better",
    "documents_per_s": "documents indexed a second\nhigher is better",
    "query_p50_ms": "milliseconds a question, half are faster\nlower is better",
    "resident_mb": "megabytes of memory\nlower is better",
}


def rivals(found: dict[str, Any]) -> Figure:
    """A panel a measure, a bar a system."""
    systems = found["systems"]
    figure, panels = plt.subplots(1, len(MEASURED), figsize=(11, 3.6))
    for axes, (measure, label) in zip(panels, MEASURED.items(), strict=True):
        heights = [row[measure] for row in systems.values()]
        bars = axes.bar(list(systems), heights, color=["#0b559f", "#8f8f8f", "#c9c9c9"], width=0.7)
        axes.bar_label(bars, [f"{height:.3f}" if height < 1 else f"{height:.0f}" for height in heights], fontsize=8)
        axes.set_title(label, fontsize=9)
        axes.set_ylim(0, 1.15 * max(heights))
        axes.tick_params(labelsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "ragqa beside haystack-ai and txtai, hybrid search at their best settings\n"
        f"{found['dataset']}, {found['queries']} questions, the same int8 bge-small weights, one process each",
        fontsize=10,
    )
    return figure


DRAWN: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "ragqa.scorecard/1": risk_coverage,
    "ragqa.dialogues/1": conversations,
    "ragqa.regenerate-cost/1": regenerate_cost,
    "ragqa.retrieval/1": retrieval,
    "ragqa.rivals/1": rivals,
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
