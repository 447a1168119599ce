"""A claim that copies a sentence must copy all of it: what differs must be proven to mean the same.

Both are read as canonical tokens and aligned. In a near copy a word or a figure that the sentence has otherwise, has elsewhere or
does not have is a changed fact; what is left out must not carry what the rest hangs on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import Match, SequenceMatcher
from functools import lru_cache

from ragqa.checking.classifier import Verdict
from ragqa.language.canonical import Definition, Token, definitions, folded, tokens
from ragqa.language.direction import are_opposites, denies, direction_words
from ragqa.language.lexicon import lexicon
from ragqa.language.sentences import Sentence, sentences

NEAR = 0.75
"""Likeness of a claim and the stretch of a sentence that it copies, from which it is a near copy; by hand."""
OF_ITS_OWN = 0.5
"""Share of a claim's tokens that a sentence must hold to be looked at; by hand, below what NEAR can reach."""
FEWEST = 3
"""Tokens that a near copy shares at least; by hand."""
MOST_CHANGED = 4
"""Tokens in a row up to which what the sentence does not say is a fact changed; more are another statement of the same things."""
SIGNIFICANT = 0.05
"""P value below which an effect is called significant; the convention of the trials themselves."""
LONGEST = 600
"""Tokens of a claim or a sentence up to which they are aligned: the time grows with the square; longer ones must be equal."""
_WORDS = lexicon("checking", "copying")


def _keys(*names: str) -> frozenset[str]:
    return frozenset(folded(word) for name in names for word in _WORDS[name].entries)


_ANYWHERE = _keys("conditions", "people", "rank")
_BESIDE = _ANYWHERE | _keys("guarded", "unproven")
_JOINTS = _keys("joints")
_FRONTED = _keys("fronted")
_BY_ITSELF = _keys("by_itself")
CUT_OFF = "the source is cut off in this sentence"
"""Why a sentence that is not whole proves nothing: what is missing may turn what it says."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a near copy comes to: a verdict with its reason, or None where words were left out whose weight cannot be told.

    ``start`` and ``end`` are those of the sentences of the source that are copied, ``shared`` the share of the claim in them.
    """

    verdict: Verdict | None
    reason: str
    shared: float
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Copied:
    """A source read to be copied from: its sentences, each with its tokens, and the abbreviations that it defines."""

    sentences: tuple[Sentence, ...]
    tokens: tuple[tuple[Token, ...], ...]
    defined: tuple[Definition, ...]


@lru_cache(maxsize=64)
def read(source: str) -> Copied:
    """A source's sentences as tokens; kept, because its claims are judged one after another."""
    spans, defined = tuple(sentences(source, 0, len(source))), definitions(source)
    return Copied(spans, tuple(tuple(tokens(span.text, defined)) for span in spans), defined)


def copied(claim: str, source: str) -> Copy | None:
    """The nearest copy of a claim in a source; None where it copies nothing. A sentence that proves it wins over nearer ones."""
    known = read(source)
    said = tokens(claim, (*known.defined, *definitions(claim)))
    best = None
    for found in _held(said, known):
        if found.verdict == "supports":
            return found
        if best is None or found.shared > best.shared:
            best = found
    return best


def _held(said: Sequence[Token], known: Copied) -> Iterator[Copy]:
    """The claim held against each sentence, then against each two neighbours; of these only a whole proof counts."""
    keys = {token.key for token in said}
    likeness = [len(keys & {token.key for token in sentence}) for sentence in known.tokens]
    for span, sentence, like in zip(known.sentences, known.tokens, likeness, strict=True):
        if like >= OF_ITS_OWN * len(keys) and (found := _in_any_order(said, sentence)):
            if not span.is_whole and found.verdict != "contradicts":
                found = Copy("not_enough", CUT_OFF, found.shared)
            yield replace(found, start=span.start, end=span.end)
    for at in range(len(likeness) - 1):
        if not (known.sentences[at].is_whole and known.sentences[at + 1].is_whole):
            continue
        if min(likeness[at : at + 2]) and sum(likeness[at : at + 2]) >= OF_ITS_OWN * len(keys):
            found = held_against(said, _joined_up(known.tokens[at], known.tokens[at + 1]))
            if found and found.verdict == "supports":
                yield replace(found, start=known.sentences[at].start, end=known.sentences[at + 1].end)


def _joined_up(first: Sequence[Token], second: Sequence[Token]) -> list[Token]:
    after = first[-1].segment + 1 if first else 0
    return [*first, *(replace(token, segment=after + token.segment) for token in second)]


def _in_any_order(claim: Sequence[Token], sentence: Sequence[Token]) -> Copy | None:
    """The claim as it stands, else with what one of the two has in front left out of both: "In adults, X" is "X in adults"."""
    found = held_against(claim, sentence)
    if found and found.verdict == "supports":
        return found
    for one, other, is_claim in ((claim, sentence, True), (sentence, claim, False)):
        if rest := _without_front(one, other):
            moved = held_against(*(rest if is_claim else rest[::-1]))
            if moved and moved.verdict == "supports":
                return moved
    return found


def _without_front(one: Sequence[Token], other: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]] | None:
    """Two texts without the first segment of one, where a preposition opens it and the other holds it whole, further behind."""
    front = [token.key for token in one if token.segment == one[0].segment]
    if len(front) == len(one) or front[0] not in _FRONTED:
        return None
    for at in range(1, len(other) - len(front) + 1):
        if [token.key for token in other[at : at + len(front)]] == front:
            return one[len(front) :], [*other[:at], *other[at + len(front) :]]
    return None


def held_against(claim: Sequence[Token], sentence: Sequence[Token]) -> Copy | None:
    """A claim held against a sentence that it may copy; None where it is no near copy."""
    own_keys, keys = [t.key for t in claim], [t.key for t in sentence]
    if max(len(keys), len(own_keys)) > LONGEST:
        return Copy("supports", "said word for word", 1.0) if own_keys == keys else None
    matcher = SequenceMatcher(None, own_keys, keys, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return None
    first, last = blocks[0].b, blocks[-1].b + blocks[-1].size
    matched, own, stretch = (
        sum(not token.is_light for token in found) for found in (_matched(claim, blocks), claim, sentence[first:last])
    )
    shared = 2 * matched / max(own + stretch, 1)
    if matched < own and (matched < FEWEST or shared < NEAR):
        return None
    claimed = {token.segment for block in blocks for token in sentence[block.b : block.b + block.size] if not token.is_light}
    unclear = False
    for tag, i, j, k, m in matcher.get_opcodes():
        put, was = claim[i:j], sentence[k:m]
        if tag == "equal" or _joined(put) == _joined(was):
            continue
        new, old = [t for t in put if not t.is_light], [t for t in was if not t.is_light]
        if _joined(new) == _joined(old):
            continue
        if len(new) > MOST_CHANGED or (i == 0 and _compares(new) and not _compares(old)):
            return None
        if new:
            return _changed(new, old, claim, sentence, shared)
        at_an_end = m <= first or k >= last
        beside = [*sentence[max(k - 1, 0) : k], *sentence[m : m + 1]]
        if weighs := _weighs(old, beside, claimed, at_an_end):
            told = " ".join(token.text for token in old)
            verdict: Verdict = "contradicts" if denies(told) and not at_an_end else "not_enough"
            return Copy(verdict, f"the sentence says {told!r}, the claim leaves it out", shared)
        unclear |= weighs is None
    return Copy(None, "", shared) if unclear else Copy("supports", "said word for word", shared)


def _compares(found: Sequence[Token]) -> bool:
    """Whether it is the beginning of a comparison, "the pulse was lower": other words before it are of another statement."""
    return len(found) > 1 and bool(direction_words(" ".join(token.text for token in found)))


def _matched(claim: Sequence[Token], blocks: Sequence[Match]) -> Iterator[Token]:
    return (token for block in blocks for token in claim[block.a : block.a + block.size])


def _weighs(left_out: Sequence[Token], beside: Sequence[Token], claimed: set[int], at_an_end: bool) -> bool | None:
    """Whether what is left out of a sentence changes what the rest says; None where that cannot be told.

    ``beside`` are the tokens on either side of it, ``claimed`` the segments of which the claim has something.
    """
    keys = {token.key for token in left_out}
    if any(_is_null(token) for token in left_out):
        return True
    if not {token.segment for token in left_out} & claimed:
        by_itself = left_out[0].key in _BY_ITSELF
        return bool(keys & _ANYWHERE and not by_itself) or (None if denies(" ".join(token.text for token in left_out)) else False)
    if keys & _BESIDE or (not at_an_end and keys & _JOINTS):
        return True
    figures = [token for token in left_out if token.is_quantity]
    if any(token.is_frequency for token in figures) or (figures and any(token.is_quantity for token in beside)):
        return True
    return False if at_an_end else None


def _is_null(token: Token) -> bool:
    """Whether it is a p value from which there is no effect: left out, a claim would say more than its sentence."""
    return (
        isinstance(token.key, tuple) and token.key[0] == "p" and token.key[-2] is not None and float(token.key[-2]) >= SIGNIFICANT
    )


def _changed(
    new: Sequence[Token], old: Sequence[Token], claim: Sequence[Token], sentence: Sequence[Token], shared: float
) -> Copy:
    said, stands = (" ".join(token.text for token in found) for found in (new, old))
    exchanged = bool(old) and _are_among(new, sentence) and _are_among(old, claim)
    turned = any(are_opposites(a.text, b.text) for a in new for b in old)
    reason = f"the sentence says {stands!r}, not {said!r}" if stands else f"{said} is not in the sentence"
    if exchanged:
        reason = f"{said} stands elsewhere in the sentence"
    contradicted = exchanged or turned or denies(said) != denies(stands)
    return Copy("contradicts" if contradicted else "not_enough", reason, shared)


def _are_among(few: Sequence[Token], many: Sequence[Token]) -> bool:
    return not Counter(token.key for token in few) - Counter(token.key for token in many)


def _joined(found: Sequence[Token]) -> tuple[object, ...]:
    """Words run together, so that open, hyphened and closed compounds are one; quantities by themselves."""
    parts: list[object] = []
    for token in found:
        if isinstance(token.key, str) and parts and isinstance(parts[-1], str):
            parts[-1] += token.key
        else:
            parts.append(token.key)
    return tuple(parts)
