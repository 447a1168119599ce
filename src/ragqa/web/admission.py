"""Who is answered next: a few threads, and before them a line for each class of work.

Who signed in comes before guests, and guests before work that nobody waits for (``IDLE``). Each class has a line of its own, so
that none can take another's places, and guests and idle work together leave one thread free where there are several: a question
of somebody signed in waits for those signed in before it, and else at most for the one piece of work that is running.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from ragqa.errors import Busy, ServingError

T = TypeVar("T")
BEHIND = 5
"""Niceness of threads that compute; the event loop's is 0. Of two threads that both want a core it gets three times as much."""


def step_back() -> None:
    """Let this thread, and those it begins, have the processor after the event loop; nothing where a system has no such order."""
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND)


class Priority(IntEnum):
    """Whose work it is; the lower number goes first."""

    SIGNED_IN = 0
    GUEST = 1
    IDLE = 2

    @classmethod
    def of_role(cls, role: str) -> Priority:
        """That of a reader with this role, "guest" or another."""
        return cls.GUEST if role == "guest" else cls.SIGNED_IN


@dataclass(frozen=True, slots=True, eq=False)
class _Admitted:
    """A piece of work, its class, and where its outcome goes."""

    work: Callable[[], Any]
    priority: Priority
    future: Future[Any]


class Admission:
    """At most ``workers`` pieces of work run, and ``waiting`` wait in each line; idle work never waits. Safe between threads."""

    def __init__(self, workers: int, waiting: int) -> None:
        self.workers, self.waiting = workers, waiting
        self._shared = max(1, workers - 1)
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="answer", initializer=step_back)
        self._changed = threading.Condition()
        self._lines: dict[Priority, deque[_Admitted]] = {priority: deque() for priority in Priority}
        self._running: Counter[Priority] = Counter()
        self._seconds = 0.1
        self._closed = False

    @property
    def pending(self) -> int:
        """Pieces of work running or waiting."""
        return self._running.total() + sum(map(len, self._lines.values()))

    def submit(self, work: Callable[[], T], priority: Priority) -> Future[T]:
        """Have ``work`` done when its turn comes; a future cancelled before that gives its place back at once.

        Raises:
            Busy: no more of this class may wait; idle work is refused where it would not run at once.
            ServingError: nothing is admitted any more.
        """
        future: Future[T] = Future()
        admitted = _Admitted(work, priority, future)
        with self._changed:
            if self._closed:
                raise ServingError("the server is stopping; try again in a moment")
            if not self._has_room(priority):
                raise Busy(self._retry_after(priority))
            self._lines[priority].append(admitted)
            self._begin()
        future.add_done_callback(lambda _: self._give_back(admitted))
        return future

    def close(self) -> None:
        """Admit nothing more, and return when all that was admitted is done."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self.pending)
        self._pool.shutdown()

    def _has_room(self, priority: Priority) -> bool:
        ahead = sum(len(self._lines[other]) for other in Priority if other <= priority)
        if priority is Priority.IDLE:
            return not ahead and not self._running[priority] and self._may_run(priority)
        return len(self._lines[priority]) < self.waiting or (not ahead and self._may_run(priority))

    def _may_run(self, priority: Priority) -> bool:
        """Whether a thread is free for this class."""
        if priority is Priority.SIGNED_IN:
            return self._running.total() < self.workers
        shared = self._running[Priority.GUEST] + self._running[Priority.IDLE]
        return self._running.total() < self.workers and shared < self._shared

    def _begin(self) -> None:
        """Run what may run now, class by class; the lock is held."""
        for priority, line in self._lines.items():
            while line and self._may_run(priority):
                admitted = line.popleft()
                if admitted.future.set_running_or_notify_cancel():
                    self._running[priority] += 1
                    self._pool.submit(self._run, admitted)

    def _run(self, admitted: _Admitted) -> None:
        """Do the work, begin what may run next, then resolve the future."""
        started, result, failure = time.perf_counter(), None, None
        try:
            result = admitted.work()
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to who waits for the work
            failure = error
        with self._changed:
            self._running[admitted.priority] -= 1
            self._seconds += 0.1 * (time.perf_counter() - started - self._seconds)
            self._begin()
            self._changed.notify_all()
        if failure is not None:
            admitted.future.set_exception(failure)
        else:
            admitted.future.set_result(result)

    def _give_back(self, admitted: _Admitted) -> None:
        """Give the place of cancelled work to others."""
        line = self._lines[admitted.priority]
        with self._changed:
            if admitted in line:
                line.remove(admitted)
                self._changed.notify_all()

    def _retry_after(self, priority: Priority) -> int:
        """Seconds until a place of this class is likely to be free."""
        before = self._running.total() + sum(len(self._lines[other]) for other in Priority if other <= priority)
        return max(1, math.ceil(before * self._seconds / self.workers))
