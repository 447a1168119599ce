"""What the words of a follow-up are: its mentions by role, its telling words, and patterns that several rules look for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ragqa.language.concepts import Mention, Role
from ragqa.language.concepts import mentions as read_mentions
from ragqa.language.lexicon import lexicon
from ragqa.language.scales import Scale, places
from ragqa.language.stop import OF_FOLLOW_UPS

WORDS = lexicon("question", "followup")
LONGEST_JOINT = 60
"""Characters before a mention that are looked at for words of comparing; by hand: "compared with", a word more and blanks."""

JOINT = {Role.TREATMENT: "with", Role.POPULATION: "in", Role.CONDITION: "in", Role.NAME: "in"}
"""What joins a mention to a question that lacks one of its role."""
ORGAN = re.compile(WORDS["organs"].pattern, re.IGNORECASE)
EITHER = re.compile(rf"\b(?:{WORDS['either'].pattern})\b", re.IGNORECASE)
ASKING = re.compile(rf"^(?:{WORDS['asking'].pattern})\b|:\s", re.IGNORECASE)
"""A question of its own begins so, at once or after a colon."""
_BESIDE = re.compile(rf"\b(?:{WORDS['beside'].pattern})\s+(?:\w+\s)?$", re.IGNORECASE)
_WORD = re.compile(r"[\w*'-]+")


_ORGANS = (Scale.KIDNEY, Scale.LIVER)
_BEFORE_PLACE = re.compile(rf"\b(?:{WORDS['before_a_place'].pattern})\s$", re.IGNORECASE)
_PEOPLE = re.compile(rf"\s(?:{WORDS['people'].pattern})\b", re.IGNORECASE)
_ADJECTIVE = re.compile(WORDS["adjectives"].pattern, re.IGNORECASE)
_GENITIVE = re.compile(r"['’]s$", re.IGNORECASE)
_PLUS = re.compile(r"\s?[/+]\s?")
_NOUN = re.compile(r"\s[a-z]{3}", re.IGNORECASE)
_COPULA = re.compile(rf"(?:\s|['’])(?:{WORDS['copula'].pattern})(?=[\s~<>])", re.IGNORECASE)


@lru_cache(maxsize=256)
def mentions(text: str) -> tuple[Mention, ...]:
    """As ``ragqa.language.concepts.mentions``, and a population where figures place a patient ("she is 15", "her CrCl is 20"),
    each population worded so that it can be asked about. Remembered: one follow-up asks again and again for those of the same few
    texts.
    """
    placed = list(_placed(text))
    named = [_trimmed(text, m) for m in read_mentions(text) if not any(p.start < m.end and m.start < p.end for p in placed)]
    return tuple(sorted([*_combined(text, named), *placed], key=lambda mention: mention.start))


def identity(mention: Mention) -> str:
    """What is named, whatever it is called: a brand and its drug are one; people are told apart by their words."""
    return mention.concept if mention.concept and mention.role is not Role.POPULATION else mention.text.casefold()


def identities(text: str) -> frozenset[str]:
    """What a text names."""
    return frozenset(map(identity, mentions(text)))


def _combined(text: str, named: Iterable[Mention]) -> list[Mention]:
    """The mentions, of which treatments that are joined to a combination are one ("budesonide/formoterol")."""
    kept: list[Mention] = []
    for mention in named:
        last = kept[-1] if kept else None
        if last and last.role is mention.role is Role.TREATMENT and _PLUS.fullmatch(text, last.end, mention.start):
            both = f"{identity(last)}+{identity(mention)}"
            kept[-1] = Mention(last.start, mention.end, text[last.start : mention.end], Role.TREATMENT, both)
        else:
            kept.append(mention)
    return kept


def _placed(text: str) -> Iterator[Mention]:
    for band in places(text):
        if band.by_name:
            continue
        before = _BEFORE_PLACE.search(text, max(band.start - LONGEST_JOINT, 0), band.start)
        start = before.start() if before else band.start
        years = band.stretch.low
        if band.scale in _ORGANS:
            yield Mention(start, band.end, f"patients with {_COPULA.sub('', band.text)}", Role.POPULATION)
        elif band.scale is Scale.AGE and 1 <= years == band.stretch.high - 1:
            people = _PEOPLE.match(text, band.end)
            called = f"{years:.0f}-year-old {people[0].strip() if people else 'patients'}"
            yield Mention(start, people.end() if people else band.end, called, Role.POPULATION)


def _trimmed(text: str, mention: Mention) -> Mention:
    """A treatment without its genitive, and a population that is named by an adjective alone ("she is pregnant") as people."""
    if mention.role is Role.TREATMENT and (genitive := _GENITIVE.search(mention.text)):
        return replace(mention, end=mention.start + genitive.start(), text=mention.text[: genitive.start()])
    lacks = mention.role is Role.POPULATION and _ADJECTIVE.fullmatch(mention.text) and not _NOUN.match(text, mention.end)
    return replace(mention, text=f"{mention.text} patients") if lacks else mention


def kind_of_people(population: str) -> str:
    """What a population is told apart by: "organ" (kidneys or liver), "age" or "" for anything else.

    A question can speak of one of each of the first two; anything else takes the place of whatever there is.
    """
    scales = {band.scale for band in places(population)}
    if scales & set(_ORGANS) or ORGAN.search(population):
        return "organ"
    return "age" if Scale.AGE in scales else ""


def texts_of(role: Role, found: Sequence[Mention]) -> list[str]:
    """The texts of the mentions of a role, each thing once, in order, spelled as the first of them."""
    unique = {identity(mention): mention.text for mention in reversed(found) if mention.role is role}
    return list(reversed(unique.values()))


def telling_words(text: str, own: Sequence[Mention]) -> list[str]:
    """Words of a text beside its ``own`` mentions, stop words left out."""
    edges = [0, *(edge for mention in own for edge in (mention.start, mention.end)), len(text)]
    outside = " ".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return [word for word in _WORD.findall(outside) if word.casefold() not in OF_FOLLOW_UPS and word.strip("-'*")]


def subjects(text: str, found: Iterable[Mention]) -> list[Mention]:
    """The mentions that a text is about: what something else is compared with is none of them."""
    return [mention for mention in found if not _compared_with(text, mention)]


def _compared_with(text: str, mention: Mention) -> bool:
    return bool(_BESIDE.search(text, max(mention.start - LONGEST_JOINT, 0), mention.start))


def without_end(text: str) -> str:
    """A question without its end, so that something can be added."""
    return text.rstrip("?. ")
