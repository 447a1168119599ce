"""How hard a text is to read."""

from __future__ import annotations

import pytest

from ragqa.language.readability import reading_grade

pytestmark = pytest.mark.quick


def test_longer_words_and_sentences_need_more_school() -> None:
    """The readability index grows with both; an empty text has none."""
    easy, hard = "The cat sat. It was fat.", "Pharmacotherapeutic interventions necessitate multidisciplinary individualisation."
    assert (reading_grade(easy) or 0) < (reading_grade(hard) or 0)
    assert reading_grade("") is None
