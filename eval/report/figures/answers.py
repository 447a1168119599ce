"""When to abstain, how follow-up questions are read, what regenerating costs."""

from __future__ import annotations

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ragqa.evaluation.conversations import GOLD, OURS, RAW
from ragqa.settings import load_settings

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
    curves, bound = scorecard["risk_coverage"], load_settings().abstain_below
    figure, axes = plt.subplots(figsize=(6, 4))
    for split, curve in curves.items():
        (line,) = axes.step([p["coverage"] for p in curve], [p["risk"] for p in curve], where="post", label=split)
        default = next((p for p in curve if p["abstain_below"] >= bound), curve[-1])
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
