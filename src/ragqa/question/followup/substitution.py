"""Substitution: what a follow-up names takes the place of its like in the question before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ragqa.language.concepts import Mention, Role
from ragqa.question.followup.anaphora import IT
from ragqa.question.followup.mentions import (
    JOINT,
    LONGEST_JOINT,
    ORGAN,
    WORDS,
    kind_of_people,
    mentions,
    texts_of,
    without_end,
)
from ragqa.question.understanding import QuestionType, understand

_NARROWED = re.compile(r"^((?:\S+\s){3,99}?[^\s,?]+)\?*,\s(?>[^,]*\d).*+$")
"""A whole question and the number that narrows it down."""
_BEFORE_CONDITION = re.compile(rf"\s(?:{WORDS['before_a_condition'].pattern})\s(?:the\s|an?\s)?$", re.IGNORECASE)
_SAME_PEOPLE = re.compile(rf"\s(?:{WORDS['people'].pattern})\b", re.IGNORECASE)


def exchanged(base: str, wanted: Sequence[Mention], rejected: Iterable[str] = (), newest: Sequence[Mention] = ()) -> str:
    """The base with each wanted mention in place of the rejected one, else of the first of its kind; added where none is.

    ``newest``: what a correction can only mean where the base holds nothing of its role.
    """
    if any(mention.role is Role.TREATMENT or _of_an_organ(mention) for mention in wanted):
        base = _NARROWED.sub(r"\1", base)  # the dose or clearance spoken of was another one's
    if any(map(_of_an_organ, wanted)) and not texts_of(Role.CONDITION, wanted):
        base = _without_condition(base)
    against = " | ".join(dict.fromkeys(text.casefold() for text in rejected))
    for role, kind in dict.fromkeys((mention.role, _kind(mention)) for mention in wanted if mention.role is not Role.NAME):
        new = " and ".join(texts_of(role, [mention for mention in wanted if _kind(mention) == kind]))
        old = [mention for mention in mentions(base) if mention.role is role and kind in ("", _kind(mention) or kind)]
        named = [mention for mention in old if mention.text.casefold() in against]
        if role is Role.TREATMENT and IT.search(base) and not named:
            base = IT.sub(new, base, count=1)
        elif place := next(iter(named or old or (_brought_in(base, newest) if role is not Role.TREATMENT else ())), None):
            base = base[: place.start] + new + base[_end(base, place, new) :]
        else:
            base = f"{without_end(base)} {JOINT[role]} {new}?"
    return base


def _kind(mention: Mention) -> str:
    """The kind of people that a population is: an age and the function of an organ stand side by side, all else alone."""
    return kind_of_people(mention.text) if mention.role is Role.POPULATION else ""


def _of_an_organ(mention: Mention) -> bool:
    return _kind(mention) == "organ" or bool(ORGAN.search(mention.text))


def _without_condition(base: str) -> str:
    """A question on a dose without the condition that is treated: how kidneys and liver change a dose does not depend on it."""
    if understand(base).question_type is not QuestionType.DOSE:
        return base
    for mention in reversed(mentions(base)):
        if mention.role is Role.CONDITION and (
            before := _BEFORE_CONDITION.search(base, max(mention.start - LONGEST_JOINT, 0), mention.start)
        ):
            base = base[: before.start()] + base[mention.end :]
    return base


def _end(base: str, place: Mention, new: str) -> int:
    """Where what is replaced ends: "elderly patients" wholly, where the new words bring their people along."""
    people = _SAME_PEOPLE.match(base, place.end) if place.role is Role.POPULATION and _SAME_PEOPLE.search(f" {new}") else None
    return people.end() if people else place.end


def _brought_in(base: str, newest: Sequence[Mention]) -> list[Mention]:
    """Conditions and populations of the base that the last question brought in."""
    texts = {mention.text for mention in newest if mention.role in (Role.CONDITION, Role.POPULATION)}
    return [mention for mention in mentions(base) if mention.text in texts]
