"""Ratings: pairs without a trace of whose they are, ratings that are never lost, agreement as published."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from answers import answer
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from ragqa.errors import InvalidRecord, RagqaError
from ragqa.evaluation.rating.agreement import alpha, interval, kappa, raw_agreement
from ragqa.evaluation.rating.drawing import draw, read_answers
from ragqa.evaluation.rating.outcome import as_csv, outcome, rows
from ragqa.evaluation.rating.sessions import Rating, Session, SessionFolder, make, rated_now
from ragqa.evaluation.verdicts import Verdict
from ragqa.files import json_line

pytestmark = pytest.mark.quick


def answers(file: Path, count: int, told: str, groups: int = 3) -> Path:
    """A file of judged answers; ``told`` marks the system in what is never shown."""
    made = [
        {
            "id": f"q{n}",
            "group": f"g{n % groups}",
            "asked": ["before", f"question {n}"],
            "verdict": "right",
            "answer": answer(id=f"{told}{n}", review_state=told).to_json(),
        }
        for n in range(count)
    ]
    file.write_text("".join(map(json_line, made)), encoding="utf-8")
    return file


def session(folder: Path, count: int = 6) -> SessionFolder:
    """A session of two systems with the same answers."""
    a, b = (read_answers(answers(folder / f"{name}.jsonl", count, name)) for name in ("old", "new"))
    made = SessionFolder.named(folder, "spring")
    make(made, ("old", "new"), draw(a, b, count, 1), 1)
    return made


def rated(pair: int, rater: str, left: str = "right", right: str = "silent", better: str = "left") -> Rating:
    """A rating."""
    return rated_now(pair, rater, Verdict(left), Verdict(right), better, ("", ""))  # type: ignore[arg-type]


def test_each_system_stands_left_in_half_of_the_pairs(tmp_path: Path) -> None:
    """Which half the seed decides; the side and the system lead back to the answer that was shown."""
    made = session(tmp_path, 7)
    held: Session = made.read()
    assert sorted(Counter(held.left).values()) == [3, 4]
    for pair in made.pairs():
        for side in ("left", "right"):
            assert getattr(pair, side).review_state == {"a": "old", "b": "new"}[held.system(pair.number, side)]  # type: ignore[arg-type]


def test_pairs_are_spread_over_groups_and_the_same_is_left_out_on_demand(tmp_path: Path) -> None:
    """Three of nine: one of each group. Answers that tell the same are no pair of different ones."""
    a, b = (read_answers(answers(tmp_path / f"{name}.jsonl", 9, name)) for name in ("old", "new"))
    assert sorted(pair.group for pair in draw(a, b, 3, 5)) == ["g0", "g1", "g2"]
    assert draw(a, b, 9, 5, only_different=True) == []
    assert [pair.id for pair in draw(a, b, 9, 5)] == [pair.id for pair in draw(a, b, 9, 5)]
    assert [pair.id for pair in draw(a, b, 9, 5)] != [pair.id for pair in draw(a, b, 9, 6)]


def test_plain_answers_are_read_too_and_what_is_none_is_told(tmp_path: Path) -> None:
    """The output of ``ragqa answer`` has the question's id first; a case without an answer is passed over."""
    file = tmp_path / "answers.jsonl"
    row = answer().to_json()
    file.write_text(json_line({"id": "q1", "answer_id": row.pop("id")} | row) + json_line({"id": "q2", "answer": None}))
    assert {name: one.asked for name, one in read_answers(file).items()} == {"q1": ("Does drug A help?",)}
    file.write_text("{}\n")
    with pytest.raises(InvalidRecord, match="holds no answer"):
        read_answers(file)


def test_the_newest_rating_counts_and_a_cut_line_is_passed_over(tmp_path: Path) -> None:
    """Nothing is overwritten; what a kill cut off was never told to be kept, and does not stop the next."""
    made = session(tmp_path)
    made.add(rated(1, "ann"))
    made.add(rated(1, "bob"))
    made.add(rated(1, "ann", left="misleading"))
    file = made.folder / "ratings.jsonl"
    file.write_bytes(file.read_bytes() + b'{"pair": 2, "rater": "a')
    assert {one.rater: one.left for one in made.ratings()} == {"ann": "misleading", "bob": "right"}
    made.add(rated(2, "ann"))
    assert len(made.ratings()) == 3
    assert len(file.read_text().splitlines()) == 4
    file.write_text("{}\n" + file.read_text())
    with pytest.raises(InvalidRecord, match=r"ratings\.jsonl:1"):
        made.ratings()


def test_raters_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Each line is whole, whoever writes."""
    made = session(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(made.add, (rated(pair, f"rater{n}") for n in range(20) for pair in range(1, 7))))
    assert len(made.ratings()) == 120


def test_a_closed_session_takes_no_rating(tmp_path: Path) -> None:
    """And keeps those it has."""
    made = session(tmp_path)
    made.add(rated(1, "ann"))
    made.close()
    made.close()
    with pytest.raises(RagqaError, match="closed"):
        made.add(rated(2, "ann"))
    assert len(made.ratings()) == 1


def test_a_name_is_no_path_and_is_used_once(tmp_path: Path) -> None:
    """No folder but its own is ever touched."""
    for name in ("../spring", "", "Spring", "a/b", "."):
        with pytest.raises(RagqaError, match="is no name"):
            SessionFolder.named(tmp_path, name)
    made = session(tmp_path)
    with pytest.raises(RagqaError, match="there is a rating called"):
        make(made, ("a", "b"), [], 1)
    with pytest.raises(RagqaError, match="no pair"):
        make(SessionFolder.named(tmp_path, "other"), ("a", "b"), [], 1)


def test_each_rater_has_an_order_of_their_own(tmp_path: Path) -> None:
    """The same every time, all pairs in it."""
    made = session(tmp_path, 12)
    assert made.order("ann") == made.order("ann") != made.order("bob")
    assert sorted(made.order("ann")) == list(range(1, 13))


def test_what_came_of_it_is_told_by_system_not_by_side(tmp_path: Path) -> None:
    """Two raters who always like the old system agree wholly, on whichever side it stood."""
    made = session(tmp_path)
    held = made.read()
    for rater in ("ann", "bob"):
        for pair in range(1, 7):
            side = "left" if held.system(pair, "left") == "a" else "right"
            words = ("right", "silent") if side == "left" else ("silent", "right")
            made.add(rated(pair, rater, *words, better=side))
    found = outcome(made)
    assert (found["verdicts"]["a"]["right"]["count"], found["verdicts"]["b"]["silent"]["count"]) == (12, 12)
    assert (found["preferred"]["a"], found["preferred"]["b"], found["preferred"]["p"]) == (12, 0, 0.0005)
    assert found["agreement"]["verdicts"]["same"] == found["agreement"]["verdicts"]["kappa"] == 1.0
    assert found["disputed"] == []
    assert found["ratings"] == {"rater-1": 6, "rater-2": 6}
    assert "ann" not in json.dumps(found, default=str)


def test_an_export_has_a_row_an_answer_and_no_formula(tmp_path: Path) -> None:
    """Raters by number; a note that a spreadsheet would compute does not begin as one."""
    made = session(tmp_path)
    made.add(rated(1, "ann").model_copy(update={"left_note": "=1+1", "right_note": "wrong,\nreally"}))
    table = list(csv.DictReader(io.StringIO(as_csv(rows(made)))))
    assert [row["note"] for row in table] == ["'=1+1", "wrong,\nreally"]
    assert {row["system"] for row in table} == {"old", "new"}
    assert {row["rater"] for row in table} == {"rater-1"}


def test_agreement_is_the_published_one() -> None:
    """Krippendorff 2011, section B: two observers, nominal, alpha 0.095 of ten units; section C: four observers, 0.743."""
    two = {str(n): {"a": a, "b": b} for n, (a, b) in enumerate(zip("0100000010", "1110010000", strict=True))}
    assert alpha(two) == pytest.approx(0.095, abs=0.0005)
    four = {
        "A": ["1", "2", "3", "3", "2", "1", "4", "1", "2", ".", ".", "."],
        "B": ["1", "2", "3", "3", "2", "2", "4", "1", "2", "5", ".", "3"],
        "C": [".", "3", "3", "3", "2", "3", "4", "2", "2", "5", "1", "."],
        "D": ["1", "2", "3", "3", "2", "4", "4", "1", "2", "5", "1", "."],
    }
    units = {str(n): {name: row[n] for name, row in four.items() if row[n] != "."} for n in range(12)}
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


@given(st.lists(st.tuples(st.sampled_from("rsim"), st.sampled_from("rsim")), min_size=2, max_size=40))
def test_kappa_is_what_another_library_says(pairs: list[tuple[str, str]]) -> None:
    """And agreement never exceeds 1."""
    ratings = {str(n): {"x": one, "y": other} for n, (one, other) in enumerate(pairs)}
    ours = kappa(ratings, "x", "y")
    if ours is None:
        assert len({word for pair in pairs for word in pair}) == 1
    else:
        assert ours == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
        assert ours <= 1
    assert raw_agreement(ratings) == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))


def test_nothing_rated_twice_has_no_agreement() -> None:
    """Rather than a figure of nothing."""
    once = {"1": {"x": "r"}, "2": {"y": "s"}}
    assert (raw_agreement(once), kappa(once, "x", "y"), alpha(once)) == (None, None, None)
    assert interval([], lambda units: 1.0) is None
    assert interval(["1"], lambda units: None) is None


def test_the_commands_make_report_export_and_close(tmp_path: Path, run: Callable[..., Any]) -> None:
    """From two files to a table; each mistake is one line that says what to do."""
    a, b = (answers(tmp_path / f"{name}.jsonl", 6, name) for name in ("old", "new"))
    assert "6 pairs to rate at /rating/spring" in run("rating", "new", "spring", a, b).output
    assert "choose another name" in run("rating", "new", "spring", a, b).output
    assert "tell the same" in run("rating", "new", "other", a, b, "--only-different").output
    assert "6 pairs, open" in run("rating", "report", "spring").output
    assert json.loads(run("rating", "report", "spring", "--json").output)["schema"] == "ragqa.rated/1"
    assert "0 rows written" in run("rating", "export", "spring", "-o", tmp_path / "out.csv").output
    assert "name a .csv" in run("rating", "export", "spring", "-o", tmp_path / "out.txt").output
    assert "is closed" in run("rating", "close", "spring").output
    assert "there is no rating called winter" in run("rating", "close", "winter").output
