"""What editors do, by API or page: steps of the review, decisions on answers that wait; in the name of who is signed in."""

from __future__ import annotations

from fastapi import Request

from ragqa.corpus.records import ReviewEvent, ReviewState
from ragqa.editorial.library import Library
from ragqa.editorial.review import record_step
from ragqa.editorial.versions import Version
from ragqa.web.access import Reader
from ragqa.web.problems import Problem
from ragqa.web.state import engine, settings

NO_ANSWER = "the library holds no answer of this number: GET /api/v1/library lists them"


def take_step(request: Request, slug: str, state: ReviewState, who: Reader, note: str | None, sha256: str | None) -> ReviewEvent:
    """Record a step on the text that was read, and have the index follow. Raises ReviewError when it is not possible."""
    chosen = settings(request)
    event = record_step(chosen.corpus, slug, state, who.name or "", note, two_person=chosen.two_person, sha256=sha256)
    engine(request).index.follow()
    return event


def decided(library: Library | None, number: int, decision: str, who: Reader, note: str | None) -> Version:
    """A waiting answer after this decision, "sign_off" or another. Raises LibraryError when it does not wait, Problem 404."""
    if library is None or library.numbered(number) is None:
        raise Problem(404, "not_found", NO_ANSWER)
    change = library.sign_off if decision == "sign_off" else library.reject
    return change(number, who.name or "", note)
