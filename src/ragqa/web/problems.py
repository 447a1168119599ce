"""Errors as responses of one shape, {"error": {"kind", "message", "request_id"}}, and the table of their statuses."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ragqa.errors import (
    Busy,
    CorpusError,
    IndexBusy,
    IndexFault,
    LibraryError,
    ModelError,
    RagqaError,
    ReviewError,
    ServingError,
    StoreFault,
    TooSlow,
)

API = "/api/"
PAUSE = 0.2
"""Seconds before a 429 is sent: a client that does not heed Retry-After must not cost the others their answers."""
log = logging.getLogger("ragqa.web.problems")
STATUSES: dict[type[Exception], tuple[int, str]] = {
    Busy: (429, "busy"),
    TooSlow: (503, "too_slow"),
    ServingError: (503, "unavailable"),
    ReviewError: (409, "review"),
    LibraryError: (409, "library"),
    CorpusError: (503, "corpus"),
    IndexBusy: (409, "index_busy"),
    IndexFault: (503, "index"),
    ModelError: (503, "model"),
    StoreFault: (503, "disk"),
    RagqaError: (422, "refused"),
    OSError: (503, "disk"),
    sqlite3.Error: (503, "disk"),
}
"""HTTP status and kind of each error; the first base that is listed counts."""
PRIVATE = frozenset({"corpus", "index", "model", "disk"})
"""Kinds whose message names files of this machine: it goes to the log and to editors, not to readers."""


class ErrorBody(BaseModel):
    """What went wrong: ``kind`` for programs, ``message`` for people, ``request_id`` to find it in the log."""

    kind: str = Field(examples=["not_found"])
    message: str = Field(examples=["no approved article 'memantine-gout'; GET /api/v1/articles lists them"])
    request_id: str = Field(examples=["5c1a7c1e9d2f4b60"])


class Envelope(BaseModel):
    """The body of every response that is not a success."""

    error: ErrorBody


class Problem(Exception):
    """A response that is not a success; ``message`` says what to do next."""

    def __init__(self, status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.headers = status, kind, message, headers or {}


Failure = RagqaError | OSError | sqlite3.Error | Problem
"""What goes wrong while a request is worked on: of ragqa, of the disk, or a problem already told."""
FAILURES = (RagqaError, OSError, sqlite3.Error, Problem)


def problem_of(error: Failure) -> Problem:
    """The response to a failure; what readers are not told goes to the log."""
    if isinstance(error, Problem):
        return error
    status, kind = next(STATUSES[base] for base in type(error).__mro__ if base in STATUSES)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy) else {}
    if status == 503:
        headers["Retry-After"] = "5"
    if kind not in PRIVATE:
        return Problem(status, kind, str(error), headers)
    log.error("%s: %s", type(error).__name__, error)
    return Problem(status, kind, "this cannot be read or written at present; the reason is in the server's log", headers)


def envelope(problem: Problem, request_id: str) -> dict[str, Any]:
    """The body that tells a problem."""
    return {"error": {"kind": problem.kind, "message": problem.message, "request_id": request_id}}


def install(
    app: FastAPI,
    page: Callable[[Request, Problem], Awaitable[Response]],
    rescue: Callable[[Request, Problem], Awaitable[Response | None]],
) -> None:
    """Make every error come out as an envelope, and where people look, as the ``page`` that shows it.

    What ``rescue`` answers takes the place of the error: a question that could not be answered may tell of an emergency.
    """

    async def told(request: Request, error: Exception) -> Response:
        problem = _problem(request, error)
        if problem.status == 429:
            await asyncio.sleep(PAUSE)
        if (answered := await rescue(request, problem)) is not None:
            return answered
        if _for_people(request):
            return await page(request, problem)
        return JSONResponse(envelope(problem, request.state.request_id), problem.status, problem.headers)

    for kind in (*FAILURES, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, told)


def _problem(request: Request, error: Exception) -> Problem:
    if isinstance(error, FAILURES):
        return problem_of(error)
    if isinstance(error, RequestValidationError):
        return Problem(422, "invalid_request", _faults(error))
    if isinstance(error, HTTPException):
        return _http(request, error)
    raise error


def _http(request: Request, error: HTTPException) -> Problem:
    messages = {
        404: f"nothing at {request.url.path}; the API is described at /api/v1/openapi.json",
        405: f"{request.method} is not possible here",
    }
    phrase = HTTPStatus(error.status_code).phrase
    kind = phrase.lower().replace(" ", "_")
    return Problem(error.status_code, kind, messages.get(error.status_code, str(error.detail)), dict(error.headers or {}))


def _faults(error: RequestValidationError) -> str:
    """Place and reason of each fault, without what was sent: it may hold a question."""
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:10])


def _for_people(request: Request) -> bool:
    return not request.url.path.startswith(API) and "text/html" in request.headers.get("accept", "")
