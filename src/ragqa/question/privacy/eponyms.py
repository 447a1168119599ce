"""Capitalised words that are nobody's own name: eponyms, and words that any institution may be called by."""

from __future__ import annotations

import re

from ragqa.language.lexicon import lexicon

LISTS = lexicon("question", "privacy")
_EPONYM = re.compile(rf"['’]?s?['’]?(?-i:(?:\s[A-Z][a-z]+){{0,2}})\s(?:{LISTS['eponyms'].pattern})\b", re.IGNORECASE)
_GENERIC = frozenset(LISTS["everyday"].entries)


def is_eponym(text: str, start: int, end: int) -> bool:
    """Whether the words ``text[start:end]`` are, or go on into, the name of a disease, a test or a trial."""
    return bool(_EPONYM.search(f" {text[start:end]}")) or bool(_EPONYM.match(text, end))


def is_generic(word: str) -> bool:
    """Whether a word makes up no institution's own name."""
    return word.replace("’", "'").lower() in _GENERIC
