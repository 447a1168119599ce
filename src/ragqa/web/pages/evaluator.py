"""The evaluator's pages: what a clinician would say of the answers, how that moved, and every question behind a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from ragqa.errors import CorpusError
from ragqa.evaluation.gold import GOLD, GoldItem, load_gold
from ragqa.evaluation.verdicts import MEANING, Verdict
from ragqa.web.access import may_read
from ragqa.web.pages.frame import show
from ragqa.web.pages.plots import risk_coverage, stacked, trend
from ragqa.web.pages.results import Results, questions, read_results
from ragqa.web.problems import Problem
from ragqa.web.state import settings

router = APIRouter(prefix="/evaluation", include_in_schema=False, dependencies=[Depends(may_read)])
MEASURES = {
    "citation_precision": "Citation precision",
    "citation_recall": "Citation recall",
    "fact_recall": "Facts told",
    "abstention_precision": "Abstention precision",
    "abstention_recall": "Abstention recall",
    "right_status": "Right kind of answer",
    "disclaimer_rate": "With disclaimer",
    "retracted_citation_rate": "Citing a retracted paper",
    "not_approved_leakage": "Citing what is not approved",
    "unresolvable_citations": "Citations that resolve to nothing",
    "latency_p50_ms": "Median ms",
    "latency_p95_ms": "p95 ms",
}
TILES = ("citation_precision", "citation_recall", "fact_recall", "abstention_precision", "abstention_recall", "right_status")
DRAWN = {"citation_precision": "precision", "citation_recall": "recall", "abstention_recall": "abstention"}


@router.get("", name="evaluation")
def evaluation(request: Request, card: str = "") -> Response:
    """Scorecards, plots, and the other measurements of the folder."""
    results = _results(request)
    name = card if card in results.cards else next(iter(reversed(results.cards)), "")
    shown = results.cards.get(name)
    verdicts = shown.get("verdicts", {}) if shown else {}
    return show(
        request,
        "evaluation.html",
        folder=str(settings(request).results),
        scorecard=name,
        card=shown,
        cards=list(results.cards),
        words=MEANING,
        verdicts=verdicts,
        sets=stacked({name: _counts(row["all"]) for name, row in verdicts.items()}),
        measures=MEASURES,
        tiles=[(MEASURES[measure], shown["splits"]["test"].get(measure)) for measure in TILES] if shown else [],
        curve=risk_coverage(shown["risk_coverage"], settings(request).abstain_below) if shown else None,
        abstain_below=settings(request).abstain_below,
        moved=trend(results.history, DRAWN) if len(results.history) > 1 else None,
        verdicts_moved=_verdicts_moved(results),
        history=results.history,
        tables=results.tables,
    )


@router.get("/{card}", name="items")
def items(request: Request, card: str, set: str = "", group: str = "", verdict: str = "", wrong: bool = False) -> Response:
    """The questions of a scorecard: all, those of one set, group or verdict, or those that went wrong."""
    every = list(questions(_card(_results(request), card), _wordings(request)))
    kept = [
        one
        for one in every
        if set in ("", one.set) and group in ("", one.group) and verdict in ("", one.verdict) and (not wrong or one.went_wrong)
    ]
    sets = list(dict.fromkeys(one.set for one in every))
    return show(
        request,
        "evaluation_items.html",
        scorecard=card,
        chosen={"set": set, "group": group, "verdict": verdict, "wrong": wrong},
        sets=sets,
        words=[word.value for word in Verdict],
        groups=sorted({one.group for one in every if set in ("", one.set)}),
        items=kept,
        total=len(every),
    )


@router.get("/{card}/{id:path}", name="item")
def item(request: Request, card: str, id: str, set: str = GOLD) -> Response:
    """One question: what was wanted, what was given, what was said of it, and the scores behind it."""
    every = questions(_card(_results(request), card), _wordings(request))
    found = next((one for one in every if (one.set, one.id) == (set, id)), None)
    if found is None:
        raise Problem(404, "not_found", "this scorecard holds no question of that name")
    if found.set != GOLD:
        return show(request, "evaluation_case.html", scorecard=card, case=found, meaning=MEANING.get(found.verdict, ""))
    wanted = _gold(request).get(id)
    return show(
        request,
        "evaluation_item.html",
        scorecard=card,
        item=found.item,
        judged=found,
        meaning=MEANING.get(found.verdict, ""),
        wanted=wanted,
        relevant=_relevant(wanted),
    )


def _results(request: Request) -> Results:
    return read_results(settings(request).results)


def _gold(request: Request) -> dict[str, GoldItem]:
    """The gold items beside the results, by id; none where there are none."""
    folder = settings(request).results.parent / "gold"
    try:
        return {item.id: item for item in load_gold(folder)}
    except CorpusError:
        return {}


def _wordings(request: Request) -> dict[str, str]:
    return {name: item.question for name, item in _gold(request).items()}


def _card(results: Results, name: str) -> dict[str, Any]:
    if name not in results.cards:
        raise Problem(404, "not_found", "no scorecard of that name; the evaluation page lists those there are")
    return results.cards[name]


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {word.value: row[word.value]["count"] for word in Verdict}


def _verdicts_moved(results: Results) -> Any:
    """Shares of right and of misleading answers over all sets but the gold set, scorecard by scorecard."""
    rows = [(at, _pooled(sets)) for at, sets in results.verdicts]
    names = {"right": "right", "misleading": "misleading"}
    return trend(rows, names) if len(rows) > 1 else None


def _pooled(sets: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    rows = [row for name, row in sets.items() if name != GOLD]
    items = sum(row["items"] for row in rows)
    return {word.value: sum(row[word.value]["count"] for row in rows) / items if items else None for word in Verdict}


def _relevant(wanted: GoldItem | None) -> set[str]:
    return {source for group in wanted.must_cite for source in group} | set(wanted.may_cite) if wanted else set()
