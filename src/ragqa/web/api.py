"""The HTTP API under /api/v1."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from ragqa.answer import Answer, Audience
from ragqa.pipeline import LONGEST_QUESTION
from ragqa.records import Asked
from ragqa.web.access import engine, may_ask, public
from ragqa.web.conversations import given
from ragqa.web.engine import Event

DESCRIPTION = "Cited answers to clinicians' follow-up questions, made only from approved articles and the abstracts they cite."
router = APIRouter(prefix="/api/v1")

Question = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION, strip_whitespace=True)]


class Ask(BaseModel):
    """A question with what decides how it is read."""

    model_config = ConfigDict(extra="forbid")

    question: Question
    article: str | None = None
    audience: Audience | None = None
    understood: Question | None = None

    @property
    def asked(self) -> Asked:
        """As the pipeline takes it."""
        return Asked(question=self.question, article=self.article)


@router.post("/ask", dependencies=[Depends(may_ask)])
async def ask(request: Request, body: Ask) -> Response:
    """Answer a question; with ``Accept: text/event-stream`` as events."""
    opened = engine(request)
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(
            sse(request, opened.stream(body.asked, body.audience, body.understood)), media_type="text/event-stream"
        )
    answer = await opened.ask(body.asked, body.audience, body.understood)
    note(request, answer)
    return JSONResponse(answer.to_json())


def note(request: Request, answer: Answer) -> None:
    """Keep, count and log an answer that was given."""
    given(request).add(answer)
    request.app.state.figures.answered(answer)


async def sse(request: Request, events: AsyncIterator[Event]) -> AsyncIterator[str]:
    """Events as server-sent events."""
    async for event in events:
        if isinstance(event.data, Answer):
            note(request, event.data)
        data: Any = {event.name: event.data} if isinstance(event.data, str) else event.data.model_dump(mode="json", by_alias=True)
        yield f"event: {event.name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


@router.get("/health", dependencies=[Depends(public)])
def health() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}
