"""How good answers are, as plain numbers. A citation that does not resolve counts against the answer; it is never skipped."""

from __future__ import annotations

from collections.abc import Sequence
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


_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


class _Contained(set[str]):
    """A text that answers ``in`` for its substrings, so that facts and sources share one measure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def __contains__(self, wording: Any) -> bool:
        return wording in self._text
