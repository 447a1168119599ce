"""The stages of the ranking, and ragqa beside its rivals."""

from __future__ import annotations

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

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
