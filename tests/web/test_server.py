"""The process as a whole: `ragqa serve` answers, and at SIGTERM finishes what it admitted and loses nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send
from web.conftest import QUESTION, app_of, changed, serving

from ragqa.errors import SettingsError
from ragqa.index.refresh import build_index
from ragqa.settings import Settings
from ragqa.web.server import HEAD_BYTES, BoundedProtocol, config_of, listen

FOLDERS = ("corpus", "index", "library", "serving")


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`ragqa serve` on a free port, ready; gives the process and the port."""
    settings = serving(folder)
    build_index(settings)
    environment = os.environ | {
        "RAGQA_CORPUS": str(settings.corpus),
        "RAGQA_INDEX": str(settings.index),
        "RAGQA_LIBRARY": str(settings.library),
        "RAGQA_SERVING": str(settings.serving),
        "RAGQA_REQUEST_SECONDS": "300",
        "RAGQA_WORKERS": "1",
        "RAGQA_WAITING": "20",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "ragqa", "serve", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr
        try:
            said = next(line for line in running.stderr if line.startswith("ragqa at "))
            found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
            assert found, said
            yield running, int(found[1])
        finally:
            running.kill()


def test_sigterm_under_load_loses_nothing(tmp_path: Path) -> None:
    """Every question sent on an open connection is answered, running or waiting; then the process ends, and its log is JSON."""
    outcomes: list[int] = []
    sent = threading.Barrier(9)

    def ask(port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
            connection.request("GET", "/api/v1/health")
            connection.getresponse().read()
            sent.wait()
            connection.request("POST", "/api/v1/ask", json.dumps({"question": QUESTION}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        assert answer["statements"]
        outcomes.append(response.status)

    with process(tmp_path) as (running, port):
        readers = [threading.Thread(target=ask, args=(port,)) for _ in range(8)]
        for reader in readers:
            reader.start()
        sent.wait()
        running.send_signal(signal.SIGTERM)
        for reader in readers:
            reader.join()
        assert running.stderr
        log = [json.loads(line) for line in running.stderr]
        assert running.wait(60) in (0, -signal.SIGTERM)
    assert outcomes == [200] * 8
    asked = [line for line in log if line.get("route") == "/api/v1/ask"]
    assert len(asked) == 8
    assert QUESTION not in json.dumps(log)
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port).connect()


@contextmanager
def bounded_server(**bounds: float) -> Iterator[tuple[int, list[str]]]:
    """A server behind the bounds, over an app that answers with the length of the body; gives its port and the paths it saw."""
    paths: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        said = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
        await send({"type": "http.response.body", "body": said})

    bounded = type("Bounded", (BoundedProtocol,), bounds)
    config = uvicorn.Config(app, loop="uvloop", http=bounded, ws="none", lifespan="off", log_config=None, timeout_keep_alive=60)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1], paths
        finally:
            server.should_exit = True
            thread.join()


def said(port: int, *sent: bytes, pause: float = 0.0) -> bytes:
    """All that comes back for these bytes until the server closes, or is silent for two seconds."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        found = b""
        try:
            for piece in sent:
                connection.sendall(piece)
                time.sleep(pause)
            while piece := connection.recv(65536):
                found += piece
        except (TimeoutError, ConnectionError):
            return found
        return found + b"<closed>"


GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: " + b"x" * HEAD_BYTES + b"\r\n\r\n",
        GET + b"X: y\r\n" * (HEAD_BYTES // 5) + b"\r\n",
        GET + b"X: " + b"x" * (2 * HEAD_BYTES),
        b"GET /" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"x" * (2 * HEAD_BYTES),
        CHUNKED + b"1\r\nx\r\n0\r\n" + b"Trailer: x\r\n" * 4000,
        CHUNKED + b"1;" + b"x" * (2 * HEAD_BYTES),
    ],
    ids=["one header", "many headers", "no end", "path", "path without end", "trailers", "chunk extension"],
)
def test_a_head_too_large_is_refused(head: bytes) -> None:
    """431 in the usual envelope with the usual headers, before the app hears of it; the server then goes on for others."""
    with bounded_server() as (port, paths):
        reply = said(port, head)
        if not head.startswith(CHUNKED):
            top, _, body = reply.removesuffix(b"<closed>").partition(b"\r\n\r\n")
            assert top.startswith(b"HTTP/1.1 431 ")
            assert b"X-Frame-Options: DENY" in top
            error = json.loads(body)["error"]
            assert error["kind"] == "head_too_large"
            assert f"X-Request-ID: {error['request_id']}".encode() in top
            assert paths == []
        assert reply.endswith(b"<closed>")
        assert b"200 OK" in said(port, GET + b"Connection: close\r\n\r\n")


def test_what_fits_passes_whole() -> None:
    """A head just below the bound, a body far above it, and one request behind the other on one connection."""
    with bounded_server() as (port, paths):
        nearly = GET + b"X: " + b"x" * (HEAD_BYTES - 200) + b"\r\n\r\n"
        body = b"POST /y HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n" + b"y" * 500_000
        chunks = CHUNKED + b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"
        reply = said(port, nearly, body, chunks, GET + b"Connection: close\r\n\r\n")
        assert reply.count(b"HTTP/1.1 200 OK") == 4
        assert b"\r\n\r\n500000HTTP" in reply
        assert b"\r\n\r\n20000HTTP" in reply
        assert paths == ["/x", "/y", "/x", "/x"]


@pytest.mark.parametrize(
    "slow",
    [
        [b""],
        [b"GET"],
        [GET] + [b"X: y\r\n"] * 20,
        [GET + b"\r\n"] + [b"\r\n"] * 20,
        [GET + b"\r\n", b"GET /y HTTP/1.1\r\n"] + [b"X: y\r\n"] * 20,
    ],
    ids=["nothing", "a word", "drop by drop", "empty lines behind a request", "a second request drop by drop"],
)
def test_a_head_that_does_not_come_is_not_waited_for(slow: list[bytes]) -> None:
    """Closed once the time is over, whatever trickles in meanwhile."""
    with bounded_server(head_seconds=0.3) as (port, paths):
        reply = said(port, *slow, pause=0.1)
        assert not reply or reply.endswith(b"<closed>")  # without either, bytes met a connection that was closed already
        assert paths == ["/x"] * slow[0].endswith(b"\r\n\r\n")
        assert b"200 OK" in said(port, GET + b"Connection: close\r\n\r\n")


def test_more_connections_than_there_is_room_for_are_told() -> None:
    """503 with Retry-After, while those that are open go on; once one is closed there is room again."""
    with bounded_server(most_connections=3) as (port, _):
        held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(3)]
        for connection in held:
            connection.sendall(GET + b"\r\n")
            assert b"200 OK" in connection.recv(65536)
        reply = said(port, GET + b"\r\n")
        assert not reply or (reply.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 5" in reply)
        held[0].sendall(GET + b"\r\n")
        assert b"200 OK" in held[0].recv(65536)
        for connection in held:
            connection.close()
        limit = time.monotonic() + 30
        while b"200 OK" not in said(port, GET + b"Connection: close\r\n\r\n"):
            assert time.monotonic() < limit


def test_what_is_no_http_gets_the_envelope() -> None:
    """400, as everything else that goes wrong."""
    with bounded_server() as (port, paths):
        reply = said(port, b"\x16\x03\x01 no HTTP\r\n\r\n")
        assert reply.startswith(b"HTTP/1.1 400 ")
        assert b'"kind": "bad_request"' in reply
        assert paths == []


@pytest.mark.parametrize("path", ["/desk", "/evaluation"])
def test_a_proxy_on_this_machine_is_believed_whatever_the_environment_says(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Where the client is, that it uses https, and the request's id: an address that a browser is sent to begins with https."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    closed = app_of(client).state.settings.model_copy(update={"reading": "closed"})
    given = {"Host": "127.0.0.1", "Accept": "text/html", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.4"}
    given["X-Request-ID"] = "5c1a7c1e9d2f4b605c1a7c1e9d2f4b60"
    server = uvicorn.Server(config_of(app_of(client), closed))
    with changed(client, "settings", closed), socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        with closing(http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=60)) as connection:
            connection.request("GET", path, headers=given)
            response = connection.getresponse()
            response.read()
        server.should_exit = True
        thread.join()
    assert response.status == 303
    assert str(response.getheader("Location")).startswith("https://127.0.0.1/sign-in?next=")
    assert response.getheader("X-Request-ID") == given["X-Request-ID"]


def break_serving(settings: Settings) -> str:
    """A file where the folder should be."""
    settings.serving.write_text("no folder")
    return "serving cannot be written"


def remove_corpus(settings: Settings) -> str:
    """No corpus; the index stays."""
    shutil.rmtree(settings.corpus)
    return f"{settings.corpus}: no such folder"


def remove_both(settings: Settings) -> str:
    """Neither corpus nor index."""
    shutil.rmtree(settings.index)
    return remove_corpus(settings)


def change_model(settings: Settings) -> str:
    """An index of another model."""
    manifest = next(settings.index.glob("*/manifest.json"))
    manifest.write_text(re.sub(r'("fingerprint": *")[^"]*', r"\1another", manifest.read_text()))
    return "the model set now is"


@pytest.mark.parametrize("broken", [break_serving, remove_corpus, remove_both, change_model])
def test_what_keeps_the_server_from_starting_is_one_line(tmp_path: Path, broken: Callable[[Settings], str]) -> None:
    """Exit code 1, what it is, no traceback, and no word that it serves."""
    settings = serving(tmp_path)
    build_index(settings)
    wanted = broken(settings)
    environment = os.environ | {f"RAGQA_{name.upper()}": str(getattr(settings, name)) for name in FOLDERS}
    done = subprocess.run(
        [sys.executable, "-m", "ragqa", "serve", "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("{", "no index in"))]
    assert done.returncode == 1
    assert wanted in done.stderr
    assert lines[0].startswith("Error: ")
    assert len(lines) <= 2
    assert "Traceback" not in done.stderr
    assert "ragqa at" not in done.stderr


def test_an_address_that_is_taken_is_said_so() -> None:
    """With what to do about it."""
    with listen("127.0.0.1", 0) as taken, pytest.raises(SettingsError, match="another --port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_nothing_of_serving_is_loaded_by_asking() -> None:
    """The command line stays quick, and serving never needs torch."""
    code = (
        "import sys, ragqa.cli, ragqa.pipeline; assert not {'fastapi', 'uvicorn'} & set(sys.modules)\n"
        "import ragqa.web.server; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
