"""What the evaluation page shows of a folder of results: scorecards, how they moved, every question, other tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.evaluation.gold import GOLD
from ragqa.evaluation.verdicts import Verdict

SCORECARD, HISTORY = "ragqa.scorecard/1", "ragqa.scorecards/1"
LARGEST = 32 * 1024 * 1024
"""Bytes of a result file; a larger one is not a scorecard of questions that anybody wrote by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a folder of results holds: scorecards by name, how they moved, and other measurements as tables."""

    cards: dict[str, dict[str, Any]]
    history: list[tuple[str, Mapping[str, float | None]]]
    verdicts: list[tuple[str, Mapping[str, Mapping[str, Any]]]]
    tables: list[tuple[str, list[str], list[list[str]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a scorecard with what was said of its answer; ``item`` holds the rest of its row.

    ``verdict`` is empty where an older scorecard says no more than that the kind of answer was right or wrong.
    """

    set: str
    id: str
    group: str
    asked: tuple[str, ...]
    verdict: str
    reasons: tuple[str, ...]
    item: Mapping[str, Any]

    @property
    def went_wrong(self) -> bool:
        """Whether it was anything but right."""
        return self.verdict != Verdict.RIGHT


def read_results(folder: Path) -> Results:
    """The results of a folder; a file that cannot be read, or is none, is left out."""
    cards: dict[str, dict[str, Any]] = {}
    history: list[tuple[str, Mapping[str, float | None]]] = []
    verdicts: list[tuple[str, Mapping[str, Mapping[str, Any]]]] = []
    tables = []
    for file in sorted(folder.glob("*.json")):
        value = _parsed(file)
        if value.get("schema") == SCORECARD and {"splits", "items", "kinds", "risk_coverage"} <= value.keys():
            cards[file.stem] = value
        elif value.get("schema") == HISTORY:
            runs = value.get("runs", [])
            history += [(str(run["at"]), run["test"]) for run in runs if "test" in run]
            verdicts += [(str(run["at"]), run["verdicts"]) for run in runs if "verdicts" in run]
        elif table := _table(value):
            tables.append((file.stem, *table))
    return Results(cards=cards, history=history, verdicts=verdicts, tables=tables)


def questions(card: Mapping[str, Any], gold: Mapping[str, str]) -> Iterator[Question]:
    """Every question of a scorecard, those of the gold set first; ``gold`` holds their wording by id."""
    for item in card["items"]:
        yield Question(
            set=GOLD,
            id=item["id"],
            group=item["kind"],
            asked=(gold.get(item["id"], item["id"]),),
            verdict=item.get("verdict", Verdict.RIGHT if item["right_status"] else ""),
            reasons=tuple(item.get("reasons", ())),
            item=item,
        )
    for item in card.get("cases", ()):
        told = {name: item[name] for name in ("set", "id", "group", "verdict")}
        yield Question(**told, asked=tuple(item["asked"]), reasons=tuple(item["reasons"]), item=item)


def _parsed(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            return {}
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _table(value: Mapping[str, Any]) -> tuple[list[str], list[list[str]]] | None:
    """Systems or configurations side by side, where a file compares some."""
    for name in ("systems", "configurations", "kinds"):
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
