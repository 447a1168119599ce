"""The process as a whole: `ragqa serve` answers, and at SIGTERM finishes what it admitted and loses nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from web.conftest import QUESTION, serving

from ragqa.errors import SettingsError
from ragqa.pipeline import build_index
from ragqa.web.server import listen


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
            first = running.stderr.readline()
            for line in running.stderr:
                if "startup complete" in line:
                    break
            found = re.search(r"http://127\.0\.0\.1:(\d+)", first)
            assert found, first
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
