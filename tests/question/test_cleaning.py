"""What may be kept of a reader's texts."""

from __future__ import annotations

import pytest

from ragqa.errors import RagqaError
from ragqa.question import cleaning
from ragqa.question.asked import LONGEST_QUESTION, Asked, Turn
from ragqa.question.cleaning import Cleaner

pytestmark = pytest.mark.quick

SAID = "Is lithium safe for Mrs Jane Miller?"


def test_a_question_is_one_line_within_its_limit() -> None:
    """Else it is told what to do."""
    assert Cleaner(False).question(" Is it\n safe? ").text == "Is it safe?"
    with pytest.raises(RagqaError, match="the question is empty"):
        Cleaner(False).question(" \n")
    with pytest.raises(RagqaError, match=f"at most {LONGEST_QUESTION} are read"):
        Cleaner(False).question("a" * (LONGEST_QUESTION + 1))


def test_identifiers_leave_a_question_and_every_text_of_its_turns() -> None:
    """Unless a setting says otherwise."""
    asked = Asked(question=SAID, history=(Turn(question=SAID, standalone=SAID, answer=SAID, choices=(SAID,)),))
    assert "Miller" not in repr(Cleaner(True).asked(asked))
    assert Cleaner(False).asked(asked) == asked


def test_the_same_text_is_cleaned_once_and_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same turns come again with every question."""
    seen: list[str] = []
    redact = cleaning.redact
    monkeypatch.setattr(cleaning, "redact", lambda text: seen.append(text) or redact(text))
    monkeypatch.setattr(cleaning, "MOST_REMEMBERED", 3)
    cleaner = Cleaner(True)
    for text in ("a", "a", "b", "a", "c", "d", "a"):
        cleaner.turn(Turn(question=text))
    assert seen.count("a") == 2, "again only after the memory was full"
