"""A training run with its models, and what tuning the side of the question gains."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from figures.ranking import NAMES

SMOOTH = 25
"""Steps over which a loss is averaged to be drawn."""


def verdicts(found: dict[str, Any]) -> Figure:
    """How a training run went, and its models beside the checker on sources held back."""
    log = found["run"]["log"]
    measured = [row for row in log if "choice" in row]
    drawn, (curve, bars) = plt.subplots(1, 2, figsize=(12, 4.8))
    losses = np.convolve([row["loss"] for row in log], np.ones(SMOOTH) / SMOOTH, mode="valid")
    curve.plot(range(SMOOTH, len(log) + 1), losses, color="0.6", label=f"loss in training, mean of {SMOOTH} steps")
    for data, colour in (("scifact", "tab:blue"), ("evidence_inference", "tab:orange")):
        scores = [row[f"{data} macro-F1"] for row in measured]
        curve.plot(
            [row["step"] for row in measured], scores, color=colour, marker="o", ms=3, label=f"{data}: macro-F1 on dev pairs"
        )
    curve.set(title="Training", xlabel="step", ylim=(0, 1.4))
    curve.legend(frameon=False, fontsize=8)
    labels = {
        "scifact": "SciFact claims:\nsupports, contradicts, neither",
        "evidence_inference": "evidence_inference:\nhigher, lower, no difference",
    }
    systems = [name for name, row in found["scifact"].items() if isinstance(row, dict)]
    for place, system in enumerate(systems):
        heights = [found[data][system]["macro_f1"] for data in labels]
        at = np.arange(len(labels)) + 0.8 * (place - (len(systems) - 1) / 2) / len(systems)
        container = bars.bar(at, heights, 0.76 / len(systems), label=system.replace("verdicts-12/", "trained, "))
        bars.bar_label(container, fmt="%.2f", fontsize=8)
    bars.set(title="Macro-F1 on sources held back", ylim=(0, 1))
    bars.set_xticks(range(len(labels)), list(labels.values()))
    bars.legend(frameon=False, fontsize=8)
    return drawn


WAYS = {
    "folds by question": ("other questions about the same documents were learned", "tab:orange"),
    "folds by document": ("other questions of the set were learned", "tab:blue"),
    "other sets": ("nothing of the set was learned", "black"),
}
"""Legend and colour of what a tuned model knew of a set it is measured on."""


def by_heart(found: dict[str, Any]) -> Figure:
    """A panel a model and a ranking: gain on the untuned encoder with its interval, a set a row, a mark a way of holding back."""
    tuned = {
        "map": "a linear map of the question",
        "encoder": "the encoder, for questions",
        "opening": "an opening of words",
    }
    rankings = {"dense": "vectors alone", "plain sum": "vectors and words", "as ragqa ranks": "as ragqa ranks"}
    measured = {name: next(iter(found[name].values()))["other sets"] for name in tuned if name in found}
    shown = [(name, system) for name, row in measured.items() for system in rankings if system in row]
    figure, panels = plt.subplots(1, len(shown), figsize=(2.6 * len(shown) + 1, 4.4), sharey=True, sharex=True, squeeze=False)
    for axes, (name, system) in zip(panels[0], shown, strict=True):
        for place, (way, (label, colour)) in enumerate(WAYS.items()):
            rows = [(at, row[way][system]) for at, row in enumerate(found[name].values()) if way in row]
            middle = np.array([row["difference"] for _, row in rows])
            spread = np.abs(np.array([row["interval"] for _, row in rows]).T - middle)
            heights = [at + 0.2 * (place - 1) for at, _ in rows]
            axes.errorbar(middle, heights, xerr=spread, fmt="o", ms=4, lw=1, color=colour, label=label)
        axes.axvline(0, color="0.7", lw=1, zorder=0)
        axes.set_title(f"{tuned[name]}\n{rankings[system]}", fontsize=9)
        axes.set_xlabel("nDCG@10, tuned less untuned", fontsize=8)
        axes.locator_params(axis="x", nbins=4)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    sets = found[shown[0][0]]
    panels[0][0].set_yticks(
        range(len(sets)), [f"{NAMES.get(name, name)}\n{row['questions']} asked" for name, row in sets.items()]
    )
    panels[0][0].invert_yaxis()
    figure.legend(*panels[0][0].get_legend_handles_labels(), ncol=3, loc="lower center", frameon=False, fontsize=8)
    figure.suptitle("What tuning the side of the question gains, by what was known of the set (95 % intervals)", fontsize=10)
    return figure
