"""What words name: treatments, conditions and populations, and where in a text they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ragqa.language.abbreviations import known_abbreviations
from ragqa.language.lexicon import any_of, lexicon
from ragqa.language.stop import BEFORE_A_NAME

_WORDS = lexicon("language", "concepts")
_MODIFIER = rf"(?:(?!{any_of(BEFORE_A_NAME)}\b)[A-Za-z][\w'’-]{{0,60}}\s+)"
_CONDITION = re.compile(
    rf"\b{_MODIFIER}{{0,3}}(?:{_WORDS['condition_heads'].pattern})\b|"
    rf"\b{_MODIFIER}{{1,3}}(?:{_WORDS['organ_heads'].pattern})\b|"
    rf"\b(?:{_WORDS['conditions'].pattern}|\w{{4,}}(?:{_WORDS['condition_endings'].pattern}))\b",
    re.IGNORECASE,
)
_NO_DRUG = "|".join(rf"{word}\b" for word in _WORDS["not_drugs"].entries)
_DRUG = re.compile(
    rf"\b(?!{_NO_DRUG})(?:\w+(?:{_WORDS['drug_endings'].pattern})|"
    rf"{_WORDS['drugs'].pattern}|{_WORDS['drug_classes'].pattern})\b",
    re.IGNORECASE,
)
_THERAPY = re.compile(rf"\b{_MODIFIER}{{1,3}}(?:{_WORDS['therapy_heads'].pattern})\b", re.IGNORECASE)
_LETTERED = re.compile(rf"\b(?!(?:{_WORDS['not_lettered'].pattern})\b)[a-z]{{4,}} [A-HJ-Z]\d{{0,2}}\b")
"""What a letter tells apart: vitamin D, hepatitis C, drug A."""
_NAME = re.compile(r"(?<![.?!] )(?<!^)\b(?:[A-Z][\w'*&-]++(?:\s(?:of|the|and|de|&)\s(?=[A-Z]))?\s?)+(?<!\s)")
"""Capitalised inside a sentence: a trial, a scale, a person."""
_POPULATION = re.compile(rf"\b(?:{_WORDS['populations'].pattern})\b", re.IGNORECASE)
ADOLESCENT, ADULT = 12, 18
"""Years from which somebody is so called; by hand."""
_AGE = re.compile(r"(\d{1,3})[- ](?:year|yr)s?[- ]olds?", re.IGNORECASE)


class Role(StrEnum):
    """What a mention names."""

    TREATMENT = "treatment"
    CONDITION = "condition"
    POPULATION = "population"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a text that name something, and where they stand."""

    start: int
    end: int
    text: str
    role: Role


def mentions(text: str) -> tuple[Mention, ...]:
    """Treatments, conditions and populations in a text, in order, none overlapping: the longer one stands, a mere name last."""
    found: list[Mention] = []
    for match in _SHORT.finditer(text):
        if known := known_abbreviations(match[0]):
            role = Role.TREATMENT if _therapies(known) else Role.CONDITION if _names_conditions(known) else None
            found += [Mention(*match.span(), match[0], role)] if role else []
    found += [
        Mention(*match.span(), match[0], role)
        for role, patterns in _ROLES.items()
        for pattern in patterns
        for match in pattern.finditer(text)
        if match[0].lower() not in _UNNAMED
    ]
    kept: list[Mention] = []
    taken = bytearray(len(text))  # a mark for each character, so that many mentions cost no more each than few
    for mention in sorted(found, key=lambda m: (m.role is Role.NAME, m.start - m.end)):
        if not any(taken[mention.start : mention.end]):
            kept.append(mention)
            taken[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
    return tuple(sorted(kept, key=lambda m: m.start))


def populations(text: str) -> tuple[str, ...]:
    """Whom a text speaks of: age groups, pregnancy, organ function; each once, in order."""
    return _found(_POPULATION, text)


def conditions(text: str) -> tuple[str, ...]:
    """Conditions in a text, each once: those written out, then those abbreviated. What names a population is none."""
    known, people = known_abbreviations(text), populations(text)
    spelled = (found for found in _found(_CONDITION, text) if found not in people)
    return tuple(dict.fromkeys([*spelled, *(short for short in known if _names_condition(known[short][0]))]))


def interventions(text: str) -> tuple[str, ...]:
    """Drugs, then therapies, then what a letter tells apart, then abbreviated treatments in a text, each once."""
    found = (name for pattern in (_DRUG, _THERAPY, _LETTERED) for name in _found(pattern, text))
    return tuple(dict.fromkeys([*found, *_therapies(known_abbreviations(text))]))


def names(text: str) -> tuple[str, ...]:
    """Drugs, drug classes and stated ages in a text: what may not be exchanged for anything else."""
    return tuple(dict.fromkeys((*_found(_DRUG, text), *(match[0] for match in _AGE.finditer(text)))))


def age_group(population: str) -> str | None:
    """Words a source would use for a stated age: "children", "adolescents" or None for adults and anything else."""
    stated = _AGE.search(population)
    if not stated:
        return None
    years = int(stated[1])
    return "children" if years < ADOLESCENT else "adolescents" if years < ADULT else None


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(match[0].split()) for match in pattern.finditer(text)))


def _names_condition(words: str) -> bool:
    return bool(_CONDITION.search(words))


def _names_conditions(known: dict[str, tuple[str, ...]]) -> bool:
    return any(_names_condition(meanings[0]) for meanings in known.values())


_DEGREE = rf"(?:(?:{_WORDS['degrees'].pattern})\s+){{0,5}}"
_ROLES = {
    Role.POPULATION: (
        re.compile(rf"\b{_DEGREE}(?:{_POPULATION.pattern}|{_WORDS['mentioned_populations'].pattern})", re.IGNORECASE),
    ),
    Role.CONDITION: (
        re.compile(rf"\b{_DEGREE}(?:{_CONDITION.pattern})", re.IGNORECASE),
        re.compile(rf"\b(?:{_WORDS['mentioned_conditions'].pattern})", re.IGNORECASE),
    ),
    Role.TREATMENT: (
        _DRUG,
        _THERAPY,
        _LETTERED,
        *(re.compile(rf"\b{words}\b", re.IGNORECASE) for words in _WORDS["therapies"].entries),
    ),
    Role.NAME: (_NAME,),
}
_UNNAMED = frozenset(
    f"{degree} {word}".strip() for degree in ("", *_WORDS["unnamed_degrees"].entries) for word in _WORDS["unnamed"].entries
)
_OF_TREATMENT = re.compile(_WORDS["treatment_words"].pattern)
_SHORT = re.compile(r"\b[A-Z][A-Za-z-]*[A-Z]s?\b")


def _therapies(known: dict[str, tuple[str, ...]]) -> list[str]:
    return [short for short, meanings in known.items() if _OF_TREATMENT.search(meanings[0] + short)]
