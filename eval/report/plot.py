"""Draw what a results file holds: a scorecard's risk-coverage curve, the turns of a conversations table, what regenerating costs,
the stages of a retrieval table, ragqa beside its rivals, an index as it grows, a training run and its models, what tuning
gains where, a reader among guests.

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
import matplotlib as mpl
import numpy as np

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "ragqa"  # the same results give the same file

from matplotlib import pyplot as plt  # noqa: E402 - the backend is chosen first
from matplotlib.figure import Figure  # noqa: E402

from ragqa.evaluation.conversations import GOLD, OURS, RAW  # noqa: E402
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
    "+ rare words": "#93c4de",
    "+ feedback": "#0b559f",
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


DRAWN: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "ragqa.scorecard/1": risk_coverage,
    "ragqa.dialogues/1": conversations,
    "ragqa.regenerate-cost/1": regenerate_cost,
    "ragqa.retrieval/1": retrieval,
    "ragqa.rivals/1": rivals,
    "ragqa.growth/1": growth,
    "ragqa.verdicts/1": verdicts,
    "ragqa.by-heart/1": by_heart,
    "ragqa.crowd/1": crowd,
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
