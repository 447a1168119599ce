"""One question and its answer: asked of the engine, kept under its id, counted, and added to its conversation.

API and pages ask through here, so that both do all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi import Request

from ragqa.answer import Answer, Audience
from ragqa.index import Generation
from ragqa.records import Article, Asked, Turn
from ragqa.regenerate import APPROVED
from ragqa.web.access import engine, priority, settings
from ragqa.web.conversations import given, talks
from ragqa.web.engine import Event
from ragqa.web.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a reader sends. ``conversation``: the id of one, whose turns then stand in the place of ``history``."""

    question: str
    article: str | None = None
    audience: Audience | None = None
    understood: str | None = None
    history: tuple[Turn, ...] = ()
    conversation: str | None = None


async def answer(request: Request, question: Question) -> Answer:
    """The answer, kept and counted. Raises Problem 404 and 409 of its conversation and article, else as ``Engine.ask``."""
    asked = _asked(request, question)
    try:
        found = await engine(request).ask(asked, question.audience, question.understood, priority(request))
        await _keep(request, question, found)
    finally:
        _release(request, question)
    return found


def stream(request: Request, question: Question) -> AsyncIterator[Event]:
    """The answer's events as ``Engine.stream``; whatever refuses the question is raised by this call, before any event."""
    asked = _asked(request, question)
    try:
        events = engine(request).stream(asked, question.audience, question.understood, priority(request))
    except BaseException:
        _release(request, question)
        raise
    return _kept(request, question, events)


async def _kept(request: Request, question: Question, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    try:
        async for event in events:
            if isinstance(event.data, Answer):
                await _keep(request, question, event.data)
            yield event
    finally:
        _release(request, question)


def _asked(request: Request, question: Question) -> Asked:
    check_article(request, question.article)
    history = question.history
    if question.conversation is not None:
        history = tuple(talks(request).hold(question.conversation))
    return Asked(question=question.question, history=history, article=question.article)


def check_article(request: Request, slug: str | None) -> None:
    """Raises Problem 404 when an article that is said to be read is not in the live generation."""
    if slug is not None:
        with engine(request).generation() as ragqa:
            if not isinstance(ragqa.generation.find(f"article:{slug}"), Article):
                raise Problem(404, "not_found", "no such article answers questions now: GET /api/v1/articles lists them")


def _release(request: Request, question: Question) -> None:
    if question.conversation is not None:
        talks(request).release(question.conversation)


async def _keep(request: Request, question: Question, found: Answer) -> None:
    request.app.state.figures.answered(found)
    if settings(request).log_questions:
        request.state.told = {"question": found.question}
    if question.conversation is None:
        given(request).add(found)
    else:
        await asyncio.to_thread(talks(request).add, question.conversation, found)


def find(request: Request, id: str) -> Answer:
    """An answer by its id, in the state it has now; reads files, so in a thread. Raises Problem 404 when it is not kept."""
    found = given(request).answer(id) or _published(request, id)
    if found is None:
        raise Problem(404, "not_found", "this answer is not kept any more: ask the question again")
    with engine(request).generation() as ragqa:
        return found if stands(found, ragqa.generation) else found.model_copy(update={"review_state": "unpublished"})


def _published(request: Request, id: str) -> Answer | None:
    library = engine(request).library()
    version = library.published_as(id) if library else None
    return version.answer.model_copy(update={"review_state": APPROVED}) if version else None


def stands(answer: Answer, generation: Generation) -> bool:
    """Whether everything an answer quotes is still said, word for word, by a source that may be cited."""
    sources = {reference.number: generation.find(reference.source_id) for reference in answer.references}
    quotes = [support for statement in answer.statements for support in statement.support]
    return all((source := sources[quote.reference]) and source.text[quote.start : quote.end] == quote.quote for quote in quotes)
