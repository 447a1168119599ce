"""A text as tokens in one canonical form: writings that mean the same give the same tokens.

Quantities are read as values, drugs as concepts, words folded in spelling; typography does not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ragqa.language.concepts import Kind, Link, links
from ragqa.language.definitions import defined
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import Quantity, quantities, sort

_WORDS = lexicon("language", "canonical")
_FOLDS = tuple((re.compile(pattern), form) for pattern, (form,) in _WORDS["folds"].table().items())
_WRITTEN = tuple(
    (re.compile(rf"(?<![\w-])(?:{'|'.join(others)})(?!\w)", re.IGNORECASE), f" {form} ")
    for form, others in _WORDS["written"].table().items()
)
_ROMAN = {numeral: str(value) for value, numeral in enumerate(_WORDS["roman"].entries, start=1)}
_NUMBERED = re.compile(
    rf"\b({'|'.join(_WORDS['numbered'].entries)})s?[ -]({'|'.join(sorted(_ROMAN, key=len, reverse=True))})(?![\w/])",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\A\s*+[A-Z][\w/&-]*+(?:[ ,]++[\w/&-]++){0,4}::?\s++(?=[A-Z0-9\"“(])")
"""The label of a section that was run into its first sentence."""
_NOTE = re.compile(r"(?<=[^\s\d¹²³⁰⁴-⁹*†‡§¶])[¹²³⁰⁴-⁹*†‡§¶]++(?=[\s,.;)]|$)|(?<=[.,;:)])[¹²³⁰⁴-⁹]++")
"""A footnote's mark."""
_TIMES = re.compile(r"(?<!\s)\s*+×\s*+|(?<=\d)\s?x\s?(?=\d)")
_POWER = re.compile(r"(?<=[a-z])\^(?=\d)")
_OF_AGE = re.compile(r"^[\s-]*(?:old|of\sage)\b|\bage[ds]?\s*$", re.IGNORECASE)
"""What tells that a time is an age, beside the quantity."""
_P_OF = re.compile(r"(?<=\s)(?:for|of)\s[a-z][a-z -]*")
"""What a p value is of, between its letter and its figure."""
_GREEK = re.compile(r"[α-λν-ωΑ-Ψ]")
"""But for those that are units."""
_NOT = re.compile(r"n['’]t\b", re.IGNORECASE)
_NOT_ONLY = re.compile(r"\bnot\s(?:only|just|merely|simply|solely)\s(?=[^.;]{1,300}\bbut\b)", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+|[<>≤≥=±%+]|(?P<cut>[,;:()\[\]—])")
_WORD = re.compile(r"[^\W_]+")
_HYPHEN = re.compile(r"[‐‑]|(?<=[^\W\d_])[–](?=[^\W\d_])")
Key = object


@dataclass(frozen=True, slots=True)
class Token:
    """What one place of a text says: ``key`` is equal for equal things; ``text`` is how it stands there.

    ``segment`` numbers the stretch of the text between two marks (comma, semicolon, colon, bracket) or before a word that opens a
    clause ("but").
    """

    key: Key
    text: str
    segment: int = 0

    @property
    def is_light(self) -> bool:
        """Whether a copy may leave it out or put it in without saying anything else."""
        return self.key in _LIGHT

    @property
    def is_quantity(self) -> bool:
        """Whether it is a quantity."""
        return isinstance(self.key, tuple)

    @property
    def is_frequency(self) -> bool:
        """Whether it is how often something is done."""
        return isinstance(self.key, tuple) and "frequency" in self.key


def tokens(text: str, defined: Sequence[Definition] = ()) -> list[Token]:
    """The tokens of a text; ``defined`` are abbreviations with what they stand for in it."""
    text = _NOT_ONLY.sub(" ", _in_latin(_TIMES.sub(" x ", _HYPHEN.sub("-", text))))
    text = _NUMBERED.sub(lambda found: f"{found[1]} {_ROMAN[found[2].upper()]}", text)
    label = _LABEL.match(text)
    found: list[Token] = []
    at, segment = label.end() if label else 0, 0
    for start, end, key, told in _exact(text):
        if start >= at:
            segment = _append_words(found, text[at:start], segment)
            found.append(Token(key, text[start:end], segment))
            segment = _append_words(found, told, segment)
            at = end
    _append_words(found, text[at:], segment)
    for definition in defined:
        found = _spelled_out(found, *definition)
    return found


def _exact(text: str) -> list[tuple[int, int, Key, str]]:
    """Where quantities and drugs stand, what they are, and words inside that say more ("P for trend = 0.02")."""
    found: list[tuple[int, int, Key, str]] = []
    for quantity in quantities(text):
        of = _P_OF.search(quantity.text) if quantity.kind == "p" else None
        found.append((quantity.start, quantity.end, _key(quantity), of[0] if of else ""))
    drugs = (_named(link) for link in links(text) if [each.kind for each in link.concepts] == [Kind.DRUG])
    return sorted([*found, *((start, end, key, "") for start, end, key in drugs)])


def _named(link: Link) -> tuple[int, int, Key]:
    """Where the drug itself stands in a name: salts and the like ("low-dose", "sodium") are words of their own."""
    for word in _WORD.finditer(link.text):
        if word[0] != link.text and [one.concepts for one in links(word[0])] == [link.concepts]:
            return link.start + word.start(), link.start + word.end(), link.concept.id
    return link.start, link.end, link.concept.id


Definition = tuple[Sequence[Token], Sequence[Token]]
"""The tokens of an abbreviation, and of what it stands for."""


def definitions(*texts: str) -> tuple[Definition, ...]:
    """The abbreviations that texts define, those of shorter meanings first: a longer meaning may hold a shorter one."""
    found = {short: meaning for text in reversed(texts) for short, meaning in defined(_in_latin(text)).items()}
    made: list[Definition] = []
    for short, meaning in sorted(found.items(), key=lambda item: len(item[1])):
        if tokens(short):
            made.append((tokens(short), tokens(meaning, made)))
    return tuple(made)


def _spelled_out(found: list[Token], short: Sequence[Token], meaning: Sequence[Token]) -> list[Token]:
    """Each short form replaced by its meaning; where it stands behind its meaning, left out."""
    keys, meant = [token.key for token in short], [token.key for token in meaning]
    if keys[0] not in {token.key for token in found}:
        return found
    told: list[Token] = []
    at = 0
    while at < len(found):
        if [token.key for token in found[at : at + len(keys)]] != keys:
            told.append(found[at])
            at += 1
            continue
        if [token.key for token in told[-len(meant) :]] != meant:
            told += [replace(token, text=found[at].text, segment=found[at].segment) for token in meaning]
        at += len(keys)
    return told


def _key(quantity: Quantity) -> tuple[object, ...]:
    """Equal for quantities that ``ragqa.language.quantities.same`` calls the same."""
    ends = tuple(None if end is None else f"{quantity.measured_in.in_base(end):.8e}" for end in (quantity.low, quantity.high))
    return (*sort(quantity), *ends)


def _append_words(found: list[Token], text: str, segment: int) -> int:
    """Appends the words of a stretch without quantities; the segment in which what follows it stands."""
    text = _NOT.sub(" not", unicodedata.normalize("NFKC", _NOTE.sub("", text)).replace("’", "'"))
    text = _POWER.sub("", text).replace("μ", "mu")
    text = _OF_AGE.sub(" ", text)
    for pattern, form in _WRITTEN:
        text = pattern.sub(form, text)
    for match in _TOKEN.finditer(text):
        key = folded(match[0].casefold())
        segment += match["cut"] is not None or key in _OPENERS
        if not match["cut"]:
            found.append(Token(key, match[0], segment))
    return segment


def _in_latin(text: str) -> str:
    """Greek letters by their names."""
    return _GREEK.sub(lambda letter: unicodedata.name(letter[0]).split()[-1].lower(), text)


@lru_cache(maxsize=8192)
def folded(word: str) -> str:
    """A word in the spelling that British and American texts share here; need not be a word of either."""
    for pattern, form in _FOLDS:
        word = pattern.sub(form, word)
    return word


_LIGHT = frozenset(folded(word) for word in _WORDS["light"].entries)
_OPENERS = frozenset(folded(word) for word in _WORDS["openers"].entries)
