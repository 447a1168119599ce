"""How far raters agree beyond chance on words that have no order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

import numpy as np

Ratings = Mapping[str, Mapping[str, str]]
"""Of each unit that was rated, each rater's word."""
ROUNDS = 1000
"""Rounds of the bootstrap."""


def raw_agreement(ratings: Ratings) -> float | None:
    """Share of pairs of ratings of the same unit that are the same; None where no unit was rated twice."""
    pairs = [pair for unit in ratings.values() for pair in permutations(unit.values(), 2)]
    return sum(one == other for one, other in pairs) / len(pairs) if pairs else None


def kappa(ratings: Ratings, first: str, second: str) -> float | None:
    """Cohen's kappa of two raters over the units that both rated (Educ Psychol Meas 1960;20:37-46).

    None where they share no unit, or where both used one word only: then there is nothing that chance could tell apart.
    """
    both = [(unit[first], unit[second]) for unit in ratings.values() if first in unit and second in unit]
    if not both:
        return None
    left, right = (Counter(side) for side in zip(*both, strict=True))
    observed = sum(one == other for one, other in both) / len(both)
    chance = sum(left[word] * right[word] for word in left) / len(both) ** 2
    return (observed - chance) / (1 - chance) if chance < 1 else None


def alpha(ratings: Ratings) -> float | None:
    """Krippendorff's alpha for nominal words, any raters, some missing (Computing Krippendorff's Alpha-Reliability, 2011).

    None where no unit was rated twice, or where all ratings are one word.
    """
    coincidences: Counter[tuple[str, str]] = Counter()
    for unit in ratings.values():
        if len(unit) > 1:
            for pair in permutations(unit.values(), 2):
                coincidences[pair] += 1 / (len(unit) - 1)  # type: ignore[assignment]
    totals: Counter[str] = Counter()
    for (one, _), count in coincidences.items():
        totals[one] += count
    every = sum(totals.values())
    expected = every**2 - sum(total**2 for total in totals.values())
    if not expected:
        return None
    differing = sum(count for (one, other), count in coincidences.items() if one != other)
    return float(1 - (every - 1) * differing / expected)


def interval(
    units: Sequence[str], measure: Callable[[Sequence[str]], float | None], seed: int = 22
) -> tuple[float, float] | None:
    """95 % of a bootstrap over units that are drawn again; None where the measure is seldom defined."""
    if not units:
        return None
    draw = np.random.default_rng(seed)
    found = [measure([units[i] for i in draw.integers(0, len(units), len(units))]) for _ in range(ROUNDS)]
    defined = [value for value in found if value is not None]
    if len(defined) < ROUNDS / 2:
        return None
    low, high = np.percentile(defined, (2.5, 97.5))
    return round(float(low), 3), round(float(high), 3)
