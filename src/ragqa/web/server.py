"""The process: a socket, uvicorn, and an end that loses nothing.

The app is opened before anybody is let in: what cannot be opened is raised to the command. ``BoundedProtocol`` bounds what
uvicorn does not: bytes and seconds until a request's head is whole, and connections.

At SIGTERM no connection is accepted any more, every response says ``Connection: close``, and connections that are open may send
what they were about to send for GRACE seconds; then what was admitted is finished. Where systemd holds the socket (LISTEN_FDS),
new connections wait there for the next process meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ragqa.errors import SettingsError
from ragqa.settings import Settings
from ragqa.web.app import create_app
from ragqa.web.problems import Problem, envelope
from ragqa.web.security import HEADERS
from ragqa.web.telemetry import log_to

GRACE = 1.5
"""Seconds in which open connections may still send, once the server is told to end."""
KEEP_ALIVE = 30
"""Seconds an idle connection stays open."""
FIRST_FD = 3
"""Where systemd passes the first socket, see sd_listen_fds(3)."""


HEAD_BYTES = 32 * 1024
"""Request line and headers, or the trailers of a chunked body; the parser itself takes any number."""
HEAD_SECONDS = 10.0
"""From the first byte, or the connection, until a request's head is whole."""
CONNECTIONS = 800
"""Open at a time: below the 1,024 files that a process commonly may have open."""
PROXIES = ("127.0.0.1", "::1")
"""Whose word is believed for the client's address and for http or https."""
_PIECE = 4096
"""Bytes given to the parser at a time, so that it keeps no more than this above HEAD_BYTES."""
_HEAD_TOO_LARGE = Problem(431, "head_too_large", f"a request's line and headers may have {HEAD_BYTES} bytes together")
_FULL = Problem(503, "too_many_connections", "too many connections are open; try again in a moment", {"Retry-After": "5"})
_NO_REQUEST = Problem(400, "bad_request", "this is no HTTP request")


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with bounds on the head of a request and on connections. A refusal has the usual envelope."""

    head_bytes = HEAD_BYTES
    head_seconds = HEAD_SECONDS
    most_connections = CONNECTIONS

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._unread = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one connection too many; begin to wait for the first request's head."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self._refuse(_FULL)
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of the head."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, in pieces, and no further than a head may go. ``_unread``: bytes since the last that made a head or body."""
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        for start in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            piece = data[start : start + _PIECE]
            self._unread += len(piece)
            super().data_received(piece)
            if self._unread > self.head_bytes:
                self._refuse(_HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Note who holds the connection, before a proxy's word for the client takes its place."""
        super().on_message_begin()
        self.scope["state"]["peer"] = self.client[0] if self.client else ""

    def on_headers_complete(self) -> None:
        """Refuse a head that is too large; else stop its timer and begin the request."""
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.head_bytes:
            self._refuse(_HEAD_TOO_LARGE)
            return
        self._unread = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass the body on, unless the request was refused."""
        self._unread = 0
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request, unless it was refused."""
        self._unread = 0
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is no HTTP, in the usual envelope."""
        self._refuse(_NO_REQUEST)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Say why, unless an answer is under way, in whose midst it would be read as part of it; then close."""
        if self.transport.is_closing():
            return
        self.logger.warning("connection refused: %s", problem.kind)
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_response(problem))
        self.transport.close()


def _response(problem: Problem) -> bytes:
    request_id = secrets.token_hex(8)
    body = json.dumps(envelope(problem, request_id)).encode()
    headers = HEADERS | problem.headers | {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Request-ID": request_id,
        "Connection": "close",
    }  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[problem.status] + head.encode() + b"\r\n" + body


class Server(uvicorn.Server):
    """uvicorn, with the beginning and the end described above; ``ready`` is called when requests are taken."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.app = app
        self.ready = ready

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the app, serve, close it. Raises what opening it raises."""
        with self.capture_signals():
            async with self.app.router.lifespan_context(self.app):
                await self._serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take requests, then call ``ready``."""
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, let open connections send for GRACE seconds, then finish as uvicorn does."""
        self.app.state.draining = True
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while self.server_state.connections:
                    await asyncio.sleep(0.02)
        await super().shutdown()


def listen(host: str, port: int) -> socket.socket:
    """The socket that systemd passed, or a new one. Raises SettingsError when the address cannot be had."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS", "0") != "0":
        return socket.socket(fileno=FIRST_FD)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port") from error


def serve(settings: Settings, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called once requests are taken.

    Raises:
        RagqaError, OSError, sqlite3.Error: something that the server needs cannot be opened; nobody was let in.
    """
    log_to(sys.stderr)
    app = create_app(settings)
    Server(config_of(app, settings), app, ready).run(sockets=[listening])


def config_of(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the app, which the server opens by itself."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(PROXIES),
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(settings.request_seconds) + 5,
    )
