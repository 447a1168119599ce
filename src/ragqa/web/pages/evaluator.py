"""The evaluator's pages: scorecards and how they moved, what abstaining costs, and every question behind a figure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from ragqa.errors import CorpusError
from ragqa.evaluation.gold import GoldItem, load_gold
from ragqa.web.access import may_read
from ragqa.web.pages.frame import show
from ragqa.web.pages.plots import bars, risk_coverage, trend
from ragqa.web.problems import Problem
from ragqa.web.state import settings

router = APIRouter(prefix="/evaluation", include_in_schema=False, dependencies=[Depends(may_read)])
SCORECARD, HISTORY = "ragqa.scorecard/1", "ragqa.scorecards/1"
LARGEST = 32 * 1024 * 1024
"""Bytes of a result file; a larger one is not a scorecard of questions that anybody wrote by hand."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a folder of results holds: scorecards by name, how they moved, and other measurements as tables."""

    cards: dict[str, dict[str, Any]]
    history: list[tuple[str, Mapping[str, float | None]]]
    tables: list[tuple[str, list[str], list[list[str]]]]


@router.get("", name="evaluation")
def evaluation(request: Request, card: str = "") -> Response:
    """Scorecards, plots, and the other measurements of the folder."""
    results = _results(request)
    name = card if card in results.cards else next(iter(reversed(results.cards)), "")
    shown = results.cards.get(name)
    return show(
        request,
        "evaluation.html",
        folder=str(settings(request).results),
        scorecard=name,
        card=shown,
        cards=list(results.cards),
        measures=MEASURES,
        tiles=[(MEASURES[measure], shown["splits"]["test"].get(measure)) for measure in TILES] if shown else [],
        curve=risk_coverage(shown["risk_coverage"], settings(request).abstain_below) if shown else None,
        abstain_below=settings(request).abstain_below,
        kinds=_by_kind(shown) if shown else [],
        moved=trend(results.history, DRAWN) if len(results.history) > 1 else None,
        history=results.history,
        tables=results.tables,
    )


@router.get("/{card}", name="items")
def items(request: Request, card: str, kind: str = "", wrong: bool = False) -> Response:
    """The questions of a scorecard, all or of one kind, or those that went wrong."""
    results = _results(request)
    shown = _card(results, card)
    gold = _gold(request)
    kept = [item for item in shown["items"] if kind in ("", item["kind"]) and (not wrong or _went_wrong(item))]
    return show(
        request,
        "evaluation_items.html",
        scorecard=card,
        kind=kind,
        wrong=wrong,
        kinds=sorted({item["kind"] for item in shown["items"]}),
        items=[(item, gold[item["id"]].question if item["id"] in gold else "") for item in kept],
        total=len(shown["items"]),
    )


@router.get("/{card}/{id:path}", name="item")
def item(request: Request, card: str, id: str) -> Response:
    """One question: what was wanted, what was given, and the scores behind it."""
    found = next((one for one in _card(_results(request), card)["items"] if one["id"] == id), None)
    if found is None:
        raise Problem(404, "not_found", "this scorecard holds no question of that name")
    wanted = _gold(request).get(id)
    return show(request, "evaluation_item.html", scorecard=card, item=found, wanted=wanted, relevant=_relevant(wanted))


def read_results(folder: Path) -> Results:
    """The results of a folder; a file that cannot be read, or is none, is left out."""
    cards: dict[str, dict[str, Any]] = {}
    history: list[tuple[str, Mapping[str, float | None]]] = []
    tables = []
    for file in sorted(folder.glob("*.json")):
        value = _parsed(file)
        if value.get("schema") == SCORECARD and {"splits", "items", "kinds", "risk_coverage"} <= value.keys():
            cards[file.stem] = value
        elif value.get("schema") == HISTORY:
            history += [(str(run["at"]), run["test"]) for run in value.get("runs", [])]
        elif table := _table(value):
            tables.append((file.stem, *table))
    return Results(cards=cards, history=history, tables=tables)


def _results(request: Request) -> Results:
    return read_results(settings(request).results)


def _gold(request: Request) -> dict[str, GoldItem]:
    """The gold items beside the results, by id; none where there are none."""
    folder = settings(request).results.parent / "gold"
    try:
        return {item.id: item for item in load_gold(folder)}
    except CorpusError:
        return {}


def _card(results: Results, name: str) -> dict[str, Any]:
    if name not in results.cards:
        raise Problem(404, "not_found", "no scorecard of that name; the evaluation page lists those there are")
    return results.cards[name]


def _parsed(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            return {}
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _by_kind(card: Mapping[str, Any]) -> Any:
    rows = {
        kind: (row["right_status"], row["items"]) for kind, row in card["kinds"].items() if row.get("right_status") is not None
    }
    return bars(rows)


def _went_wrong(item: Mapping[str, Any]) -> bool:
    """The wrong kind of answer, a needed source missing, or one that is none."""
    return not item["right_status"] or any(
        item[measure] not in (None, 1.0) for measure in ("citation_precision", "citation_recall")
    )


def _relevant(wanted: GoldItem | None) -> set[str]:
    return {source for group in wanted.must_cite for source in group} | set(wanted.may_cite) if wanted else set()


def _table(value: Mapping[str, Any]) -> tuple[list[str], list[list[str]]] | None:
    """Systems or configurations side by side, where a file compares some."""
    for name in ("systems", "configurations"):
        rows = value.get(name)
        if isinstance(rows, dict) and rows and all(isinstance(row, dict) for row in rows.values()):
            columns = list(dict.fromkeys(column for row in rows.values() for column in row if _is_number(row[column])))
            body = [[system, *(_number(row.get(column)) for column in columns)] for system, row in rows.items()]
            return [name.rstrip("s"), *columns], body
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    return f"{value:g}" if _is_number(value) else "—"
