"""What a reader tells of somebody: it restates the question before for that patient, or asks how a second drug goes with the first.

After "What dose of memantine in dementia?" the statement "she is 15" asks for the dose in a 15-year-old, and "she is also on
amantadine" whether memantine interacts with amantadine.
"""

from __future__ import annotations

import re

from ragqa.language.concepts import Role
from ragqa.question.followup.anaphora import IT
from ragqa.question.followup.mentions import WORDS, mentions, telling_words, texts_of, without_end
from ragqa.question.followup.substitution import exchanged
from ragqa.question.followup.thread import Thread
from ragqa.question.understanding import QuestionType, understand

_STILL = rf"(?:(?:{WORDS['still'].pattern})\s)*"
_SOMEONE = re.compile(
    rf"(?:(?:{WORDS['clause'].pattern})\s)?(?:{WORDS['person'].pattern})(?:\s(?P<state>{WORDS['state'].pattern})|['’]s)\s{_STILL}",
    re.IGNORECASE,
)
_TAKING = re.compile(rf"(?:{WORDS['taking'].pattern})\s", re.IGNORECASE)
_WITH = re.compile(rf"(?:{WORDS['taken_with'].pattern})\s", re.IGNORECASE)
_DENIED = re.compile(rf"\b(?:{WORDS['denied'].pattern})\b", re.IGNORECASE)
_ASKED_AFTER = re.compile(rf"[,.;:]\s+(?:(?:and|so|then)\s)?(?=(?:{WORDS['asking'].pattern})\b)", re.IGNORECASE)
_OF_EFFECT = (QuestionType.EFFECTIVENESS, QuestionType.COMPARISON, QuestionType.PROGNOSIS)
"""Question types after which "with X" asks for the effect of two treatments together, and not whether they interact."""


def parted(said: str) -> tuple[str, str]:
    """What is told of somebody and what is asked after it ("she is 15, what dose?"); each "" where there is none."""
    if not _SOMEONE.match(said):
        return "", said
    asked = _ASKED_AFTER.search(said)
    return (said[: asked.start()], said[asked.end() :]) if asked else (said, "")


def restated(told: str, base: str) -> str:
    """The ``base`` asked about the patient told of."""
    someone = _SOMEONE.match(told)
    rest = without_end(told[someone.end() :]) if someone else ""
    if not rest or IT.search(told):
        return base
    own, within = mentions(told), mentions(rest)
    people, conditions = [m for m in own if m.role is Role.POPULATION], texts_of(Role.CONDITION, within)
    others = telling_words(rest, within) if not people or people[0].start >= told.index(rest) else []
    if _DENIED.search(told) or others or texts_of(Role.TREATMENT, within) or not (people or conditions):
        return f"{without_end(base)}, in a patient who {(someone and someone['state']) or 'is'} {rest}?"
    text = exchanged(base, people)
    return f"{without_end(text)} in patients with {' and '.join(conditions)}?" if conditions else text


def interaction(said: str, thread: Thread) -> str | None:
    """Whether the thread's treatment interacts with the one that is told of beside it ("she is also on X", "with X?"); None
    where nothing of the kind is said.
    """
    someone = _SOMEONE.match(said)
    rest = said[someone.end() :] if someone else said
    opening = (_TAKING if someone else _WITH).match(rest)
    if not opening or _DENIED.search(said):
        return None
    if not someone and understand(thread.base).question_type in _OF_EFFECT:
        return None
    own = mentions(rest)
    told = texts_of(Role.TREATMENT, own)
    taken = [text for text in thread.of(Role.TREATMENT) if text.casefold() not in {name.casefold() for name in told}]
    if not (told and taken) or telling_words(rest[opening.end() :], mentions(rest[opening.end() :])):
        return None
    asked = f"Does {' or '.join(taken[:2])} interact with {' or '.join(told)}?"
    return exchanged(asked, [mention for mention in own if mention.role is Role.POPULATION])
