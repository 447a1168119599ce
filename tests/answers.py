"""Answers made by hand for tests: a right one, and one whose texts all try to act."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from samples import abstract

from ragqa.answer.assembly import reference
from ragqa.answer.contract import DISCLAIMERS, Answer, Trace
from ragqa.checking.statements import cite
from ragqa.composing.draft import Draft, Quote
from ragqa.corpus.parts import Part
from ragqa.corpus.passages import passages
from ragqa.corpus.records import Abstract
from ragqa.evaluation.rating.drawing import Drawn
from ragqa.evaluation.rating.sessions import SessionFolder, make
from ragqa.question.refusal import Status

HOSTILE = '<script>alert("x")</script> [click](javascript:alert(1)) \x1b[31mred\x1b[0m \u202egnp.exe {{ 7*7 }} *bold*'
RECORD = Abstract.model_validate(abstract(101))
RECORDS = {RECORD.id: RECORD}
PASSAGE = passages(RECORD, 1800)[0]
SECOND = RECORD.text.index("Drug A")


def draft(text: str = RECORD.text[SECOND:], **changes: Any) -> Draft:
    """A draft that is right unless its quote is changed."""
    made: dict[str, Any] = {"passage": PASSAGE, "start": SECOND, "end": len(RECORD.text), "score": 0.9}
    return Draft(text=text, section=Part.EVIDENCE, quotes=(Quote(**(made | changes)),))


def answer(**changes: Any) -> Answer:
    """An answer that is right unless changed."""
    statements, cited = cite([draft()], RECORDS)
    made: dict[str, Any] = {
        "id": "1",
        "question": "Does drug A help?",
        "standalone_question": "Does drug A help?",
        "status": Status.ANSWERED,
        "statements": statements,
        "references": tuple(reference(RECORDS[source], number) for number, source in enumerate(cited, start=1)),
        "disclaimer": DISCLAIMERS[changes.get("audience", "clinician")],
        "audience": "clinician",
        "review_state": "not_reviewed",
        "trace": Trace(generation="g", models={}, queries=("q",), milliseconds={"total": 1.0}),
    }
    return Answer(**(made | changes))


def hostile_answer(text: str = HOSTILE) -> Answer:
    """An answer whose texts all try to act."""
    made = answer(question=text, standalone_question=text)
    statement = made.statements[0].model_copy(update={"text": text})
    reference = made.references[0].model_copy(update={"title": text, "url": "javascript:alert(1)"})
    return made.model_copy(update={"statements": (statement,), "references": (reference,)})


def rating_of(serving: Path, name: str, answers: Sequence[Answer], other: Answer | None = None) -> SessionFolder:
    """A rating in which each answer stands beside another one, or beside itself."""
    session = SessionFolder.named(serving, name)
    pairs = [Drawn(f"q{n}", "group", (made.question,), made, other or made) for n, made in enumerate(answers)]
    make(session, ("old", "new"), pairs, 1)
    return session
