"""A follow-up question made to stand alone, so that it can be retrieved like any other.

A question that leans on what was said before ("What about in renal impairment?", "How many took part?") takes over the
terms of the last question that stood alone. What was understood is returned and shown, never applied silently.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from ragqa.errors import Fault, InvalidRecord
from ragqa.files import append_line, read_jsonl
from ragqa.records import Turn

_LEANING = re.compile(
    r"^(?:and|but|so|or|also|then)\b|\b(?:what|how) about\b|\b(?:it|its|they|them|their|this|that|these|those|he|she|there)\b|"
    r"\b(?:the|that|this) (?:drug|trial|study|studies|therapy|treatment|medication|dose|review|effect|evidence)\b|"
    r"\b(?:instead|either|both|same|other|another)\b",
    re.IGNORECASE,
)
_SHORT = 6
"""Words: a follow-up this short rarely names its own subject."""
_QUESTION_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "about",
        "any",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "effective",
        "evidence",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "long",
        "many",
        "may",
        "much",
        "my",
        "of",
        "on",
        "or",
        "should",
        "so",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "use",
        "used",
        "using",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "without",
        "would",
        "you",
        "your",
        "patients",
        "people",
    ]
)
_WORD = re.compile(r"[\w-]+(?:/\w+)?")


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question with the subject of the conversation added where it leans on it; unchanged where it does not."""
    if not history or not leans(question):
        return question
    subject = _subject(history)
    present = {word.lower() for word in _WORD.findall(question)}
    carried = [word for word in subject if word.lower() not in present]
    return f"{question.rstrip()} ({' '.join(carried)})" if carried else question


def leans(question: str) -> bool:
    """Whether a question needs the conversation to be understood."""
    return bool(_LEANING.search(question)) or len(_WORD.findall(question)) <= _SHORT


def _subject(history: Sequence[Turn]) -> list[str]:
    """Content words of the newest earlier question that did not itself lean on another, and of the ones since."""
    words: list[str] = []
    for turn in reversed(history):
        words = [word for word in _WORD.findall(turn.question) if word.lower() not in _QUESTION_WORDS] + words
        if not leans(turn.question):
            break
    return list(dict.fromkeys(words))


def read_turns(file: Path) -> list[Turn]:
    """The turns of a conversation file, oldest first; none when the file does not exist yet.

    Raises:
        InvalidRecord: a line is not a turn.
    """
    turns = []
    for line, value in read_jsonl(file) if file.exists() else ():
        if isinstance(value, Fault):
            raise InvalidRecord(file, line, value.message)
        try:
            turns.append(Turn.model_validate(value))
        except ValidationError as error:
            raise InvalidRecord(file, line, f"not a turn: {error.errors()[0]['msg']}") from error
    return turns


def add_turn(file: Path, turn: Turn) -> None:
    """Append one turn, whole."""
    append_line(file, turn.model_dump())
