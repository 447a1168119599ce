"""The editors' desk: the review of articles, and the library of signed-off answers."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from ragqa.library import Library, State, Version
from ragqa.records import ReviewEvent, ReviewState
from ragqa.review import NEXT
from ragqa.reviewlog import known_log
from ragqa.web.access import Reader, engine, require, settings
from ragqa.web.api.messages import Decision, Desk, Event, Log, ReviewStep, SetAside, Shelf, Slug, Stored, UnderReview
from ragqa.web.editing import NO_ANSWER, decided, take_step
from ragqa.web.problems import Problem

router = APIRouter(prefix="/api/v1", tags=["desk"])
Editor = Annotated[Reader, Depends(require("editor"))]
Number = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]
PAGE = 50
"""Answers of the library at a time, at most."""


@router.get("/review")
async def desk(request: Request, who: Editor) -> Desk:
    """Every article with its state and the steps that may follow."""
    corpus = await engine(request).corpus()
    listed = (
        UnderReview(
            slug=slug,
            question=article.title,
            state=corpus.states[slug],
            sha256=article.sha256,
            possible=tuple(sorted(NEXT[corpus.states[slug]])),
        )
        for slug, article in sorted(corpus.articles.items())
    )
    return Desk(
        articles=tuple(listed),
        set_aside=tuple(SetAside(slug=slug, faults=tuple(map(str, faults))) for slug, faults in corpus.set_aside.items()),
        faults=tuple(map(str, corpus.faults)),
    )


@router.get("/review/log")
async def log(request: Request, who: Editor, article: Slug | None = None) -> Log:
    """The review log, of one article or all."""
    known = await asyncio.to_thread(known_log, settings(request).corpus)
    told = (_event(event) for event in known.events if article in (None, event.article))
    return Log(events=tuple(told))


@router.post("/review/{slug}/steps", status_code=201)
async def step(request: Request, slug: Annotated[Slug, Path(examples=["memantine-ocd"])], body: ReviewStep, who: Editor) -> Event:
    """Take a step, bound to the article's present content. What is approved or withdrawn is in the index shortly after."""
    corpus = await engine(request).corpus()
    if slug not in corpus.articles and slug not in corpus.set_aside:
        raise Problem(404, "not_found", "no such article: GET /api/v1/review lists them")
    event = await asyncio.to_thread(take_step, request, slug, ReviewState(body.state), who, body.note, body.sha256)
    return _event(event)


@router.get("/library")
async def shelf(
    request: Request,
    who: Editor,
    state: State | None = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> Shelf:
    """Answers of the library, in one state or all, oldest first."""
    return await asyncio.to_thread(lambda: _shelf(engine(request).library(), state, after, limit))


@router.get("/library/{number}")
async def stored(request: Request, number: Number, who: Editor) -> Stored:
    """One answer of the library."""
    return await asyncio.to_thread(lambda: _stored(_version(engine(request).library(), number)))


@router.post("/library/{number}/decision")
async def decide(request: Request, number: Number, body: Decision, who: Editor) -> Stored:
    """Publish a waiting answer, or put it aside."""
    return await asyncio.to_thread(lambda: _stored(decided(engine(request).library(), number, body.decision, who, body.note)))


def _version(library: Library | None, number: int) -> Version:
    found = library.numbered(number) if library else None
    if found is None:
        raise Problem(404, "not_found", NO_ANSWER)
    return found


def _shelf(library: Library | None, state: State | None, after: int, limit: int) -> Shelf:
    if library is None:
        return Shelf(answers=(), next=None, counts={})
    found = library.page(state, after, limit + 1)
    rest = found[limit - 1].number if len(found) > limit else None
    return Shelf(answers=tuple(map(_stored, found[:limit])), next=rest, counts=library.counts())


def _stored(version: Version) -> Stored:
    return Stored(**{name: getattr(version, name) for name in Stored.model_fields})


def _event(event: ReviewEvent) -> Event:
    return Event(**{name: getattr(event, name) for name in Event.model_fields})
