"""Signing in and out: a form, a session in a cookie, and limits on guesses."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from ragqa.web.access import client, public
from ragqa.web.accounts import LONGEST_PASSWORD
from ragqa.web.problems import Problem
from ragqa.web.security import Rate, inside
from ragqa.web.state import accounts, pools, settings
from ragqa.web.views import render
from ragqa.web.visits import begin_visit, check_csrf, drop_cookie, keep_visit, visit

router = APIRouter()
PER_MINUTE, AT_ONCE = 5, 10
"""Wrong passwords of one address for one name."""
ADDRESS_PER_MINUTE, ADDRESS_AT_ONCE = 20, 40
"""Wrong passwords of one address for all names: a whole house may come through one."""
NAME_PER_MINUTE, NAME_AT_ONCE = 30, 60
"""Wrong passwords for one name from all addresses together where it never signed in."""
REMEMBERED = 10_000
"""Pairs of a name and an address that signed in; only who knows a password adds one."""


class Guesses:
    """How often one may try to sign in; a right password does not count.

    A name's limit over all addresses does not hold where that name signed in before: nobody keeps its owner out by guessing.
    """

    def __init__(
        self, pair: Rate | None = None, address: Rate | None = None, name: Rate | None = None, remembered: int = REMEMBERED
    ) -> None:
        self._pair = pair or Rate(PER_MINUTE, AT_ONCE)
        self._address = address or Rate(ADDRESS_PER_MINUTE, ADDRESS_AT_ONCE)
        self._name = name or Rate(NAME_PER_MINUTE, NAME_AT_ONCE)
        self._most = remembered
        self._remembered: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait(self, address: str, name: str) -> float:
        """Take one try; 0.0 when it may be made, else the seconds until it may. What is refused uses up no other limit."""
        taken: list[tuple[Rate, str]] = []
        for rate, key in self._limits(address, name):
            wait = rate.wait(key)
            if wait:
                self._give_back(taken)
                return wait
            taken.append((rate, key))
        return 0.0

    def right(self, address: str, name: str) -> None:
        """The password was right: the try is given back, and this address is one where the name signed in."""
        self._give_back(self._limits(address, name))
        self._remembered[address, name] = None
        self._remembered.move_to_end((address, name))
        while len(self._remembered) > self._most:
            self._remembered.popitem(last=False)

    def _limits(self, address: str, name: str) -> list[tuple[Rate, str]]:
        limits = [(self._address, address), (self._pair, f"{address} {name}")]
        return limits if (address, name) in self._remembered else [*limits, (self._name, name)]

    def _give_back(self, taken: list[tuple[Rate, str]]) -> None:
        for rate, key in taken:
            rate.give_back(key)


@router.get("/sign-in", name="sign_in_page", dependencies=[Depends(public)])
def sign_in_page(request: Request, next: str = "/") -> Response:
    """The form."""
    return render(request, "sign_in.html", next=inside(next), failed=False)


@router.post("/sign-in", name="sign_in", dependencies=[Depends(public), Depends(check_csrf)])
async def sign_in(
    request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    """Check name and password; a session with a new secret begins, and whatever the browser's cookie was before ends."""
    limit: Guesses = request.app.state.guesses
    wait = limit.wait(client(request), name)
    if wait:
        raise Problem(429, "too_many_guesses", "too many tries to sign in; wait a minute", {"Retry-After": str(int(wait) + 1)})
    user = await pools(request).verify(accounts(request).check, name, password[: LONGEST_PASSWORD + 1])
    if user is None:
        page = await asyncio.to_thread(render, request, "sign_in.html", next=inside(next), failed=True)
        page.status_code = 422
        return page
    limit.right(client(request), name)
    hours = settings(request).session_hours
    begin_visit(request, await pools(request).write(accounts(request).begin, user.name, hours, visit(request)))
    response = RedirectResponse(inside(next), 303)
    keep_visit(request, response)
    return response


@router.post("/sign-out", name="sign_out", dependencies=[Depends(public), Depends(check_csrf)])
async def sign_out(request: Request) -> Response:
    """End the session."""
    await pools(request).write(accounts(request).end, visit(request))
    response = RedirectResponse("/", 303)
    drop_cookie(request, response, "ragqa")
    return response
