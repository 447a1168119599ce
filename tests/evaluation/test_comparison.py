"""Two builds on the same cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import ROOT
from test_cases import CASE, written

from ragqa.errors import InvalidRecord, RagqaError
from ragqa.evaluation.builds import Build, ask_build
from ragqa.evaluation.cases import Case, read_cases
from ragqa.evaluation.comparison import compared, mcnemar, paired
from ragqa.evaluation.judged import JudgedAnswer, ask_cases, read_judged, write_judged
from ragqa.evaluation.verdicts import Verdict
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings


def judged(words: str, group: str = "g") -> list[JudgedAnswer]:
    """Answers with these verdicts."""
    return [
        JudgedAnswer(id=str(n), group=group, asked=("q",), why="w", verdict=Verdict(word), reasons=(), answer=None)
        for n, word in enumerate(words.split())
    ]


@pytest.mark.quick
def test_what_moved_is_told_worst_first_and_where() -> None:
    """Counts of both, moves, and the group in which they are."""
    a = judged("right right silent misleading")
    b = judged("right misleading incomplete right")
    found = compared(a, b)
    assert found["moves"] == {"right to misleading": 1, "silent to incomplete": 1, "misleading to right": 1}
    assert [row["b"]["verdict"] for row in found["moved"]] == ["misleading", "incomplete", "right"]
    assert found["groups"] == {"g": {"right": 0, "incomplete": 1, "silent": -1, "misleading": 0}}
    assert found["told_otherwise"] == 0


@pytest.mark.quick
def test_the_test_of_a_move_is_exact() -> None:
    """One to nine discordant pairs: a two-sided binomial test of a half, by hand 2 * (1 + 10) / 1024."""
    pairs = paired(judged("right " * 10 + "silent"), judged("right " + "silent " * 9 + "right"))
    assert mcnemar(pairs, Verdict.RIGHT) == {"only_a": 9, "only_b": 1, "p": round(22 / 1024, 4)}
    assert mcnemar(pairs, Verdict.MISLEADING) == {"only_a": 0, "only_b": 0, "p": 1.0}


@pytest.mark.quick
def test_two_that_answered_different_cases_are_not_compared() -> None:
    """Whichever lacks one."""
    for one, other in ((judged("right"), judged("right right")), (judged("right right"), judged("right"))):
        with pytest.raises(RagqaError, match="lacks 1"):
            compared(one, other)


@pytest.mark.quick
def test_judged_answers_are_read_as_they_were_written(tmp_path: Path) -> None:
    """And what is none is told with its line."""
    file = tmp_path / "judged.jsonl"
    write_judged(file, judged("right silent"))
    assert read_judged(file) == judged("right silent")
    file.write_text('{"id": 3}\n', encoding="utf-8")
    with pytest.raises(InvalidRecord, match=":1"):
        read_judged(file)


@pytest.mark.quick
def test_a_folder_that_is_no_checkout_is_told(tmp_path: Path) -> None:
    """Before anything is asked."""
    with pytest.raises(RagqaError, match="no checkout"):
        Build.at(tmp_path)


def test_this_build_asked_by_its_commands_answers_as_from_python(tmp_path: Path, settings: Settings) -> None:
    """A question, one with history, one with an article and a conversation come out the same, judged the same."""
    talk = {key: value for key, value in CASE.items() if key != "question"}
    file = written(
        tmp_path,
        CASE | {"id": "1", "question": "Does drug A help in condition B?", "say": [["drug A"]]},
        CASE | {"id": "2", "question": "and the dose?", "history": [{"question": "Does drug A help in condition B?"}]},
        CASE | {"id": "3", "question": "Is it recommended?", "article": "drug-a"},
        talk | {"id": "4", "turns": ["Does drug A help in condition B?", "thanks", "how many adults?"]},
    )
    cases: list[Case] = read_cases(file)
    outside = ask_build(Build.at(ROOT), cases, settings.corpus)
    with Ragqa.open(settings) as ragqa:
        inside = ask_cases(ragqa, cases)
    found = compared(inside, outside)
    assert (found["told_otherwise"], found["moved"]) == (0, [])
    assert outside[0].verdict == Verdict.RIGHT
