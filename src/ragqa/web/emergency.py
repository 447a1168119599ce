"""Emergencies among the questions that were refused: whoever asked too often, or while something is broken, is told what to do.

A question that is admitted is judged by the engine; this is for those that do not get so far. The question alone is judged: by
its wording, which takes neither index nor model nor any file, and where it was not asked too often by the learned probe too.
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

from ragqa.answer.contract import Answer
from ragqa.answer.render import as_text
from ragqa.errors import RagqaError
from ragqa.question.asked import Asked
from ragqa.web.access import admits
from ragqa.web.api import asking
from ragqa.web.pages import talk
from ragqa.web.pages.frame import AUDIENCES, audience
from ragqa.web.problems import API, FAILURES, Problem
from ragqa.web.security import QUESTIONS
from ragqa.web.state import engine, pools, settings

BY_WORDING = frozenset({401, 429})
"""Then the wording alone is judged: a model for each question that is refused would be free work."""
REFUSED = frozenset({404, 408, 409, 422, 429, 503})
"""Statuses of a question that could have been answered at another moment or otherwise put; who may not ask at all is told so."""
CSRF = "csrf"
"""A form whose session has ended since it was shown: what to do in an emergency is no secret, so it needs no proof."""


async def rescue(request: Request, problem: Problem) -> Response | None:
    """The urgent answer in the place of a problem, as the route would have given it; None where there is no emergency."""
    if getattr(request.scope.get("route"), "path", "") not in QUESTIONS or not _could_be_answered(request, problem):
        return None
    sent = await _sent(request)
    question, wanted = sent.get("question"), sent.get("audience", audience(request))
    if not isinstance(question, str):
        return None
    try:
        reader = wanted if wanted in AUDIENCES else None
        answer = await engine(request).urgent(Asked(question=question), reader, probe=problem.status not in BY_WORDING)
    except RagqaError:
        return None
    return await pools(request).ask(_response, request, answer, str(sent.get("conversation", ""))) if answer else None


def _could_be_answered(request: Request, problem: Problem) -> bool:
    """Whether it was not for who asks that the question was refused; a guest with a token that ended could ask without it."""
    if problem.status == 401:
        return "authorization" in request.headers and admits("may_ask", "guest", settings(request))
    return problem.status in REFUSED or problem.kind == CSRF


async def _sent(request: Request) -> dict[str, Any]:
    """The fields of the body, which was read before the route decided."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            sent = json.loads(await request.body())
        except ValueError:
            return {}
        return sent if isinstance(sent, dict) else {}
    return dict(await request.form())


def _response(request: Request, answer: Answer, conversation: str) -> Response:
    if request.url.path.startswith(API):
        return asking.whole(request, answer)
    try:
        return talk.alone(request, answer, conversation)
    except FAILURES:
        return PlainTextResponse(as_text(answer))
