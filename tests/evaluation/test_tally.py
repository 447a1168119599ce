"""Counts of verdicts with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.evaluation.tally import tallies, tally, wilson
from ragqa.evaluation.verdicts import Verdict

pytestmark = pytest.mark.quick


@dataclass
class One:
    """What has a group and a verdict."""

    group: str
    verdict: Verdict


def test_an_interval_is_the_published_one() -> None:
    """Newcombe, Stat Med 1998;17:857-872, table I, method 3 (Wilson without continuity correction)."""
    published = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718)}
    for (count, of), interval in published.items():
        assert wilson(count, of) == pytest.approx(interval, abs=0.0006)


def test_nothing_counted_is_anything() -> None:
    """No share, and the widest interval."""
    assert wilson(0, 0) == (0.0, 1.0)
    assert tally([])["right"] == {"count": 0, "share": 0.0, "low": 0.0, "high": 1.0}


def test_groups_that_mislead_most_come_first() -> None:
    """Among those that mislead as much, the one that is least often right."""
    verdicts = {"a": "right right", "b": "right silent", "c": "misleading right"}
    found = tallies([One(group, Verdict(word)) for group, words in verdicts.items() for word in words.split()])
    assert list(found["groups"]) == ["c", "b", "a"]
    assert found["all"]["right"]["count"] == 4


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Verdict)))))
def test_every_answer_is_counted_once(rows: list[tuple[str, Verdict]]) -> None:
    """In its group and in all; the share lies in its interval."""
    found = tallies([One(*row) for row in rows])
    for row in (found["all"], *found["groups"].values()):
        assert sum(row[word]["count"] for word in Verdict) == row["items"]
        assert all(row[word]["low"] - 0.001 <= row[word]["share"] <= row[word]["high"] + 0.001 for word in Verdict)
    assert sum(row["items"] for row in found["groups"].values()) == found["all"]["items"] == len(rows)
