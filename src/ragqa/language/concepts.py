"""What words name: drugs, therapies, conditions, populations and outcomes, and where in a text they stand.

Names come from the vocabulary. What it does not know is still recognised by its form: an unknown drug by the stem of its name, an
unknown condition by the word that makes it one; such a concept is equal to no other ("drug:?name").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from ragqa.language.lexicon import any_of, lexicon
from ragqa.language.stop import BEFORE_A_NAME
from ragqa.language.vocabulary import Concept, Found, Kind, Vocabulary, apart, concept, folded, key, vocabulary, words

__all__ = [
    "Concept",
    "Kind",
    "Link",
    "Mention",
    "Role",
    "broader",
    "conditions",
    "interventions",
    "links",
    "members",
    "mentions",
    "populations",
    "suggestions",
]

_WORDS = lexicon("language", "concepts")
_MODIFIER = rf"(?:(?!{any_of(BEFORE_A_NAME)}\b)[A-Za-z][\w'’-]{{0,60}}\s+)"
_CONDITION = (
    rf"\b{_MODIFIER}{{0,3}}(?:{_WORDS['condition_heads'].pattern})\b|"
    rf"\b{_MODIFIER}{{1,3}}(?:{_WORDS['organ_heads'].pattern})\b|"
    rf"\b\w{{4,}}(?:{_WORDS['condition_endings'].pattern})\b"
)
_UNKNOWN_DRUG = re.compile(rf"\b[^\W\d_]{{3,40}}(?:{_WORDS['drug_endings'].pattern})\b", re.IGNORECASE)
_THERAPY = re.compile(rf"\b{_MODIFIER}{{1,3}}(?:{_WORDS['therapy_heads'].pattern})\b", re.IGNORECASE)
_FORMED_THERAPY = re.compile(rf"\b(?:{_WORDS['therapies'].pattern})\b", re.IGNORECASE)
_LETTERED = re.compile(rf"\b(?!(?:{_WORDS['not_lettered'].pattern})\b)[a-z]{{4,}} [A-HJ-Z]\d{{0,2}}\b")
"""What a letter tells apart: vitamin D, hepatitis C, drug A."""
_NAME = re.compile(r"(?<![.?!] )(?<!^)\b(?:[A-Z][\w'*&-]++(?:\s(?:of|the|and|de|&)\s(?=[A-Z]))?\s?)+(?<!\s)")
"""Capitalised inside a sentence: a trial, a scale, a person."""
_POPULATION = re.compile(rf"\b(?:{_WORDS['populations'].pattern})\b", re.IGNORECASE)
_OF_A_NAME = re.compile(r"\b(?:(?:Dr|Prof|Professor|Mr|Mrs|Ms|Sir)\b\.?\s|[A-Z]{4,}-)\Z")
"""What makes a name of what follows: a person's title, the first part of a trial's name."""
_LONGEST_TITLE = 30
_TREATMENTS = (Kind.DRUG, Kind.DRUG_CLASS, Kind.THERAPY)


class Role(StrEnum):
    """What a mention names."""

    TREATMENT = "treatment"
    CONDITION = "condition"
    POPULATION = "population"
    NAME = "name"


_ROLE = {
    Kind.DRUG: Role.TREATMENT,
    Kind.DRUG_CLASS: Role.TREATMENT,
    Kind.THERAPY: Role.TREATMENT,
    Kind.CONDITION: Role.CONDITION,
    Kind.POPULATION: Role.POPULATION,
}


@dataclass(frozen=True, slots=True)
class Link:
    """Words of a text and the concepts that they name, the likeliest first; several where the name has several meanings."""

    start: int
    end: int
    text: str
    concepts: tuple[Concept, ...]

    @property
    def concept(self) -> Concept:
        """The likeliest of them."""
        return self.concepts[0]

    @property
    def known(self) -> bool:
        """Whether the vocabulary knows the name; what only ends as a drug may be a misspelt one."""
        return not self.concept.id.startswith(f"{self.concept.kind}:?")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a text that name something, where they stand, and the id of the concept; a mere name has none."""

    start: int
    end: int
    text: str
    role: Role
    concept: str = ""


def links(text: str) -> tuple[Link, ...]:
    """The concepts that a text names, in order, none overlapping; of names that overlap the longer one stands.

    A name with several meanings keeps those that what stands beside it speaks for; an unknown drug is recognised by its stem.
    """
    return _links(vocabulary(), text)


@lru_cache(maxsize=4096)
def _links(known: Vocabulary, text: str) -> tuple[Link, ...]:
    found = [one for one in known.find(text) if not _OF_A_NAME.search(text, max(0, one.start - _LONGEST_TITLE), one.start)]
    taken = _marked(text, ((one.start, one.end) for one in found))
    unknown = [
        Link(*match.span(), match[0], (_unknown(Kind.DRUG, match[0]),))
        for match in _UNKNOWN_DRUG.finditer(text)
        if not any(taken[match.start() : match.end()]) and not known.everyday(match[0])
    ]
    meant = _meant(found, text)
    named = [Link(one.start, one.end, text[one.start : one.end], meant[one.concepts]) for one in found]
    return tuple(sorted([*named, *unknown], key=lambda link: link.start))


def members(of: Concept) -> frozenset[str]:
    """The ids of the concepts below one, at any distance: the drugs of a class, the kinds of a disease; empty for the lowest."""
    return vocabulary().reached(of, up=False)


def broader(of: Concept) -> frozenset[str]:
    """The ids of the concepts above one, at any distance: the classes of a drug, what a disease is a kind of."""
    return vocabulary().reached(of, up=True)


def suggestions(word: str) -> tuple[str, ...]:
    """Names of drugs and conditions that a word, or a name of several words, may be a misspelling of, the nearest first; at most
    three.

    Empty for a word that is a name itself: drugs that look alike are never offered for one another.
    """
    parts = word.lower().split()
    if len(parts) == 1:
        return _near(parts[0])
    spelled = (" ".join((*parts[:at], near, *parts[at + 1 :])) for at, part in enumerate(parts) for near in _near(part))
    return tuple(name for name in dict.fromkeys(spelled) if vocabulary().known(name))[:_OFFERED]


def _near(word: str) -> tuple[str, ...]:
    known = vocabulary()
    if len(word) < _SHORTEST_MISSPELT or not word.isalpha() or known.known(word) or known.everyday(word):
        return ()
    most = 1 if len(word) < _TWO_FROM else 2
    near: dict[str, tuple[int, int, str]] = {}
    for name in known.spelled_like(word, most):
        if (apart := edits(word, name, most)) <= most:
            meaning = next((meaning.name for meaning in known.meanings(name)), name)
            best = (apart, int(meaning != name), name)
            near[meaning] = min(near.get(meaning, best), best)
    return tuple(name for _, _, name in sorted(near.values())[:_OFFERED])


_SHORTEST_MISSPELT, _TWO_FROM, _OFFERED = 5, 8, 3
"""Letters of a word that is looked at; from how many on it may be two edits away; names offered. By hand."""


def edits(one: str, other: str, most: int) -> int:
    """How many letters are to be put in, left out, exchanged, or swapped with their neighbour, to make one word of the other
    (optimal string alignment); ``most + 1`` where more than ``most`` are needed. For a few edits: each tries all three or four.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    if one == other:
        return 0
    if not most:
        return 1
    same = 0
    while one[same : same + 1] == other[same : same + 1]:
        same += 1
    one, other, most = one[same:], other[same:], most - 1
    near = min(edits(one[1:], other[1:], most), edits(one[1:], other, most), edits(one, other[1:], most))
    if one[:2] == other[1::-1]:
        near = min(near, edits(one[2:], other[2:], most))
    return 1 + near


def mentions(text: str) -> tuple[Mention, ...]:
    """Treatments, conditions and populations in a text, in order, none overlapping: the longer one stands, a mere name last."""
    return _mentions(vocabulary(), text)


@lru_cache(maxsize=1024)
def _mentions(names: Vocabulary, text: str) -> tuple[Mention, ...]:
    known = [
        Mention(*_with_degree(text, link), _ROLE[link.concept.kind], link.concept.id)
        for link in _links(names, text)
        if link.concept.kind in _ROLE
    ]
    begins = {(one.role, one.end): one.start for one in known}
    # a form that only adds words to a known name of its role is none: "memantine borderline disorder"
    formed = [one for one in _by_form(text) if begins.get((one.role, one.end), -1) < one.start]
    return tuple(apart(sorted([*known, *formed], key=lambda m: (m.role is Role.NAME, m.start - m.end)), len(text)))


def populations(text: str) -> tuple[str, ...]:
    """Whom a text speaks of: age groups, pregnancy, organ function; each once, in order."""
    return _found(_POPULATION, text)


def conditions(text: str) -> tuple[str, ...]:
    """Conditions in a text, each once, in order. What names a population is none."""
    people = {found.casefold() for found in populations(text)}
    return _texts(m for m in _of_role(text, Role.CONDITION) if m.text.casefold() not in people)


def interventions(text: str) -> tuple[str, ...]:
    """Drugs, their classes and other treatments in a text, each once, in order."""
    return _texts(_of_role(text, Role.TREATMENT))


_CLUES = {
    meaning: frozenset(key(clue) for clue in clues) for meaning, clues in lexicon("language", "meanings")["clues"].table().items()
}
_Meanings: TypeAlias = tuple[Concept, ...]
_WRITTEN_OUT = 3
"""Clues that a meaning's own name elsewhere in the text is worth; by hand."""


def _meant(found: Iterable[Found], text: str) -> dict[_Meanings, _Meanings]:
    """Of the meanings of each name those that what stands beside it speaks for most; all where nothing speaks for one of them."""
    meant = {one.concepts: one.concepts for one in found}
    unclear = [meanings for meanings in meant if len(meanings) > 1]
    numbers = {word.number for word in words(text)} if unclear else set()
    for meanings in unclear:
        beside = {other[0]: key(other[0].name) for other in meant if other != meanings}
        held = numbers.union(beside.values())
        clues = [len(_CLUES.get(one.name, frozenset()) & held) + _WRITTEN_OUT * (one in beside) for one in meanings]
        meant[meanings] = tuple(one for one, clue in zip(meanings, clues, strict=True) if clue == max(clues))
    return meant


def _unknown(kind: Kind, text: str) -> Concept:
    name = " ".join(folded(word) for word in text.split())
    return Concept(f"{kind}:?{name}", kind, text.lower())


def _marked(text: str, spans: Iterable[tuple[int, int]]) -> bytearray:
    taken = bytearray(len(text))
    for start, end in spans:
        taken[start:end] = b"\1" * (end - start)
    return taken


_DEGREES = re.compile(rf"(?:\b(?:{_WORDS['degrees'].pattern})\s+){{1,5}}\Z", re.IGNORECASE)
_LONGEST_DEGREE = 80
"""Characters before a name that are looked at for its degree; by hand: five of the longest."""


def _with_degree(text: str, link: Link) -> tuple[int, int, str]:
    """Where a mention stands with the degree before it ("severe", "treatment-resistant"), and its text."""
    start = link.start
    if link.concept.kind in (Kind.CONDITION, Kind.POPULATION):
        before = _DEGREES.search(text, max(0, start - _LONGEST_DEGREE), start)
        start = before.start() if before else start
    return start, link.end, text[start : link.end]


def _by_form(text: str) -> list[Mention]:
    return [
        Mention(*match.span(), match[0], role, concept(kind, f"?{match[0].lower()}").id if kind else "")
        for role, kind, pattern in _FORMS
        for match in pattern.finditer(text)
        if match[0].lower() not in _UNNAMED
    ]


def _of_role(text: str, role: Role) -> Iterable[Mention]:
    return (mention for mention in mentions(text) if mention.role is role)


def _texts(found: Iterable[Mention]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(mention.text.split()) for mention in found))


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(match[0].split()) for match in pattern.finditer(text)))


_DEGREE = rf"(?:(?:{_WORDS['degrees'].pattern})\s+){{0,5}}"
_FORMS = (
    (
        Role.POPULATION,
        Kind.POPULATION,
        re.compile(rf"\b{_DEGREE}(?:{_POPULATION.pattern}|{_WORDS['mentioned_populations'].pattern})", re.IGNORECASE),
    ),
    (Role.CONDITION, Kind.CONDITION, re.compile(rf"\b{_DEGREE}(?:{_CONDITION})", re.IGNORECASE)),
    (Role.TREATMENT, Kind.THERAPY, _THERAPY),
    (Role.TREATMENT, Kind.THERAPY, _FORMED_THERAPY),
    (Role.TREATMENT, Kind.DRUG, _LETTERED),
    (Role.NAME, None, _NAME),
)
_UNNAMED = frozenset(
    f"{degree} {word}".strip() for degree in ("", *_WORDS["unnamed_degrees"].entries) for word in _WORDS["unnamed"].entries
)
