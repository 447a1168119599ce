"""What may be kept and searched of a reader's texts: by default all but what could identify a patient."""

from __future__ import annotations

import hashlib

from ragqa.errors import RagqaError
from ragqa.question.asked import LONGEST_QUESTION, Asked, Turn
from ragqa.question.privacy import Redacted, redact

MOST_REMEMBERED = 500
"""Texts of earlier turns remembered without identifiers; by hand: a few megabytes at most."""


class Cleaner:
    """Takes identifiers out of questions and of the turns before them; with ``redacts`` False it only checks limits."""

    def __init__(self, redacts: bool) -> None:
        self.redacts = redacts
        self._cleaned: dict[bytes, str] = {}

    def question(self, text: str) -> Redacted:
        """A question on one line, without identifiers, and the kinds taken out. Raises RagqaError when empty or too long."""
        folded = " ".join(text.split())
        if not folded:
            raise RagqaError('the question is empty: ask for instance "Is memantine effective in OCD?"')
        if len(folded) > LONGEST_QUESTION:
            raise RagqaError(f"the question has {len(folded)} characters, at most {LONGEST_QUESTION} are read: shorten it")
        return redact(folded) if self.redacts else Redacted(folded)

    def text(self, text: str) -> str:
        """Any text of a reader."""
        return redact(text).text if self.redacts else text

    def asked(self, asked: Asked) -> Asked:
        """A question with the turns before it. Raises RagqaError as ``question``."""
        turns = tuple(map(self.turn, asked.history))
        return asked.model_copy(update={"question": self.question(asked.question).text, "history": turns})

    def turn(self, turn: Turn) -> Turn:
        """A turn within its limits, all its texts without identifiers: a client may write into each of them."""
        turn = turn.within_limits()
        return turn.model_copy(
            update={
                "question": self._said(" ".join(turn.question.split())),
                "standalone": self._said(" ".join(turn.standalone.split())),
                "answer": self._said(turn.answer),
                "choices": tuple(map(self._said, turn.choices)),
            }
        )

    def _said(self, text: str) -> str:
        """As ``text``, remembered by hash: the same turns come again with every question."""
        key = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        found = self._cleaned.get(key)
        if found is None:
            if len(self._cleaned) >= MOST_REMEMBERED:
                self._cleaned.clear()
            found = self._cleaned[key] = self.text(text)
        return found
