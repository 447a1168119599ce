"""How good answers are, as plain numbers. A citation that does not resolve counts against the answer; it is never skipped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from itertools import pairwise
from typing import Any

import numpy as np


def citation_precision(cited: Sequence[str], relevant: set[str], resolvable: set[str]) -> float | None:
    """Share of the cited sources that are relevant and resolve to real text; None when nothing is cited."""
    if not cited:
        return None
    return sum(source in relevant and source in resolvable for source in cited) / len(cited)


def group_recall(groups: Sequence[Sequence[str]], held: set[str]) -> float:
    """Share of groups of which at least one member is held; 1 when there is no group."""
    if not groups:
        return 1.0
    return sum(any(member in held for member in group) for group in groups) / len(groups)


def fact_recall(facts: Sequence[Sequence[str]], text: str) -> float:
    """Share of facts of which at least one wording occurs in the text, case and white space folded."""
    folded = fold(text)
    return group_recall([[fold(wording) for wording in fact] for fact in facts], _Contained(folded))


def fold(text: str) -> str:
    """Lower case, single spaces, plain hyphens."""
    return " ".join(text.translate(_DASHES).casefold().split())


def set_scores(found: Set[str], wanted: Set[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of a set; all 0 when the two share nothing."""
    return _scores(len(found & wanted), len(found), len(wanted))


def rouge_2(text: str, ideal: str) -> tuple[float, float, float]:
    """ROUGE-2 (Lin 2004): precision, recall and F1 of word pairs, counted with repetition, without stemming."""
    return _counter_scores(_pairs(text), _pairs(ideal))


def rouge_su4(text: str, ideal: str) -> tuple[float, float, float]:
    """ROUGE-SU4 (Lin 2004): word pairs at most four words apart, in order, and single words."""
    return _counter_scores(_skip_pairs(text, 4), _skip_pairs(ideal, 4))


def overlap(snippet: str, text: str) -> float:
    """Share of a snippet's word pairs that stand in a text, 0..1."""
    return rouge_2(text, snippet)[1]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _pairs(text: str) -> Counter[tuple[str, ...]]:
    words = _words(text)
    return Counter(pairwise(words))


def _skip_pairs(text: str, gap: int) -> Counter[tuple[str, ...]]:
    words = _words(text)
    pairs: Counter[tuple[str, ...]] = Counter((word,) for word in words)
    pairs.update((first, second) for i, first in enumerate(words) for second in words[i + 1 : i + 2 + gap])
    return pairs


def _counter_scores(found: Counter[tuple[str, ...]], wanted: Counter[tuple[str, ...]]) -> tuple[float, float, float]:
    return _scores((found & wanted).total(), found.total(), wanted.total())


def _scores(shared: int, found: int, wanted: int) -> tuple[float, float, float]:
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / found, shared / wanted
    return precision, recall, 2 * precision * recall / (precision + recall)


def randomisation_p(ours: Sequence[float], theirs: Sequence[float], seed: int = 7, rounds: int = 10_000) -> float:
    """Two-sided p-value of a paired randomisation test (Smucker, Allan & Carterette, CIKM 2007, 623-632).

    The share of ``rounds`` in which swapping each pair by the toss of a coin makes a mean difference at least as large.
    """
    differences = np.array([a - b for a, b in zip(ours, theirs, strict=True) if a != b])
    draw = np.random.default_rng(seed)
    seen = abs(differences.sum()) - 1e-9
    as_large = sum(abs(draw.choice((-1.0, 1.0), len(differences)) @ differences) >= seen for _ in range(rounds))
    return float(round((as_large + 1) / (rounds + 1), 4))


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of what is defined; None when nothing is."""
    defined = [value for value in values if value is not None]
    return round(float(np.mean(defined)), 4) if defined else None


def share(flags: Sequence[bool]) -> float | None:
    """Share of true flags; None when there is none to count."""
    return mean([float(flag) for flag in flags])


def percentile(values: Sequence[float], q: float) -> float | None:
    """The q-th percentile, linear interpolation."""
    return round(float(np.percentile(values, q)), 1) if values else None


_WORD = re.compile(r"[a-z0-9]+")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


class _Contained(set[str]):
    """A text that answers ``in`` for its substrings, so that facts and sources share one measure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def __contains__(self, wording: Any) -> bool:
        return wording in self._text
