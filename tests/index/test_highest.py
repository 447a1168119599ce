"""Which rows are the nearest does not depend on the processor, also where many are equally near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.index.vectors.similarity import highest

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("wanted", [0, 1, 100, 2499, 2500])
def test_of_equal_scores_the_first_rows_are_taken(wanted: int) -> None:
    """2,500 of them, more than any vector instruction holds at once."""
    assert sorted(highest(np.full(2500, 0.5, np.float32), wanted).tolist()) == list(range(wanted))


@given(st.lists(st.sampled_from([-np.inf, -0.5, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=400), st.data())
def test_the_highest_are_those_of_a_stable_sort(scores: list[float], data: st.DataObject) -> None:
    """However many ties there are at the edge."""
    wanted = data.draw(st.integers(0, len(scores)))
    expected = sorted(range(len(scores)), key=lambda row: -scores[row])[:wanted]
    assert sorted(highest(np.array(scores, np.float32), wanted).tolist()) == sorted(expected)
