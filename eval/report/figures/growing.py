"""An index that grows to a million passages."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

BUILT = {
    "reading": "reading files",
    "comparing": "comparing with before",
    "cutting": "cutting into passages",
    "embedding": "fetching vectors (new ones: computing)",
    "clustering": "clustering vectors",
    "writing": "indexing words",
    "storing": "storing on disk",
}


def growth(found: dict[str, Any]) -> Figure:
    """Four panels over the number of passages, each with the line it should stay on the right side of."""
    rows = sorted((int(size), row) for size, row in found["sizes"].items())
    sizes = [size for size, _ in rows]
    drawn, panels = plt.subplots(2, 2, figsize=(11, 8.4))
    speed(panels[0][0], sizes, [row["query_ms"] for _, row in rows])
    room(panels[0][1], sizes, [row["memory_mb"]["after_questions"] for _, row in rows])
    recall(panels[1][0], sizes, [row["recall_at_10"] for _, row in rows])
    effort(panels[1][1], rows, found.get("changes"))
    for axes in (panels[0][0], panels[0][1], panels[1][0]):
        axes.set(xscale="log", xlabel="passages in the index", xlim=(sizes[0] / 1.8, sizes[-1] * 1.8))
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
    for axes in panels.flat:
        axes.grid(visible=True, alpha=0.3)
        axes.set_axisbelow(True)
    largest = rows[-1][1]
    drawn.suptitle(f"An index that grows to {sizes[-1]:,} passages, on two processor cores", fontsize=14)
    drawn.supxlabel(caption(found, sizes[-1], largest), fontsize=8)
    return drawn


def caption(found: dict[str, Any], size: int, row: dict[str, Any]) -> str:
    """What a reader must know to trust the plot."""
    per_second = found["embedding"]["passages_per_second"]
    hours = size / per_second / 3600
    return (
        f"{row['real']:,} of the {size:,} passages are real (public biomedical data sets), the others shuffled sentences of two\n"
        "real documents, with the mean of the sentences' vectors plus noise. Building leaves out embedding (adding has it): at\n"
        f"the measured {per_second:.0f} passages a second, {size:,} would take about {hours:.1f} hours (extrapolated).\n"
        f"{row['questions']} real questions; no cross-encoder."
    )


def speed(axes: Any, sizes: list[int], times: list[dict[str, Any]]) -> None:
    """Milliseconds a question, without and with reading it."""
    for part, label, colour in (
        ("retrieval", "searching", "tab:blue"),
        ("both", "reading the question and searching", "tab:orange"),
    ):
        for quantile, line in (("p50", "-"), ("p95", "--")):
            name = "half of all questions are faster" if quantile == "p50" else "95 of 100 are faster"
            axes.plot(sizes, [t[part][quantile] for t in times], line, marker="o", color=colour, label=f"{label}: {name}")
    axes.axhline(60, color="grey", linestyle=":")
    axes.text(sizes[0] / 1.7, 61, "limit at a million: 60 ms", fontsize=8, color="grey", va="bottom")
    axes.set(
        title="Time to find the passages", ylabel="milliseconds", ylim=(0, max(105, 1.6 * max(t["both"]["p95"] for t in times)))
    )
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def room(axes: Any, sizes: list[int], used: list[dict[str, float]]) -> None:
    """Resident memory of the process."""
    axes.plot(sizes, [u["resident"] for u in used], "-o", color="tab:blue", label="all, with pages of the index's files")
    axes.plot(sizes, [u["anonymous"] for u in used], "--o", color="tab:green", label="of it the process's own (model included)")
    axes.axhline(1024, color="grey", linestyle=":")
    axes.text(sizes[0] / 1.7, 1020, "limit: 1 GB", fontsize=8, color="grey", va="top")
    axes.set(title="Memory in use after 200 questions", ylabel="MB", ylim=(0, 1100))
    axes.legend(frameon=False, fontsize=8)


def recall(axes: Any, sizes: list[int], recalls: list[float]) -> None:
    """Recall at 10 against comparing the question with every passage."""
    axes.plot(sizes, recalls, "-o", color="tab:blue")
    for size, value in zip(sizes, recalls, strict=True):
        axes.annotate(f"{value:.3f}", (size, value), textcoords="offset points", xytext=(0, 7), ha="center")
    axes.axhline(0.95, color="grey", linestyle=":")
    axes.text(sizes[0] / 1.7, 0.9495, "limit: 0.95", fontsize=8, color="grey", va="top")
    axes.set(title="Share of the ten truly nearest passages found", ylim=(0.9, 1.01))


def effort(axes: Any, rows: list[tuple[int, dict[str, Any]]], changed: dict[str, Any] | None) -> None:
    """Build time by stage; at the largest size also what a change takes."""
    bars = [(f"build {size:,}", row["build"]["stages"]) for size, row in rows]
    if changed:
        bars.append((f"add {changed['added']['records']}\nto {changed['at']:,}", changed["added"]["stages"]))
        bars.append((f"delete 1\nof {changed['at']:,}", changed["deleted"]["stages"]))
    ends = np.zeros(len(bars))
    for stage, label in BUILT.items():
        lengths = np.array([stages.get(stage, 0.0) for _, stages in bars])
        axes.barh([name for name, _ in bars], lengths, left=ends, label=label)
        ends += lengths
    for place, total in enumerate(ends):
        axes.annotate(f" {total:.1f} s" if total < 60 else f" {total / 60:.1f} min", (total, place), va="center")
    axes.set(title="Time to build, and to change", xlabel="seconds", xlim=(0, max(ends) * 1.6))
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=8)
    axes.legend(frameon=False, fontsize=7, loc="upper right", bbox_to_anchor=(1, 0.99), borderaxespad=0)
