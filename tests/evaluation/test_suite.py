"""Suites: which sets are asked, of which corpus, and what is kept of a sealed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import ROOT
from test_cases import CASE, written

from ragqa.cli.yardstick import eval_compare
from ragqa.errors import InvalidRecord, SettingsError
from ragqa.evaluation.sealing import opened, seal
from ragqa.evaluation.suite import OPENINGS, ask_set, chosen, read_suite
from ragqa.settings import Settings

SUITE = """
[[set]]
name = "open"
cases = "cases.jsonl"

[[set]]
name = "shut"
cases = "cases.sealed"
key = "seal.key"
"""


def suite(folder: Path, text: str = SUITE) -> Path:
    """A suite with an open and a sealed set of the same two cases."""
    data = written(
        folder, CASE | {"question": "Does drug A help in condition B?"}, CASE | {"id": "x-2", "group": "other"}
    ).read_bytes()
    seal(folder / "cases.sealed", data, folder / "seal.key")
    file = folder / "suite.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.quick
def test_a_sealed_set_holds_the_same_cases_and_shows_none(tmp_path: Path) -> None:
    """Its bytes hold no word of them; damaged or with another key it is no set."""
    plain, shut = read_suite(suite(tmp_path))
    assert shut.read() == plain.read()
    assert b"drug" not in shut.cases.read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    seal(other / "x.sealed", b"{}", other / "seal.key")
    with pytest.raises(InvalidRecord, match="damaged, or was not sealed"):
        opened(shut.cases, other / "seal.key")
    shut.cases.write_bytes(shut.cases.read_bytes()[:-9])
    with pytest.raises(InvalidRecord, match="damaged"):
        shut.read()
    (tmp_path / "seal.key").write_text("short")
    with pytest.raises(InvalidRecord, match="is no key"):
        shut.read()


@pytest.mark.quick
def test_sealed_sets_are_asked_only_when_wanted(tmp_path: Path) -> None:
    """By the switch, or by their name; a name that nobody has is told with those there are."""
    sets = read_suite(suite(tmp_path))
    assert [one.name for one in chosen(sets, set(), False)] == ["open"]
    assert [one.name for one in chosen(sets, set(), True)] == ["open", "shut"]
    assert [one.name for one in chosen(sets, {"shut"}, False)] == ["shut"]
    with pytest.raises(SettingsError, match="shut"):
        chosen(sets, {"closed"}, False)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[set]", "is no TOML"),
        ("", "needs [[set]]"),
        ('[[set]]\nname = "a"', "cases"),
        ('[[set]]\nname = "a/../b"\ncases = "c"', "name"),
        ('[[set]]\nname = "a"\ncases = "c"\n' * 2, "name of its own"),
    ],
)
def test_what_is_no_suite_is_told(tmp_path: Path, text: str, told: str) -> None:
    """One line that names the file."""
    with pytest.raises(InvalidRecord) as caught:
        read_suite(suite(tmp_path, text))
    assert told in str(caught.value)
    assert "suite.toml" in str(caught.value)


def test_a_set_is_asked_of_its_own_corpus_and_a_sealed_one_leaves_its_counts(tmp_path: Path, settings: Settings) -> None:
    """The counts are the same; of the sealed set no case is kept, and that it was opened is written down."""
    plain, shut = read_suite(suite(tmp_path))
    here = ask_set(settings, plain.model_copy(update={"corpus": settings.corpus}))
    held = ask_set(settings, shut.model_copy(update={"corpus": settings.corpus}))
    assert here.tallies == held.tallies
    assert [one.id for one in here.judged] == ["x-1", "x-2"]
    assert held.judged == ()
    opening = json.loads((tmp_path / OPENINGS).read_text(encoding="utf-8"))
    assert (opening["set"], opening["verdicts"]) == ("shut", held.tallies["all"])
    assert not (tmp_path / OPENINGS).read_text(encoding="utf-8").count("drug")


def test_the_command_prints_four_words_and_keeps_no_sealed_case(
    tmp_path: Path, settings: Settings, run: Callable[..., Any]
) -> None:
    """On the card stand the counts of both sets and the cases of the open one."""
    card = tmp_path / "card.json"
    words = ["eval", "--suite", suite(tmp_path), "--sealed", "--only", "open", "--only", "shut", "--json", card]
    result = run(*words, "--judged", tmp_path / "judged", "--corpus", settings.corpus, "--index", settings.index)
    assert result.exit_code == 0, result.output
    assert all(word in result.output for word in ("misleading", "silent", "incomplete", "right", "open", "shut"))
    found = json.loads(card.read_text(encoding="utf-8"))
    assert {"open", "shut"} <= set(found["verdicts"])
    assert {case["set"] for case in found["cases"]} == {"open"}
    assert [file.name for file in (tmp_path / "judged").iterdir()] == ["open.jsonl"]


def test_the_gold_set_alone_asks_no_other(tmp_path: Path, settings: Settings, run: Callable[..., Any]) -> None:
    """Though there is a suite; a set by its name asks no gold question."""
    (tmp_path / "gold").mkdir()
    gold = {"id": "g", "split": "dev", "kind": "answerable", "question": "Does drug A help in condition B?", "expect": "answered"}
    (tmp_path / "gold" / "g.jsonl").write_text(json.dumps(gold) + "\n", encoding="utf-8")
    words = [
        "eval",
        "--gold",
        tmp_path / "gold",
        "--suite",
        suite(tmp_path),
        "--corpus",
        settings.corpus,
        "--index",
        settings.index,
    ]
    for only, asked in (("gold", {"gold"}), ("open", {"open"})):
        result = run(*words, "--only", only, "--json", tmp_path / "card.json")
        assert result.exit_code == 0, result.output
        card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
        assert (set(card["verdicts"]), len(card["items"])) == (asked, int(only == "gold"))


@pytest.mark.quick
def test_the_suite_that_comes_with_ragqa_is_whole() -> None:
    """Every set can be read, sealed ones too, and what builds are compared on by default is one of them."""
    sets = read_suite(ROOT / "eval" / "suite.toml")
    assert all(len(one.read()) > 10 for one in sets)
    (default,) = [option.default for option in eval_compare.params if option.name == "cases"]
    assert ROOT / str(default) in [one.cases for one in sets]
