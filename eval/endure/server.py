"""A `ragqa serve` in a process of its own, and requests to it; what the scripts that besiege one share."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

JSON = {"Content-Type": "application/json"}
STARTING = 120
"""Seconds that a server may take until it is ready."""


class Reply(NamedTuple):
    """A response; status 0 where there was none."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def request(port: int, method: str, path: str, body: object = None, headers: Mapping[str, str] = JSON, wait: float = 60) -> Reply:
    """One request on a connection of its own, given up after so many seconds; a body that is no text is sent as JSON."""
    sent = body if body is None or isinstance(body, str) else json.dumps(body)
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=wait)) as connection:
            connection.request(method, path, sent, dict(headers))
            response = connection.getresponse()
            return Reply(response.status, response.read(), dict(response.getheaders()))
    except (OSError, http.client.HTTPException):
        return Reply(0, b"", {})


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once a server answers questions; exits this process where it ends or does not become ready."""
    ends = time.monotonic() + STARTING
    while time.monotonic() < ends:
        if process.poll() is not None:
            sys.exit(f"the server ended with {process.returncode}: see its serve.log")
        if request(port, "GET", "/api/v1/ready").status == 200:
            return
        time.sleep(0.05)
    sys.exit("the server did not become ready")


class Served:
    """A server behind a socket that this process holds, as systemd would, and how much memory it took at most.

    Its folders are in ``folder``; ``changes`` are further settings. The log is ``folder``/serve.log.
    """

    def __init__(self, folder: Path, listening: socket.socket, **changes: object) -> None:
        self.port = listening.getsockname()[1]
        environment = os.environ | {
            "RAGQA_SERVING": str(folder / "serving"),
            "RAGQA_LIBRARY": str(folder / "library.sqlite"),
            "RAGQA_INDEX": str(folder / "index"),
            "RAGQA_ASKS_PER_MINUTE": "0",
            "RAGQA_REQUEST_SECONDS": "60",
            "LISTEN_FDS": "1",
        }
        environment |= {f"RAGQA_{name.upper()}": str(value) for name, value in changes.items()}
        given = listening.fileno()
        closed = f"{given}<&-" if given != 3 else ""
        command = f'exec env LISTEN_PID=$$ "{sys.executable}" -m ragqa serve 3<&{given} {closed}'
        self.log = (folder / "serve.log").open("ab")
        self.process = subprocess.Popen(["/bin/sh", "-c", command], env=environment, pass_fds=[given], stderr=self.log)
        self.most = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self.process.poll() is None:
            try:
                self.most = max(self.most, psutil.Process(self.process.pid).memory_info().rss / 2**20)
            except psutil.Error:
                return
            time.sleep(0.2)

    def wait(self) -> None:
        """Until it answers questions."""
        wait_until_ready(self.process, self.port)

    def stop(self) -> float:
        """SIGTERM; returns the seconds until it was gone."""
        started = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)
        self.log.close()
        return time.perf_counter() - started

    def counted(self) -> Counter[str]:
        """Asked questions by status, as the server counted them."""
        text = request(self.port, "GET", "/api/v1/metrics").body.decode()
        found: Counter[str] = Counter()
        for line in text.splitlines():
            if line.startswith("ragqa_requests_total{") and 'route="/api/v1/ask"' in line:
                found[line.split('status="')[1].split('"')[0]] += int(float(line.rsplit(" ", 1)[1]))
        return found


@contextmanager
def served(folder: Path, **changes: object) -> Iterator[Served]:
    """A server that is ready, on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        server = Served(folder, listening, **changes)
        try:
            server.wait()
            yield server
        finally:
            if server.process.poll() is None:
                server.stop()
