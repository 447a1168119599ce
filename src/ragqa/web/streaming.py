"""An answer as it comes about: what its reader is told, event by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

from ragqa.answer.contract import Answer
from ragqa.checking.statements import Statement
from ragqa.web.deadline import Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEvent:
    """One step of an answer on its way.

    ``name`` and ``data``: "disclaimer" its text; "stage" one of searching, reading, checking; "statement" a Statement, in the
    answer's order; "answer" the whole Answer, last.
    """

    name: Literal["disclaimer", "stage", "statement", "answer"]
    data: str | Statement | Answer


async def answer_events(
    deadline: Deadline, future: Future[Answer], stages: asyncio.Queue[str], disclaimer: str
) -> AsyncGenerator[AnswerEvent, None]:
    """The events of the answer that ``future`` gives; ``stages`` are those told so far. Who stops reading gives the work up.

    Raises TooSlow past the deadline, and as the work does.
    """
    try:
        yield AnswerEvent(name="disclaimer", data=disclaimer)
        whole = asyncio.create_task(deadline.result(future))
        try:
            async for stage in _until(whole, stages):
                yield AnswerEvent(name="stage", data=stage)
            answer = await whole
        finally:
            whole.cancel()
        for statement in answer.statements:
            yield AnswerEvent(name="statement", data=statement)
        yield AnswerEvent(name="answer", data=answer)
    finally:
        deadline.give_up()
        future.cancel()


def event_line(name: str, /, **data: Any) -> str:
    """A server-sent event, in ASCII: no character of a text is taken for the end of a line."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


async def _until(whole: asyncio.Task[Answer], stages: asyncio.Queue[str]) -> AsyncIterator[str]:
    """Stages as they are told, until the answer is there."""
    while True:
        told = asyncio.create_task(stages.get())
        await asyncio.wait((whole, told), return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            told.cancel()
            return
        yield told.result()
