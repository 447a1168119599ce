"""No regular expression of the package is worse than linear, and no text of a reader costs seconds."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

from ragqa.question.asked import LONGEST_QUESTION, Turn
from ragqa.question.followup import standalone
from ragqa.question.privacy import redact
from ragqa.question.triage import alarm
from ragqa.question.understanding import understand

sys.path.append(str(Path(__file__).parents[1] / "eval" / "endure"))

from package_patterns import Found, patterns
from slow_patterns import slow

SIZE = 50_000
"""Characters: a pattern that looks at each pair of them makes a thousand million steps, seconds on any machine."""
LIMIT = 2.0
"""Seconds of processor time; the slowest linear pattern of the package takes about a quarter of it."""


def known(**sources: str) -> list[Found]:
    """Patterns of no package, by name."""
    return [Found(place=name, pattern=re.compile(source)) for name, source in sources.items()]


def test_no_pattern_of_the_package_is_worse_than_linear() -> None:
    """On near-misses made from each pattern's own repeats, by every method."""
    found = patterns()
    assert len(found) > 200
    assert [str(each) for each in slow(found, SIZE, LIMIT)] == []


def test_exponential_and_quadratic_patterns_are_reported() -> None:
    """Nested and overlapping repeats, and scans from many starts; their mended forms pass."""
    bad = known(
        nested=r"(?:a+)+b",
        overlapping=r"(?:Health|Care|HealthCare\s?)+x",
        same_alternatives=r"(?:\w|\d)*!",
        neighbours=r"\d+\d*x",
        many_starts=r"[\w.+%-]+@",
        many_starts_of_a_run=r"\b[A-Z][\w.'&-]*\sHospital",
        spaces=r"\s*\[\d+\]",
        look_ahead=r"id(?=[\w-]*!)",
        cubic=r"a.*b.*c.*d",
    )
    mended = known(
        nested=r"(?<!a)a++b",
        many_starts=r"[\w.+%-]{1,64}+@",
        many_starts_of_a_run=r"\b[A-Z][\w.'&-]{0,60}\sHospital",
        spaces=r"(?<!\s)\s*+\[\d+\]",
        plain=r"\b(?:no|not|never)\b.{0,60}\b(?:rash|fever)",
    )
    assert [each.found.place for each in slow(bad, SIZE, LIMIT, workers=1)] == [each.place for each in bad]
    assert slow(mended, SIZE, LIMIT, workers=1) == []


def test_every_place_of_a_pattern_is_found() -> None:
    """Constants, containers, literals inside functions, patterns made of others, and those that pydantic runs."""
    sources = {(each.place.partition(":")[0], each.pattern.pattern, each.engine) for each in patterns()}
    assert ("language/sentences", r"(?<!\s)\s*+\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]", "re") in sources
    assert ("question/privacy/names", r"[\s.]", "re") in sources
    assert ("language/wording", r"; (?:and )?(?=[a-zA-Z])", "re") in sources
    assert ("language/wording", r"(?<![\w-])PD(?![\w-])", "re") in sources
    assert ("corpus/records", r"^[a-z0-9]+(-[a-z0-9]+)*$", "pydantic") in sources


HOSTILE = (
    "Day ", "Day Hospital ", "Healthcare ", "Aa Aa ", "A-", "a-", "Mrs Aa Bb ", "Patient Aa Bb, ", "1234567 ", "555-123-4567 ",
    "patient id ", "Jan 1 ", "a@a.", "this drug ", "it or this drug and lithium ", "lithium versus quetiapine or ", 
    "severe depression ", "no, I meant ", "not ", "better than ", "5 mg, ", "BPD ", ". ", "a, ", "\n", "   ",
)  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_conversation_is_redacted_and_read_in_a_moment(words: str) -> None:
    """Twenty turns of the longest questions and long answers; a hundred times slower before, or without an end."""

    def of_length(size: int) -> str:
        return (words * size)[:size]

    started = time.process_time()
    question = redact(of_length(LONGEST_QUESTION)).text
    turns = [Turn(question=question, answer=redact(of_length(8_000)).text) for _ in range(20)]
    read = standalone(question, turns)
    for text in (read.text, read.joined, *read.choices):
        understand(text)
        alarm(text)
    assert time.process_time() - started < 20  # no measure of speed: quadratic code takes minutes
