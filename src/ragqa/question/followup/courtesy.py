"""Thanks, greetings and what is no words at all: nothing is asked, so nothing is searched for."""

from __future__ import annotations

import re

from ragqa.question.followup.mentions import WORDS

_COURTESY = re.compile(rf"(?:(?:{WORDS['courtesy'].pattern})(?:\W+|$))+", re.IGNORECASE)


def asks_nothing(text: str) -> bool:
    """Whether a text is a courtesy ("ok, thanks") or holds no letter and no digit ("?")."""
    words = text.strip(" .,!?")
    return not any(character.isalnum() for character in words) or bool(_COURTESY.fullmatch(words))
