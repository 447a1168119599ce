"""What every request passes before it reaches a route, and every response before it leaves.

``Gate`` is the outermost layer: a request id, the Host header, the size and time of the body, the headers that tell browsers what
these pages never do, and any error nobody expected, as an envelope without details. ``Rate`` limits how often one client asks.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import logging
import re
import secrets
import struct
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragqa.settings import Settings
from ragqa.web.problems import Problem, envelope

log = logging.getLogger("ragqa.web")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "X-Robots-Tag": "noindex",
}
"""On every response. No script or style but files of this server, nothing from elsewhere, no page of it inside another."""
BURST = 20
"""Questions one client may send at once."""
ROWS, BUCKETS = 4, 32_768
"""Buckets of one rate limit, 1 MiB in all. With 10,000 clients at their limit one other in 200 finds all its buckets used up."""
AT_WORK = 200
"""Requests worked on or waiting for a thread, questions and probes apart."""
QUESTIONS = ("/api/v1/ask", "/api/v1/conversations/{id}/turns", "/ask")
"""Routes that a question is asked by, which have a queue of their own."""
_FREE = [compile_path(path)[0] for path in (*QUESTIONS, "/api/v1/health", "/api/v1/ready", "/static/{path:path}")]
_REQUEST_ID = re.compile(r"[0-9A-Fa-f-]{16,64}")
"""As proxies make them, hexadecimal or a UUID: no word, name or conversation fits in."""

Finished = Callable[[Scope, int, float], None]
"""Called with scope, status and seconds of every finished request."""


class Gate:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, settings: Settings, finished: Finished) -> None:
        self.app = app
        self.settings = settings
        self.finished = finished
        self.hosts = {host.lower() for host in settings.hosts}
        self._at_work = 0
        self.headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if settings.https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through; anything but HTTP (the lifespan) goes on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request = Headers(scope=scope)
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(scope, request)
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = state["request_id"]
                if scope["app"].state.draining:
                    headers["Connection"] = "close"
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check_host(request)
            with self._admitted(scope["path"]):
                await self.app(scope, await self._body(scope, request, receive), dressed)
        except Problem as problem:
            await _send(dressed, problem, state["request_id"])
        except Exception as error:
            log.error("unexpected %s", type(error).__name__, exc_info=error, extra={"request_id": state["request_id"]})
            if status:
                raise
            message = "something went wrong here; tell whoever runs this server the request_id"
            await _send(dressed, Problem(500, "internal", message), state["request_id"])
        finally:
            self.finished(scope, status, time.perf_counter() - started)

    @contextmanager
    def _admitted(self, path: str) -> Iterator[None]:
        """A place among the requests that are worked on; questions, which have a queue of their own, and probes need none."""
        if any(free.fullmatch(path) for free in _FREE):
            yield
            return
        if self._at_work >= AT_WORK:
            raise Problem(503, "unavailable", "too much is asked of this server now; try again in a moment", {"Retry-After": "2"})
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1

    def _check_host(self, request: Headers) -> None:
        host = request.get("host", "").lower()
        name = host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host else host
        if "*" not in self.hosts and name not in self.hosts:
            raise Problem(400, "host", "this server does not answer to that name: add it to the setting hosts")

    async def _body(self, scope: Scope, request: Headers, receive: Receive) -> Receive:
        """The body, read whole, no larger and no slower than the settings allow; then whatever comes after it."""
        if "content-length" not in request and "transfer-encoding" not in request:
            return receive
        most = self.settings.body_bytes
        too_large = Problem(413, "too_large", f"a request's body may have {most} bytes")
        declared = request.get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            raise too_large
        body, more = b"", True
        try:
            async with asyncio.timeout(self.settings.request_seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        break
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > most:
                        raise too_large
        except TimeoutError:
            raise Problem(408, "too_slow", "the request's body did not arrive in time; send it again") from None
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        return replay


class Rate:
    """A token bucket for each client: ``burst`` at once, ``per_minute`` in the long run; 0 lets everybody through.

    Clients share a table of fixed size, in each row at a place that a secret of this process decides. Nobody is ever forgotten,
    however many come, and nobody can aim at another's place. A client counts as its fullest bucket: one that it shares with a
    client at its limit slows it only where that happens in every row.
    """

    def __init__(self, per_minute: int, burst: int = BURST, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_minute / 60
        self.burst = burst
        self.clock = clock
        self._key = secrets.token_bytes(16)
        self._full_at = array("d", bytes(8 * ROWS * BUCKETS)) if per_minute else array("d")

    def wait(self, client: str) -> float:
        """Take one; 0.0 when it was there, else the seconds until one is."""
        if not self.per_second:
            return 0.0
        now = self.clock()
        places = self._places(client)
        left = self.burst - max(0.0, min(self._full_at[place] for place in places) - now) * self.per_second
        if left < 1:
            return (1 - left) / self.per_second
        empty_until = now + self.burst / self.per_second
        for place in places:
            self._full_at[place] = min(empty_until, max(now, self._full_at[place]) + 1 / self.per_second)
        return 0.0

    def give_back(self, client: str) -> None:
        """Undo a ``wait`` whose turn was not used."""
        if self.per_second:
            for place in self._places(client):
                self._full_at[place] -= 1 / self.per_second

    def _places(self, client: str) -> list[int]:
        digest = hashlib.blake2b(client.encode("utf-8", "surrogatepass"), key=self._key, digest_size=4 * ROWS).digest()
        return [row * BUCKETS + value % BUCKETS for row, value in enumerate(struct.unpack(f"{ROWS}I", digest))]


def inside(path: str) -> str:
    """Where to go on to: a path of this server, never another server's address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


def _request_id(scope: Scope, request: Headers) -> str:
    """The id that a proxy on this machine gave, or a new one: what else a client sends must not get into the log."""
    given = request.get("x-request-id", "")
    return given if _near(scope) and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _near(scope: Scope) -> bool:
    """Whether the connection comes from this machine; ``peer`` is noted before a proxy's word for the client is believed."""
    peer = scope.get("state", {}).get("peer") or (scope.get("client") or ("",))[0]
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


async def _send(send: Send, problem: Problem, request_id: str) -> None:
    body = json.dumps(envelope(problem, request_id)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
