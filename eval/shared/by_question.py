"""Figures question by question, and what a difference between two systems is worth that were asked the same questions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import ir_measures
import numpy as np
from ir_measures import nDCG


def ndcg(judged: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """nDCG@10 of each judged query; 0 where nothing was found."""
    found = {measured.query_id: measured.value for measured in ir_measures.iter_calc([nDCG @ 10], judged, run)}
    return {query: found.get(query, 0.0) for query in judged}


def interval(difference: Callable[[np.ndarray], float], groups: Sequence[Hashable], resamples: int = 2000) -> np.ndarray:
    """95 % interval of a difference between two systems, shape (2,), from a paired bootstrap.

    ``difference`` computes it from some questions, given by their rows, each as often as it was drawn; ``groups`` names each
    question's group: groups are drawn, with all their questions.
    """
    members: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    blocks, rng = list(members.values()), np.random.default_rng(1)
    drawn = (rng.integers(len(blocks), size=len(blocks)) for _ in range(resamples))
    return np.percentile([difference(np.concatenate([blocks[block] for block in some])) for some in drawn], [2.5, 97.5])


def paired(tuned: Sequence[float], untuned: Sequence[float]) -> dict[str, float | list[float]]:
    """Both means, their difference, and its 95 % interval over the questions."""
    difference = np.array(tuned) - np.array(untuned)
    return {
        "untuned": round(float(np.mean(untuned)), 4),
        "tuned": round(float(np.mean(tuned)), 4),
        "difference": round(float(difference.mean()), 4),
        "interval": interval(lambda rows: difference[rows].mean(), range(len(difference))).round(4).tolist(),
    }
