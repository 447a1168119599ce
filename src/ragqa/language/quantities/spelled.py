"""Numbers written as words: "twenty-four", "one hundred and twenty", "two and a half", "two thirds", "half a"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from ragqa.language.lexicon import any_of
from ragqa.language.quantities.writing import WORDS, folded


def _numbers(group: str) -> dict[str, Decimal]:
    return {word: Decimal(number) for word, (number,) in WORDS[group].table().items()}


_ONES, _TENS, POWERS, _PARTS = _numbers("ones"), _numbers("tens"), _numbers("powers"), _numbers("parts")
_PRONOUN = {place: frozenset(words) for place, words in WORDS["no_number_one"].table().items()}
_JOINT = r"[-‐‑– ]"
_WORD = re.compile(
    rf"({any_of((*_ONES, *_TENS, *_PARTS, 'a', 'an'))}|(?:{any_of(POWERS)})s?)(?:(?![^\W_])|(?=fold))", re.IGNORECASE
)
_NEXT = re.compile(rf"{_JOINT}(?:and )?")
_AND_A_HALF = re.compile(r" and a half\b", re.IGNORECASE)
_HALF_A = re.compile(rf"{_JOINT}an?(?= )", re.IGNORECASE)
_SHARE = re.compile(r"[- ]of\b|\s[a-z]|[.,;:)]|$")
"""What follows a share: "two-thirds of", but not "one third-line"."""
FIRST = rf"(?i:{any_of((*_ONES, *_TENS, 'half'))}|an?{_JOINT}(?:{any_of((*POWERS, *_PARTS))}))(?:(?![^\W_])|(?=fold))"
"""How a number in words begins."""


class Spelled(NamedTuple):
    """The value of number words, and where they end."""

    value: Decimal
    end: int


def spelled_at(text: str, start: int) -> Spelled | None:
    """The number in words that begins at ``start``; None where none does, or where "one" is a pronoun."""
    first = _WORD.match(text, start)
    if not first:
        return None
    word = folded(first[0])
    if word == "half":
        return _half(text, first.end())
    if share := _share(text, word, first.end()):
        return share
    read = _whole(text, first)
    if read is None or (read.end == first.end() and word == "one" and _is_pronoun(text, *first.span())):
        return None
    half = _AND_A_HALF.match(text, read.end)
    return Spelled(read.value + Decimal("0.5"), half.end()) if half else read


def _half(text: str, end: int) -> Spelled | None:
    """ "Half", also "half a tablet"; not "half-life"."""
    article = _HALF_A.match(text, end)
    return (
        None
        if not article and text[end : end + 1] in ("-", "‐", "‑", "–")
        else Spelled(Decimal("0.5"), article.end() if article else end)
    )


def _share(text: str, word: str, end: int) -> Spelled | None:
    """ "Two thirds", "a quarter of", "one half"."""
    above = Decimal(1) if word in ("a", "an") else _ONES.get(word)
    joint = _NEXT.match(text, end)
    part = _WORD.match(text, joint.end()) if joint and above else None
    if not part or not above or folded(part[0]) not in _PARTS:
        return None
    article_needs_of = word in ("a", "an") and not text.startswith(" of", part.end())
    if article_needs_of or not _SHARE.match(text, part.end()):
        return None
    return Spelled(above / _PARTS[folded(part[0])], part.end())


def _whole(text: str, first: re.Match[str]) -> Spelled | None:
    """Ones, tens, hundreds, thousands, as far as the words make one number."""
    total, group, end, last = Decimal(0), Decimal(0), first.end(), Decimal(0)
    word: re.Match[str] | None = first
    while word:
        name = folded(word[0])
        value = _ONES.get(name) or _TENS.get(name) or POWERS.get(name) or POWERS.get(name.removesuffix("s"))
        if name == "zero" and word is first:
            return Spelled(Decimal(0), end)
        if name in ("a", "an") and word is first:
            value = last = Decimal(1)
            group = value
        elif value is None or not _may_follow(value, last, name in _ONES or name in _TENS):
            break
        elif name in _ONES or name in _TENS:
            group, end = group + value, word.end()
        elif value < THOUSAND:
            group, end = (group or 1) * value, word.end()
        else:
            total, group, end = total + (group or 1) * value, Decimal(0), word.end()
        last = value
        joint = _NEXT.match(text, word.end())
        word = _WORD.match(text, joint.end()) if joint else None
    return Spelled(total + group, end) if folded(first[0]) not in ("a", "an") or end > first.end() else None


THOUSAND = Decimal(1000)


def _may_follow(value: Decimal, last: Decimal, adds: bool) -> bool:
    """Whether a word of this value may stand behind the last: "twenty-four", "two hundred", not "two three"."""
    if not last:
        return adds
    return (last in _TENS.values() and value < 10) or last >= 100 if adds else last < value


def _is_pronoun(text: str, start: int, end: int) -> bool:
    """Whether "one" stands for a thing: "no one", "one of", "one another"."""
    before = re.search(r"(?<!\w)(\w{1,12})\s$", text[max(0, start - 12) : start])
    after = re.match(r"[\s-](\w+)", text[end : end + 14])
    return bool((before and before[1].lower() in _PRONOUN["before"]) or not after or after[1].lower() in _PRONOUN["after"])
