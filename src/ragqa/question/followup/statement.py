"""What a reader tells of somebody: it restates the question before for that patient, or asks how a second drug goes with it.

After "What dose of memantine in dementia?" the statement "she is 15" asks for the dose in a 15-year-old, and "she is also on
amantadine" whether memantine interacts with amantadine.
"""

from __future__ import annotations

import re

from ragqa.language.concepts import Role
from ragqa.question.followup.anaphora import IT
from ragqa.question.followup.mentions import WORDS, identities, mentions, telling_words, texts_of, without_end
from ragqa.question.followup.substitution import exchanged
from ragqa.question.followup.thread import Thread
from ragqa.question.understanding import QuestionType, understand

_CLAUSE = rf"(?:(?:{WORDS['clause'].pattern})\s)?"
_STILL = rf"(?:(?:{WORDS['still'].pattern})\s){{0,3}}"
_SOMEONE = re.compile(
    rf"{_CLAUSE}(?:{WORDS['person'].pattern})(?:['’]s|\s{_STILL}(?P<state>{WORDS['state'].pattern}))(?:\s{_STILL}|(?=\W*$))",
    re.IGNORECASE,
)
_TAKING = re.compile(rf"{_CLAUSE}{_STILL}(?:{WORDS['taking'].pattern})\s{_STILL}", re.IGNORECASE)
_INTERACTIONS = re.compile(rf"(?:{WORDS['interactions'].pattern})\s", re.IGNORECASE)
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
    if someone is None or IT.search(told):
        return base
    rest = without_end(told[someone.end() :])
    own, within = mentions(told), mentions(rest)
    people, conditions = [m for m in own if m.role is Role.POPULATION], texts_of(Role.CONDITION, within)
    placed_by_verb = any(mention.start < someone.end() for mention in people)  # of "she is 15" the rest is a mere number
    others = [] if placed_by_verb else telling_words(rest, within)
    if _DENIED.search(told) or others or texts_of(Role.TREATMENT, within) or not (people or conditions):
        return f"{without_end(base)}, in a patient who {' '.join(filter(None, [someone['state'] or 'is', rest]))}?"
    text = exchanged(base, people)
    return f"{without_end(text)} in patients with {' and '.join(conditions)}?" if conditions else text


def interaction(said: str, thread: Thread) -> str | None:
    """Whether the thread's treatment interacts with the one told of beside it ("she is also on X"); None for other texts."""
    if _DENIED.search(said):
        return None
    drugs = _beside(said, thread.base)
    own = mentions(drugs)
    told = texts_of(Role.TREATMENT, own)
    taken = [text for text in thread.of(Role.TREATMENT) if not identities(text) & identities(drugs)][:2]
    if not (told and taken) or telling_words(drugs, own):
        return None
    verb = "Do" if len(taken) > 1 or taken[0].endswith("s") else "Does"
    asked = f"{verb} {' and '.join(taken)} interact with {' and '.join(told)}?"
    return exchanged(asked, [mention for mention in own if mention.role is not Role.TREATMENT])


def _beside(said: str, base: str) -> str:
    """What is told to be taken beside the treatment of the ``base``; "" where nothing is."""
    someone = _SOMEONE.match(said)
    rest = said[someone.end() :] if someone else said
    if someone and someone["state"] and someone["state"].lower() == "takes":
        return rest
    if opening := _TAKING.match(rest) or _INTERACTIONS.match(rest):
        return rest[opening.end() :]
    beside = None if someone or understand(base).question_type in _OF_EFFECT else _WITH.match(rest)
    return rest[beside.end() :] if beside else ""
