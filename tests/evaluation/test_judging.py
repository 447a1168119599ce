"""Four words: which one an answer gets, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.evaluation.cases import Case
from ragqa.evaluation.judging import judge
from ragqa.evaluation.verdicts import Verdict
from ragqa.question.refusal import Status

pytestmark = pytest.mark.quick


def case(**expected: Any) -> Case:
    """A case that wants an answer, and what else is expected."""
    return Case.model_validate({"id": "1", "group": "g", "question": "q", "status": ["answered"], "why": "w"} | expected)


def told(*statements: str, status: str = "answered", **more: Any) -> dict[str, Any]:
    """An answer as JSON."""
    return {
        "status": status,
        "statements": [{"text": text} for text in statements],
        "references": [{"source_id": "pmid:1", "title": "Drug B in adults"}],
        "evidence": {"strength": "moderate", "why": "starts high; down one for imprecision"},
        "question": "drug C?",
        "message": None,
    } | more


@pytest.mark.parametrize(
    ("status", "allowed", "verdict"),
    [
        ("answered", ["answered"], "right"),
        ("answered", ["insufficient_evidence"], "misleading"),
        ("insufficient_evidence", ["answered"], "silent"),
        ("needs_clarification", ["answered", "out_of_scope"], "silent"),
        ("out_of_scope", ["insufficient_evidence"], "incomplete"),
        ("insufficient_evidence", ["answered", "insufficient_evidence"], "right"),
        ("urgent", ["answered"], "misleading"),
        ("insufficient_evidence", ["urgent"], "misleading"),
        ("answered", ["urgent"], "misleading"),
        ("urgent", ["urgent"], "right"),
    ],
)
def test_the_kind_of_answer_decides_first(status: str, allowed: list[str], verdict: str) -> None:
    """Answered where it must not be, and either fault with an emergency, mislead."""
    statements = ["Drug A helps."] if status == "answered" else []
    found = judge(case(status=allowed), told(*statements, status=status, message="m"))
    assert found.verdict == verdict
    assert bool(found.reasons) == (verdict != "right")


@pytest.mark.parametrize(
    ("expected", "verdict", "reason"),
    [
        ({"say": [["20 mg"]], "first": ["^drug a"]}, "right", ""),
        ({"say": [["40 mg", "20 MG"]]}, "right", ""),
        ({"say": [["20 mg"], ["twice"]]}, "incomplete", "does not say /twice/"),
        ({"tell": [["imprecision"]]}, "right", ""),
        ({"say": [["imprecision"]]}, "incomplete", "does not say"),
        ({"first": ["harm"]}, "incomplete", "opens with: Drug A 20 mg/day"),
        ({"most": 1}, "incomplete", "2 statements, 1 at most"),
        ({"cite": ["pmid:1"]}, "right", ""),
        ({"cite": ["pmid:2"]}, "incomplete", "does not cite pmid:2"),
        ({"cite_any": ["pmid:2", "pmid:1"]}, "right", ""),
        ({"cite_any": ["pmid:2", "pmid:3"]}, "incomplete", "cites none of"),
        ({"never": ["20 mg"], "say": [["twice"]]}, "misleading", "tells /20 mg/"),
        ({"never": ["given.*borne"]}, "right", ""),
        ({"never": [r"given[\s\S]*borne"]}, "misleading", "tells"),
        ({"strength": ["moderate", "low"]}, "right", ""),
        ({"strength": ["low", "very_low"]}, "misleading", "strength moderate"),
        ({"strength": ["high"]}, "incomplete", "strength moderate"),
        ({"message": ["anything"]}, "right", ""),
    ],
)
def test_what_is_told_is_held_against_the_case(expected: dict[str, Any], verdict: str, reason: str) -> None:
    """Missing, late and too much are gaps; what must never appear, and more certainty than there is, mislead."""
    found = judge(case(**expected), told("Drug A 20 mg/day was given.", "It was well borne."))
    assert (found.verdict, reason in " ".join(found.reasons)) == (verdict, True)


def test_titles_and_the_question_itself_are_not_what_is_told() -> None:
    """A title that names another drug misleads nobody, nor does the question repeated."""
    expected = case(never=["drug b", "drug c"])
    assert judge(expected, told("Drug A helps.")).verdict == Verdict.RIGHT
    assert judge(expected, told("Drug A helps.", conflicts=[{"about": "Drug B differs."}])).verdict == Verdict.MISLEADING


def test_an_abstention_is_judged_by_its_message() -> None:
    """Where it says too little it is incomplete; what is expected of an answer is not asked of it."""
    expected = case(status=["insufficient_evidence", "answered"], say=[["20 mg"]], message=["drug a"])
    silent = told(status="insufficient_evidence", message="Nothing on drug A.")
    assert judge(expected, silent).verdict == Verdict.RIGHT
    assert judge(expected, silent | {"message": "Nothing found."}).verdict == Verdict.INCOMPLETE


def test_no_answer_at_all_is_silence() -> None:
    """A build that failed said nothing."""
    assert judge(case(), None).verdict == Verdict.SILENT


@given(
    status=st.sampled_from(list(Status)),
    allowed=st.sets(st.sampled_from(list(Status)), min_size=1),
    words=st.lists(st.text(min_size=1), min_size=1, max_size=3),
    never=st.booleans(),
)
def test_a_right_answer_has_no_reason_and_every_other_has_one(
    status: Status, allowed: set[Status], words: list[str], never: bool
) -> None:
    """Whatever is said; and what must never appear is never right."""
    expected = case(status=sorted(allowed), never=["[\\s\\S]"] if never else [])
    found = judge(expected, told(*words, status=status, message="m"))
    assert (found.verdict == Verdict.RIGHT) == (not found.reasons)
    if never and status == Status.ANSWERED:
        assert found.verdict == Verdict.MISLEADING
