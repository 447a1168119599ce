"""The editors' desk: the review of articles, and the library of signed-off answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from ragqa.corpus.records import ReviewEvent, ReviewState
from ragqa.corpus.reviewlog import known_log
from ragqa.editorial.library import Library
from ragqa.editorial.review import NEXT
from ragqa.editorial.versions import State, Version
from ragqa.web.access import Reader, require
from ragqa.web.api.messages.desk import Decision, Desk, Event, Log, ReviewStep, SetAside, Shelf, Stored, UnderReview
from ragqa.web.api.messages.fields import Slug, written
from ragqa.web.editing import NO_ANSWER, decided, take_step
from ragqa.web.problems import Problem
from ragqa.web.state import engine, settings

router = APIRouter(prefix="/api/v1", tags=["desk"])
Editor = Annotated[Reader, Depends(require("editor"))]
Number = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]
PAGE = 50
"""Answers of the library at a time, at most."""


@router.get("/review", response_model=Desk)
def desk(request: Request, who: Editor) -> Response:
    """Every article with its state and the steps that may follow."""
    corpus = engine(request).read_corpus()
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
    return written(
        Desk(
            articles=tuple(listed),
            set_aside=tuple(SetAside(slug=slug, faults=tuple(map(str, faults))) for slug, faults in corpus.set_aside.items()),
            faults=tuple(map(str, corpus.faults)),
        )
    )


@router.get("/review/log", response_model=Log)
def log(request: Request, who: Editor, article: Slug | None = None) -> Response:
    """The review log, of one article or all."""
    known = known_log(settings(request).corpus)
    told = (_event(event) for event in known.events if article in (None, event.article))
    return written(Log(events=tuple(told)))


@router.post("/review/{slug}/steps", status_code=201, response_model=Event)
def step(request: Request, slug: Annotated[Slug, Path(examples=["memantine-ocd"])], body: ReviewStep, who: Editor) -> Response:
    """Take a step, bound to the article's present content. What is approved or withdrawn is in the index shortly after."""
    corpus, taken = engine(request).read_corpus(), body.root
    if not corpus.knows(slug):
        raise Problem(404, "not_found", "no such article: GET /api/v1/review lists them")
    return written(_event(take_step(request, slug, ReviewState(taken.state), who, taken.note, taken.sha256)), 201)


@router.get("/library", response_model=Shelf)
def shelf(
    request: Request,
    who: Editor,
    state: State | None = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> Response:
    """Answers of the library, in one state or all, oldest first."""
    return written(_shelf(engine(request).signed_off.library(), state, after, limit))


@router.get("/library/{number}", response_model=Stored)
def stored(request: Request, number: Number, who: Editor) -> Response:
    """One answer of the library."""
    return written(_stored(_version(engine(request).signed_off.library(), number)))


@router.post("/library/{number}/decision", response_model=Stored)
def decide(request: Request, number: Number, body: Decision, who: Editor) -> Response:
    """Publish a waiting answer, or put it aside."""
    return written(_stored(decided(engine(request).signed_off.library(), number, body.decision, who, body.note)))


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
