"""The app: API and pages over one engine.

    Gate (security)  ->  routes: api (/api/v1), signin, pages  ->  engine  ->  ragqa.pipeline

What a page needs, and where it is:

* ``state.engine(request)``: the Engine; ``await engine.ask(asked, audience, understood)``, ``engine.stream(...)`` gives
  AnswerEvents, ``engine.search``, ``engine.corpus()``, ``engine.signed_off.library()`` (in a thread),
  ``with engine.index.generation() as ragqa``
* ``access.reader(request)``: who is asking (``name``, ``role``, ``may(role)``), as the route's decision found
* one decision for each route: ``Depends(public)``, ``may_read``, ``may_ask`` or ``require("editor")`` of ``access``
* ``visits.csrf_token(request)`` and ``Depends(check_csrf)``: a form posts its token as the field ``csrf``; ``require`` and
  ``may_ask`` check it by themselves for who is signed in, a form for guests adds ``Depends(check_csrf)``
* ``views.render(request, "name.html", **context)``: a page; templates see ``request``, ``who``, ``csrf``, ``settings`` too
* ``await exchange.answer(request, Question(...))`` and ``await exchange.stream(...)``: ask, with all that is kept and counted;
  ``exchange.find(request, id)``: an answer by its id (in a thread); ``state.conversations(request)``: the conversations
* raise ``problems.Problem(status, kind, message)``: it and every RagqaError come out as problem.html where HTML is asked for
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from ragqa.corpus.folder import require_folder
from ragqa.errors import StoreFault
from ragqa.settings import Settings
from ragqa.web import api, emergency, pages, signin
from ragqa.web.access import anybody
from ragqa.web.accounts import Accounts
from ragqa.web.admission import step_back
from ragqa.web.archive import Archive
from ragqa.web.conversations import DAY, Conversations
from ragqa.web.engine import Engine
from ragqa.web.pools import Pools
from ragqa.web.private import passing_secret, private_folder, secret
from ragqa.web.problems import FAILURES, Problem, install
from ragqa.web.security import Gate, Rate
from ragqa.web.telemetry import Figures
from ragqa.web.views import render
from ragqa.web.watch import Watch

log = logging.getLogger("ragqa.web.app")
STATIC = Path(__file__).parent / "static"
PAGE_THREADS = 1
"""Threads that make pages, of coroutines and of plain functions each; stores have threads of their own. With four of each, under
twenty guests on two cores, half of all health checks took more than 600 ms, with one 9 ms (eval/endure/crowd.py).
"""
SWITCH_SECONDS = 0.0005
"""After which a thread that computes lets another one run: a tenth of Python's own, so that the event loop waits less."""


def create_app(settings: Settings) -> FastAPI:
    """The whole app; its lifespan opens the engine, and on the way out finishes what was admitted and closes it."""
    engine = Engine(settings)
    figures = Figures(engine)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        require_folder(settings.corpus)
        private_folder(settings.serving)
        app.state.secret, app.state.secret_fault = _secret(settings.serving / "secret")
        async with AsyncExitStack() as opened:
            _bound_threads(opened)
            accounts = opened.enter_context(closing(Accounts(settings.serving / "accounts.sqlite", settings.token_days)))
            app.state.accounts, app.state.pools = accounts, opened.enter_context(closing(Pools()))
            with suppress(*FAILURES):  # told in the log; whoever needs them is told so, everybody else is served
                await asyncio.to_thread(accounts.open)
            archive = Archive(settings.serving / "answers.sqlite", settings.answers_kept, settings.answers_bytes)
            app.state.archive = archive
            opened.push_async_callback(asyncio.to_thread, archive.close)
            app.state.conversations = Conversations(
                settings.serving / "conversations", archive, settings.request_seconds, settings.conversations_kept
            )
            opened.push_async_callback(engine.close)
            await engine.open()
            app.state.clearing = Watch("old conversations", partial(_clear, app), lambda: DAY)
            clearing = asyncio.create_task(app.state.clearing.run())
            opened.callback(clearing.cancel)
            yield

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
    app.state.rate, app.state.guesses = Rate(settings.asks_per_minute), signin.Guesses()
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


def _secret(file: Path) -> tuple[bytes, str | None]:
    """The server's secret, and why it is not the kept one."""
    try:
        return secret(file), None
    except (StoreFault, OSError) as error:
        log.error("%s; until then forms are valid until this server ends", error)
        return passing_secret(), str(error)


def _bound_threads(opened: AsyncExitStack) -> None:
    """Let few threads make pages: each that computes holds up the event loop, since Python runs one at a time."""
    pages = ThreadPoolExecutor(PAGE_THREADS, thread_name_prefix="page", initializer=step_back)
    asyncio.get_running_loop().set_default_executor(pages)
    current_default_thread_limiter().total_tokens = PAGE_THREADS
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    opened.callback(sys.setswitchinterval, before)


def _clear(app: FastAPI) -> None:
    """Delete the conversations that nobody touched for so many days as the setting says."""
    app.state.conversations.clear(app.state.settings.conversation_days)


async def _page(request: Request, problem: Problem) -> Response:
    """A problem for people: the way to sign in, or a page that tells it."""
    if problem.status == 401 and request.method == "GET":
        return RedirectResponse(request.url_for("sign_in_page").include_query_params(next=request.url.path), 303)
    await anybody(request)
    phrase = HTTPStatus(problem.status).phrase
    page = await asyncio.to_thread(render, request, "problem.html", problem=problem, title=phrase)
    page.status_code = problem.status
    page.headers.update(problem.headers)
    return page
