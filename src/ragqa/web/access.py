"""Who is asking, and who may do what: one decision for every route.

Each route depends on exactly one of ``public``, ``may_read``, ``may_ask`` or ``require(role)``; a test walks over all routes and
fails at one without. Signed in is who sends a session's cookie or an API token; a browser's session must prove its forms too, as
``visits`` says.

Who sends a request is looked up once, off the event loop, by the decision; ``reader`` then only says what was found.
"""

from __future__ import annotations

import ipaddress
import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from typing import Literal

from fastapi import Request
from fastapi.routing import APIRoute

from ragqa.corpus.folder import Corpus
from ragqa.corpus.records import ReviewState
from ragqa.errors import StoreBusy, StoreFault
from ragqa.settings import Settings
from ragqa.web.accounts import ROLES
from ragqa.web.admission import Priority
from ragqa.web.problems import FAILURES, Problem, problem_of
from ragqa.web.state import accounts, pools, rate, settings
from ragqa.web.visits import check_csrf, cookie_name, named_here

_SESSION = re.compile(r"[A-Za-z0-9_-]{43}")
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


def reader(request: Request) -> Reader:
    """Who sends this request, as its decision found; a guest where none was taken."""
    found: Reader = getattr(request.state, "reader", GUEST)
    return found


def priority(request: Request) -> Priority:
    """When this reader's questions are answered: who signed in goes first."""
    return Priority.of_role(reader(request).role)


async def identify(request: Request) -> Reader:
    """Look up who sends this request, once. Raises Problem 401 when an API token is not valid (any more)."""
    if not hasattr(request.state, "reader"):
        visitor = await _visitor(request)
        request.state.reader = await _token_holder(request) or visitor
    return reader(request)


async def _visitor(request: Request) -> Reader:
    """The user of the browser's session, else a guest; notes the visit that its cookie names, if this server made it."""
    request.state.visit = ""
    sent = request.cookies.get(cookie_name(request, "ragqa"), "")
    if named_here(request, sent):
        request.state.visit = sent
    elif _SESSION.fullmatch(sent):
        user = await pools(request).read(accounts(request).session, sent)
        if user is not None:
            request.state.visit = sent
            return Reader(user.name, user.role, by_cookie=True)  # type: ignore[arg-type]
    return GUEST


async def _token_holder(request: Request) -> Reader | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    user = await pools(request).read(accounts(request).token, token.strip())
    if user is None:
        raise _unknown("this API token is not valid: ask an admin for one (`ragqa users token NAME`)")
    return Reader(user.name, user.role)  # type: ignore[arg-type]


async def anybody(request: Request) -> Reader:
    """As ``identify`` for what is open to everybody: who cannot be looked up, or sends a token that has ended, is a guest."""
    try:
        return await identify(request)
    except FAILURES as error:
        problem_of(error)
        return GUEST


async def public(request: Request) -> Reader:
    """Decision: open to everybody, also where reading is closed."""
    return await anybody(request)


async def may_read(request: Request) -> Reader:
    """Decision: everybody, or where the setting ``reading`` is closed, who signed in."""
    return await _allowed(request, "may_read")


async def may_ask(request: Request) -> Reader:
    """Decision: as ``may_read``, or where ``asking`` is closed, who signed in; nobody more often than the settings allow."""
    found = await _allowed(request, "may_ask")
    await _proven(request, found)
    wait = rate(request).wait(f"user {found.name}" if found.name else client(request))
    if wait:
        raise Problem(429, "too_many_questions", "too many questions from here; wait a moment", {"Retry-After": str(ceil(wait))})
    return found


def client(request: Request) -> str:
    """Where a request comes from: an address, of IPv6 its first 64 bits, all of which one household or host has.

    What is no address, since a proxy passed on what a client made up, is one client, whatever it says.
    """
    sent = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(sent.partition("%")[0])
    except ValueError:
        return "client"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if mapped or address.version == 4:
        return f"client {mapped or address}"
    return f"client {ipaddress.IPv6Network((int(address), 64), strict=False)}"


def require(role: str) -> Callable[[Request], Awaitable[Reader]]:
    """Decision: who has this role or a higher one."""

    async def decide(request: Request) -> Reader:
        found = await _allowed(request, role)
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


async def _allowed(request: Request, decided: str) -> Reader:
    found = await _known(request, decided)
    if admits(decided, found.role, settings(request)):
        return found
    if found.name is None:
        raise _unknown("sign in, or send an API token: Authorization: Bearer TOKEN")
    raise Problem(403, "forbidden", f"this needs the role {decided}; {found.name} has the role {found.role}")


async def _known(request: Request, decided: str) -> Reader:
    """As ``identify``; while nobody can be looked up, whoever would be let in as a guest is one."""
    try:
        return await identify(request)
    except (StoreFault, StoreBusy, OSError, sqlite3.Error):
        if not admits(decided, "guest", settings(request)):
            raise
        return GUEST


async def _proven(request: Request, found: Reader) -> None:
    if found.by_cookie and request.method not in SAFE:
        await check_csrf(request)


def _unknown(message: str) -> Problem:
    return Problem(401, "not_signed_in", message, {"WWW-Authenticate": "Bearer"})
