"""Conversations with gold standalone questions and sources, measured turn by turn beside simpler ways to read a follow-up.

Each system asks the same turns of the same index: the last turn as it stands, with the title of the article being read (or the
first question), all turns joined, ragqa's own reading with its own answers as history, and the human rewrite.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragqa.answer.contract import Answer
from ragqa.conversation.turns import turn_of
from ragqa.corpus.catalogue import Progress
from ragqa.corpus.records import Article
from ragqa.errors import CorpusError, Fault
from ragqa.evaluation.measures import citation_precision, group_recall, mean, percentile, share
from ragqa.files import read_jsonl
from ragqa.index.refresh import silent
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Turn

DEPTH = 5
"""Sources at which recall is measured."""
OURS, GOLD, RAW = "ragqa", "human rewrite", "last turn"


class GoldTurn(BaseModel):
    """One turn: what is asked, how an expert would ask it alone, and what a right answer cites."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    standalone: str
    kind: str
    expect: Literal["answered", "insufficient_evidence", "needs_clarification", "urgent"]
    must_cite: tuple[tuple[str, ...], ...] = ()
    may_cite: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


class Dialogue(BaseModel):
    """A gold conversation, perhaps about an article."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    split: Literal["dev", "test"]
    article: str | None = None
    turns: tuple[GoldTurn, ...] = Field(min_length=1)
    note: str = ""


def load_dialogues(folder: Path) -> list[Dialogue]:
    """All conversations of a folder's ``*.jsonl`` files.

    Raises:
        CorpusError: with every fault.
    """
    dialogues, faults = [], []
    for file in sorted(folder.glob("*.jsonl")):
        for line, value in read_jsonl(file):
            try:
                dialogues.append(value if isinstance(value, Fault) else Dialogue.model_validate(value))
            except ValidationError as error:
                faults.append(Fault(file=file, line=line, message=str(error)))
    faults += [dialogue for dialogue in dialogues if isinstance(dialogue, Fault)]
    if not dialogues and not faults:
        faults.append(Fault(file=folder, line=None, message="holds no conversations (*.jsonl)"))
    if faults:
        raise CorpusError(faults)
    return [dialogue for dialogue in dialogues if isinstance(dialogue, Dialogue)]


def evaluate_dialogues(
    ragqa: Ragqa, dialogues: Sequence[Dialogue], split: str | None = None, progress: Progress = silent
) -> dict[str, Any]:
    """Recall@5 and citation F1 of every system, by turn and after the first one, and the share of the gap recovered."""
    asked = [dialogue for dialogue in dialogues if split in (None, dialogue.split)]
    rows: list[dict[str, Any]] = []
    for number, dialogue in enumerate(asked, start=1):
        rows += measured(ragqa, dialogue)
        progress("conversations", number, len(asked))
    return tables(rows, split)


def tables(rows: Sequence[dict[str, Any]], split: str | None = None) -> dict[str, Any]:
    """The measures by turn, after the first turn and by kind of turn, from the rows of ``measured``."""
    systems = list(dict.fromkeys(row["system"] for row in rows))
    positions = sorted({row["turn"] for row in rows})
    later = [row for row in rows if row["turn"] > 1]
    ours = [row for row in rows if row["system"] == OURS]
    return {
        "schema": "ragqa.dialogues/1",
        "split": split or "all",
        "conversations": len({row["id"] for row in ours}),
        "turns": len(ours),
        "after_the_first": {system: _summary(later, system) for system in systems},
        "by_turn": {p: {s: _summary([r for r in rows if r["turn"] == p], s) for s in systems} for p in positions},
        "by_kind": {
            kind: _summary([row for row in ours if row["kind"] == kind], OURS) for kind in sorted({row["kind"] for row in ours})
        },
        "recovered": {measure: _recovered(later, measure) for measure in ("recall_at_5", "citation_f1")},
        "rows": list(rows),
    }


def measured(ragqa: Ragqa, dialogue: Dialogue) -> list[dict[str, Any]]:
    """One row a turn and system of a conversation, ragqa's own with its own answers as history."""
    history: list[Turn] = []
    rows = []
    for place, turn in enumerate(dialogue.turns, start=1):
        questions = [earlier.question for earlier in dialogue.turns[:place]]
        context = _title(ragqa, dialogue.article) or questions[0]
        alone = {
            RAW: turn.question,
            "last turn + title": turn.question if place == 1 and not dialogue.article else f"{turn.question} {context}",
            "all turns": " ".join(questions),
            GOLD: turn.standalone,
        }
        once = {text: (ragqa.ask(text), ragqa.search(text, DEPTH)) for text in dict.fromkeys(alone.values())}
        answers = {system: once[text] for system, text in alone.items()}
        ours = ragqa.ask(turn.question, history, dialogue.article)
        answers[OURS] = (ours, ragqa.search(turn.question, DEPTH, history, dialogue.article))
        history.append(turn_of(ours))
        for system, (answer, hits) in answers.items():
            found = {hit.passage.source_id for hit in hits}
            rows.append({"id": dialogue.id, "turn": place, "kind": turn.kind, "system": system, **_score(turn, answer, found)})
    return rows


def _score(turn: GoldTurn, answer: Answer, found: set[str]) -> dict[str, Any]:
    cited = tuple(reference.source_id for reference in answer.references)
    wanted = turn.expect == "answered"
    relevant = {source for group in turn.must_cite for source in group} | set(turn.may_cite)
    precision = citation_precision(cited, relevant, set(cited)) if cited else None
    recall = group_recall(turn.must_cite, set(cited)) if wanted else None
    return {
        "understood": answer.standalone_question,
        "status": answer.status.value,
        "expect": turn.expect,
        "right_status": answer.status.value == turn.expect,
        "recall_at_5": group_recall(turn.must_cite, found) if wanted else None,
        "citation_precision": precision,
        "citation_recall": recall,
        "citation_f1": _f1(precision or 0.0, recall or 0.0) if wanted else None,
        "milliseconds": answer.trace.milliseconds["total"],
    }


def _summary(rows: Sequence[dict[str, Any]], system: str) -> dict[str, float | None]:
    own = [row for row in rows if row["system"] == system]
    back = [row for row in own if row["expect"] == "needs_clarification"]
    return {
        "turns": len(own),
        "recall_at_5": mean([row["recall_at_5"] for row in own]),
        "citation_precision": mean([row["citation_precision"] for row in own]),
        "citation_recall": mean([row["citation_recall"] for row in own]),
        "citation_f1": mean([row["citation_f1"] for row in own]),
        "right_status": share([row["right_status"] for row in own]),
        "asked_back_rightly": share([row["right_status"] for row in back]),
        "p50_ms": percentile([row["milliseconds"] for row in own], 50),
    }


def _recovered(rows: Sequence[dict[str, Any]], measure: str) -> float | None:
    """Share of the gap between the raw last turn and the human rewrite that ragqa closes."""
    raw, ours, gold = (_summary(rows, system)[measure] for system in (RAW, OURS, GOLD))
    if raw is None or ours is None or gold is None or gold <= raw:
        return None
    return round((ours - raw) / (gold - raw), 4)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _title(ragqa: Ragqa, article: str | None) -> str:
    record = ragqa.generation.find(f"article:{article}") if article else None
    return record.title if isinstance(record, Article) else ""
