"""How hard a text is to read."""

from __future__ import annotations

import re


def reading_grade(text: str) -> float | None:
    """School grade needed to read a text: automated readability index (Senter & Smith, AMRL-TR-66-220, 1967)."""
    words = re.findall(r"[A-Za-z0-9][\w'-]*", text)
    sentences = max(len(re.findall(r"[.!?](?:\s|$)", text)), 1)
    if not words:
        return None
    return round(4.71 * sum(map(len, words)) / len(words) + 0.5 * len(words) / sentences - 21.43, 1)
