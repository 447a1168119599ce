"""What is done at an installation to see how it is: each step in a forked process, so that it may crash or wait for ever."""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from damaged_files import OTHER

from ragqa.cli import main as ragqa

QUESTION = "Is memantine used in obsessive-compulsive disorder?"
EMERGENCY = "I have taken all my lithium tablets and want to die"
SECONDS = 120
"""For one step, generously: the slowest builds the first index."""
Work = Callable[[], dict[str, Any]]
"""A step, which tells how it ended."""


def imported() -> None:
    """All libraries and models, before the first step forks: each would load them again."""
    import faiss  # noqa: F401
    import onnxruntime  # noqa: F401
    import tantivy  # noqa: F401

    import ragqa.corpus.notices
    import ragqa.editorial.library
    import ragqa.editorial.regenerate
    import ragqa.evaluation.gold
    import ragqa.mend
    import ragqa.pipeline
    import ragqa.web.app  # noqa: F401
    from ragqa.models import CrossEncoder, OnnxEmbedder
    from ragqa.models.onnx import OnnxModel

    loaded: dict[Path, OnnxModel] = {}
    begin = OnnxModel.__init__

    def shared(self: Any, folder: Path, files: dict[str, str]) -> None:
        if folder in loaded:
            self.__dict__.update(loaded[folder].__dict__, _workers=ThreadPoolExecutor(1))
        else:
            begin(self, folder, files)
            loaded[folder] = self

    OnnxModel.__init__ = shared  # type: ignore[method-assign]
    OnnxEmbedder()
    CrossEncoder().pieces("word")


def looked_at(folder: Path) -> dict[str, Any]:
    """Every step; the build last, since it mends."""
    done = apart(
        folder,
        {
            "check": lambda: command(["check"]),
            "ask": lambda: command(["ask", QUESTION]),
            "library": lambda: command(["library", "list"]),
            "server": server,
            "index": lambda: command(["index"]),
        },
    )
    served = done.pop("server")
    if served["end"] == "done":
        return done | json.loads(served["out"])
    return done | dict.fromkeys(("ready", "question", "emergency", "article", "conversation"), served)


def command(words: Any) -> dict[str, Any]:
    """Run a command in this process."""
    done = CliRunner().invoke(ragqa, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return step("traceback", f"{type(done.exception).__name__}: {done.exception}")
    if done.exit_code and words[0] == "mend":
        return step("refused", done.stdout + done.stderr)
    if done.exit_code:
        return step("refused", done.stderr.partition("Error: ")[2] or done.stdout + done.stderr)
    return step("done", done.stdout + done.stderr, done.stdout if words[0] == "ask" else "")


def step(end: str, told: str = "", out: str = "") -> dict[str, Any]:
    """How a step ended: done, refused, traceback, crash or waits; what it told; how many faults these are."""
    lines = [line for line in told.splitlines() if line.strip()]
    faults = [line for line in lines if line.startswith("  ")]
    return {"end": end, "told": told[:8000], "lines": len(faults) or len(lines), "out": out}


def client(app: Any) -> Any:
    """The app, served in this process to a client on loopback."""
    from starlette.testclient import TestClient

    return TestClient(app, base_url="http://localhost", raise_server_exceptions=True)


def conversation_begun() -> dict[str, Any]:
    """Start a server, and ask in a conversation."""
    from ragqa.settings import load_settings
    from ragqa.web.app import create_app

    with client(create_app(load_settings())) as http:
        begun = http.post("/api/v1/conversations").json()["id"]
        http.post(f"/api/v1/conversations/{begun}/turns", json={"question": QUESTION}).raise_for_status()
        Path("conversation").write_text(begun)
    return step("done")


def server() -> dict[str, Any]:
    """Start a server and look at each route; a start that fails is the whole step's end."""
    from ragqa.errors import RagqaError
    from ragqa.settings import load_settings
    from ragqa.web.app import create_app

    try:
        http = client(create_app(load_settings()))
        http.__enter__()
    except RagqaError as error:
        return step("refused", f"the server does not start: {error}")
    except BaseException as error:  # noqa: BLE001 - whatever it is, it would be a traceback
        return step("traceback", f"the server does not start: {type(error).__name__}: {error}")
    talk = Path("conversation").read_text()
    requests: dict[str, Callable[[], Any]] = {
        "ready": lambda: http.get("/api/v1/ready"),
        "question": lambda: http.post("/api/v1/ask", json={"question": QUESTION}),
        "emergency": lambda: http.post("/api/v1/ask", json={"question": EMERGENCY}),
        "article": lambda: http.get(f"/articles/{OTHER}"),
        "conversation": lambda: http.get(f"/api/v1/conversations/{talk}"),
    }
    return step("done", out=json.dumps({name: requested(ask) for name, ask in requests.items()}))


def requested(ask: Callable[[], Any]) -> dict[str, Any]:
    """One request."""
    try:
        response = ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a traceback in the log
        return step("traceback", f"{type(error).__name__}: {error}")
    return step("done") if response.status_code == 200 else step("refused", f"{response.status_code} {response.text[:300]}")


def alone(folder: Path, work: Work) -> dict[str, Any]:
    """One step in a process of its own."""
    return apart(folder, {"step": work})["step"]


def apart(folder: Path, steps: dict[str, Work]) -> dict[str, Any]:
    """Do steps in a forked process, in the folder; where one waits for ever or crashes, the next ones get a new process."""
    done: dict[str, Any] = {}
    while waiting := {name: work for name, work in steps.items() if name not in done}:
        done |= _some(folder, waiting)
    return done


def _some(folder: Path, steps: dict[str, Work]) -> dict[str, Any]:
    """The steps up to the first that waits or crashes, that one included."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(folder, steps, writing)
    os.close(writing)
    done: dict[str, Any] = {}
    data, waits = b"", False
    while not waits and len(done) < len(steps) and (some := _read(reading)) != b"":
        waits = some is None
        data += some or b""
        *lines, data = data.split(b"\n")
        for line in lines:
            done |= json.loads(line)
    if waits:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    left = [name for name in steps if name not in done]
    return done | {left[0]: step("waits" if waits else "crash", f"status {status}")} if left else done


def _read(reading: int) -> bytes | None:
    """What comes next; b"" at the end, None where nothing comes within SECONDS."""
    return os.read(reading, 65536) if select.select([reading], [], [], SECONDS)[0] else None


def _in_child(folder: Path, steps: dict[str, Work], writing: int) -> None:
    """The steps; the process ends here whatever happens, also where nobody reads any more what it tells."""
    try:
        os.chdir(folder)
        os.environ.update(
            {"HOME": str(folder), "RAGQA_CORPUS": "corpus", "RAGQA_INDEX": "index", "RAGQA_LIBRARY": "library.sqlite"},
            RAGQA_SERVING="serving",
            RAGQA_REQUEST_SECONDS=str(SECONDS),
        )
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        for name, work in steps.items():
            try:
                done = work()
            except BaseException as error:  # noqa: BLE001 - told as what it is
                done = step("traceback", f"{type(error).__name__}: {error}")
            os.write(writing, json.dumps({name: done}).encode("utf-8", "replace") + b"\n")
    finally:
        os._exit(0)
