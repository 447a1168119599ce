"""Cases: what a file of them may hold, and what is told of one that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import CorpusError
from ragqa.evaluation.cases import parse_cases, read_cases

pytestmark = pytest.mark.quick
CASE = {"id": "x-1", "group": "keyword", "question": "drug A dose", "status": ["answered"], "why": "drug-a gives a dose"}


def written(folder: Path, *cases: dict[str, Any] | str) -> Path:
    """A file of cases, one a line."""
    file = folder / "cases.jsonl"
    file.write_text("".join((case if isinstance(case, str) else json.dumps(case)) + "\n" for case in cases), encoding="utf-8")
    return file


def test_a_question_with_its_history_and_a_conversation_tell_all_that_is_said(tmp_path: Path) -> None:
    """The last thing said is what is judged."""
    asked = CASE | {"history": [{"question": "Does drug A help?"}]}
    talk = {key: value for key, value in CASE.items() if key != "question"} | {
        "id": "x-2",
        "turns": ["Does drug A help?", "dose?"],
    }
    found = read_cases(written(tmp_path, asked, talk))
    assert [case.asked for case in found] == [("Does drug A help?", "drug A dose"), ("Does drug A help?", "dose?")]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"say": [["(unclosed"]]}, "is no regular expression"),
        ({"status": ["perhaps"]}, "status"),
        ({"status": []}, "status"),
        ({"strenght": ["low"]}, "strenght"),
        ({"strength": ["strong"]}, "strength"),
        ({"turns": ["a", "b"]}, "not both"),
        ({"question": None}, "not neither"),
        ({"question": ""}, "question"),
        ({"why": ""}, "why"),
    ],
)
def test_a_wrong_case_is_told_with_its_line_and_what_is_wrong(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    """The good line before it does not hide it."""
    with pytest.raises(CorpusError) as caught:
        read_cases(written(tmp_path, CASE, CASE | {"id": "x-2"} | change))
    assert [fault.line for fault in caught.value.faults] == [2]
    assert told in caught.value.faults[0].message


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """An id given twice, a line that is no JSON; an empty file holds no case."""
    with pytest.raises(CorpusError) as caught:
        read_cases(written(tmp_path, CASE, CASE, "{", CASE | {"id": "x-3", "most": -1}))
    assert [fault.line for fault in caught.value.faults] == [2, 3, 4]
    with pytest.raises(CorpusError, match="no case"):
        read_cases(written(tmp_path))


def test_the_bytes_of_a_file_hold_the_same_cases(tmp_path: Path) -> None:
    """What was sealed is read as a file is, faults included."""
    file = written(tmp_path, CASE, CASE | {"id": "x-2"})
    assert parse_cases(file.read_bytes(), file) == read_cases(file)
    with pytest.raises(CorpusError):
        parse_cases(b"\xff\n", file)
