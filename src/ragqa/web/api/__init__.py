"""The HTTP API under /api/v1: asking, reading, the editors' desk, running the server; and the document that describes it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ragqa.web.api import asking, desk, reading, running
from ragqa.web.problems import Envelope

DESCRIPTION = """\
Cited answers to clinicians' follow-up questions, made only from approved articles and the abstracts they cite.

Who asks without an account is a guest; a setting closes reading and asking to guests. Everybody else sends an API token
(`ragqa users token NAME`) as `Authorization: Bearer TOKEN`, or in a browser the cookie of a session together with the header
`X-CSRF-Token` on whatever is not GET. Every response that is not a success has the body
`{"error": {"kind", "message", "request_id"}}`; after 429 and 503 the header `Retry-After` says in how many seconds to try again.
"""
FAULTS = {
    400: "The request is no HTTP this server answers.",
    401: "Not signed in, or the API token is not valid.",
    403: "Signed in, but not for this; or the form's token is missing.",
    404: "There is no such thing.",
    405: "Not possible here.",
    408: "The body did not arrive in time.",
    409: "Not from the present state.",
    413: "The body is too large.",
    422: "The request cannot be understood; the message names each field.",
    429: "Too many questions at a time, or from this client.",
    500: "Something nobody expected.",
    503: "Not now.",
}
responses: dict[int | str, dict[str, Any]] = {status: {"model": Envelope, "description": told} for status, told in FAULTS.items()}
routers = (asking.router, reading.router, desk.router, running.router)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the API."""
    document = get_openapi(title="ragqa", version=app.version, description=DESCRIPTION, routes=app.routes)
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"token": []}]
    for path in document["paths"].values():
        for operation in path.values():
            operation.setdefault("security", document["security"])
    return document
