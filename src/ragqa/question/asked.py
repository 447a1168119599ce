"""What is asked, with the turns before it, as it comes in: of whatever length, and with whatever identifiers it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragqa.corpus.records import Record

LONGEST_QUESTION = 2000
"""Characters; a longer text is a document, not a question."""
LONGEST_SAID = 8000
"""Characters remembered of an answer, several times the longest that is composed from eight sources."""
MOST_CHOICES = 20
"""Readings offered of one question; more cannot be chosen from."""
MOST_CITED, MOST_PASSAGES, LONGEST_ID = 100, 20, 500
"""Sources remembered of an answer and passages of each, as many as the settings allow at most; characters of an id."""


def clipped(text: str, most: int) -> str:
    """The text, or of a longer one its beginning up to the end of a word: half an identifier may not be known as one."""
    if len(text) <= most:
        return text
    words = text[:most].rsplit(maxsplit=1)
    return words[0] if len(words) == 2 else text[:most]


class Cited(Record):
    """A source as one answer of a conversation cited it."""

    number: int
    source_id: str
    passages: tuple[str, ...] = ()


class Turn(Record):
    """One earlier exchange of a conversation: what was asked, how it was understood, what was said and what that rested on.

    Only ``question`` is needed: what was understood is then read from the questions before it.
    """

    question: str
    standalone: str = ""
    status: str = ""
    answer: str = ""
    choices: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()

    def within_limits(self) -> Turn:
        """The turn as far as it is remembered and looked back on, whoever wrote it."""
        return self.model_copy(
            update={
                "question": clipped(self.question, LONGEST_QUESTION),
                "standalone": clipped(self.standalone, LONGEST_QUESTION),
                "answer": clipped(self.answer, LONGEST_SAID),
                "choices": tuple(clipped(choice, LONGEST_QUESTION) for choice in self.choices[:MOST_CHOICES]),
                "cited": tuple(
                    cited.model_copy(update={"passages": cited.passages[:MOST_PASSAGES]}) for cited in self.cited[:MOST_CITED]
                ),
            }
        )


class Asked(Record):
    """A question with all that decides how it is read: the turns before it and the slug of the article being read."""

    question: str
    history: tuple[Turn, ...] = ()
    article: str | None = None

    def one_by_one(self, questions: Sequence[str]) -> Iterator[Asked]:
        """The questions that it holds, each asked after those before it."""
        turns = self.history
        for question in questions:
            yield self.model_copy(update={"question": question, "history": turns})
            turns = (*turns, Turn(question=question))
