"""What a sentence says about direction: more, less, no difference, or the opposite of another sentence.

Direction is read from words, with the words that turn it round (negations) counted apart. Used to check statements, to find
sources that disagree, and to answer yes or no.
"""

from __future__ import annotations

import re
from typing import Literal

from ragqa.language.effects import p_values_say
from ragqa.language.lexicon import lexicon

Direction = Literal["more", "less", "none"]

_WORDS = lexicon("language", "direction")
NEGATION = re.compile(rf"\b(?:{_WORDS['negation'].pattern})\b|n't\b", re.IGNORECASE)
"""What turns a sentence's direction round."""
DENIAL = re.compile(rf"\b(?:{_WORDS['denial'].pattern})\b|n't\b", re.IGNORECASE)
"""What a rewording may neither add nor lose."""
_ONLY_LOOKS = re.compile(rf"\b(?:{_WORDS['only_looks_like_denial'].pattern})\b", re.IGNORECASE)
_MORE = re.compile(rf"\b(?:{_WORDS['more'].pattern})\w*", re.IGNORECASE)
_LESS = re.compile(rf"\b(?:{_WORDS['less'].pattern})\w*", re.IGNORECASE)
_NO_DIFFERENCE = re.compile(rf"\b(?:{_WORDS['no_difference'].pattern})\b", re.IGNORECASE)
COMPARED = re.compile(rf"\b(?:{_WORDS['compared'].pattern})\b", re.IGNORECASE)
"""A sentence that reports a difference between groups or from before to after, not one that describes a study."""
_SIGNIFICANT = re.compile(r"\bsignificant(?:ly)?\b", re.IGNORECASE)

_OPPOSITES = tuple((first, second) for first, second in _WORDS["opposites"].rows())
_OPPOSITE = {word: other for first, second in reversed(_OPPOSITES) for word, other in ((second, first), (first, second))}
_OPPOSED: dict[str, set[str]] = {}
for _pair in (*_OPPOSITES, *_WORDS["antonyms"].rows()):
    for _word in _pair:
        _OPPOSED.setdefault(_word, set()).update(set(_pair) - {_word})
_NEGATED = re.compile(rf"\b(?:{_WORDS['removable'].pattern})\b\s*", re.IGNORECASE)


def balance(text: str) -> int:
    """1 when words of more outweigh words of less, -1 the other way, 0 when neither does."""
    difference = len(_MORE.findall(text)) - len(_LESS.findall(text))
    return (difference > 0) - (difference < 0)


def direction_words(text: str) -> list[str]:
    """Every word of more, of less and of negation, in order, lower case."""
    return [match[0].lower() for pattern in (_MORE, _LESS, NEGATION) for match in pattern.finditer(text)]


def denies(text: str) -> bool:
    """Whether a text denies something; what only looks like it ("not only", "no doubt") does not count."""
    return bool(DENIAL.search(_ONLY_LOOKS.sub(" ", text)))


def are_opposites(first: str, second: str) -> bool:
    """Whether two words are a pair of opposites."""
    return second.lower() in _OPPOSED.get(first.lower(), ())


def reports_no_difference(text: str) -> bool:
    """Whether a sentence says that something made no difference, or none that is significant."""
    return bool(_NO_DIFFERENCE.search(text)) or p_values_say(text) is False


def reports_significance(text: str) -> bool:
    """Whether a sentence calls something significant, or its p values do."""
    return bool(_SIGNIFICANT.search(text)) or p_values_say(text) is True


def direction(text: str) -> Direction | None:
    """What a result sentence reports; None where its words do not say."""
    if reports_no_difference(text):
        return "none"
    turned = balance(text)
    return "more" if turned > 0 else "less" if turned < 0 else None


def negated(text: str) -> bool:
    """Whether the negations in a text are odd in number."""
    return len(NEGATION.findall(text)) % 2 == 1


def opposite(claim: str) -> str:
    """The claim turned round: its negation taken out, else its first word of direction swapped, else denied as a whole."""
    if found := _NEGATED.search(claim):
        return (claim[: found.start()] + claim[found.end() :]).strip()
    words = claim.split(" ")
    ranked = [(rank, i) for i, word in enumerate(words) for rank, key in enumerate(_OPPOSITE_ORDER) if word.lower() == key]
    if not ranked:
        return f"It is not true that {claim}"
    place = min(ranked)[1]
    return " ".join([*words[:place], _OPPOSITE[words[place].lower()], *words[place + 1 :]])


_OPPOSITE_ORDER = tuple(dict.fromkeys(word for pair in _OPPOSITES for word in pair if " " not in word))
