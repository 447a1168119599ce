"""Signing in and out: a form, a session in a cookie, and a limit on guesses."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from ragqa.web.access import COOKIE, accounts, check_csrf, client, keep_visit, public, settings, visit
from ragqa.web.problems import Problem
from ragqa.web.security import Rate
from ragqa.web.views import render

router = APIRouter()
GUESSES_PER_MINUTE, GUESSES_AT_ONCE = 5, 10


def guesses() -> Rate:
    """How often one client may try, and how often anybody may try one name."""
    return Rate(GUESSES_PER_MINUTE, GUESSES_AT_ONCE)


@router.get("/sign-in", name="sign_in_page", dependencies=[Depends(public)])
def sign_in_page(request: Request, next: str = "/") -> Response:
    """The form."""
    return render(request, "sign_in.html", next=_inside(next), failed=False)


@router.post("/sign-in", name="sign_in", dependencies=[Depends(public), Depends(check_csrf)])
async def sign_in(
    request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    """Check name and password; a session with a new secret begins, whatever the browser's cookie was before."""
    limit: Rate = request.app.state.guesses
    wait = max(limit.wait(client(request)), limit.wait(f"name {name[:64]}"))
    if wait:
        raise Problem(429, "too_many_guesses", "too many tries to sign in; wait a minute", {"Retry-After": str(int(wait) + 1)})
    user = await asyncio.to_thread(accounts(request).check, name, password)
    if user is None:
        page = render(request, "sign_in.html", next=_inside(next), failed=True)
        page.status_code = 422
        return page
    accounts(request).end(visit(request))
    request.state.visit = accounts(request).begin(user.name, settings(request).session_hours)
    response = RedirectResponse(_inside(next), 303)
    keep_visit(request, response)
    return response


@router.post("/sign-out", name="sign_out", dependencies=[Depends(public), Depends(check_csrf)])
def sign_out(request: Request) -> Response:
    """End the session."""
    accounts(request).end(visit(request))
    response = RedirectResponse("/", 303)
    response.delete_cookie(COOKIE)
    return response


def _inside(path: str) -> str:
    """A path of this server, never another server's address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
