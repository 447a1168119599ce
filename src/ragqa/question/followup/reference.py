"""What "the former", "the latter" and "the other one" stand for, and "X instead": words that point to one of two things named."""

from __future__ import annotations

import re

from ragqa.language.concepts import Role
from ragqa.question.followup.mentions import WORDS, mentions, texts_of
from ragqa.question.followup.thread import Thread

_POINTER = re.compile(
    rf"\b(?:(?P<former>{WORDS['former'].pattern})|(?P<latter>{WORDS['latter'].pattern})|(?P<other>{WORDS['other'].pattern}))(?!\w)",
    re.IGNORECASE,
)
_INSTEAD = re.compile(r",?\s+instead(?:\s+of\s+[\w' -]{1,60})?(?=\s*[?.!]*$)", re.IGNORECASE)


def referred(said: str, thread: Thread) -> tuple[str, ...]:
    """The text with the thing meant in place of "the former", "the latter" or "the other one", one text for each thing that it
    could be, and without an "instead" behind a name; the text as it is where it points to nothing.
    """
    pointer = _POINTER.search(said)
    meant = _meant(pointer, thread) if pointer else ()
    if pointer and meant:
        return tuple(f"{said[: pointer.start()]}{name}{said[pointer.end() :]}" for name in meant)
    instead = _INSTEAD.search(said)
    if instead and thread.base and mentions(said[: instead.start()]):
        return (_INSTEAD.sub("", said, count=1),)
    return (said,)


def _meant(pointer: re.Match[str], thread: Thread) -> tuple[str, ...]:
    first, last, both = _two(thread)
    if not first:
        return ()
    if pointer["former"]:
        return (first,)
    if pointer["latter"]:
        return (last,)
    spoken = {text.casefold() for role in (Role.TREATMENT, Role.CONDITION) for text in thread.of(role)}
    left = tuple(name for name in both if name.casefold() not in spoken)
    return left or both


def _two(thread: Thread) -> tuple[str, str, tuple[str, ...]]:
    """The first and the last of the treatments that the newest question with two of them named, else of its conditions; and
    all of them. Empty where no question named two.
    """
    for question in (thread.question, *thread.earlier):
        for role in (Role.TREATMENT, Role.CONDITION):
            named = texts_of(role, mentions(question))
            if len(named) > 1:
                return named[0], named[-1], tuple(named)
    return "", "", ()
