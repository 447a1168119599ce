"""What the server tells of itself: one JSON line a request, and figures for Prometheus.

Neither holds a question, unless the setting ``log_questions`` says so.

A line names the route, not the path: a path may hold the id of a conversation, which is all it takes to read it. Whatever else is
logged passes ``JsonLines``, which leaves out what other libraries put into their messages, and the names of conversations' files.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import threading
import traceback
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import Scope

from ragqa.answer.contract import Answer
from ragqa.web.engine import Engine

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
requests = logging.getLogger("ragqa.web.requests")


class Figures:
    """Counters and histograms of one app, with a registry of their own."""

    def __init__(self, engine: Engine) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("ragqa_requests", "Requests answered.", ["route", "method", "status"], registry=self.registry)
        self.seconds = Histogram(
            "ragqa_request_seconds", "Time of a request, waiting included.", ["route"], buckets=SECONDS, registry=self.registry
        )
        self.answers = Counter("ragqa_answers", "Answers given.", ["status", "audience"], registry=self.registry)
        self.unkept = Counter("ragqa_not_kept", "Answers given that could not be kept.", registry=self.registry)
        self.stages = Histogram("ragqa_stage_seconds", "Time by stage.", ["stage"], buckets=SECONDS, registry=self.registry)
        pending = Gauge("ragqa_pending", "Requests running or waiting.", registry=self.registry)
        pending.set_function(lambda: engine.pending)
        swaps = Gauge("ragqa_index_swaps", "Generations that went live since the start.", ["outcome"], registry=self.registry)
        swaps.labels("done").set_function(lambda: engine.index.swaps)
        swaps.labels("failed").set_function(lambda: engine.index.failed_swaps)
        for name, about, count in (
            (
                "ragqa_index_builds_failed",
                "Builds that should have followed the review log, and failed.",
                lambda: engine.index.failed_builds,
            ),
            ("ragqa_watch_failures", "Looks at index and review log that failed.", lambda: engine.index.watch.failures),
            (
                "ragqa_library_faults",
                "Times the library of signed-off answers could not be read.",
                lambda: engine.signed_off.failures,
            ),
        ):
            Gauge(name, about, registry=self.registry).set_function(count)
        ProcessCollector(registry=self.registry)

    def finished(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request."""
        route, state = route_of(scope), scope.get("state", {})
        self.requests.labels(route, scope["method"] if route != "other" else "other", status).inc()
        self.seconds.labels(route).observe(seconds)
        reader = state.get("reader")
        requests.info(
            "request",
            extra={
                "request_id": state.get("request_id"),
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(1000 * seconds, 1),
                "user": reader.name if reader else None,
                "client": _address(scope),
                **state.get("told", {}),
            },
        )

    def answered(self, answer: Answer) -> None:
        """Count an answer and its stages."""
        self.answers.labels(answer.status.value, answer.audience).inc()
        for stage, milliseconds in answer.trace.milliseconds.items():
            self.stages.labels(stage).observe(milliseconds / 1000)

    def not_kept(self) -> None:
        """Count an answer that was given and could not be kept."""
        self.unkept.inc()

    def page(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self.registry)


def route_of(scope: Scope) -> str:
    """The route's pattern, "other" where no route was found: a label must not grow with what clients make up."""
    route = scope.get("route")
    return getattr(route, "path", "other") if route is not None else "other"


def _address(scope: Scope) -> str | None:
    """The client's address; None where a proxy passed on something else that a client made up."""
    sent = scope["client"][0] if scope.get("client") else ""
    try:
        return str(ipaddress.ip_address(sent))
    except ValueError:
        return None


class JsonLines(logging.Formatter):
    """One JSON object a line. Of an exception its type and where it happened, not its message, which may hold what was asked.

    Of other libraries' messages the first line, without what was put into it: asyncio's go on with the exception's own words.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _USUAL and value is not None}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)
            line["exception"] = type(error).__name__
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line, ensure_ascii=False, default=str)


def _message(record: logging.LogRecord) -> str:
    ours = record.name.partition(".")[0] in ("ragqa", "uvicorn")
    text = record.getMessage() if ours else str(record.msg).partition("\n")[0]
    return _CONVERSATION.sub(r"\1...", text)


_CONVERSATION = re.compile(r"(conversations/)[^\s'\":/]+")
"""The name of a conversation's file is all it takes to read it."""
_USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    """Log an exception that ended a thread, as any other: Python's own hook prints its message."""
    logging.getLogger("ragqa.web").error("a thread ended", exc_info=ended.exc_value)


def log_to(stream: Any) -> None:
    """Send the log of this server, uvicorn's and other libraries' warnings included, to a stream as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.getLogger().handlers = [handler]
    threading.excepthook = _thread_ended
    for name in ("ragqa", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler] if name != "uvicorn.error" else []
        logger.propagate = name == "uvicorn.error"
        logger.setLevel(logging.INFO)
