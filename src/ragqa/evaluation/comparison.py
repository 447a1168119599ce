"""Two builds on the same cases: what moved, where, and whether chance alone would move as much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ragqa.errors import RagqaError
from ragqa.evaluation.judged import JudgedAnswer
from ragqa.evaluation.tally import sign_test, tallies
from ragqa.evaluation.verdicts import WORST_FIRST, Verdict

Pair = tuple[JudgedAnswer, JudgedAnswer]


def compared(a: Sequence[JudgedAnswer], b: Sequence[JudgedAnswer]) -> dict[str, Any]:
    """Tallies of both, the moves from one verdict to another, a test for each verdict, and every case that moved, worst first.

    Raises:
        RagqaError: the two did not answer the same cases.
    """
    pairs = paired(a, b)
    moved = [pair for pair in pairs if pair[0].verdict != pair[1].verdict]
    moves = Counter(f"{one.verdict} to {other.verdict}" for one, other in moved)
    return {
        "schema": "ragqa.comparison/1",
        "items": len(pairs),
        "told_otherwise": sum(_told(one) != _told(other) for one, other in pairs),
        "a": tallies([one for one, _ in pairs]),
        "b": tallies([other for _, other in pairs]),
        "moves": dict(moves.most_common()),
        "tests": {verdict.value: mcnemar(pairs, verdict) for verdict in Verdict},
        "groups": _groups(pairs),
        "moved": [_row(pair) for pair in sorted(moved, key=_loss)],
    }


def paired(a: Sequence[JudgedAnswer], b: Sequence[JudgedAnswer]) -> list[Pair]:
    """The answers of both to each case, in the order of the first. Raises RagqaError where one lacks a case."""
    others = {one.id: one for one in b}
    if set(others) != {one.id for one in a}:
        lacking = sorted(set(others) ^ {one.id for one in a})
        raise RagqaError(f"the two did not answer the same cases; one of them lacks {', '.join(lacking[:5])}")
    return [(one, others[one.id]) for one in a]


def mcnemar(pairs: Sequence[Pair], verdict: Verdict) -> dict[str, float]:
    """How many have the verdict in one build only, and the two-sided exact p-value (McNemar, Psychometrika 1947;12:153-157)."""
    only_a = sum(one.verdict == verdict != other.verdict for one, other in pairs)
    only_b = sum(other.verdict == verdict != one.verdict for one, other in pairs)
    return {"only_a": only_a, "only_b": only_b, "p": sign_test(only_a, only_a + only_b)}


def _groups(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """Of each group that moved, how many more (or fewer) of each verdict the second build has; the most moved first."""
    change: dict[str, Counter[str]] = {}
    for one, other in pairs:
        if one.verdict != other.verdict:
            change.setdefault(one.group, Counter()).update({other.verdict.value: 1})
            change[one.group].subtract({one.verdict.value: 1})
    rows = {name: {verdict.value: counts[verdict.value] for verdict in Verdict} for name, counts in change.items()}
    return dict(sorted(rows.items(), key=lambda row: -sum(map(abs, row[1].values()))))


def _loss(pair: Pair) -> int:
    """Negative where the second build is worse, the most so first."""
    return WORST_FIRST.index(pair[1].verdict) - WORST_FIRST.index(pair[0].verdict)


def _told(judged: JudgedAnswer) -> tuple[object, ...]:
    answer = judged.answer or {}
    return answer.get("status"), judged.statements, answer.get("message")


def _row(pair: Pair) -> dict[str, Any]:
    one, other = pair
    return {"id": one.id, "group": one.group, "asked": one.asked, "a": _side(one), "b": _side(other)}


def _side(judged: JudgedAnswer) -> dict[str, Any]:
    """Verdict, kind of answer, and which gate closed where none was given."""
    answer = judged.answer or {}
    gate = (answer.get("trace") or {}).get("gate") or {}
    return {"verdict": judged.verdict, "reasons": judged.reasons, "status": answer.get("status"), "gate": gate.get("name")}
