"""A claim that copies a sentence must copy all of it: what differs must be proven to mean the same.

Both are read as canonical tokens and aligned. In a near copy a word or a figure that the sentence has otherwise, has elsewhere or
does not have is a changed fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from ragqa.checking.classifier import Verdict
from ragqa.language.canonical import Token, tokens
from ragqa.language.direction import DENIAL
from ragqa.language.lexicon import lexicon

NEAR = 0.7
"""Share of a claim's tokens that stand in a sentence in the same order, from which it is a near copy; by hand."""
FEWEST = 4
"""Tokens that a near copy shares at least; by hand."""
_WORDS = lexicon("checking", "copying")
_GUARDED = frozenset(_WORDS["guarded"].entries)
_OPPOSITES = frozenset(frozenset(pair) for pair in lexicon("language", "direction")["opposites"].rows())


@dataclass(frozen=True, slots=True)
class Copy:
    """What a near copy comes to: a verdict with its reason, or None where words were left out whose weight cannot be told."""

    verdict: Verdict | None
    reason: str
    shared: float


def held_against(claim: Sequence[Token], sentence: Sequence[Token]) -> Copy | None:
    """A claim held against a sentence that it may copy; None where it is no near copy."""
    matcher = SequenceMatcher(None, [t.key for t in claim], [t.key for t in sentence], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    matched = sum(block.size for block in blocks)
    shared = matched / max(len(claim), 1)
    if matched < FEWEST or shared < NEAR:
        return None
    left_out: list[Token] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        put, was = list(claim[i:j]), list(sentence[k:m])
        if tag == "equal" or _joined(put) == _joined(was):
            continue
        new, old = [t for t in put if not t.is_light], [t for t in was if not t.is_light]
        if _joined(new) == _joined(old):
            continue
        if new:
            return _changed(new, old, sentence, shared)
        at_an_end = k < blocks[0].b or k >= blocks[-1].b + blocks[-1].size
        left_out += old
        if any(_is_guarded(token) for token in old) or (not at_an_end and any(token.is_quantity for token in old)):
            told = " ".join(token.text for token in old)
            denies = bool(DENIAL.search(told))
            return Copy("contradicts" if denies else "not_enough", f"the sentence says {told!r}, the claim leaves it out", shared)
    if left_out:
        return Copy(None, "", shared)
    return Copy("supports", "the same words", shared)


def _changed(new: Sequence[Token], old: Sequence[Token], sentence: Sequence[Token], shared: float) -> Copy:
    said, stands = (" ".join(token.text for token in tokens) for tokens in (new, old))
    elsewhere = {token.key for token in sentence}
    exchanged = all(token.key in elsewhere for token in new)
    denied = bool(DENIAL.search(f" {said} ")) != bool(DENIAL.search(f" {stands} "))
    turned = any(frozenset((a.text.lower(), b.text.lower())) in _OPPOSITES for a in new for b in old)
    reason = f"the sentence says {stands!r}, not {said!r}" if stands else f"{said} is not in the sentence"
    if exchanged:
        reason = f"{said} stands elsewhere in the sentence"
    return Copy("contradicts" if exchanged or denied or turned else "not_enough", reason, shared)


def _is_guarded(token: Token) -> bool:
    return token.key in _GUARDED


def _joined(found: Sequence[Token]) -> tuple[object, ...]:
    """Words run together, so that open, hyphened and closed compounds are one; quantities by themselves."""
    parts: list[object] = []
    for token in found:
        if isinstance(token.key, str) and parts and isinstance(parts[-1], str):
            parts[-1] += token.key
        else:
            parts.append(token.key)
    return tuple(parts)


def source_tokens(source):
    from ragqa.language.sentences import sentences
    from ragqa.language.canonical import definitions
    d = definitions(source)
    return d, [tokens(s.text, d) for s in sentences(source, 0, len(source))]


def copied(claim, read):
    d, sents = read
    c = tokens(claim, d)
    keys = {t.key for t in c}
    best = None
    for s in sents:
        if len(keys & {t.key for t in s}) < 0.6 * len(keys):
            continue
        found = held_against(c, s)
        if found and found.verdict == "supports":
            return found
        if found and (best is None or found.shared > best.shared):
            best = found
    return best
