"""What else words are called: abbreviations with their meanings, and synonyms."""

from __future__ import annotations

import re
from functools import lru_cache

from ragqa.language.lexicon import lexicon
from ragqa.language.vocabulary import vocabulary


@lru_cache(maxsize=1)
def abbreviations() -> dict[str, tuple[str, ...]]:
    """Medical abbreviations with their meanings, the likeliest first."""
    return lexicon("language", "abbreviations")["abbreviations"].table()


_SYNONYMS = lexicon("language", "abbreviations")["synonyms"].rows()
"""Words that clinicians use for one another; a source that holds one of a group holds them all."""


@lru_cache(maxsize=1024)
def both_spellings(text: str) -> str:
    """The text, with what else its words are called: abbreviations spelled out, full names abbreviated, synonyms, and of drugs,
    therapies and conditions the preferred names."""
    folded = text.lower()
    alike = [word for group in _SYNONYMS if any(_says(folded, word) for word in group) for word in group]
    spelled = [meanings[0] for meanings in known_abbreviations(text).values()]
    short = [short for short, meanings in abbreviations().items() if any(_says(folded, meaning.lower()) for meaning in meanings)]
    preferred = [found.concepts[0].name for found in vocabulary().find(text) if len(found.concepts) == 1]
    return " ".join([text, *spelled, *short, *alike, *preferred])


def _says(text: str, words: str) -> bool:
    """Whether a text holds these words whole, a plural s allowed: no liver in "deliver", nobody died in what was studied."""
    at = text.find(words)
    while at >= 0:
        end = at + len(words)
        end += text.startswith("s", end)
        if not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()):
            return True
        at = text.find(words, at + 1)
    return False


def known_abbreviations(text: str) -> dict[str, tuple[str, ...]]:
    """The abbreviations a text uses (plural s allowed), with their meanings."""
    table = abbreviations()
    found = {}
    for word in re.findall(r"[A-Za-z][\w-]*(?:/[A-Za-z]\w*)?", text):
        for part in word.split("/"):
            short = part if part in table else part.removesuffix("s")
            if short in table:
                found[short] = table[short]
    return found
