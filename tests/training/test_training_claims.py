"""Claims to learn from: labels, sides, and what is held back."""

from __future__ import annotations

import json
from pathlib import Path

import claims
import click
import pytest
import train_checker

from ragqa.checking.features import Features


def test_each_label_becomes_a_verdict_of_its_text(small_data: Path, project: Path) -> None:
    """Rationales keep their label, other sentences say neither, a decrease supports "lower" and contradicts the other two."""
    found, _ = claims.pairs(small_data, project)
    assert claims.counts(found) == {
        "evidence_inference, train": {"supports": 1, "contradicts": 2, "not_enough": 1},
        "pubmedqa, train": {"supports": 0, "contradicts": 1, "not_enough": 0},
        "scifact, train": {"supports": 1, "contradicts": 1, "not_enough": 5},
    }
    supported = {pair.claim: pair.text for pair in found if pair.verdict == "supports"}
    assert supported["Drug A reduces blood pressure."].startswith("Drug A lowered")
    (turned,) = (pair.claim for pair in found if pair.data == "scifact" and pair.verdict == "contradicts")
    assert turned == "Drug A increases blood pressure."


def test_nothing_held_back_or_evaluated_is_learned_from(small_data: Path, project: Path) -> None:
    """A held-back source and a question that an evaluation set asks are counted as left out."""
    found, dropped = claims.pairs(small_data, project)
    assert dropped["source held back"] == 3
    assert dropped["in an evaluation set"] == 1
    assert not any("safe" in pair.claim or "drug D" in pair.claim for pair in found)


def test_a_pair_of_an_evaluated_record_or_title_is_seen() -> None:
    """By its id, by its claim in other spelling, by its source's title."""
    seen = claims.Seen(ids=frozenset({"7"}), texts=frozenset({"is it so", "a title"}))
    pair = claims.Pair(data="scifact", source="1", claim="Fresh.", text="text", verdict="supports")
    assert not seen.holds(pair, "Another title")
    assert seen.holds(pair, "A title.")
    assert seen.holds(claims.replace(pair, source="7"), "")
    assert seen.holds(claims.replace(pair, claim="Is it so?"), "")


def test_exchanged_sides_exchange_the_direction() -> None:
    """ "Lower with the comparator" is one way to say "higher with the intervention"."""
    assert "lower with {2} than with {1}" in claims.DIRECTIONS["increase"][2]
    assert "higher with {2} than with {1}" in claims.DIRECTIONS["decrease"][2]


def test_absent_data_says_what_to_name(tmp_path: Path, project: Path) -> None:
    """A missing folder is a usage error that names the option."""
    with pytest.raises(click.UsageError, match="--data"):
        claims.pairs(tmp_path, project)


def test_the_learned_checker_is_written_where_the_checker_reads_it() -> None:
    """The file is there: it was once named in a folder that had moved."""
    assert set(json.loads(train_checker.SHIPPED.read_text(encoding="utf-8"))) == set(Features._fields)
