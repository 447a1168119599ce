"""The lines before the threads: who goes first, who is refused, and what gives a place back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from ragqa.errors import Busy, ServingError
from ragqa.web.admission import Admission, Priority

SIGNED_IN, GUEST, IDLE = Priority
SECONDS = 30
"""Longer than anything here takes."""


class Scene:
    """An admission whose work holds its thread until it is let through, and notes in which order it began."""

    def __init__(self) -> None:
        self.made: list[Admission] = []
        self.began: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.changed = threading.Condition()

    def admission(self, workers: int, waiting: int = 8) -> Admission:
        """One of this size, closed at the end."""
        self.made.append(Admission(workers, waiting))
        return self.made[-1]

    def work(self, name: str) -> Callable[[], str]:
        """Work of this name."""
        gate = self.gates.setdefault(name, threading.Event())

        def held() -> str:
            with self.changed:
                self.began.append(name)
                self.changed.notify_all()
            assert gate.wait(SECONDS)
            return name

        return held

    def has_begun(self, count: int) -> list[str]:
        """The names of what has begun, when it is so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.began) >= count, SECONDS)
            return list(self.began)

    def let_through(self) -> None:
        """Everything, from now on."""
        for gate in list(self.gates.values()):
            gate.set()


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A scene that ends with everything done."""
    made = Scene()
    yield made
    made.let_through()
    for admission in made.made:
        admission.close()


def test_who_signed_in_goes_before_guests(scene: Scene) -> None:
    """However many guests came before; within a class the first to come is the first served."""
    one = scene.admission(workers=1)
    first = one.submit(scene.work("running"), GUEST)
    waiting = [one.submit(scene.work(f"guest {n}"), GUEST) for n in range(3)]
    waiting += [one.submit(scene.work(f"signed in {n}"), SIGNED_IN) for n in range(2)]
    scene.has_begun(1)
    scene.let_through()
    for future in (first, *waiting):
        future.result(SECONDS)
    assert scene.began == ["running", "signed in 0", "signed in 1", "guest 0", "guest 1", "guest 2"]


def test_guests_leave_a_thread_free(scene: Scene) -> None:
    """Where there is more than one, who signed in begins at once although guests fill their line; those may use every thread."""
    one = scene.admission(workers=3)
    for n in range(6):
        one.submit(scene.work(f"guest {n}"), GUEST)
    assert scene.has_begun(2) == ["guest 0", "guest 1"]
    one.submit(scene.work("signed in"), SIGNED_IN)
    assert scene.has_begun(3)[-1] == "signed in"
    assert one.pending == 7
    other = scene.admission(workers=3)
    for n in range(3):
        other.submit(scene.work(f"other {n}"), SIGNED_IN)
    scene.has_begun(6)


def test_no_class_takes_the_places_of_another(scene: Scene) -> None:
    """Guests past their bound are told when to come back; who signed in still finds a place."""
    one = scene.admission(workers=1, waiting=2)
    for n in range(3):
        one.submit(scene.work(f"guest {n}"), GUEST)
    with pytest.raises(Busy) as refused:
        one.submit(scene.work("one more"), GUEST)
    assert refused.value.retry_after >= 1
    for n in range(2):
        one.submit(scene.work(f"signed in {n}"), SIGNED_IN)
    with pytest.raises(Busy):
        one.submit(scene.work("one more"), SIGNED_IN)
    assert one.pending == 5


def test_without_waiting_places_what_can_run_is_admitted(scene: Scene) -> None:
    """A bound of 0 refuses only who would have to wait."""
    one = scene.admission(workers=2, waiting=0)
    one.submit(scene.work("guest"), GUEST)
    with pytest.raises(Busy):
        one.submit(scene.work("one more"), GUEST)
    one.submit(scene.work("signed in"), SIGNED_IN)
    with pytest.raises(Busy):
        one.submit(scene.work("one more"), SIGNED_IN)


def test_idle_work_runs_alone_and_only_when_nobody_waits(scene: Scene) -> None:
    """A second piece is refused, and so is any while somebody waits or the threads for guests are taken."""
    one = scene.admission(workers=3)
    one.submit(scene.work("idle"), IDLE)
    with pytest.raises(Busy):
        one.submit(scene.work("idle 2"), IDLE)
    one.submit(scene.work("guest"), GUEST)
    scene.has_begun(2)
    one.submit(scene.work("waits"), GUEST)
    scene.gates["idle"].set()
    assert scene.has_begun(3)[-1] == "waits"
    with pytest.raises(Busy):
        one.submit(scene.work("idle 3"), IDLE)
    one.submit(scene.work("signed in"), SIGNED_IN)
    one.submit(scene.work("signed in 2"), SIGNED_IN)
    with pytest.raises(Busy):
        one.submit(scene.work("idle 4"), IDLE)
    assert one.pending == 4


def test_what_nobody_waits_for_gives_its_place_back(scene: Scene) -> None:
    """A future cancelled in its line frees the place, and its work is never begun."""
    one = scene.admission(workers=1, waiting=1)
    running = one.submit(scene.work("running"), GUEST)
    given_up = one.submit(scene.work("given up"), GUEST)
    scene.has_begun(1)
    assert given_up.cancel()
    assert one.pending == 1
    kept = one.submit(scene.work("kept"), GUEST)
    scene.let_through()
    assert (running.result(SECONDS), kept.result(SECONDS)) == ("running", "kept")
    assert scene.began == ["running", "kept"]


def test_work_that_fails_frees_its_thread(scene: Scene) -> None:
    """Whatever it raises comes out of its future; the next one runs."""

    class Odd(BaseException):
        """Not even an Exception."""

    def fails() -> None:
        raise Odd

    one = scene.admission(workers=1)
    with pytest.raises(Odd):
        one.submit(fails, GUEST).result(SECONDS)
    assert one.pending == 0
    assert one.submit(lambda: "fine", GUEST).result(SECONDS) == "fine"


def test_closing_finishes_what_was_admitted(scene: Scene) -> None:
    """Running and waiting work is done before it returns, and nothing is admitted any more."""
    one = Admission(workers=1, waiting=8)
    admitted = [one.submit(scene.work(f"guest {n}"), GUEST) for n in range(3)]
    closing = threading.Thread(target=one.close)
    closing.start()
    refused = None
    while refused is None:
        try:
            admitted.append(one.submit(scene.work("late"), GUEST))
        except (Busy, ServingError) as error:
            refused = error
    scene.let_through()
    closing.join(SECONDS)
    assert all(future.done() for future in admitted)
    with pytest.raises(ServingError):
        one.submit(scene.work("after"), SIGNED_IN)


def test_thousands_from_many_threads_are_all_accounted_for() -> None:
    """Each piece is done once, refused, or given up; the threads are never more than allowed, nor taken by guests alone."""
    one = Admission(workers=3, waiting=20)
    lock = threading.Lock()
    running = dict.fromkeys(Priority, 0)
    most = dict(running) | {"all": 0}
    outcomes = {"done": 0, "refused": 0, "given up": 0}

    def work(priority: Priority) -> None:
        with lock:
            running[priority] += 1
            most[priority] = max(most[priority], running[priority])
            most["all"] = max(most["all"], sum(running.values()))
            most["shared"] = max(most.get("shared", 0), running[GUEST] + running[IDLE])
        with lock:
            running[priority] -= 1

    def client(number: int) -> None:
        mine: list[Future[Any]] = []
        refused = 0
        for turn in range(300):
            priority = Priority((number + turn) % 3)
            try:
                mine.append(one.submit(lambda priority=priority: work(priority), priority))  # type: ignore[misc]
            except Busy:
                refused += 1
            if turn % 7 == 0 and mine:
                mine[-1].cancel()
        given_up = sum(future.cancelled() for future in mine)
        for future in mine:
            if not future.cancelled():
                future.result(SECONDS)
        with lock:
            outcomes["refused"] += refused
            outcomes["given up"] += given_up
            outcomes["done"] += len(mine) - given_up

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(SECONDS)
    one.close()
    assert sum(outcomes.values()) == 8 * 300
    assert outcomes["done"] > 0
    assert one.pending == 0
    assert most["all"] <= 3
    assert most["shared"] <= 2
    assert most[IDLE] <= 1
