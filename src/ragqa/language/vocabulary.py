"""Names of drugs, classes, therapies, conditions, populations and outcomes, and which concept each of them names.

The names stand in one compiled file (eval/learn/vocabulary/compile.py makes it from open vocabularies), as sorted numbers: a name
is looked up by the number of its words, never by its text, so that a question costs microseconds and the file no objects.
What a house adds lies beside it in a dictionary.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ragqa.files.packaged import packaged_bytes
from ragqa.language.lexicon import lexicon

FILE = "vocabulary.npz"
LONGEST = 8
"""Words of a name at most; by hand: longer ones are descriptions, which nobody writes twice alike."""
_MIX, _ROUND = 0x9E3779B97F4A7C15, (1 << 64) - 1
_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_GAP = re.compile(r"(?:[-‐‑–/]|\s{1,3}|['’]\s)\Z")
"""What may part two words of one name: a blank, a hyphen, a stroke, a possessive's apostrophe."""
_OPENS = re.compile(r"(?:\A|[.?!:;]\s{1,3}|\n)[\"'“‘(]?\Z")
"""What a sentence begins after: a capital there says nothing."""
Numbers: TypeAlias = NDArray[np.uint64]
Codes: TypeAlias = NDArray[np.uint32]


class Kind(StrEnum):
    """What a concept is."""

    DRUG = "drug"
    DRUG_CLASS = "drug class"
    THERAPY = "therapy"
    CONDITION = "condition"
    POPULATION = "population"
    OUTCOME = "outcome"


class Spelling(StrEnum):
    """How a name must be written to be meant: as it likes, beginning with a capital, or with two capitals at least."""

    ANY = "any"
    CAPITAL = "capital"
    CAPITALS = "capitals"


SPELLINGS = tuple(Spelling)
KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True, order=True)
class Concept:
    """One thing whatever it is called; ``id`` is its kind and its preferred name, ``name`` that name in lower case."""

    id: str
    kind: Kind
    name: str


def concept(kind: Kind, name: str) -> Concept:
    """The concept of this kind and preferred name."""
    return Concept(f"{kind}:{name}", kind, name)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: where it stands, and its number."""

    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class Found:
    """A name in a text, and the concepts it names: several where it has several meanings."""

    start: int
    end: int
    concepts: tuple[Concept, ...]


def words(text: str) -> list[Word]:
    """The words of a text, in order."""
    return [Word(*match.span(), _number(match[0])) for match in _WORD.finditer(text)]


def key(name: str) -> int:
    """The number under which a name is kept: equal for every writing of it, 0 for one that has no word."""
    number = 0
    for word in words(name):
        number = _joined(number, word.number)
    return number


def key_in_capitals(word: str) -> int:
    """The number under which a name of one short word is kept that itself ends in S, for those who write it in capitals: AIDS is
    no plural, and the CAPS are no pneumonias; 0 for any other name."""
    if not (word.isalpha() and word[-1] in "sS" and len(word) in _SHORT):
        return 0
    return int.from_bytes(blake2b(b"=" + word.lower().encode(), digest_size=8).digest(), "little")


_SHORT = range(4, 6)
"""Letters of an abbreviation that may end in S; by hand: longer ones are words, and of three letters none is a plural."""


def _joined(number: int, word: int) -> int:
    return (number * _MIX + word) & _ROUND


@lru_cache(maxsize=1 << 14)
def _number(word: str) -> int:
    return int.from_bytes(blake2b(folded(word).encode(), digest_size=8).digest(), "little")


@lru_cache
def _beginnings() -> re.Pattern[str]:
    """What may stand before a word and make another, with five letters of it at least."""
    return re.compile(rf"(?:{lexicon('language', 'concepts')['beginnings'].pattern})(?=[^\W\d_]{{5}})", re.IGNORECASE)


_SPELLINGS = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"ae|oe", "e"),  # anaemia, oedema
        (r"our", "or"),  # tumour, behavioural
        (r"is(?=(?:e|ed|es|ing|er|ers|ation|ations)\Z)", "iz"),  # generalised
        (r"ph", "f"),  # cephalexin, cefalexin; sulph-, sulf-
        (r"lled\Z|lling\Z", "led"),  # labelled, counselling
    )
)
_BRITISH_FROM = 6
"""Letters from which the rules of spelling hold: shorter words are too easily others."""


@lru_cache(maxsize=1 << 14)
def folded(word: str) -> str:
    """A word as names are compared: in lower case, without accents, possessive or plural, in one spelling."""
    word = re.sub(r"['’].*", "", word)
    several = len(word) > 2 and word[-1] == "s" and word[:-1].isupper()  # more than one of what an abbreviation stands for
    word = word[:-1].lower() if several else word.lower()
    if not word.isascii():
        word = word.replace("æ", "ae").replace("œ", "oe")
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    if len(word) >= _BRITISH_FROM:
        for pattern, into in _SPELLINGS:
            word = pattern.sub(into, word)
    return word if several else _singular(word)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("oses", "stases", "lyses", "yses")):
        return word[:-2] + "is"
    return word[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Names that a house adds: each with what it names (None: nothing, whatever it named before), and concepts with what is
    broader than them."""

    names: tuple[tuple[str, Concept | None], ...] = ()
    broader: tuple[tuple[Concept, Concept], ...] = ()


NOTHING = Addition()


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def _held(codes: Codes, starts: NDArray[np.int64] | list[int]) -> Numbers:
    """For the word from each start on a bit for every letter that it has, and one for every letter that it has an even number of
    times; shape (2, words). One letter more or less changes one bit of both rows."""
    bits = np.uint64(1) << (codes & 63).astype(np.uint64)
    has = np.bitwise_or.reduceat(bits, starts)
    return np.stack([has, has & ~np.bitwise_xor.reduceat(bits, starts)])


class _Spelled(NamedTuple):
    """The names that a misspelt word may have been meant for, in order, the length of each, and what is ``_held`` by it."""

    names: list[str]
    lengths: NDArray[np.int64]
    held: Numbers


class Vocabulary:
    """The compiled names, with those that were added; an added name means what it was added for, whatever it was before."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], added: Addition = NOTHING) -> None:
        self._arrays = arrays
        self._keys: Numbers = arrays["keys"]
        self._firsts: Numbers = arrays["firsts"]
        self._added: dict[int, tuple[Concept, ...]] = {}
        self._added_firsts: dict[int, int] = {}
        self._added_broader = added.broader
        self._added_words = [name.lower() for name, _ in added.names if name.isalpha()]
        for name, what in added.names:
            self._add(name, what)

    def with_added(self, added: Addition) -> Vocabulary:
        """The compiled names with other additions."""
        return Vocabulary(self._arrays, added)

    def _add(self, name: str, what: Concept | None) -> None:
        found = words(name)
        known = self._added.setdefault(key(name), ())
        if what is not None and what not in known:
            self._added[key(name)] = (*known, what)
        first = found[0].number
        self._added_firsts[first] = max(self._added_firsts.get(first, 0), len(found))

    def find(self, text: str) -> list[Found]:
        """The names in a text, in order, none overlapping: the longer one stands, then the earlier."""
        found = words(text)
        if not found:
            return []
        spans = self._spans(text, found)
        if not spans:
            return []
        rows = self._rows([number for _, _, number in spans])
        named = [
            Found(start, end, meanings)
            for (start, end, number), row in zip(spans, rows, strict=True)
            if (meanings := self._meanings(number, row, text, start, end)) is not None
        ]
        longest = sorted(named, key=lambda one: (one.start - one.end, one.start))
        return [one for one in apart(longest, len(text)) if one.concepts]

    def _spans(self, text: str, found: list[Word]) -> list[tuple[int, int, int]]:
        """Runs of words that may be a name, each with its number."""
        spans, shouts = [], text.isupper()
        for at, most in enumerate(self._most(found)):
            number, last = 0, at
            while last < min(at + most, len(found)):
                if last > at and not _GAP.match(text[found[last - 1].end : found[last].start]):
                    break
                number = _joined(number, found[last].number)
                start, end = found[at].start, found[last].end
                alone = last == at and text[end - 1] == "S" and not shouts and text[start:end].isupper()
                spans.append((start, end, (key_in_capitals(text[start:end]) if alone else 0) or number))
                last += 1
        return spans

    def _most(self, found: list[Word]) -> list[int]:
        """For each word, how many words the longest name has that begins with it."""
        numbers = np.array([word.number for word in found], np.uint64)
        at = np.minimum(np.searchsorted(self._firsts, numbers), len(self._firsts) - 1)
        most = np.where(self._firsts[at] == numbers, self._arrays["first_most"][at], 0).tolist()
        return [max(own, self._added_firsts.get(word.number, 0)) for own, word in zip(most, found, strict=True)]

    def _rows(self, numbers: list[int]) -> list[int]:
        """The row of each number among the compiled names, -1 where it is none."""
        wanted = np.array(numbers, np.uint64)
        at = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        rows: list[int] = np.where(self._keys[at] == wanted, at, -1).tolist()
        return rows

    def _meanings(self, number: int, row: int, text: str, start: int, end: int) -> tuple[Concept, ...] | None:
        """What the words of a span mean: nothing where they are a phrase that names no concept, None where they are no name."""
        if (own := self._added.get(number)) is not None:
            return own
        if row < 0 or not self._written_so(text, start, end, SPELLINGS[int(self._arrays["spelling"][row])]):
            return None
        return None if self._shouted(text, start, end, row) else tuple(map(self.concept_at, self._row(row)))

    def _written_so(self, text: str, start: int, end: int, spelling: Spelling) -> bool:
        """Whether a name is written as it must be; the capital of an everyday word that opens a sentence says nothing."""
        word = text[start:end]
        if spelling is Spelling.ANY or sum(letter.isupper() for letter in word) > 1:
            return True
        opens = _OPENS.search(text, max(0, start - 8), start) and all(map(self.everyday, _WORD.findall(word)))
        return spelling is Spelling.CAPITAL and word[0].isupper() and not opens

    def _shouted(self, text: str, start: int, end: int, row: int) -> bool:
        """Whether an everyday word stands in capitals where not all does: the name of a trial mostly, unless it needs them."""
        word = text[start:end]
        needs = SPELLINGS[int(self._arrays["spelling"][row])] is Spelling.CAPITALS
        return word.isalpha() and word.isupper() and len(word) > 3 and not needs and not text.isupper() and self.everyday(word)

    @cached_property
    def _texts(self) -> list[str]:
        return bytes(self._arrays["concepts"]).decode().split("\n")

    @lru_cache(maxsize=1024)  # noqa: B019 - one vocabulary lives as long as the process
    def reached(self, of: Concept, *, up: bool) -> frozenset[str]:
        """The ids of all concepts above one, or below it, at any distance."""
        new, reached = [of], set[str]()
        while new:
            beyond = [other for one in new for other in self._beside(one, up=up) if other.id not in reached]
            reached.update(other.id for other in beyond)
            new = beyond
        return frozenset(reached)

    def _beside(self, of: Concept, *, up: bool) -> list[Concept]:
        """The concepts one step above, or below."""
        side, other = (0, 1) if up else (1, 0)
        added = [pair[other] for pair in self._added_broader if pair[side] == of]
        index = self._index(of)
        if index is None:
            return added
        pairs = self._arrays["broader"]
        return [*added, *(self.concept_at(at) for at in pairs[pairs[:, side] == index, other].tolist())]

    def _index(self, of: Concept) -> int | None:
        """The number of a compiled concept: they stand in the order of their kinds, then of their names."""
        kinds, kind = self._arrays["kinds"], KINDS.index(of.kind)
        first, last = np.searchsorted(kinds, kind), np.searchsorted(kinds, kind, side="right")
        at = bisect_left(self._texts, of.name, int(first), int(last))
        return at if at < last and self._texts[at] == of.name else None

    def _row(self, row: int) -> list[int]:
        first, last = self._arrays["meaning_at"][row : row + 2].tolist()
        indexes: list[int] = self._arrays["meanings"][first:last].tolist()
        return indexes

    def known(self, name: str) -> bool:
        """Whether this is a name, however it is written."""
        return bool(self.meanings(name))

    def everyday(self, word: str) -> bool:
        """Whether a word stands in a dictionary of English."""
        return self._holds("everyday", word)

    def english(self, word: str) -> bool:
        """Whether a word stands in a large dictionary of English, which holds the commoner drugs too, or is built of such a word
        ("microinvasive")."""
        begun = _beginnings().match(word)
        built_of = (word, word[begun.end() :]) if begun else (word,)
        return any(self._holds(size, one) for one in built_of for size in ("everyday", "rare"))

    def _holds(self, dictionary: str, word: str) -> bool:
        numbers, number = self._arrays[dictionary], np.uint32(_number(word) >> 32)
        at = int(np.searchsorted(numbers, number))
        return at < len(numbers) and bool(numbers[at] == number)

    def spelled_like(self, word: str, most: int) -> list[str]:
        """Names of one word that begin as this one does, of a length and letters that ``most`` edits can make of its own."""
        first, last = (bisect_left(self._spelled.names, edge) for edge in (word[0], chr(ord(word[0]) + 1)))
        lengths, held = self._spelled.lengths[first:last], self._spelled.held[:, first:last]
        others = np.bitwise_count(held ^ _held(_codes(word), [0])).sum(axis=0)
        near = (abs(lengths - len(word)) <= most) & (others <= 2 * most)
        return [self._spelled.names[first + at] for at in np.flatnonzero(near).tolist()]

    @cached_property
    def _spelled(self) -> _Spelled:
        names = sorted((*bytes(self._arrays["spelled"]).decode().split("\n"), *self._added_words))
        lengths = np.array([len(name) for name in names])
        return _Spelled(names, lengths, _held(_codes("".join(names)), np.cumsum(lengths) - lengths))

    def meanings(self, name: str) -> tuple[Concept, ...]:
        """What a name means, however it is written; empty for one that is none."""
        number = key(name)
        (row,) = self._rows([number])
        return self._added.get(number, tuple(map(self.concept_at, self._row(row))) if row >= 0 else ())

    def concept_at(self, index: int) -> Concept:
        """The compiled concept of this number."""
        return concept(KINDS[int(self._arrays["kinds"][index])], self._texts[index])


class Spanned(Protocol):
    """What stands in a text, from its start to its end."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


Spans = TypeVar("Spans", bound=Spanned)


def apart(found: Iterable[Spans], length: int) -> list[Spans]:
    """Of what stands in a text of this length that which shares no character with an earlier one, in the order of the text."""
    kept, taken = [], bytearray(length)  # a mark for each character, so that many cost no more each than few
    for one in found:
        if not any(taken[one.start : one.end]):
            kept.append(one)
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
    return sorted(kept, key=lambda one: one.start)


@lru_cache(maxsize=1)
def compiled() -> Vocabulary:
    """The vocabulary that ships with ragqa.

    Raises:
        PackageDamaged: its file is missing or not what it should be.
    """
    return packaged_bytes("language", FILE, "the vocabulary", _read)


def _read(data: bytes) -> Vocabulary:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return Vocabulary({name: file[name] for name in file.files})
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(str(error)) from error


_in_use: list[tuple[Addition, Vocabulary]] = []


def vocabulary() -> Vocabulary:
    """The vocabulary in use: the compiled one, with what ``use`` added.

    Raises:
        PackageDamaged: as ``compiled``.
    """
    return _in_use[0][1] if _in_use else compiled()


def use(added: Addition) -> None:
    """Add a house's names, in the place of those added before; for the whole process, since a house has one vocabulary.

    The same names again keep the vocabulary, and with it all that is remembered of it.
    """
    if added == NOTHING:
        _in_use.clear()
    elif not _in_use or _in_use[0][0] != added:
        _in_use[:] = [(added, compiled().with_added(added))]
