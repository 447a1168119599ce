"""One question and its answer: asked of the engine, given an address, kept there, counted, and added to its conversation.

API and pages ask through here, so that both do all of it. Giving outranks keeping: what cannot be kept is given and says so. An
emergency whose conversation or article cannot be had is told what to do by ``emergency``.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi import Request

from ragqa.answer.contract import Answer, Audience
from ragqa.corpus.records import Article
from ragqa.editorial.affected import rests_on
from ragqa.index import Generation
from ragqa.question.asked import Asked, Turn
from ragqa.web.access import priority
from ragqa.web.problems import Problem
from ragqa.web.state import archive, conversations, engine, figures, pools, settings
from ragqa.web.streaming import AnswerEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a reader sends. ``conversation``: the id of one, whose turns then stand in the place of ``history``."""

    question: str
    article: str | None = None
    audience: Audience | None = None
    understood: str | None = None
    history: tuple[Turn, ...] = ()
    conversation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer as a reader gets it: its ``id`` is a random address, which leads to it if it was ``kept``.

    ``number``: its turn's in its conversation, from 1; 0 where it stands alone.
    """

    answer: Answer
    kept: bool
    number: int


async def answer(request: Request, question: Question) -> Given:
    """The answer, kept and counted. Raises Problem 404, 409 and 503 of its conversation and article, else as ``Engine.ask``."""
    asked = await pools(request).ask(_asked, request, question)
    try:
        found = await engine(request).ask(asked, question.audience, question.understood, priority(request))
        return await _keep(request, question, asked, found)
    finally:
        _release(request, question)


async def stream(request: Request, question: Question) -> AsyncIterator[AnswerEvent | Given]:
    """The answer's events as ``Engine.stream``, the last one as Given; what refuses the question is raised before any event."""
    asked = await pools(request).ask(_asked, request, question)
    try:
        events = engine(request).stream(asked, question.audience, question.understood, priority(request))
    except BaseException:
        _release(request, question)
        raise
    return _kept(request, question, asked, events)


async def _kept(
    request: Request, question: Question, asked: Asked, events: AsyncIterator[AnswerEvent]
) -> AsyncIterator[AnswerEvent | Given]:
    try:
        async for event in events:
            yield await _keep(request, question, asked, event.data) if isinstance(event.data, Answer) else event
    finally:
        _release(request, question)


def _asked(request: Request, question: Question) -> Asked:
    """The question with the turns before it, of a conversation held for it; reads files, so in a thread."""
    check_article(request, question.article)
    name = question.conversation
    history = question.history if name is None else tuple(conversations(request).hold(name))
    return Asked(question=question.question, history=history, article=question.article)


def check_article(request: Request, slug: str | None) -> None:
    """Raises Problem 404 when an article that is said to be read is not in the live generation; reads it, so in a thread."""
    if slug is not None:
        with engine(request).index.generation() as ragqa:
            if not isinstance(ragqa.generation.find(f"article:{slug}"), Article):
                raise Problem(404, "not_found", "no such article answers questions now: GET /api/v1/articles lists them")


def _release(request: Request, question: Question) -> None:
    if question.conversation is not None:
        conversations(request).release(question.conversation)


async def _keep(request: Request, question: Question, asked: Asked, found: Answer) -> Given:
    """Give the answer its address, count it, and keep it as far as that is possible."""
    addressed = found.model_copy(update={"id": secrets.token_urlsafe(16)})
    given, name = archive(request), question.conversation
    figures(request).answered(addressed)
    if settings(request).log_questions:
        request.state.told = {"question": addressed.question}
    kept = await given.queue.done(lambda: conversations(request).add(name, addressed) if name else given.add(addressed))
    if not kept and given.keep:
        figures(request).not_kept()
    return Given(answer=addressed, kept=kept, number=len(asked.history) + 1 if name else 0)


def find(request: Request, id: str) -> Answer:
    """An answer by its address, in the state it has now; reads files, so in a thread. Raises Problem 404 when it is not kept."""
    found = archive(request).answer(id)
    if found is None:
        raise Problem(404, "not_found", "this answer is not kept, or not any more: ask the question again")
    with engine(request).index.generation() as ragqa:
        return found if quotes_hold(found, ragqa.generation) else found.model_copy(update={"review_state": "unpublished"})


def quotes_hold(answer: Answer, generation: Generation) -> bool:
    """Whether everything an answer quotes still stands in a source that may be cited, and rests on none that may not."""
    sources = {reference.number: generation.find(reference.source_id) for reference in answer.references}
    quotes = [support for statement in answer.statements for support in statement.support]
    said = all((source := sources[quote.reference]) and source.text[quote.start : quote.end] == quote.quote for quote in quotes)
    return said and not generation.excluded(sorted(rests_on(answer, generation)))
