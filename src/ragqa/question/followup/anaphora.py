"""Anaphora: pronouns and "this" with a noun, and what they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from ragqa.language.concepts import Mention, Role
from ragqa.language.roots import root
from ragqa.question.followup.mentions import EITHER, LONGEST_JOINT, WORDS, identities, identity, mentions, without_end
from ragqa.question.followup.thread import Thread

MOST_REFERENTS = 9
"""Things a pronoun may mean; by hand: a reader chooses by one digit."""
MOST_POINTERS = 20
"""Times that "this" or "these" with a noun is looked into; by hand: a question of 2,000 characters could hold two hundred."""

IT = re.compile(rf"\b(?:{WORDS['it'].pattern})(?! own)", re.IGNORECASE)
_THEY = re.compile(rf"\b(?:{WORDS['they'].pattern})\b", re.IGNORECASE)
_WHO = re.compile(rf"\b(?:{WORDS['who'].pattern})\b", re.IGNORECASE)
"""In a conversation about medicine these are patients; about a name they are that name."""
_WHOSE = frozenset(WORDS["whose"].entries)
_NO_NOUN = rf"(?:{WORDS['no_noun'].pattern}|\w+(?:ed|s(?=\b[^.?]* than\b)))\b"
_THIS = re.compile(
    rf"\b(?:this|these) (?!{_NO_NOUN})(?P<noun>[a-z]{{3,}}(?: [a-z]{{3,}})?)",
    re.IGNORECASE,
)
_WITH_ANOTHER = re.compile(rf"\b(?:{WORDS['with_another'].pattern})\s$", re.IGNORECASE)
_MEDICINE = re.compile(rf"\b(?:{WORDS['medicine'].pattern})", re.IGNORECASE)
_ONE_STUDY = re.compile(WORDS["one_study"].pattern, re.IGNORECASE)
_WEIGHED = re.compile(rf"\b(?:{WORDS['beside'].pattern}|{WORDS['weighed'].pattern}|{WORDS['either'].pattern})\b", re.IGNORECASE)
_ADDED = re.compile(rf"\b(?:{WORDS['added'].pattern})\b", re.IGNORECASE)


def refers_back(question: str) -> bool:
    """Whether a pronoun in the question stands for something said before; beside a name it seldom does ("will it rain in X")."""
    named = "[" in question or any(mention.role is Role.NAME for mention in mentions(question))
    return not named and bool(IT.search(question) or _THEY.search(question))


def resolved(said: str, own: Sequence[Mention], thread: Thread) -> list[str]:
    """The question with its pronoun replaced by each treatment it could mean; none where nothing points to a treatment."""
    named = {identity(mention) for mention in own if mention.role is Role.TREATMENT}
    referents = [text for text in thread.of(Role.TREATMENT) or thread.of(Role.NAME) if not identities(text) & named]
    weighed = bool(_WEIGHED.search(thread.question)) and not _ADDED.search(thread.question)
    if referents and thread.topic and not thread.clinical and (who := _WHO.search(said)) and not named_before(own, who):
        return [_put_for(who, said, referents[0])]
    pointer = IT.search(said)
    if pointer and referents and not named_before(own, pointer):
        compares = bool(named) and bool(_WEIGHED.search(said))
        return [_put_for(pointer, said, name) for name in referents[: MOST_REFERENTS if weighed and not compares else 1]]
    conditions = thread.of(Role.CONDITION)
    if _ONE_STUDY.search(said) and EITHER.search(thread.question) and not named:
        several = conditions if len(conditions) > 1 else referents if weighed else []
        return [f"{without_end(said)} with {name}?" for name in several[:MOST_REFERENTS]]
    return []


def named_before(own: Sequence[Mention], pointer: re.Match[str]) -> bool:
    """Whether the question itself names what its pronoun stands for: of "does X interact with it" it does not."""
    if _WITH_ANOTHER.search(pointer.string, max(pointer.start() - LONGEST_JOINT, 0), pointer.start()):
        return False
    return any(mention.role in (Role.TREATMENT, Role.NAME) and mention.end <= pointer.start() for mention in own)


def _put_for(pointer: re.Match[str], said: str, name: str) -> str:
    genitive = "'s" if pointer[0].lower() in _WHOSE else ""
    return f"{said[: pointer.start()]}{name}{genitive}{said[pointer.end() :]}"


def unnamed(question: str, said: str = "") -> str:
    """The first "this" or "these" with a noun that neither the conversation nor the question itself named before."""
    found, earlier = mentions(question), said.casefold()
    for match in islice(_THIS.finditer(question), MOST_POINTERS):
        before = question[: match.start()].casefold()
        roles = {mention.role for mention in found if mention.end <= match.start()}
        named = Role.TREATMENT in roles if _MEDICINE.search(match[0]) else bool(roles - {Role.NAME, Role.POPULATION})
        own = any(mention.start < match.end() and match.start() < mention.end for mention in found)
        known = any(root(word) in text for word in match["noun"].casefold().split() for text in (before, earlier))
        if not (named or own or known):
            return match[0]
    return ""
