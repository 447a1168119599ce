"""Stretches of a question replaced by other words."""

from __future__ import annotations

from collections.abc import Sequence


def replaced(text: str, stretches: Sequence[tuple[int, int, str]]) -> str:
    """The text with other words in the place of each ``text[start:end]``; the stretches in order, none overlapping."""
    for start, end, words in reversed(stretches):
        text = f"{text[:start]}{words}{text[end:]}"
    return text
