"""All the questions that ragqa is measured by or was fitted to, as texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from data_sets import rows
from likeness import Text

from ragqa.evaluation.cases import Case, read_cases
from ragqa.evaluation.suite import read_suite

EVAL = Path("eval")


def of_cases(name: str, cases: Sequence[Case]) -> list[Text]:
    """Cases as texts: all that is said, because "and in children?" alone is nobody's question."""
    return [Text(name, case.id, " / ".join(case.asked)) for case in cases]


def of_suite(suite: Path = EVAL / "suite.toml") -> Iterator[Text]:
    """Every set of the suite, sealed ones opened; their texts are compared and never shown."""
    for one in read_suite(suite) if suite.exists() else ():
        if one.cases.exists():
            yield from of_cases(one.name, one.read())


def of_older_sets() -> Iterator[Text]:
    """The gold set, the conversations and what thresholds and the triage were learned from."""
    for file in sorted((EVAL / "gold").glob("*.jsonl")):
        for row in rows(file):
            said = [*(turn["question"] for turn in row.get("history", ())), row["question"]]
            yield Text("gold", row["id"], " / ".join(said))
    for file in sorted((EVAL / "conversations").glob("*.jsonl")):
        for row in rows(file):
            yield from (Text("conversations", f"{row['id']}.{n}", turn["standalone"]) for n, turn in enumerate(row["turns"], 1))
    yield from (Text("calibration", row["id"], row["question"]) for row in rows(EVAL / "calibration.jsonl"))
    yield from (Text("triage-learned", str(n), row["text"]) for n, row in enumerate(rows(EVAL / "triage.jsonl"), 1))


def of_files(files: Sequence[Path]) -> Iterator[Text]:
    """Case files from outside the project."""
    for file in files:
        yield from of_cases(file.stem, read_cases(file))
