"""Makers of mutants that exchange or rewrite words. Each offers edits of one place of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from random import Random

from mutation_records import Edit, Kind, Passage
from mutation_texts import cased_like, pattern


def swap(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """Words exchanged for other words, in the case of the first."""
    for match in swap_pattern(kind).finditer(sentence):
        for other in exchanges(kind)[match["word"] if kind.exact else match["word"].lower()]:
            new = other if kind.keep_case else cased_like(match["word"], other)
            yield Edit(*match.span("word"), new, new)


@cache
def exchanges(kind: Kind) -> dict[str, list[str]]:
    """Every word of the pairs, with those that may stand in its place."""
    found: dict[str, list[str]] = {}
    for one, other in kind.pairs:
        found.setdefault(one if kind.exact else one.lower(), []).append(other)
        if kind.ways == "both":
            found.setdefault(other if kind.exact else other.lower(), []).append(one)
    return found


@cache
def swap_pattern(kind: Kind) -> re.Pattern[str]:
    """The words of the pairs, the longest first, with the context that the kind asks for."""
    words = "|".join(re.escape(word) for word in sorted(exchanges(kind), key=len, reverse=True))
    word = words if kind.exact else f"(?i:{words})"
    end = rf"(?={kind.suffix}\b)" if kind.suffix else kind.after or r"(?![\w-])"
    start = kind.before or r"(?<![\w-])"
    return re.compile(rf"{start}(?P<word>{word}){end}")


def rewrite(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """What a rule finds, written as one of its templates says."""
    for rule in kind.rules:
        for match in pattern(rule.find, kind.exact).finditer(sentence):
            for template in rule.put:
                new = match.expand(template)
                yield Edit(*match.span(), cased_like(match[0], new) if kind.changed and not kind.exact else new, new)


def unchanged(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """The sentence as it is, as a control."""
    yield Edit(0, 0, "", "")


def abbreviation(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """An abbreviation for its long form, or the long form for it, as the source itself defines them."""
    for short, long in passage.abbreviations.items():
        if f"({short})" in sentence:
            continue
        for old, new in ((short, long), (long, short)):
            for match in re.finditer(rf"(?<![\w-]){re.escape(old)}(?![\w-])", sentence):
                yield Edit(*match.span(), new, "")
