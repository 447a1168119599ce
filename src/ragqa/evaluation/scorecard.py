"""Scores of gold items to a scorecard, as rows and as a curve of risk against coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragqa.evaluation.gold import GOLD, NOT_URGENT, ItemScore
from ragqa.evaluation.judged import JudgedAnswer
from ragqa.evaluation.measures import mean, percentile, share
from ragqa.evaluation.suite import SetResult
from ragqa.evaluation.tally import tallies
from ragqa.evaluation.verdicts import Verdict
from ragqa.pipeline import Ragqa
from ragqa.question.refusal import Status


def scorecard(scores: Sequence[ItemScore]) -> dict[str, Any]:
    """The measures over some items, as one row."""
    wanted = [score for score in scores if score.expect == "answered"]
    unwanted = [score for score in scores if score.expect not in ("answered", NOT_URGENT)]
    abstained = [score for score in scores if score.status != Status.ANSWERED and score.expect != NOT_URGENT]
    times = [score.milliseconds for score in scores]
    return {
        "items": len(scores),
        "citation_precision": mean([score.citation_precision for score in scores]),
        "citation_recall": mean([score.citation_recall for score in wanted]),
        "fact_recall": mean([score.fact_recall for score in wanted]),
        "abstention_precision": share([score.expect != "answered" for score in abstained]),
        "abstention_recall": share([score.status != Status.ANSWERED for score in unwanted]),
        "right_status": share([score.right_status for score in scores]),
        "disclaimer_rate": share([score.disclaimer for score in scores]),
        "retracted_citation_rate": share([score.retracted for score in scores]),
        "not_approved_leakage": share([score.leaked for score in scores]),
        "unresolvable_citations": sum(score.unresolvable for score in scores),
        "latency_p50_ms": percentile(times, 50),
        "latency_p95_ms": percentile(times, 95),
    }


def risk_coverage(scores: Sequence[ItemScore]) -> list[dict[str, float]]:
    """What another ``abstain_below`` would trade: coverage is the share of searched questions answered, risk the share of these
    that should not have been (El-Yaniv & Wiener, JMLR 2010;11:1605-1641).
    """
    searched = [score for score in scores if "answerable" in score.scores and score.expect != NOT_URGENT]
    if not searched:
        return []
    curve = []
    for bound in sorted({0.0, *(score.scores["answerable"] for score in searched)}):
        answered = [score for score in searched if score.scores["answerable"] >= bound]
        wrong = sum(score.expect != "answered" for score in answered)
        curve.append(
            {"abstain_below": bound, "coverage": round(len(answered) / len(searched), 4), "risk": round(wrong / len(answered), 4)}
        )
    return curve


def report(scores: Sequence[ItemScore], ragqa: Ragqa, sets: Sequence[SetResult] = ()) -> dict[str, Any]:
    """The four words of every set, scorecards of the gold set by split and by kind, every item's result, and what was asked."""
    return {
        "schema": "ragqa.scorecard/1",
        "generation": ragqa.generation.manifest.model_dump(),
        "verdicts": ({GOLD: tallies(scores)} if scores else {}) | {one.name: one.tallies for one in sets},
        "splits": {split: scorecard([s for s in scores if s.split == split]) for split in ("dev", "test")},
        "all": scorecard(scores),
        "kinds": {kind: scorecard([s for s in scores if s.kind == kind]) for kind in sorted({s.kind for s in scores})},
        "risk_coverage": {split: risk_coverage([s for s in scores if s.split == split]) for split in ("dev", "test")},
        "items": [score.model_dump(mode="json") for score in scores],
        "cases": [_case(one.name, judged) for one in sets for judged in one.judged],
    }


def _case(name: str, judged: JudgedAnswer) -> dict[str, Any]:
    """A case on the scorecard; of what was told, only where that was not right: a scorecard is kept for each version."""
    told = {"said": judged.statements, "message": (judged.answer or {}).get("message"), "why": judged.why}
    return {
        "set": name,
        "id": judged.id,
        "group": judged.group,
        "asked": judged.asked,
        "verdict": judged.verdict,
        "reasons": judged.reasons,
        "status": (judged.answer or {}).get("status"),
    } | (told if judged.verdict is not Verdict.RIGHT else {})
