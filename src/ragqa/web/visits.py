"""Visits of a browser: the cookie that names one, and the token with which it proves its forms.

A visit is named by a session's secret, or before signing in by a random name that this server made. A browser sends its cookie
unasked, so whatever changes something needs the token that only a page of this server could know: form field ``csrf`` or header
``X-CSRF-Token``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from fastapi import Request, Response

from ragqa.web.problems import Problem
from ragqa.web.state import settings

HOST_ONLY = "__Host-"
"""Before a cookie's name: browsers take such a one over HTTPS alone, and from this very host, never from a neighbour."""
_VISIT = re.compile(r"visit\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})")


def cookie_name(request: Request, name: str) -> str:
    """What a cookie of this server is called: over HTTPS so that only this host can have set it."""
    return HOST_ONLY + name if settings(request).https else name


def visit(request: Request) -> str:
    """What names this visit: a session's secret, or before signing in a random name; "" where there is none yet.

    What the browser sent counts only where this server made it: a cookie that another planted is no visit.
    """
    found: str = getattr(request.state, "visit", "")
    return found


def csrf_token(request: Request) -> str:
    """What a form of this visit must carry. A first visit gets its name here; ``keep_visit`` puts it on the response."""
    if not visit(request):
        name = secrets.token_urlsafe(32)
        begin_visit(request, f"visit.{name}.{_mac(request, 'visit ' + name)}")
    return _mac(request, visit(request))


def begin_visit(request: Request, value: str) -> None:
    """From now on this is the visit; the response tells the browser."""
    request.state.visit, request.state.new_visit = value, True


def named_here(request: Request, sent: str) -> bool:
    """Whether what a browser sent is the name of a visit that this server made."""
    parts = _VISIT.fullmatch(sent)
    return parts is not None and hmac.compare_digest(parts[2], _mac(request, "visit " + parts[1]))


def _mac(request: Request, text: str) -> str:
    secret: bytes = request.app.state.secret
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


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
    if getattr(request.state, "new_visit", False):
        set_cookie(request, response, "ragqa", visit(request))


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """A cookie that scripts cannot read and other sites' forms do not send; without ``seconds`` it ends with the browser."""
    secure = settings(request).https
    response.set_cookie(
        cookie_name(request, name), value, seconds, httponly=True, samesite="lax", secure=secure, path="/", domain=None
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(cookie_name(request, name), path="/", secure=settings(request).https, httponly=True, samesite="lax")
