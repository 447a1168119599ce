"""How many answers have which verdict, by group, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from ragqa.evaluation.verdicts import Verdict

DIGITS = 3


class Judged(Protocol):
    """Whatever has a verdict and a group."""

    @property
    def group(self) -> str:
        """What kind of question it is."""

    @property
    def verdict(self) -> Verdict:
        """What was said of the answer."""


def wilson(count: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, J Am Stat Assoc 1927;22:209-212); 0 to 1 where there is nothing to count."""
    if not of:
        return 0.0, 1.0
    from scipy.stats import binomtest

    low, high = binomtest(count, of).proportion_ci(method="wilson")
    return round(float(low), DIGITS), round(float(high), DIGITS)


def sign_test(count: int, of: int) -> float:
    """Two-sided exact p-value of a count where half is expected; 1 where there is nothing to count."""
    if not of:
        return 1.0
    from scipy.stats import binomtest

    return round(float(binomtest(count, of).pvalue), 4)


def tally(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """How many there are, and of each verdict its number, its share and the interval of the share."""
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
    return {"items": len(verdicts)} | {verdict.value: _share(count, len(verdicts)) for verdict, count in counts.items()}


def _share(count: int, of: int) -> dict[str, float]:
    low, high = wilson(count, of)
    return {"count": count, "share": round(count / of, DIGITS) if of else 0.0, "low": low, "high": high}


def tallies(judged: Iterable[Judged]) -> dict[str, Any]:
    """A tally of all, and one of each group, the groups that mislead most first."""
    every = list(judged)
    groups: dict[str, list[Verdict]] = {}
    for one in every:
        groups.setdefault(one.group, []).append(one.verdict)
    counted = {name: tally(verdicts) for name, verdicts in groups.items()}
    ordered = dict(sorted(counted.items(), key=lambda row: _badness(row[1])))
    return {"all": tally([one.verdict for one in every]), "groups": ordered}


def _badness(row: dict[str, Any]) -> tuple[float, float]:
    return -row[Verdict.MISLEADING]["share"], row[Verdict.RIGHT]["share"]
