"""The editor's desk: articles in review with what changed in them, answers waiting for sign-off, and who did what when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from ragqa.corpus import Corpus, approved_text
from ragqa.difference import Difference, citations, compare, compare_articles, runs
from ragqa.errors import RagqaError
from ragqa.library import Library, State, Version
from ragqa.pipeline import reference
from ragqa.records import ReviewEvent, ReviewState
from ragqa.regenerate import waiting
from ragqa.render import HEADINGS, describe
from ragqa.review import standings
from ragqa.web.access import Reader, engine, require
from ragqa.web.api.desk import decided, take_step
from ragqa.web.pages.frame import day, show
from ragqa.web.pages.talk import turn_of_page
from ragqa.web.problems import Problem

router = APIRouter(prefix="/desk", include_in_schema=False)
Editor = Annotated[Reader, Depends(require("editor"))]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
STEPS = {
    ReviewState.SUBMITTED: "Submit",
    ReviewState.UNDER_REVIEW: "Start review",
    ReviewState.APPROVED: "Approve",
    ReviewState.WITHDRAWN: "Withdraw",
}
SHOWN = 100
"""Events of the audit trail on one page, the newest first."""


@router.get("", name="desk")
async def desk(request: Request, who: Editor) -> Response:
    """Every article, those that wait for an editor first."""
    corpus = await engine(request).corpus()
    return _show(request, "desk.html", "review", standings=standings(corpus), names=STEPS)


@router.get("/articles/{slug}", name="review")
async def review(request: Request, slug: str, who: Editor) -> Response:
    """What changed in an article since it was approved, its steps so far and those possible now."""
    corpus = await engine(request).corpus()
    standing = next((one for one in standings(corpus) if one.article.slug == slug), None)
    if standing is None:
        raise Problem(404, "not_found", "no such article; the desk lists those there are")
    before = approved_text(engine(request).settings.corpus, slug, corpus.reviews)
    events = [event for event in corpus.reviews if event.article == slug]
    return _show(
        request,
        "desk_article.html",
        "review",
        standing=standing,
        approved=any(event.state is ReviewState.APPROVED for event in events),
        before=before,
        difference=compare_articles(before, standing.article, _described(corpus)) if before else None,
        events=list(reversed(events)),
        steps=[(state.value, STEPS[state]) for state in ReviewState if state in standing.possible and state in STEPS],
        parts_of_text=list(_parts(standing.article)),
    )


@router.post("/articles/{slug}", name="review_step")
async def review_step(
    request: Request,
    slug: str,
    who: Editor,
    state: Annotated[str, Form()],
    sha256: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a step on the very text that the editor was shown."""
    corpus = await engine(request).corpus()
    article = corpus.articles.get(slug)
    if article is None or state not in {step.value for step in STEPS}:
        raise Problem(404, "not_found", "no such article or step; the desk lists those there are")
    if article.sha256 != sha256:
        raise Problem(409, "edited", "the text was edited since this page was shown: read it again, then take the step")
    await asyncio.to_thread(take_step, request, slug, ReviewState(state), who, note.strip() or None)
    return RedirectResponse(f"/desk/articles/{slug}", 303)


@router.get("/answers", name="sign_offs")
async def sign_offs(request: Request, who: Editor) -> Response:
    """Answers waiting for sign-off, the gravest change first."""
    queue = await asyncio.to_thread(_queue, engine(request).library())
    return _show(request, "desk_answers.html", "answers", queue=queue)


@router.get("/answers/{number}", name="sign_off")
async def sign_off(request: Request, number: Number, who: Editor) -> Response:
    """A stored answer with what changed in it, and the history of its question."""
    corpus = await engine(request).corpus()
    stored = await asyncio.to_thread(_stored, engine(request).library(), number)
    turn = turn_of_page(stored.version.answer, 0, corpus, "")
    return _show(request, "desk_answer.html", "answers", turn=turn, conversation="", article="", **_fields(stored))


@router.post("/answers/{number}", name="decide")
async def decide(
    request: Request,
    number: Number,
    who: Editor,
    decision: Annotated[str, Form(pattern="^(sign_off|reject)$")],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Publish a waiting answer, or put it aside."""
    await asyncio.to_thread(lambda: decided(engine(request).library(), number, decision, who, note.strip() or None))
    return RedirectResponse("/desk/answers", 303)


@router.get("/audit", name="audit")
async def audit(request: Request, who: Editor) -> Response:
    """Review events and decisions on answers, the newest first."""
    corpus = await engine(request).corpus()
    versions = await asyncio.to_thread(_decisions, engine(request).library())
    told = [*map(_event, corpus.reviews), *map(_decision, versions)]
    told.sort(key=lambda one: one["at"], reverse=True)
    return _show(request, "desk_audit.html", "audit", events=told[:SHOWN], more=max(0, len(told) - SHOWN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A stored answer, the one it would replace, and the difference."""

    version: Version
    before: Version | None
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    version: Version
    before: Version | None
    difference: Difference
    history: list[Version]


def _queue(library: Library | None) -> list[Queued]:
    found = waiting(library) if library else []
    return [Queued(version=new, before=old, difference=difference) for new, old, difference in found]


def _stored(library: Library | None, number: int) -> _Stored:
    version = library.numbered(number) if library else None
    if version is None or library is None:
        raise Problem(404, "not_found", "the library holds no answer of this number; the desk lists those that wait")
    before = next((queued.before for queued in _queue(library) if queued.version.number == number), None)
    return _Stored(
        version=version,
        before=before,
        difference=compare(before.answer if before else None, version.answer),
        history=list(reversed(library.history(version.key))),
    )


def _fields(stored: _Stored) -> dict[str, Any]:
    return {
        "version": stored.version,
        "before": stored.before,
        "difference": stored.difference,
        "history": stored.history,
        "waits": stored.version.state is State.WAITING,
    }


def _decisions(library: Library | None) -> list[Version]:
    return [version for version in library.versions() if version.decided_at] if library else []


def _event(event: ReviewEvent) -> dict[str, str]:
    return {
        "at": event.at.isoformat(),
        "what": f"{event.state.value.replace('_', ' ')}",
        "of": event.article,
        "link": f"/desk/articles/{event.article}",
        "by": event.by,
        "note": event.note or "",
        "hash": event.sha256[:12],
    }


def _decision(version: Version) -> dict[str, str]:
    return {
        "at": version.decided_at or "",
        "what": f"answer {version.state.value}",
        "of": f"{version.number}. {version.answer.question}",
        "link": f"/desk/answers/{version.number}",
        "by": version.decided_by or "",
        "note": version.note or "",
        "hash": version.basis.sha256[:12],
    }


def _described(corpus: Corpus) -> Mapping[str, str]:
    """Each source in one line, by id."""
    return {source: describe(reference(record)) for source, record in corpus.abstracts.items()}


def _parts(article: Any) -> Iterator[tuple[str, str]]:
    for span in article.spans:
        yield HEADINGS[span.part], article.text[span.start : span.end].strip()


def _show(request: Request, template: str, tab: str, **context: Any) -> Response:
    """A page of the desk: its tab, how many answers wait, and how differences are told."""
    try:
        library = engine(request).library()
        count = library.counts().get(State.WAITING.value, 0) if library else 0
    except RagqaError:
        count = 0
    return show(request, template, tab=tab, count=count, runs=runs, citations=citations, headings=HEADINGS, when=_when, **context)


def _when(moment: Any) -> str:
    """Date and time for people, of a datetime or of its ISO form."""
    from datetime import datetime

    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{day(at.date())}, {at:%H:%M}"
