"""Substitution: what a follow-up names takes the place of its like in the question before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ragqa.language.concepts import Mention, Role
from ragqa.question.followup.anaphora import IT
from ragqa.question.followup.mentions import JOINT, ORGAN, mentions, texts_of, without_end

_NARROWED = re.compile(r"^((?:\S+\s){3,99}?[^\s,?]+)\?*,\s(?>[^,]*\d).*+$")
"""A whole question and the number that narrows it down."""


def exchanged(base: str, wanted: Sequence[Mention], rejected: Iterable[str] = (), newest: Sequence[Mention] = ()) -> str:
    """The base with each wanted mention in place of the rejected one, else of the first of its role; added where none is.

    ``newest``: what a correction can only mean where the base holds nothing of its role.
    """
    if any(mention.role is Role.TREATMENT or ORGAN.search(mention.text) for mention in wanted):
        base = _NARROWED.sub(r"\1", base)  # the dose or clearance spoken of was another one's
    against = " | ".join(dict.fromkeys(text.casefold() for text in rejected))
    for role in dict.fromkeys(mention.role for mention in wanted if mention.role is not Role.NAME):
        new = " and ".join(texts_of(role, wanted))
        old = [mention for mention in mentions(base) if mention.role is role]
        named = [mention for mention in old if mention.text.casefold() in against]
        if role is Role.TREATMENT and IT.search(base) and not named:
            base = IT.sub(new, base, count=1)
        elif place := next(iter(named or old or (_brought_in(base, newest) if role is not Role.TREATMENT else ())), None):
            base = base[: place.start] + new + base[place.end :]
        else:
            base = f"{without_end(base)} {JOINT[role]} {new}?"
    return base


def _brought_in(base: str, newest: Sequence[Mention]) -> list[Mention]:
    """Conditions and populations of the base that the last question brought in."""
    texts = {mention.text for mention in newest if mention.role in (Role.CONDITION, Role.POPULATION)}
    return [mention for mention in mentions(base) if mention.text in texts]
