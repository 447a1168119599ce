"""What "the former", "the latter" and "the other one" stand for, and names with no more than "instead" or "too" behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.language.concepts import Role
from ragqa.question.followup.mentions import WORDS, identities, mentions, texts_of
from ragqa.question.followup.thread import Thread

_ORDERED = re.compile(rf"\b(?:({WORDS['former'].pattern})|(?:{WORDS['latter'].pattern}))\b", re.IGNORECASE)
_OTHER = re.compile(rf"\b(?:{WORDS['other'].pattern})(?!\w)", re.IGNORECASE)
_LEAD_OUT = re.compile(rf",?\s(?:{WORDS['lead_out'].pattern})(?=[\s?.!]{{0,9}}$)", re.IGNORECASE)


def referred(said: str, thread: Thread) -> tuple[str, ...]:
    """The text with the thing meant in place of "the former", "the latter" or "the other one", one text for each thing that it
    could be, and without an "instead" or "too" behind a name; the text as it is where it points to nothing.
    """
    named = _two(thread)
    if named:
        said = _ORDERED.sub(lambda match: named[0] if match[1] else named[-1], said)
        if other := _OTHER.search(said):
            return tuple(f"{said[: other.start()]}{name}{said[other.end() :]}" for name in _not_spoken_of(named, thread))
    ends = _LEAD_OUT.search(said)
    if ends and thread.base and mentions(said[: ends.start()]):
        return (said[: ends.start()] + said[ends.end() :],)
    return (said,)


def _not_spoken_of(named: Sequence[str], thread: Thread) -> list[str]:
    spoken = identities(" | ".join(text for role in (Role.TREATMENT, Role.CONDITION) for text in thread.of(role)))
    return [name for name in named if not identities(name) <= spoken] or list(named)


def _two(thread: Thread) -> list[str]:
    """The treatments of the newest question with two of them, else its conditions, else the last two treatments of the thread."""
    questions = [thread.question, *thread.earlier]
    for question in questions:
        for role in (Role.TREATMENT, Role.CONDITION):
            named = texts_of(role, mentions(question))
            if len(named) > 1:
                return named
    one_by_one = [text for question in reversed(questions) for text in texts_of(Role.TREATMENT, mentions(question))]
    last = list(dict.fromkeys(reversed(one_by_one)))[:2]
    return last[::-1] if len(last) > 1 else []
