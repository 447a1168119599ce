"""One reader who signed in, among twenty guests on the costliest routes, while stores are locked and a generation is damaged.

The server runs in a process of its own. First the reader asks gold questions alone; then, with the guests sending ``--requests``
mixed requests as fast as they are answered:

* five seconds in, CURRENT names a generation whose files are cut in half
* ten seconds in, another process holds BEGIN IMMEDIATE on serving/accounts.sqlite and serving/answers.sqlite for 20 s

A third process sends GET /health every 25 ms and counts from the moment each was due, so that a server that stalls is charged for
every probe that it keeps waiting. All share the machine's cores with the server; guests run at a lower priority, since nobody's
machine serves and besieges itself. Figures go to eval/results/crowd.json, one row a run; draw them with eval/report/plot.py.

    python eval/endure/crowd.py --run after
    python eval/endure/crowd.py --run before --server ../before/src
    python eval/report/plot.py eval/results/crowd.json eval/results/crowd.svg eval/results/crowd.png
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from server import JSON, Served, request, served

from ragqa.evaluation.gold import load_gold
from ragqa.evaluation.measures import percentile
from ragqa.files import write_atomic

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import environment, ragqa

GUESTS = 20
EVERY = 0.025
"""Seconds between two probes of /health."""
LOCKED_FOR = 20
TURNS = 20
"""Of the big conversation, which is as long as one request's history may be."""
PATIENCE = 60
"""Seconds after which a request is given up, and counts as that slow."""
WORDS = "adverse effects of memantine and olanzapine in adults with borderline personality disorder compared with placebo "
REPEATED = "memantine lithium ketamine olanzapine " * 60
POINTS = [*range(0, 100), 99.5, 99.9, 100]
"""Percentiles kept of each distribution."""
Send = tuple[str, str, str, Any]
"""Kind, method, path, body."""


def costly(conversation: str, articles: list[str], leave_out: set[str]) -> Iterator[Send]:
    """What guests send, in turn, for ever."""
    for number in itertools.count():
        slug = articles[number % len(articles)]
        history = [{"question": REPEATED[:1900], "answer": REPEATED} for _ in range(12)]
        sends: list[Send] = [
            ("long question", "POST", "/api/v1/ask", {"question": f"{number} {WORDS * 16}"[:1990]}),
            ("long history", "POST", "/api/v1/ask", {"question": "And what dose of it?", "history": history}),
            ("search", "POST", "/api/v1/search", {"question": f"{WORDS} {number}", "k": 100}),
            ("article page", "GET", f"/articles/{slug}", None),
            ("suggestions", "GET", f"/articles/{slug}/questions", None),
            ("conversation page", "GET", f"/conversations/{conversation}", None),
            ("conversation", "GET", f"/api/v1/conversations/{conversation}", None),
            ("evaluation page", "GET", "/evaluation", None),
        ]
        yield from (send for send in sends if send[0] not in leave_out)


def percentiles(seconds: list[float]) -> dict[str, float | None]:
    """Milliseconds at each of POINTS; empty of nothing."""
    return {f"{q:g}": percentile([1000 * value for value in seconds], q) for q in POINTS} if seconds else {}


def told(seconds: list[float]) -> dict[str, float | int | None]:
    """The figures that a table shows, in milliseconds."""
    cut = percentiles(seconds)
    return {"count": len(seconds)} | {f"p{p}_ms" if p != "100" else "max_ms": cut[p] for p in ("50", "95", "99", "100") if cut}


def probe(port: int, seconds: float, file: Path) -> None:
    """GET /health at a steady rate; latencies, from when each was due, go to a file. This is a process of its own."""
    started, found = time.perf_counter(), []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    for number in range(int(seconds / EVERY)):
        due = started + number * EVERY
        time.sleep(max(0.0, due - time.perf_counter()))
        if time.perf_counter() > started + seconds + PATIENCE or Path(f"{file}.stop").exists():
            break
        try:
            connection.request("GET", "/api/v1/health")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
        found.append(time.perf_counter() - due)
    write_atomic(file, [json.dumps(found)])


class Probed:
    """The probe while a block lasts; ``seconds`` holds what it measured afterwards."""

    def __init__(self, port: int, file: Path) -> None:
        self.file = file
        command = [sys.executable, __file__, "--probe", str(port), str(file)]
        self.process = subprocess.Popen(command)
        self.seconds: list[float] = []

    def __enter__(self) -> Probed:
        return self

    def __exit__(self, *_: object) -> None:
        Path(f"{self.file}.stop").touch()
        self.process.wait(3 * PATIENCE)
        self.seconds = json.loads(self.file.read_text())


class Reader:
    """Who signed in and asks one gold question after another, until stopped; ``seconds`` are of those answered."""

    def __init__(self, port: int, token: str, questions: list[str]) -> None:
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, args=(port, token, questions))
        self._thread.start()

    def stop(self) -> None:
        """After the question under way."""
        self._stop.set()
        self._thread.join()

    def _ask(self, port: int, token: str, questions: list[str]) -> None:
        headers = JSON | {"Authorization": f"Bearer {token}"}
        for question in itertools.cycle(questions):
            if self._stop.is_set():
                return
            started = time.perf_counter()
            status = request(port, "POST", "/api/v1/ask", {"question": question}, headers).status
            if status == http.HTTPStatus.OK:
                self.seconds.append(time.perf_counter() - started)
            self.outcomes[str(status)] += 1
            self._stop.wait(0.2)


def besiege(port: int, sends: Iterator[Send], requests: int, seconds: float) -> dict[str, Any]:
    """The guests' requests: by kind and status, and how long those of each status took."""
    lock, ends, left = threading.Lock(), time.monotonic() + seconds, itertools.count(requests, -1)
    statuses: dict[str, Counter[str]] = {}
    took: dict[str, list[float]] = {}

    def guest() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while time.monotonic() < ends:
            with lock:
                if next(left) <= 0:
                    return
                kind, method, path, body = next(sends)
            started = time.perf_counter()
            status = str(request(port, method, path, body).status)
            with lock:
                statuses.setdefault(kind, Counter())[status] += 1
                took.setdefault(status, []).append(time.perf_counter() - started)

    guests = [threading.Thread(target=guest) for _ in range(GUESTS)]
    started = time.perf_counter()
    for thread in guests:
        thread.start()
    for thread in guests:
        thread.join()
    return {
        "requests": sum(map(len, took.values())),
        "seconds": round(time.perf_counter() - started, 1),
        "by_kind": {kind: dict(sorted(counts.items())) for kind, counts in statuses.items()},
        "by_status": {status: told(found) for status, found in sorted(took.items())},
    }


def damage(index: Path) -> None:
    """CURRENT names a copy of the live generation with every file cut in half."""
    live = index / (index / "CURRENT").read_text().strip()
    broken = index / "feedfacefeedface"
    shutil.copytree(live, broken)
    for file in broken.rglob("*"):
        if file.is_file():
            os.truncate(file, file.stat().st_size // 2)
    write_atomic(index / "CURRENT", [broken.name + "\n"])


def lock(serving: Path) -> None:
    """Hold the write locks of both stores. This is a process of its own."""
    held = []
    for name in ("accounts.sqlite", "answers.sqlite"):
        held.append(sqlite3.connect(serving / name, timeout=30, isolation_level=None))
        held[-1].execute("BEGIN IMMEDIATE")
    time.sleep(LOCKED_FOR)


def later(seconds: float, do: Callable[[], object]) -> threading.Timer:
    """Do something after a while."""
    timer = threading.Timer(seconds, do)
    timer.start()
    return timer


def account(folder: Path) -> str:
    """An API token of a reader."""
    serving = ["--serving", str(folder / "serving")]
    ragqa("users", "add", "demo-reader", "--role", "reader", "--password-file", "-", *serving, said="correct horse battery\n")
    return ragqa("users", "token", "demo-reader", *serving).split()[-1]


def talked(server: Served) -> str:
    """The id of a conversation of TURNS turns."""
    id = str(json.loads(request(server.port, "POST", "/api/v1/conversations").body)["id"])
    for number in range(TURNS):
        body = {"question": ("Does olanzapine help in borderline personality disorder?", "And what are its harms?")[number % 2]}
        request(server.port, "POST", f"/api/v1/conversations/{id}/turns", body)
    return id


def measured(requests: int, seconds: float, leave_out: set[str], questions: list[str]) -> dict[str, Any]:
    """One run, alone and then among guests."""
    articles = sorted(file.stem for file in Path("corpus/articles").glob("*.md"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = account(folder)
        with served(folder, request_seconds=20) as server:
            conversation = talked(server)
            with Probed(server.port, folder / "calm.json") as calm:
                reader = Reader(server.port, token, questions)
                time.sleep(min(30.0, seconds))
                reader.stop()
            with Probed(server.port, folder / "crowded.json") as crowded:
                among = Reader(server.port, token, questions)
                if "damage" not in leave_out:
                    later(5, lambda: damage(folder / "index"))
                if "lock" not in leave_out:
                    later(10, lambda: subprocess.run([sys.executable, __file__, "--lock", str(folder / "serving")], check=False))
                guests = besiege(server.port, costly(conversation, articles, leave_out), requests, seconds)
                among.stop()
            log = (folder / "serve.log").read_text(errors="replace")
    return {
        "left_out": sorted(leave_out),
        "health": {"alone": told(calm.seconds), "among_guests": told(crowded.seconds)},
        "health_percentiles": {"alone": percentiles(calm.seconds), "among_guests": percentiles(crowded.seconds)},
        "reader": {"alone": told(reader.seconds), "among_guests": told(among.seconds)},
        "reader_outcomes": {"alone": dict(reader.outcomes), "among_guests": dict(among.outcomes)},
        "guests": guests,
        "logged_errors": dict(
            Counter(str(line.get("message", ""))[:60] for line in map(_line, log.splitlines()) if line.get("level") == "error")
        ),
        "resident_mb": round(server.most),
    }


def _line(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def main() -> None:
    """Measure one version of the server, or be one of the helping processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="after", help="the row's name in the results")
    parser.add_argument("--server", type=Path, help="folder of the code that serves; that of this script when none is given")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=600, help="after which the guests go, whatever was answered")
    parser.add_argument("--leave-out", action="append", default=[], help="a kind of request, damage or lock")
    parser.add_argument("--json", type=Path, default=Path("eval/results/crowd.json"))
    parser.add_argument("--probe", nargs=2, metavar=("PORT", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe:
        probe(int(arguments.probe[0]), 3600, Path(arguments.probe[1]))
        return
    if arguments.lock:
        lock(arguments.lock)
        return
    questions = [item.question for item in load_gold(Path("eval/gold"))]
    os.environ.update(environment(arguments.server))
    before = [round(value, 1) for value in os.getloadavg()]
    run = measured(arguments.requests, arguments.seconds, set(arguments.leave_out), questions)
    run = {"machine": {"cores": os.cpu_count(), "load_before": before}} | run
    found = json.loads(arguments.json.read_text()) if arguments.json.exists() else {"schema": "ragqa.crowd/1", "runs": {}}
    found["runs"][arguments.run] = run
    write_atomic(arguments.json, [json.dumps(found, indent=1) + "\n"])
    print(json.dumps({name: value for name, value in run.items() if name != "health_percentiles"}, indent=1))


if __name__ == "__main__":
    main()
