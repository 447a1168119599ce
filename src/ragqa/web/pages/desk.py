"""The editor's desk: articles in review with what changed in them, answers waiting for sign-off, and who did what when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from ragqa.answer.assembly import reference
from ragqa.answer.render import describe
from ragqa.corpus.articles import approved_text
from ragqa.corpus.folder import Corpus
from ragqa.corpus.records import Article, ReviewEvent, ReviewState
from ragqa.editorial.difference import citations, compare, compare_articles, runs
from ragqa.editorial.library import Library
from ragqa.editorial.queue import Queued, sign_off_queue
from ragqa.editorial.review import articles_in_review
from ragqa.editorial.versions import State, Version
from ragqa.errors import LibraryError
from ragqa.web.access import Reader, require
from ragqa.web.editing import decided, take_step
from ragqa.web.pages.frame import day, show
from ragqa.web.pages.talk import turn_of_page
from ragqa.web.problems import Problem
from ragqa.web.state import engine

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
"""Events of the audit trail on one page, the newest first; articles set aside and other faults on the desk."""
SHOWN_OF_ONE = 10
"""Faults of one article on the desk; its own page shows them all."""


@router.get("", name="desk")
def desk(request: Request, who: Editor) -> Response:
    """Every article, those that wait for an editor first."""
    corpus = engine(request).read_corpus()
    of_articles = {fault for faults in corpus.set_aside.values() for fault in faults}
    faults = [fault for fault in corpus.faults if fault not in of_articles]
    aside = dict(list(corpus.set_aside.items())[:SHOWN])
    return _show(
        request,
        "desk.html",
        "review",
        articles=articles_in_review(corpus),
        names=STEPS,
        set_aside={slug: found[:SHOWN_OF_ONE] for slug, found in aside.items()},
        faults=faults[:SHOWN],
        more=max(0, len(corpus.set_aside) - SHOWN) + max(0, len(faults) - SHOWN),
    )


@router.get("/articles/{slug}", name="review")
def review(request: Request, slug: str, who: Editor) -> Response:
    """What changed in an article since it was approved, its steps so far and those possible now."""
    corpus = engine(request).read_corpus()
    events = [event for event in corpus.reviews if event.article == slug]
    if slug not in corpus.articles and corpus.knows(slug):
        return _show(
            request,
            "desk_set_aside.html",
            "review",
            slug=slug,
            faults=corpus.set_aside.get(slug, ("its file is not there any more",)),
            events=list(reversed(events)),
            withdrawn=bool(events) and events[-1].state is ReviewState.WITHDRAWN,
        )
    reviewed = next((one for one in articles_in_review(corpus) if one.article.slug == slug), None)
    if reviewed is None:
        raise Problem(404, "not_found", "no such article; the desk lists those there are")
    before = approved_text(engine(request).settings.corpus, slug, corpus.reviews)
    return _show(
        request,
        "desk_article.html",
        "review",
        reviewed=reviewed,
        approved=any(event.state is ReviewState.APPROVED for event in events),
        before=before,
        difference=compare_articles(before, reviewed.article, _described(corpus)) if before else None,
        events=list(reversed(events)),
        steps=[(state.value, STEPS[state]) for state in ReviewState if state in reviewed.possible and state in STEPS],
        parts_of_text=list(_parts(reviewed.article)),
    )


@router.post("/articles/{slug}", name="review_step")
def review_step(
    request: Request,
    slug: str,
    who: Editor,
    state: Annotated[str, Form()],
    sha256: Annotated[str, Form(pattern="^([0-9a-f]{64})?$")] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a step on the very text that the editor was shown; only a withdrawal needs to name none."""
    corpus = engine(request).read_corpus()
    if not corpus.knows(slug) or state not in {step.value for step in STEPS}:
        raise Problem(404, "not_found", "no such article or step; the desk lists those there are")
    if not sha256 and state != ReviewState.WITHDRAWN:
        raise Problem(422, "invalid_request", "the form names no text: load the page again, then take the step")
    if sha256 and slug in corpus.articles and corpus.articles[slug].sha256 != sha256:
        raise Problem(409, "edited", "the text was edited since this page was shown: read it again, then take the step")
    take_step(request, slug, ReviewState(state), who, note.strip() or None, sha256 or None)
    return RedirectResponse(f"/desk/articles/{slug}", 303)


@router.get("/answers", name="sign_offs")
def sign_offs(request: Request, who: Editor) -> Response:
    """Answers waiting for sign-off, the gravest change first."""
    library = engine(request).signed_off.library()
    return _show(request, "desk_answers.html", "answers", queue=sign_off_queue(library) if library else [])


@router.get("/answers/{number}", name="sign_off")
def sign_off(request: Request, number: Number, who: Editor) -> Response:
    """A stored answer with what changed in it, and the history of its question."""
    corpus = engine(request).read_corpus()
    queued, history = _stored(engine(request).signed_off.library(), number)
    return _show(
        request,
        "desk_answer.html",
        "answers",
        turn=turn_of_page(queued.version.answer, 0, corpus, "", kept=None),
        conversation="",
        article="",
        version=queued.version,
        before=queued.before,
        difference=queued.difference,
        history=history,
        waits=queued.version.state is State.WAITING,
    )


@router.post("/answers/{number}", name="decide")
def decide(
    request: Request,
    number: Number,
    who: Editor,
    decision: Annotated[str, Form(pattern="^(sign_off|reject)$")],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Publish a waiting answer, or put it aside."""
    decided(engine(request).signed_off.library(), number, decision, who, note.strip() or None)
    return RedirectResponse("/desk/answers", 303)


@router.get("/audit", name="audit")
def audit(request: Request, who: Editor) -> Response:
    """Review events and decisions on answers, the newest first."""
    corpus = engine(request).read_corpus()
    library = engine(request).signed_off.library()
    decided_on = library.decisions(SHOWN) if library else []
    told = [*map(_event, corpus.reviews), *map(_decision, decided_on)]
    told.sort(key=lambda one: datetime.fromisoformat(one["at"]), reverse=True)
    return _show(request, "desk_audit.html", "audit", events=told[:SHOWN], cut=len(told) > SHOWN)


def _stored(library: Library | None, number: int) -> tuple[Queued, list[Version]]:
    """A version beside the last one seen before it, and every version of its question, the newest first."""
    version = library.numbered(number) if library else None
    if version is None or library is None:
        raise Problem(404, "not_found", "the library holds no answer of this number; the desk lists those that wait")
    history = library.history(version.key)
    seen = [one for one in history if one.number < number and one.state not in (State.WAITING, State.REJECTED)]
    before = seen[-1] if seen else None
    difference = compare(before.answer, version.answer) if before else None
    return Queued(version=version, before=before, difference=difference), history[::-1]


def _event(event: ReviewEvent) -> dict[str, str]:
    return {
        "at": event.at.isoformat(),
        "what": event.state.value.replace("_", " "),
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


def _parts(article: Article) -> Iterator[tuple[str, list[str]]]:
    """Headings with their paragraphs or points, source numbers as they stand."""
    for span in article.spans:
        lines = article.text[span.start : span.end].splitlines()
        yield span.part.heading(), [line.strip().removeprefix("- ") for line in lines if line.strip()]


def _show(request: Request, template: str, tab: str, **context: Any) -> Response:
    """A page of the desk: its tab, how many answers wait, and how differences are told."""
    return show(
        request,
        template,
        tab=tab,
        count=_waiting_count(request),
        runs=runs,
        citations=citations,
        when=_when,
        **context,
    )


def _waiting_count(request: Request) -> int:
    """How many answers wait; none is told where the library cannot be read, which keeps no step from being taken."""
    try:
        library = engine(request).signed_off.library()
        return library.counts().get(State.WAITING.value, 0) if library else 0
    except (LibraryError, OSError):
        return 0


def _when(moment: datetime | str) -> str:
    """Date and time for people, of a moment or of its ISO form."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{day(at.date())}, {at:%H:%M}"
