"""The walk of a question through the house: each stage is entered from the pipeline, in order, and none calls an earlier one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

import ragqa as package
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Turn

HOUSE = Path(str(package.__file__)).parent
STAGES = ("question", "retrieval", "evidence", "composing", "checking", "answer")
"""Rooms that a question passes, in order; those before them hold what it is read with, and are entered from anywhere."""
CARRIED = ("question.query", "question.terms", "answer.provenance", "answer.timing")
"""Modules of values that are carried along the whole way."""


def room(frame: FrameType | None) -> tuple[str, str]:
    """The stage whose code a frame runs, and its module; "" for what is no stage."""
    file = Path(frame.f_code.co_filename) if frame else Path()
    if not file.is_relative_to(HOUSE):
        return "", ""
    parts = file.relative_to(HOUSE).with_suffix("").parts
    return (parts[0] if parts[0] in STAGES or parts[0] == "pipeline" else ""), ".".join(parts)


def is_function(frame: FrameType) -> bool:
    """Whether a frame is a function's of its module: what a value computes of itself is its own."""
    code = frame.f_code
    return "." not in code.co_qualname and not code.co_name.startswith("<")


@contextmanager
def traced() -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
    """The modules that stages are entered in, in order, and calls of functions of an earlier stage."""
    entered: list[str] = []
    back: list[tuple[str, str]] = []

    def look(frame: FrameType, event: str, _: object) -> None:
        if event != "call":
            return
        (stage, module), (caller, calling) = room(frame), room(frame.f_back)
        if stage in STAGES and caller == "pipeline" and (not entered or entered[-1] != module):
            entered.append(module)
        if stage in STAGES and caller in STAGES and STAGES.index(stage) < STAGES.index(caller) and is_function(frame):
            back.append((f"{calling}.{frame.f_back.f_code.co_name if frame.f_back else ''}", f"{module}.{frame.f_code.co_name}"))

    sys.setprofile(look)
    try:
        yield entered, back
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(
    ("question", "history"),
    [
        ("Is memantine used in obsessive-compulsive disorder?", []),
        ("and in adolescents?", [Turn(question="Is memantine used in obsessive-compulsive disorder?")]),
        ("What is the best antibiotic for community-acquired pneumonia?", []),
        ("Which is better?", []),
    ],
)
def test_a_question_walks_forward(ragqa: Ragqa, question: str, history: list[Turn]) -> None:
    """No function of a stage calls one of an earlier stage."""
    with traced() as (_, back):
        ragqa.ask(question, history)
    assert back == []


def test_the_way_of_an_answer(ragqa: Ragqa) -> None:
    """The modules that the pipeline enters, in order: whoever looks for a behaviour follows them."""
    with traced() as (entered, _):
        assert ragqa.ask("Is memantine used in obsessive-compulsive disorder?").status == "answered"
    way = list(dict.fromkeys(module for module in entered if module not in CARRIED))
    assert [STAGES.index(module.split(".")[0]) for module in way] == sorted(STAGES.index(m.split(".")[0]) for m in way)
    assert way == [
        "question.reading",
        "retrieval.retriever",
        "evidence.sources",
        "evidence.clarity",
        "evidence.gathering",
        "composing.extractive",
        "checking.drafts",
        "checking.statements",
        "checking.support",
        "answer.assembly",
    ]
