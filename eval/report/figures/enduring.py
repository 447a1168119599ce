"""A reader among guests; regular expressions on what they choke on."""

from __future__ import annotations

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def crowd(found: dict[str, Any]) -> Figure:
    """How late /health answers, and how long a signed-in reader waits, alone and among guests; a colour a run."""
    figure, (late, waits) = plt.subplots(1, 2, figsize=(10, 4.2))
    for place, (name, run) in enumerate(found["runs"].items()):
        for when, line in (("alone", ":"), ("among_guests", "-")):
            cut = run["health_percentiles"][when]
            label = f"{name}, {when.replace('_', ' ')}"
            late.plot(list(cut.values()), [100 - float(p) for p in cut], line, color=f"C{place}", label=label)
            rows = run["reader"][when]
            heights = [rows[f"p{p}_ms"] / 1000 for p in (50, 95, 99)]
            waits.plot(["median", "p95", "p99"], heights, line, marker="o", color=f"C{place}", label=label)
    late.axvline(100, color="0.7", lw=1, zorder=0)
    late.set(xscale="log", yscale="log", ylim=(0.1, 110), title="GET /health, from when it was due", xlabel="milliseconds")
    late.set_ylabel("% of probes that took longer")
    waits.set(yscale="log", ylabel="seconds", title="An answer for who signed in")
    for axes in (late, waits):
        axes.grid(visible=True, alpha=0.3)
    late.legend(frameon=False, fontsize=8)
    figure.suptitle("One reader among twenty guests, two stores locked for 20 s and a damaged generation", fontsize=11)
    return figure


def patterns(found: dict[str, Any]) -> Figure:
    """Seconds against the size of each pattern's worst near-miss, now and, where it was measured too, before."""
    panels = {key: title for key, title in (("before", "Before"), ("now", "Now")) if key in found}
    figure, axes = plt.subplots(1, len(panels), figsize=(6.5 * len(panels), 5), sharey=True, squeeze=False)
    for panel, (key, title) in zip(axes[0], panels.items(), strict=True):
        _panel(panel, found[key], found["stopped_at"])
        panel.set_title(f"{title}: {len(found[key])} patterns, each on its worst near-miss")
    axes[0][0].set_ylabel("seconds of processor time")
    return figure


def _panel(axes: Axes, rows: list[dict[str, Any]], stopped_at: float) -> None:
    """All patterns grey, the slowest five in colour with their place."""
    for row in rows[5:]:
        axes.plot(*_line(row), color="0.75", linewidth=0.6)
    for row in reversed(rows[:5]):
        fitted = "stopped at once" if row["exponent"] is None else f"n^{row['exponent']}"
        axes.plot(*_line(row), marker="o", markersize=3, label=f"{row['place']} ({fitted})")
    axes.axhline(stopped_at, color="black", linestyle=":", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="characters", ylim=(1e-6, 4))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False, fontsize=7, loc="lower right")


def _line(row: dict[str, Any]) -> tuple[list[int], list[float]]:
    steps = sorted((int(size), max(took, 1e-6)) for size, took in row["seconds"].items())
    return [size for size, _ in steps], [took for _, took in steps]
