"""Asking: a question alone, or within a conversation; whole, or as events while the answer comes about."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from ragqa.answer.contract import Answer
from ragqa.question.asked import Asked, Turn
from ragqa.retrieval.retriever import Hit
from ragqa.web.access import may_ask, may_read, priority
from ragqa.web.api.messages.asking import Ask, Begun, Conversation, Follow, Found, Results, Search, Spoken
from ragqa.web.api.messages.examples import ANSWERED
from ragqa.web.api.messages.fields import written
from ragqa.web.conversations import MOST_TURNS, PAGE
from ragqa.web.exchange import Given, Question, answer, check_article, stream
from ragqa.web.problems import FAILURES, envelope, problem_of
from ragqa.web.state import archive, conversations, engine, pools
from ragqa.web.streaming import AnswerEvent, event_line

router = APIRouter(prefix="/api/v1", tags=["asking"])


@router.post("/ask", responses=ANSWERED, dependencies=[Depends(may_ask)])
async def ask(request: Request, body: Ask) -> Response:
    """Answer a question with citations, or say that the evidence here does not answer it."""
    return await reply(request, Question(**_given(body)))


@router.post("/search", response_model=Results, dependencies=[Depends(may_ask)])
async def search(request: Request, body: Search) -> Response:
    """The sources nearest to a question, each with its best passage."""
    await pools(request).ask(check_article, request, body.article)
    hits = await engine(request).search(Asked(question=body.question, article=body.article), body.k, priority(request))
    return await pools(request).ask(_results, request, hits)


def _results(request: Request, hits: Sequence[Hit]) -> Response:
    with engine(request).index.generation() as ragqa:
        titles = [record.title if (record := ragqa.generation.find(hit.passage.source_id)) else None for hit in hits]
        name = ragqa.generation.manifest.generation
    found = (Found.of(rank, hit, title) for rank, (hit, title) in enumerate(zip(hits, titles, strict=True), start=1))
    return written(Results(generation=name, results=tuple(found)))


@router.post("/conversations", status_code=201, response_model=Begun, dependencies=[Depends(may_ask)])
async def begin(request: Request) -> Begun:
    """Begin a conversation, which its first turn writes. Its id is all it takes to read it; untouched for days it is deleted."""
    return Begun(id=conversations(request).begin())


@router.get("/conversations/{id}", response_model=Conversation, dependencies=[Depends(may_read)])
async def conversation(
    request: Request,
    id: str,
    after: Annotated[int | None, Query(ge=0, description="turns to pass over; without it the newest are given")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_TURNS, description="turns wanted")] = PAGE,
) -> Response:
    """The turns of a conversation, some at a time."""
    return await asyncio.to_thread(_conversation, request, id, after, limit)


def _conversation(request: Request, id: str, after: int | None, limit: int) -> Response:
    found, ids = conversations(request).stretch(id, after, limit), archive(request).answer_ids(id)
    end = found.after + len(found.turns)
    return written(
        Conversation(
            id=id,
            count=found.count,
            after=found.after,
            next=end if end < found.count else None,
            turns=tuple(
                Spoken(turn=turn, answer_id=ids.get(place), withdrawn=_withdrawn(request, turn))
                for place, turn in enumerate(found.turns, found.after)
            ),
        )
    )


def _withdrawn(request: Request, turn: Turn) -> tuple[str, ...] | None:
    """What a turn cited and may not be cited now; None while that cannot be told."""
    with suppress(*FAILURES), engine(request).index.generation() as ragqa:
        return tuple(cited.source_id for cited in turn.cited if ragqa.generation.find(cited.source_id) is None)
    return None


@router.delete("/conversations/{id}", status_code=204, dependencies=[Depends(may_ask)])
async def delete(request: Request, id: str) -> Response:
    """Delete a conversation."""
    await asyncio.to_thread(conversations(request).delete, id)
    return Response(status_code=204)


@router.post("/conversations/{id}/turns", responses=ANSWERED, dependencies=[Depends(may_ask)])
async def turn(request: Request, id: str, body: Follow) -> Response:
    """Ask within a conversation: the question is understood from the turns before it, and with its answer becomes one."""
    return await reply(request, Question(conversation=id, **_given(body)))


async def reply(request: Request, question: Question) -> Response:
    """The answer as JSON, or for who accepts nothing but events, as events."""
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(events(request, await stream(request, question)), media_type="text/event-stream")
    found = await answer(request, question)
    return Response(await pools(request).ask(lambda: json.dumps(_told(found))), media_type="application/json")


def whole(request: Request, answer: Answer) -> Response:
    """An answer that is kept nowhere, as ``reply`` gives it."""
    answer = answer.model_copy(update={"id": secrets.token_urlsafe(16)})
    if "text/event-stream" not in request.headers.get("accept", ""):
        return Response(json.dumps(answer.to_json() | {"kept": False}), media_type="application/json")
    lines = [
        event_line("disclaimer", disclaimer=answer.disclaimer),
        event_line("answer", **answer.model_dump(mode="json", by_alias=True)),
    ]
    return Response("".join(lines), media_type="text/event-stream")


async def events(request: Request, told: AsyncIterator[AnswerEvent | Given]) -> AsyncIterator[str]:
    """Events as lines of a stream. An error after its beginning comes as the event "error", with the envelope."""
    try:
        async for event in told:
            if isinstance(event, Given):
                yield await pools(request).ask(_last, event)
            else:
                yield event_line(event.name, **_data(event))
    except FAILURES as error:
        yield event_line("error", **envelope(problem_of(error), request.state.request_id))


def _last(given: Given) -> str:
    return event_line("answer", **_told(given))


def _told(given: Given) -> dict[str, Any]:
    return given.answer.to_json() | ({} if given.kept else {"kept": False})


def _data(event: AnswerEvent) -> dict[str, Any]:
    """What an event tells: a text under the event's own name, else the fields of the statement or answer."""
    return {event.name: event.data} if isinstance(event.data, str) else event.data.model_dump(mode="json", by_alias=True)


def _given(body: Follow) -> dict[str, Any]:
    return {name: getattr(body, name) for name in type(body).model_fields}
