"""What the words of a follow-up are: its mentions by role, its telling words, and patterns that several rules look for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ragqa.language.concepts import Mention, Role
from ragqa.language.concepts import mentions as read_mentions
from ragqa.language.lexicon import lexicon
from ragqa.language.stop import OF_FOLLOW_UPS

WORDS = lexicon("question", "followup")
LONGEST_JOINT = 60
"""Characters before a mention that are looked at for words of comparing; by hand: "compared with", a word more and blanks."""

JOINT = {Role.TREATMENT: "with", Role.POPULATION: "in", Role.CONDITION: "in", Role.NAME: "in"}
"""What joins a mention to a question that lacks one of its role."""
ORGAN = re.compile(WORDS["organs"].pattern, re.IGNORECASE)
EITHER = re.compile(rf"\b(?:{WORDS['either'].pattern})\b", re.IGNORECASE)
ASKING = re.compile(rf"^(?:{WORDS['asking'].pattern})\b|:\s", re.IGNORECASE)
"""A question of its own begins so, at once or after a colon."""
_BESIDE = re.compile(rf"\b(?:{WORDS['beside'].pattern})\s+(?:\w+\s)?$", re.IGNORECASE)
_WORD = re.compile(r"[\w*'-]+")


@lru_cache(maxsize=256)
def mentions(text: str) -> tuple[Mention, ...]:
    """As ``ragqa.language.concepts.mentions``, remembered: one follow-up asks again and again for those of the same few texts."""
    return read_mentions(text)


def texts_of(role: Role, found: Sequence[Mention]) -> list[str]:
    """The texts of the mentions of a role, each once, in order, spelled as the first of them."""
    unique = {mention.text.casefold(): mention.text for mention in reversed(found) if mention.role is role}
    return list(reversed(unique.values()))


def telling_words(text: str, own: Sequence[Mention]) -> list[str]:
    """Words of a text beside its ``own`` mentions, stop words left out."""
    edges = [0, *(edge for mention in own for edge in (mention.start, mention.end)), len(text)]
    outside = " ".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return [word for word in _WORD.findall(outside) if word.casefold() not in OF_FOLLOW_UPS]


def subjects(text: str, found: Iterable[Mention]) -> list[Mention]:
    """The mentions that a text is about: what something else is compared with is none of them."""
    return [mention for mention in found if not _compared_with(text, mention)]


def _compared_with(text: str, mention: Mention) -> bool:
    return bool(_BESIDE.search(text, max(mention.start - LONGEST_JOINT, 0), mention.start))


def without_end(text: str) -> str:
    """A question without its end, so that something can be added."""
    return text.rstrip("?. ")
