"""The rating page: two answers side by side, a word for each, and nothing that tells which system gave which.

A rater sees neither the ratings of others nor what came of them until the session is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from ragqa.answer.contract import Answer
from ragqa.answer.render import describe
from ragqa.corpus.parts import Part
from ragqa.errors import RagqaError
from ragqa.evaluation.rating.outcome import outcome
from ragqa.evaluation.rating.sessions import LONGEST_NOTE, Better, Pair, Rating, SessionFolder, rated_now
from ragqa.evaluation.verdicts import MEANING, Verdict
from ragqa.question.cleaning import Cleaner
from ragqa.web.access import Reader, require
from ragqa.web.pages.frame import finder, show
from ragqa.web.pages.sources import address
from ragqa.web.problems import Problem
from ragqa.web.state import engine, settings

router = APIRouter(prefix="/rating", include_in_schema=False)
Rater = Annotated[Reader, Depends(require("reader"))]
Editor = Annotated[Reader, Depends(require("editor"))]
Number = Annotated[int, Path(ge=1, le=10**6)]
Note = Annotated[str, Form(max_length=LONGEST_NOTE)]


@router.get("", name="ratings")
def ratings(request: Request, who: Rater) -> Response:
    """The sessions, each with how far this rater has come."""
    sessions = [
        (one.name, one.closed, len(_rated(one, who)), len(one.read().left)) for one in SessionFolder.all(_serving(request))
    ]
    return show(request, "rating_list.html", sessions=sessions)


@router.get("/{rating}", name="next_pair")
def next_pair(request: Request, rating: str, who: Rater) -> Response:
    """The first pair that this rater has not rated; after the last one, that it is done."""
    session = _session(request, rating)
    done = _rated(session, who)
    left = [number for number in session.order(_name(who)) if number not in done]
    if left and not session.closed:
        return RedirectResponse(f"/rating/{rating}/{left[0]}", 303)
    asked = {pair.number: pair.asked for pair in session.pairs()}
    own = [(number, asked[number][-1], done[number]) for number in session.order(_name(who)) if number in done]
    return show(request, "rating_done.html", session=rating, closed=session.closed, own=own, total=len(asked))


@router.get("/{rating}/results", name="rating_results")
def rating_results(request: Request, rating: str, who: Editor) -> Response:
    """What came of a session that is closed."""
    session = _session(request, rating)
    if not session.closed:
        raise Problem(409, "open", "what came of a rating is shown once it is closed: nobody who rates may know what others said")
    return show(request, "rating_results.html", found=outcome(session), words=list(reversed(MEANING)))


@router.post("/{rating}/close", name="rating_close")
def rating_close(request: Request, rating: str, who: Editor) -> Response:
    """End the rating."""
    _session(request, rating).close()
    return RedirectResponse(f"/rating/{rating}/results", 303)


@router.get("/{rating}/{number}", name="rating_pair")
def rating_pair(request: Request, rating: str, number: Number, who: Rater) -> Response:
    """One pair, with this rater's own rating of it where there is one."""
    session = _session(request, rating)
    pair, order, done = _pair(session, number), session.order(_name(who)), _rated(session, who)
    place = order.index(number)
    return show(
        request,
        "rating_pair.html",
        session=rating,
        pair=pair,
        sides=_sides(request, pair),
        same=pair.same,
        words=MEANING,
        given=done.get(number),
        back=order[place - 1] if place else None,
        place=place + 1,
        rated=len(done),
        total=len(order),
        longest=LONGEST_NOTE,
        closed=session.closed,
    )


@router.post("/{rating}/{number}", name="rate")
def rate(
    request: Request,
    rating: str,
    number: Number,
    who: Rater,
    left: Annotated[Verdict, Form()],
    right: Annotated[Verdict | None, Form()] = None,
    better: Annotated[Better | None, Form()] = None,
    left_note: Note = "",
    right_note: Note = "",
) -> Response:
    """Keep a rating, and go on to the next pair. Of two answers that tell the same one word is asked for."""
    session = _session(request, rating)
    if _pair(session, number).same:
        right, better, right_note = left, "no difference", left_note
    if right is None or better is None:
        raise Problem(422, "invalid_request", "a word for each answer and which is better are needed; go back and choose them")
    clean = Cleaner(settings(request).redact).text
    notes = clean(left_note.strip())[:LONGEST_NOTE], clean(right_note.strip())[:LONGEST_NOTE]
    try:
        session.add(rated_now(number, _name(who), left, right, better, notes))
    except RagqaError as error:
        raise Problem(409, "closed", str(error)) from error
    return RedirectResponse(f"/rating/{rating}", 303)


def _serving(request: Request) -> Any:
    return settings(request).serving


def _session(request: Request, name: str) -> SessionFolder:
    try:
        session = SessionFolder.named(_serving(request), name)
    except RagqaError:
        session = None
    if session is None or not session.exists:
        raise Problem(404, "not_found", "no rating of that name; /rating lists those there are")
    return session


def _pair(session: SessionFolder, number: int) -> Pair:
    pairs = session.pairs()
    if number > len(pairs):
        raise Problem(404, "not_found", f"this rating has {len(pairs)} pairs")
    return pairs[number - 1]


def _name(who: Reader) -> str:
    """Who rates; the decision let nobody in without a name."""
    return who.name or ""


def _rated(session: SessionFolder, who: Reader) -> dict[int, Rating]:
    return {one.pair: one for one in session.ratings() if one.rater == _name(who)}


def _sides(request: Request, pair: Pair) -> list[tuple[str, str, dict[str, Any]]]:
    """Both answers, named so that no name is one of the four words."""
    find = finder(engine(request).read_corpus())
    return [
        ("left", "Answer 1", _shown(pair.left, pair.right, find)),
        ("right", "Answer 2", _shown(pair.right, pair.left, find)),
    ]


def _shown(answer: Answer, other: Answer, find: Callable[[str], object]) -> dict[str, Any]:
    """An answer as a reader sees it, without its id, models, times and how the question was understood.

    ``only_here``: statements that the other answer lacks. A source is linked where this site has a page of it.
    """
    parts = [(part.heading(answer.audience), [one for one in answer.statements if one.section is part]) for part in Part]
    return {
        "status": answer.status.value,
        "message": answer.message,
        "alternatives": answer.alternatives,
        "parts": [(heading, statements) for heading, statements in parts if statements],
        "evidence": answer.evidence,
        "conflicts": answer.conflicts,
        "only_here": {one.text for one in answer.statements} - {one.text for one in other.statements},
        "references": [
            (one.number, describe(one), address(one.source_id) if find(one.source_id) else None) for one in answer.references
        ],
        "disclaimer": answer.disclaimer,
    }
