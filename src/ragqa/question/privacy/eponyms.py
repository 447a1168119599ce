"""Capitalised words that are nobody's own name: eponyms, and words that any institution may be called by."""

from __future__ import annotations

import re

from ragqa.language.lexicon import lexicon

LISTS = lexicon("question", "privacy")
_EPONYM = re.compile(rf"['’]?s?['’]?(?-i:(?:\s[A-Z][a-z]+){{0,2}})\s(?:{LISTS['eponyms'].pattern})\b", re.IGNORECASE)
_NAMES = re.compile(rf"\b(?:{LISTS['eponymous_names'].pattern})\b")
_EPONYMOUS = frozenset(LISTS["eponymous"].entries)
_GENERIC = frozenset(LISTS["everyday"].entries)


def is_eponym(text: str, start: int, end: int) -> bool:
    """Whether the words ``text[start:end]`` are, or go on into, the name of a disease, a test or a trial."""
    words = text[start:end]
    return bool(_EPONYM.search(f" {words}") or _EPONYM.match(text, end) or _NAMES.search(words))


def is_eponymous(word: str) -> bool:
    """Whether a surname stands for a disease, a sign or a test by itself."""
    return word in _EPONYMOUS


def is_generic(word: str) -> bool:
    """Whether a word makes up no institution's own name."""
    return word.replace("’", "'").lower() in _GENERIC
