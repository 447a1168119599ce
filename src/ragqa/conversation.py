"""A follow-up question made to stand alone, so that it can be retrieved like any other.

A question that leans on what was said before ("What about in renal impairment?", "How many took part?") takes over the
terms of the last question that stood alone. What was understood is returned and shown, never applied silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from ragqa.errors import Fault, InvalidRecord
from ragqa.files import append_line, read_jsonl
from ragqa.records import Turn

Rarity = Callable[[str], float]
"""How rare a word is in general English, 0 to 1 (``CrossEncoder.rarity``)."""

_LEANING = re.compile(
    r"^(?:and|but|so|or|also|then)\b|\b(?:what|how) about\b|\b(?:it|its|they|them|their|this|that|these|those|he|she|there)\b|"
    r"\b(?:the|that|this) (?:drug|trial|study|studies|therapy|treatment|medication|dose|review|effect|evidence)\b|"
    r"\b(?:instead|either|both|same|other|another)\b",
    re.IGNORECASE,
)
_SUBJECT = 0.8
"""Rarity in general English from which a word is taken to name a drug, a condition or a therapy."""
_NO_SUBJECT = frozenset({"placebo", "comparator", "participants", "randomised", "randomized", "comorbidity", "dosage", "mg"})
"""Rare in general English, common to every trial."""
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


def standalone(question: str, history: Sequence[Turn], rarity: Rarity) -> str:
    """The question with the subject of the conversation added where it leans on it; unchanged where it does not."""
    if not history or not leans(question, rarity):
        return question
    present = {word.lower() for word in _WORD.findall(question)}
    carried = [word for word in _subject(history, rarity) if word.lower() not in present]
    return f"{question.rstrip()} ({' '.join(carried)})" if carried else question


def leans(question: str, rarity: Rarity) -> bool:
    """Whether a question needs the conversation to be understood: it points back, is very short, or names no subject."""
    words = _WORD.findall(question)
    names_a_subject = any(rarity(word) >= _SUBJECT for word in words if word.lower() not in _NO_SUBJECT)
    return bool(_LEANING.search(question)) or len(words) <= _SHORT or not names_a_subject


def _subject(history: Sequence[Turn], rarity: Rarity) -> list[str]:
    """Content words of the newest earlier question that did not itself lean on another, and of the ones since."""
    words: list[str] = []
    for turn in reversed(history):
        words = [word for word in _WORD.findall(turn.question) if word.lower() not in _QUESTION_WORDS] + words
        if not leans(turn.question, rarity):
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
