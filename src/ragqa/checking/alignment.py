"""A claim held against the sentence that speaks most directly to it: a fact by which it says something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ragqa.language.canonical import Key, Token, tokens
from ragqa.language.direction import are_opposites, denies, direction_words
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import quantities, same
from ragqa.language.roots import content

DENIED = "the sentence says it the other way round"
ALIGNED = 0.8
"""Share of a claim's words in one sentence from which it counts as that sentence, changed or not; by hand."""
ALIKE = 0.5
"""Share of a claim's words in one sentence from which both are about the same, so that opposites in them oppose; by hand."""

_WORDS = lexicon("checking", "comparison")
_BETWEEN_SIDES = re.compile(rf"\b(?:{_WORDS['between_sides'].pattern})\b")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
"""Figures in brackets, "(12 vs 14 days)", are no sides of the comparison that they belong to."""
_LAST_CLAUSE = re.compile(r"[,;]?\s(?:but|whereas|while|although)\s(?:(?!\s(?:but|whereas|while|although)\s).)*$", re.IGNORECASE)
_ARMS = frozenset(_WORDS["arms"].entries)


def contrary(claim: str, sentence: str) -> str | None:
    """The fact by which a claim that shares a sentence's words departs from it, in words; None when none does."""
    words = content(claim)
    shared = len(words & content(sentence)) / max(len(words), 1)
    if shared >= ALIGNED and (twisted := _twist(claim, sentence)):
        return twisted
    if shared < ALIKE:
        return None
    if order_of_sides(claim, _IN_BRACKETS.sub(" ", sentence)) < 0:
        return "the sides of the comparison are exchanged"
    said, held = tokens(claim), tokens(sentence)
    if turned := _opposite_words(said, held):
        return f"the sentence says {turned[1]!r}, not {turned[0]!r}"
    return "its figures stand with other groups in the sentence" if _figures_moved(said, held) else None


def _twist(claim: str, sentence: str) -> str | None:
    held = list(quantities(sentence))
    for quantity in quantities(claim):
        equal = next((other for other in held if same(quantity, other)), None)
        if equal is None:
            return f"{quantity.text} is not in the sentence"
        held.remove(equal)
    of_it = _of_claim(claim, sentence)
    if sorted(direction_words(claim)) != sorted(direction_words(of_it)) and denies(claim) != denies(of_it):
        return DENIED
    return None


def _of_claim(claim: str, sentence: str) -> str:
    """A sentence without clauses at its end that hold no word of the claim beyond those before them: "but not with the other"."""
    words = content(claim)
    while (cut := _LAST_CLAUSE.search(sentence)) and words & content(cut[0]) <= content(sentence[: cut.start()]):
        sentence = sentence[: cut.start()]
    return sentence


def _opposite_words(claim: Sequence[Token], sentence: Sequence[Token]) -> tuple[str, str] | None:
    """A word of the claim and its opposite in the sentence, where neither text has both."""
    own, others = ({token.text.lower() for token in found} for found in (claim, sentence))
    pairs = ((word, other) for word in sorted(own - others) for other in sorted(others - own))
    return next((pair for pair in pairs if are_opposites(*pair)), None)


def _figures_moved(claim: Sequence[Token], sentence: Sequence[Token]) -> bool:
    """Whether two figures or more stand with other groups than in the sentence.

    As many figures as groups are read in pairs, in the order of each; of others the order of all must be the same.
    """
    counts = [Counter(token.key for token in found) for found in (claim, sentence)]
    both = {key for key, times in counts[0].items() if times == counts[1][key] == 1 and (_is_figure(key) or _is_group(key))}
    said, held = ([token.key for token in found if token.key in both] for found in (claim, sentence))
    figures, groups = list(filter(_is_figure, said)), list(filter(_is_group, said))
    if min(len(figures), len(groups)) < 2 or said == held:
        return False
    stand = dict(zip(filter(_is_figure, held), filter(_is_group, held), strict=False))
    return len(figures) != len(groups) or stand != dict(zip(figures, groups, strict=True))


def _is_figure(key: Key) -> bool:
    return isinstance(key, tuple)


def _is_group(key: Key) -> bool:
    return isinstance(key, str) and (key.startswith("drug:") or key in _ARMS)


def order_of_sides(claim: str, sentence: str) -> float:
    """1 when a claim compares two groups in the sentence's order, -1 in the other order, 0 where that cannot be read."""
    sides = _BETWEEN_SIDES.split(claim, maxsplit=1)
    parts = _BETWEEN_SIDES.split(sentence, maxsplit=1)
    if len(sides) < 2 or len(parts) < 2:
        return 0.0
    own = content(sides[1]) - content(sides[0])
    before, after = len(own & content(parts[0])), len(own & content(parts[1]))
    return float((after > before) - (after < before))
