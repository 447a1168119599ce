"""The process: a socket, uvicorn, and an end that loses nothing.

At SIGTERM no connection is accepted any more, every response says ``Connection: close``, and connections that are open may send
what they were about to send for GRACE seconds; then what was admitted is finished. Where systemd holds the socket (LISTEN_FDS),
new connections wait there for the next process meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys

import uvicorn
from fastapi import FastAPI

from ragqa.errors import SettingsError
from ragqa.settings import Settings
from ragqa.web.app import create_app
from ragqa.web.telemetry import log_to

GRACE = 1.5
"""Seconds."""
KEEP_ALIVE = 30
"""Seconds an idle connection stays open."""
FIRST_FD = 3
"""Where systemd passes the first socket, see sd_listen_fds(3)."""


class Server(uvicorn.Server):
    """uvicorn, with the end described above."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self.app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See the module."""
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


def serve(settings: Settings, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    log_to(sys.stderr)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(settings.request_seconds) + 5,
    )
    Server(config, app).run(sockets=[listening])
