"""Who is asking, and who may do what: one decision for every route.

Each route depends on exactly one of ``public``, ``may_read``, ``may_ask`` or ``require(role)``; a test walks over all routes and
fails at one without. Signed in is who sends a session's cookie or an API token. A browser sends its cookie unasked, so whatever
changes something needs the token that only a page of this server could know: form field ``csrf`` or header ``X-CSRF-Token``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Literal

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from ragqa.corpus import Corpus
from ragqa.records import ReviewState
from ragqa.settings import Settings
from ragqa.web.accounts import ROLES, Accounts
from ragqa.web.admission import Priority
from ragqa.web.engine import Engine
from ragqa.web.problems import Problem
from ragqa.web.security import Rate

COOKIE = "ragqa"
SHOWN = frozenset({ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.APPROVED})
"""What readers see, with a caution unless it is approved; drafts and what was withdrawn are for editors."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever sends a request; a guest has no name. ``by_cookie``: a browser's session, which must prove its forms."""

    name: str | None
    role: Literal["guest", "reader", "editor", "admin"]
    by_cookie: bool = False

    def may(self, role: str) -> bool:
        """Whether this reader has the role or a higher one."""
        return self.role in ROLES and ROLES.index(self.role) >= ROLES.index(role)


GUEST = Reader(None, "guest")


def engine(request: Request) -> Engine:
    """The open engine."""
    found: Engine = request.app.state.engine
    return found


def accounts(request: Request) -> Accounts:
    """The accounts."""
    found: Accounts = request.app.state.accounts
    return found


def settings(request: Request) -> Settings:
    """The settings in force."""
    found: Settings = request.app.state.settings
    return found


def reader(request: Request) -> Reader:
    """Who sends this request. Raises Problem 401 when an API token is not valid (any more)."""
    if not hasattr(request.state, "reader"):
        request.state.reader = _reader(request)
    found: Reader = request.state.reader
    return found


def _reader(request: Request) -> Reader:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        user = accounts(request).token(token.strip())
        if user is None:
            raise _unknown("this API token is not valid: ask an admin for one (`ragqa users token NAME`)")
        return Reader(user.name, user.role)  # type: ignore[arg-type]
    user = accounts(request).session(visit(request)) if visit(request) else None
    return Reader(user.name, user.role, by_cookie=True) if user else GUEST  # type: ignore[arg-type]


def priority(request: Request) -> Priority:
    """When this reader's questions are answered: who signed in goes first."""
    return Priority.of_role(reader(request).role)


async def public() -> None:
    """Decision: open to everybody, also where reading is closed."""


async def may_read(request: Request) -> Reader:
    """Decision: everybody, or where the setting ``reading`` is closed, who signed in."""
    return _allowed(request, "may_read")


async def may_ask(request: Request) -> Reader:
    """Decision: as ``may_read``, or where ``asking`` is closed, who signed in; nobody more often than the settings allow."""
    found = _allowed(request, "may_ask")
    await _proven(request, found)
    rate: Rate = request.app.state.rate
    wait = rate.wait(found.name or client(request))
    if wait:
        raise Problem(429, "too_many_questions", "too many questions from here; wait a moment", {"Retry-After": str(ceil(wait))})
    return found


def client(request: Request) -> str:
    """The address a request comes from."""
    return f"client {request.client.host}" if request.client else "client"


def require(role: str) -> Callable[[Request], Awaitable[Reader]]:
    """Decision: who has this role or a higher one."""

    async def decide(request: Request) -> Reader:
        found = _allowed(request, role)
        await _proven(request, found)
        return found

    decide.role = role  # type: ignore[attr-defined]
    return decide


def decision(route: APIRoute) -> str | None:
    """Who a route is for: "public", "may_read", "may_ask" or a role; None, a fault, where it does not decide just once."""
    plain: dict[object, str] = {public: "public", may_read: "may_read", may_ask: "may_ask"}
    calls = [dependency.call for dependency in route.dependant.dependencies]
    found = [name for call in calls if (name := plain.get(call) or getattr(call, "role", None))]
    return found[0] if len(found) == 1 else None


def admits(decided: str, role: str, settings: Settings) -> bool:
    """Whether a decision lets a role in, "guest" included."""
    open_to_guests = {
        "public": True,
        "may_read": settings.reading == "open",
        "may_ask": settings.reading == "open" and settings.asking == "open",
    }
    if decided in open_to_guests:
        return open_to_guests[decided] or role != "guest"
    return role in ROLES and ROLES.index(role) >= ROLES.index(decided)


def visible(corpus: Corpus, who: Reader) -> list[str]:
    """Slugs of the articles that this reader may read."""
    return [slug for slug in sorted(corpus.articles) if corpus.states[slug] in SHOWN or who.may("editor")]


def _allowed(request: Request, decided: str) -> Reader:
    found = reader(request)
    if admits(decided, found.role, settings(request)):
        return found
    if found.name is None:
        raise _unknown("sign in, or send an API token: Authorization: Bearer TOKEN")
    raise Problem(403, "forbidden", f"this needs the role {decided}; {found.name} has the role {found.role}")


async def _proven(request: Request, found: Reader) -> None:
    if found.by_cookie and request.method not in SAFE:
        await check_csrf(request)


def _unknown(message: str) -> Problem:
    return Problem(401, "not_signed_in", message, {"WWW-Authenticate": "Bearer"})


def visit(request: Request) -> str:
    """What the browser's cookie holds: a session's secret, or before signing in a random name; "" where there is none."""
    made: str = getattr(request.state, "visit", "")
    return made or request.cookies.get(COOKIE, "")


def csrf_token(request: Request) -> str:
    """What a form of this visit must carry. A first visit gets its name here; ``keep_visit`` puts it on the response."""
    if not visit(request):
        request.state.visit = secrets.token_urlsafe(32)
    secret: bytes = request.app.state.secret
    return hmac.new(secret, visit(request).encode(), hashlib.sha256).hexdigest()


async def check_csrf(request: Request) -> None:
    """Raises Problem 403 unless the request carries its visit's token: header ``X-CSRF-Token``, or form field ``csrf``."""
    sent = request.headers.get("x-csrf-token", "")
    if not sent and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        sent = str((await request.form()).get("csrf", ""))
    if not visit(request) or not hmac.compare_digest(sent.encode(), csrf_token(request).encode()):
        raise Problem(403, "csrf", "this form is no longer valid: load the page again and send it once more")


def keep_visit(request: Request, response: Response) -> None:
    """Put the cookie of a new visit or session on the response."""
    if value := getattr(request.state, "visit", ""):
        response.set_cookie(COOKIE, value, httponly=True, samesite="lax", secure=settings(request).https, path="/")


def may_form(request: Request) -> Awaitable[None]:
    """As ``check_csrf``, for forms that guests send too: signing in, asking with scripts off."""
    return check_csrf(request)


TheEngine = Annotated[Engine, Depends(engine)]
TheReader = Annotated[Reader, Depends(reader)]
