"""What the app holds, as a request finds it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from ragqa.settings import Settings
from ragqa.web.accounts import Accounts
from ragqa.web.archive import Archive
from ragqa.web.conversations import Conversations
from ragqa.web.engine import Engine
from ragqa.web.pools import Pools
from ragqa.web.security import Rate
from ragqa.web.telemetry import Figures


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


def pools(request: Request) -> Pools:
    """The threads of what waits for a disk or a lock."""
    found: Pools = request.app.state.pools
    return found


def conversations(request: Request) -> Conversations:
    """The conversations."""
    found: Conversations = request.app.state.conversations
    return found


def archive(request: Request) -> Archive:
    """Answers as they were given, by id."""
    found: Archive = request.app.state.archive
    return found


def figures(request: Request) -> Figures:
    """What is counted."""
    found: Figures = request.app.state.figures
    return found


def rate(request: Request) -> Rate:
    """How often one client may ask."""
    found: Rate = request.app.state.rate
    return found


async def _engine(request: Request) -> Engine:
    """As ``engine``, without a thread of its own."""
    return engine(request)


TheEngine = Annotated[Engine, Depends(_engine)]
