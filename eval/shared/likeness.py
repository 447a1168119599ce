"""Questions that are nearly the same, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

NEAR = 85.0
"""Token sort ratio (0 to 100) from which two questions are taken for the same. By hand: below it they differ in a word that
matters (a drug, a number, an outcome), above it in order or spelling. Two that differ in a number are never the same."""


@dataclass(frozen=True, slots=True)
class Text:
    """A question of a set, with all that is said before it."""

    set: str
    id: str
    text: str


def folded(text: str) -> str:
    """Lower case, letters and digits only."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def alike(texts: Sequence[Text], others: Sequence[Text], bound: float = NEAR) -> list[tuple[Text, Text, float]]:
    """Pairs of one of ``texts`` with one of ``others`` that are nearly the same, the most alike first; none with itself."""
    scores = likeness(texts, others)
    found = [
        (texts[i], others[j], round(float(scores[i, j]), 1))
        for i, j in np.argwhere(scores >= bound)
        if texts[i] != others[j] and _numbers(texts[i].text) == _numbers(others[j].text)
    ]
    return sorted(found, key=lambda pair: -pair[2])


def likeness(texts: Sequence[Text], others: Sequence[Text]) -> np.ndarray:
    """Token sort ratios, 0..100, (texts, others)."""
    left, right = ([folded(one.text) for one in side] for side in (texts, others))
    return np.asarray(process.cdist(left, right, scorer=fuzz.token_sort_ratio))


def _numbers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\d+(?:\.\d+)?", text))


def without_repeats(texts: Iterable[Text], bound: float = NEAR) -> tuple[list[Text], list[tuple[Text, Text, float]]]:
    """The texts that repeat none before them, and those thrown away with what they repeat."""
    kept: list[Text] = []
    thrown = []
    for text in texts:
        near = alike([text], kept, bound) if kept else []
        thrown += near[:1]
        kept += [] if near else [text]
    return kept, thrown
