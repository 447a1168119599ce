"""The app: API and pages over one engine.

    Gate (security)  ->  routes: api (/api/v1), signin, pages  ->  engine  ->  ragqa.pipeline

What a page needs, and where it is:

* ``access.engine(request)``: the Engine; ``await engine.ask(asked, audience, understood)``, ``engine.stream(...)`` gives Events,
  ``engine.search``, ``engine.corpus()``, ``engine.library()`` (in a thread), ``with engine.generation() as ragqa``
* ``access.reader(request)``: who is asking (``name``, ``role``, ``may(role)``)
* one decision for each route: ``Depends(public)``, ``may_read``, ``may_ask`` or ``require("editor")`` of ``access``
* ``access.csrf_token(request)`` and ``Depends(check_csrf)``: a form posts its token as the field ``csrf``; ``require`` and
  ``may_ask`` check it by themselves for who is signed in, a form for guests adds ``Depends(check_csrf)``
* ``views.render(request, "name.html", **context)``: a page; templates see ``request``, ``who``, ``csrf``, ``settings`` too
* ``await exchange.answer(request, Question(...))`` and ``await exchange.stream(...)``: ask, with all that is kept and counted;
  ``exchange.find(request, id)``: an answer by its id (in a thread); ``conversations.talks(request)``: the conversations
* raise ``problems.Problem(status, kind, message)``: it and every RagqaError come out as problem.html where HTML is asked for
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from ragqa.files import write_atomic
from ragqa.settings import Settings
from ragqa.web import api, emergency, pages, signin
from ragqa.web.accounts import Accounts
from ragqa.web.archive import Archive
from ragqa.web.conversations import DAY, Conversations
from ragqa.web.engine import Engine
from ragqa.web.problems import Problem, install
from ragqa.web.security import Gate, Rate
from ragqa.web.telemetry import Figures
from ragqa.web.views import render

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings) -> FastAPI:
    """The whole app; its lifespan opens the engine, and on the way out finishes what was admitted and closes it."""
    engine = Engine(settings)
    figures = Figures(engine)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        settings.serving.mkdir(mode=0o700, parents=True, exist_ok=True)
        app.state.accounts = Accounts(settings.serving / "accounts.sqlite")
        app.state.archive = Archive(settings.serving / "answers.sqlite", settings.answers_kept, settings.answers_bytes)
        app.state.conversations = Conversations(
            settings.serving / "conversations", app.state.archive, settings.request_seconds, settings.conversations_kept
        )
        app.state.secret = secret(settings.serving / "secret")
        await engine.open()
        clearing = asyncio.create_task(_clear(app.state.conversations, settings.conversation_days))
        try:
            yield
        finally:
            clearing.cancel()
            await engine.close()
            await asyncio.to_thread(app.state.archive.close)
            app.state.accounts.close()

    app = FastAPI(
        title="ragqa",
        version=version("ragqa"),
        lifespan=life,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    app.state.draining = False
    app.state.settings, app.state.engine, app.state.figures = settings, engine, figures
    app.state.rate, app.state.guesses = Rate(settings.asks_per_minute), signin.guesses()
    for router in api.routers:
        app.include_router(router, responses=api.responses)
    for router in (signin.router, *pages.routers):
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    install(app, _page, emergency.rescue)
    app.add_middleware(Gate, settings=settings, finished=figures.finished)
    return app


def routes() -> list[APIRoute]:
    """Every route of the app; only the files under /static are served beside them."""
    routers = (*api.routers, signin.router, *pages.routers)
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = api.describe(app)
    return app.openapi_schema


def secret(file: Path) -> bytes:
    """The server's own secret, made at the first start and readable by its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        write_atomic(file, [secrets.token_bytes(32)])
        file.chmod(0o600)
    return file.read_bytes()


async def _clear(conversations: Conversations, days: int) -> None:
    """Once a day, delete the conversations that nobody touched for so many days."""
    while True:
        await asyncio.to_thread(conversations.clear, days)
        await asyncio.sleep(DAY)


def _page(request: Request, problem: Problem) -> Response:
    """A problem for people: the way to sign in, or a page that tells it."""
    if problem.status == 401 and request.method == "GET":
        return RedirectResponse(request.url_for("sign_in_page").include_query_params(next=request.url.path), 303)
    page = render(request, "problem.html", problem=problem, title=HTTPStatus(problem.status).phrase)
    page.status_code = problem.status
    page.headers.update(problem.headers)
    return page
