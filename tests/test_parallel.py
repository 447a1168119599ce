"""Many items at a time: in order, bounded, one failure alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.errors import RagqaError
from ragqa.parallel import AHEAD, each

pytestmark = pytest.mark.quick


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 4))
def test_results_come_in_order_and_failures_stay_in_their_place(items: list[int], workers: int) -> None:
    """As many results as items; an odd item's error is its own."""

    def work(item: int) -> int:
        if item % 2:
            raise RagqaError(f"odd: {item}")
        time.sleep(item / 10_000)
        return item * 10

    found = list(each(work, items, workers))
    assert [item for item, _ in found] == items
    for item, result in found:
        assert str(result) == f"odd: {item}" if item % 2 else result == item * 10


def test_no_more_items_are_taken_than_are_in_hand() -> None:
    """A million items are not read at once: what is taken from the source stays within reach of what was handed out."""
    taken = 0

    def source() -> Iterator[int]:
        nonlocal taken
        for number in range(1_000_000):
            taken += 1
            yield number

    results = each(lambda item: item, source(), 2)
    for _ in range(10):
        next(results)
    assert taken <= 10 + 2 * AHEAD
    results.close()  # type: ignore[attr-defined] # a generator


def test_several_run_at_once() -> None:
    """Two items that wait for each other are only done by two workers."""
    meeting = threading.Barrier(2, timeout=10)
    assert [result for _, result in each(lambda _: meeting.wait() >= 0, [1, 2], 2)] == [True, True]


def test_a_fault_of_ragqa_stops() -> None:
    """Anything but a RagqaError is no item's own failure."""
    with pytest.raises(ZeroDivisionError):
        list(each(lambda item: 1 // item, [1, 0, 1], 2))
