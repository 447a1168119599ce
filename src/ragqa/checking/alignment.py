"""A claim held against a sentence that it may copy: the same words, one fact changed, the sides of a comparison exchanged."""

from __future__ import annotations

import re

from ragqa.language.concepts import names
from ragqa.language.direction import DENIAL, direction_words
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import quantities, same
from ragqa.language.roots import content
from ragqa.language.sentences import sentences

DENIED = "the sentence says it the other way round"

_WORDS = lexicon("checking", "comparison")
_BETWEEN_SIDES = re.compile(rf"\b(?:{_WORDS['between_sides'].pattern})\b")
_COMPARING = re.compile(rf"\b(?:{_WORDS['comparing'].pattern})\b")


def contained(claim: str, source: str) -> tuple[int, int] | None:
    """Where the claim stands in the source word for word as whole sentences or clauses with the same negations; None
    where it does not."""
    words = claim.rstrip(". ").split()
    if not words:
        return None
    pattern = r"\s+".join(re.escape(word) for word in words)
    match = re.search(rf"(?<!\w){pattern}(?!\w)", source, re.IGNORECASE)
    if not match:
        return None
    sentence = next((s for s in sentences(source, 0, len(source)) if s.start <= match.start() < s.end), None)
    if sentence and len(DENIAL.findall(sentence.text)) > len(DENIAL.findall(claim)):
        return None
    return match.span()


def twist(claim: str, sentence: str) -> str | None:
    """The fact by which a claim that otherwise has a sentence's words departs from it, in words; None when none does."""
    held = list(quantities(sentence))
    for quantity in quantities(claim):
        equal = next((other for other in held if same(quantity, other)), None)
        if equal is None:
            return f"{quantity.text} is not in the sentence"
        held.remove(equal)
    if sorted(direction_words(claim)) != sorted(direction_words(sentence)):
        return DENIED
    if order_of_sides(claim, sentence) < 0:
        return "the sides of the comparison are exchanged"
    text = sentence.casefold()
    return next((f"{name} is not in the sentence" for name in names(claim) if name.casefold() not in text), None)


def keeps_sides(claim: str, sentence: str) -> bool:
    """Whether a comparison keeps its sides; true where neither compares."""
    compares = [_COMPARING.search(text) is not None for text in (claim, sentence)]
    return not any(compares) or order_of_sides(claim, sentence) > 0


def order_of_sides(claim: str, sentence: str) -> float:
    """1 when a claim compares two groups in the sentence's order, -1 in the other order, 0 where that cannot be read."""
    sides = _BETWEEN_SIDES.split(claim, maxsplit=1)
    parts = _BETWEEN_SIDES.split(sentence, maxsplit=1)
    if len(sides) < 2 or len(parts) < 2:
        return 0.0
    own = content(sides[1]) - content(sides[0])
    before, after = len(own & content(parts[0])), len(own & content(parts[1]))
    return float((after > before) - (after < before))
