"""Abbreviations that a text defines itself: "heart failure (HF)".

After Schwartz and Hearst, Pac Symp Biocomput 2003:451-462: the letters of the short form stand in the words before it, in order,
the first at the beginning of a word.
"""

from __future__ import annotations

import re

_BRACKETED = re.compile(r"(?<=\w)\s*[(\[]([A-Za-z][\w-]{1,9})s?[)\]]")


def defined(text: str) -> dict[str, str]:
    """Short forms with the words that they stand for, as the text first says it."""
    found: dict[str, str] = {}
    for match in _BRACKETED.finditer(text):
        short = match[1].removesuffix("s")
        if sum(letter.isupper() for letter in short) < 2 and not any(letter.isdigit() for letter in short):
            continue
        words = re.split(r"[\s(\[]+", text[max(0, match.start() - 120) : match.start()])
        most = min(len(short) + 5, 2 * len(short))
        if meaning := _meaning(short, words[-most:]):
            found.setdefault(short, meaning)
    return found


def _meaning(short: str, words: list[str]) -> str | None:
    """The shortest run of words at the end that holds the letters of the short form in order, beginning with the first."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    for first in range(len(words) - 1, -1, -1):
        run = " ".join(words[first:])
        if run[:1].lower() == letters[0] and _in_order(letters, run.lower()):
            return run
    return None


def _in_order(letters: list[str], text: str) -> bool:
    place = -1
    for letter in letters:
        place = text.find(letter, place + 1)
        if place < 0:
            return False
    return True
