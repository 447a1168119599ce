"""A `ragqa serve` on loopback under load, with the load generator hey (Debian's package); figures go to eval/results/load.json.

* first: from a warm server, milliseconds to the first page, and of a streamed answer to its first stage, first statement and end
* levels: at 1, 10, 50 and 200 connections that ask again at once: answers/s, p50 and p95 of those answered, 429s a second, errors
* threads: the engine with 1, 2 and 4 questions at a time, side by side
* swap: the index goes live again and again under 16 connections; no request may be lost, and both generations must have answered
* term: SIGTERM under 16 connections; a request is lost that was sent on an accepted connection and got no response. Once as it
  is, once restarted behind a socket that this script holds as systemd would: there nobody may even be refused

    python eval/endure/load.py --seconds 15
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from server import JSON, Served, request, served

from ragqa.evaluation.gold import load_gold
from ragqa.evaluation.measures import percentile
from ragqa.files import write_atomic
from ragqa.index import current_generation
from ragqa.index.refresh import build_index
from ragqa.settings import load_settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import SEED_QUESTION

LEVELS = (1, 10, 50, 200)
READERS = 16
MOST = 200_000
"""Requests, whatever happens."""


def percentiles(seconds: list[float]) -> dict[str, float | None]:
    """p50 and p95 in milliseconds."""
    return {f"p{q}_ms": percentile([1000 * value for value in seconds], q) for q in (50, 95)}


def first(server: Served, rounds: int = 9) -> dict[str, Any]:
    """Medians over some rounds; an answer as the script of a page reads it."""
    pages, marks = [], {"stage": [], "statement": [], "end": []}
    for _ in range(rounds):
        started = time.perf_counter()
        status = request(server.port, "GET", "/").status
        pages.append(time.perf_counter() - started)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        started = time.perf_counter()
        connection.request("POST", "/api/v1/ask", json.dumps({"question": SEED_QUESTION}), JSON | {"Accept": "text/event-stream"})
        response, seen = connection.getresponse(), set()
        while line := response.readline():
            name = line.decode().removeprefix("event: ").strip()
            if name in marks and name not in seen:
                seen.add(name)
                marks[name].append(time.perf_counter() - started)
        marks["end"].append(time.perf_counter() - started)
        connection.close()
    found = {"page_status": status, "page_ms": round(1000 * statistics.median(pages), 1)}
    return found | {f"{name}_ms": round(1000 * statistics.median(values), 1) for name, values in marks.items()}


def level(server: Served, connections: int, seconds: int) -> dict[str, Any]:
    """One run of hey; what it saw has to agree with what the server counted."""
    before = server.counted()
    body = json.dumps({"question": SEED_QUESTION})
    url = f"http://127.0.0.1:{server.port}/api/v1/ask"
    sent = ["-m", "POST", "-T", "application/json", "-d", body]
    command = ["hey", "-z", f"{seconds}s", "-c", str(connections), "-t", "60", *sent, "-o", "csv", url]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 120)
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    counted = server.counted() - before
    status = Counter(row["status-code"] for row in rows)
    answered = [float(row["response-time"]) for row in rows if row["status-code"] == "200"]
    refused = [float(row["response-time"]) for row in rows if row["status-code"] == "429"]
    return {
        "connections": connections,
        "answers_per_s": round(len(answered) / seconds, 2),
        **percentiles(answered),
        "refused_429_per_s": round(len(refused) / seconds, 1),
        "refused_p95_ms": percentiles(refused)["p95_ms"],
        "other_statuses": sum(status.values()) - status["200"] - status["429"],
        "without_response": sum(counted.values()) - len(rows),
        "resident_mb_so_far": round(server.most),
    }


class Readers:
    """Connections that ask one gold question after another and account for every request."""

    def __init__(self, port: int, questions: list[str]) -> None:
        self.port, self.questions = port, questions
        self.outcomes: Counter[str] = Counter()
        self.generations: Counter[str] = Counter()
        self.longest = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._read, args=(number,)) for number in range(READERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask nothing more, and wait for what was asked."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, number: int) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop.is_set() and sum(self.outcomes.values()) < MOST:
            question = self.questions[number % len(self.questions)]
            number += READERS
            started = time.perf_counter()
            connection, outcome, generation = self._ask(connection, question)
            with self._lock:
                self.outcomes[outcome] += 1
                if generation:
                    self.generations[generation] += 1
                self.longest = max(self.longest, time.perf_counter() - started)
            if outcome == "429":
                time.sleep(0.05)
            if outcome == "not accepted":
                time.sleep(0.2)

    def _ask(
        self, connection: http.client.HTTPConnection | None, question: str
    ) -> tuple[http.client.HTTPConnection | None, str, str]:
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            try:
                connection.connect()
            except OSError:
                return None, "not accepted", ""
        try:
            connection.request("POST", "/api/v1/ask", json.dumps({"question": question}), JSON)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return None, f"lost: {type(error).__name__}", ""
        generation = json.loads(body)["trace"]["generation"] if response.status == 200 else ""
        if response.will_close:
            connection.close()
            connection = None
        return connection, str(response.status), generation


def swap(folder: Path, names: list[str], questions: list[str], seconds: int) -> dict[str, Any]:
    """CURRENT names the one and the other generation in turn."""
    with served(folder) as server:
        readers = Readers(server.port, questions)
        ends, swaps = time.monotonic() + seconds, 0
        while time.monotonic() < ends:
            swaps += 1
            write_atomic(folder / "index" / "CURRENT", [names[swaps % 2] + "\n"])
            time.sleep(2)
        readers.stop()
        text = request(server.port, "GET", "/api/v1/metrics").body.decode()
        done = [line for line in text.splitlines() if line.startswith('ragqa_index_swaps{outcome="done"}')]
    return {
        "swaps_done": int(float(done[0].rsplit(" ", 1)[1])),
        "outcomes": dict(readers.outcomes),
        "answers_by_generation": dict(readers.generations),
        "lost": sum(count for outcome, count in readers.outcomes.items() if outcome.startswith("lost")),
    }


def term(folder: Path, questions: list[str], seconds: int, *, restarted: bool) -> dict[str, Any]:
    """SIGTERM in the middle; ``restarted``: another process takes over the socket, which never closes."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        server = Served(folder, listening)
        server.wait()
        if not restarted:
            listening.close()
        readers = Readers(server.port, questions)
        time.sleep(seconds / 2)
        took = server.stop()
        if restarted:
            server = Served(folder, listening)
            server.wait()
            time.sleep(seconds / 2)
        readers.stop()
        if restarted:
            server.stop()
    return {
        "outcomes": dict(readers.outcomes),
        "lost": sum(count for outcome, count in readers.outcomes.items() if outcome.startswith("lost")),
        "seconds_to_end": round(took, 2),
        "longest_request_s": round(readers.longest, 2),
    }


def main() -> None:
    """Run all parts, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="first, levels, threads, swap, term; all when none is named")
    parser.add_argument("--seconds", type=int, default=15, help="of each run, at most 120")
    parser.add_argument("--json", type=Path, default=Path("eval/results/load.json"))
    arguments = parser.parse_args()
    seconds = min(arguments.seconds, 120)
    parts = arguments.parts or ["first", "levels", "threads", "swap", "term"]
    if shutil.which("hey") is None and {"levels", "threads"} & set(parts):
        sys.exit("hey is not installed: apt-get install hey")
    questions = [item.question for item in load_gold(Path("eval/gold"))]
    found: dict[str, Any] = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = load_settings(index=folder / "index")
        build_index(settings)
        names = [str(current_generation(settings.index))]
        build_index(settings.model_copy(update={"passage_characters": 1700}))
        names.append(str(current_generation(settings.index)))
        found["machine"] = {
            "cores": os.cpu_count(),
            "load_before": [round(value, 1) for value in os.getloadavg()],
            "seconds": seconds,
        }
        if {"first", "levels"} & set(parts):
            with served(folder) as server:
                if "first" in parts:
                    found["first"] = first(server)
                if "levels" in parts:
                    found["levels"] = [level(server, connections, seconds) for connections in LEVELS]
        if "threads" in parts:
            found["threads"] = {}
            for workers in (1, 2, 4):
                with served(folder, workers=workers) as server:
                    found["threads"][str(workers)] = level(server, 6, seconds)
        if "swap" in parts:
            found["swap"] = swap(folder, names, questions, seconds)
        if "term" in parts:
            found["term"] = term(folder, questions, seconds, restarted=False)
            found["restart"] = term(folder, questions, seconds, restarted=True)
    write_atomic(arguments.json, [json.dumps(found, indent=1) + "\n"])
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
