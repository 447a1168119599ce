"""Several questions in one text, cut apart.

A vignette before one question, "A or B?" and a question that goes on ("and for how long?") are one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.language.concepts import Role
from ragqa.question.followup.mentions import ASKING, WORDS, identities, identity, mentions, telling_words
from ragqa.question.understanding import QuestionType, understand

MOST = 9
"""Questions that a text is cut into at most; by hand: a reader chooses by one digit."""
_END = re.compile(r"(?<=[?;])\s+|(?<=[a-z)]\.)\s+(?=[A-Z])")
"""Where a sentence ends."""
_CLAUSE = re.compile(rf",\s+(?:(?:{WORDS['going_on'].pattern})\s+){{0,3}}(?=(?:{WORDS['asking'].pattern})\b)", re.IGNORECASE)
"""What parts a question from another one in its sentence."""
_JOINED = re.compile(
    rf",\s(?=(?:{WORDS['asking_on'].pattern})\b)|"
    rf",?\s(?:{WORDS['going_on'].pattern})\s(?=(?:{WORDS['asking_on'].pattern}|{WORDS['relative'].pattern})\b)",
    re.IGNORECASE,
)
"""What parts a clause that asks from the one before it, which may ask about the same."""
_TOPIC = re.compile(r"^[^:?]{1,80}:\s")
"""What all that follows is asked about."""
_ASKED_WITH = re.compile(rf"^(?:(?:{WORDS['asking'].pattern})\b\s?)+", re.IGNORECASE)
_OPENING = re.compile(rf"^(?:(?:{WORDS['going_on'].pattern})\b[\s,]*)+", re.IGNORECASE)
_LEANING = re.compile(rf"\b(?:{WORDS['pointing'].pattern})\b", re.IGNORECASE)
_OR = re.compile(r"or\b", re.IGNORECASE)


def several(text: str) -> tuple[str, ...]:
    """The questions of a text as they are worded, each with what is told before it; empty where it asks one."""
    questions: list[str] = []
    for sentence in _END.split(text):
        clauses = _CLAUSE.split(sentence)
        joints = ["", *(match[0] for match in _CLAUSE.finditer(sentence))]
        for joint, clause in zip(joints, clauses, strict=True):
            if questions and (len(questions) == MOST or not _is_another(clause, questions, in_sentence=bool(joint))):
                questions[-1] += (joint or " ") + clause
            else:
                questions.append(clause)
    return tuple(map(_ended, questions)) if len(questions) > 1 else ()


def clauses(text: str) -> tuple[str, ...]:
    """The clauses of a text that may be questions of their own, each with a word that the ones before it lack; empty where it
    asks in one. ``several`` cuts where this is sure, here whether it was right is seen once each is asked.
    """
    found: list[str] = []
    for sentence in re.split(r"(?<=\?)\s+", text):
        joints = ["", *(match[0] for match in _JOINED.finditer(sentence))]
        for joint, clause in zip(joints, _JOINED.split(sentence), strict=True):
            if found and not (len(found) < MOST and _asks_more(clause, found)):
                found[-1] += (joint or " ") + clause
            else:
                found.append(clause)
    return tuple(map(_ended, found)) if len(found) > 1 else ()


def _asks_more(text: str, before: Sequence[str]) -> bool:
    """Whether a clause asks, after one that asks, for something told of by a word that nothing before it holds."""
    asked = _OPENING.sub("", text)
    if _OR.match(text) or not (_asks(_TOPIC.sub("", before[-1])) and (ASKING.match(asked) or text.endswith("?"))):
        return False
    known = {word.casefold() for said in before for word in telling_words(said, ())}
    return any(word.casefold() not in known for word in telling_words(_ASKED_WITH.sub("", asked), ()))


def _is_another(text: str, before: Sequence[str], in_sentence: bool) -> bool:
    """Whether a text is a question apart from those before it, the last of which may still lack its question.

    One ``in_sentence`` with them is only where it needs none of them: it names a treatment and a condition, of which one is new.
    """
    asked = _OPENING.sub("", text)
    if _OR.match(text) or not (_asks(before[-1]) and ASKING.match(asked)):
        return False
    if not _news(asked, before):
        return not in_sentence and _of_another_type(asked, before[-1])
    return not in_sentence or (not _LEANING.search(asked) and _needs_nothing(asked))


def _asks(text: str) -> bool:
    return text.rstrip().endswith("?") or any(ASKING.match(_OPENING.sub("", part)) for part in (text, *_END.split(text)[-1:]))


def _news(text: str, before: Sequence[str]) -> bool:
    """Whether a text names a drug, a condition or people that nothing before it names."""
    known = frozenset().union(*map(identities, before))
    return any(mention.role is not Role.NAME and identity(mention) not in known for mention in mentions(text))


def _needs_nothing(text: str) -> bool:
    return {Role.TREATMENT, Role.CONDITION} <= {mention.role for mention in mentions(text)}


def _of_another_type(text: str, before: str) -> bool:
    types = {understand(text).question_type, understand(before).question_type}
    return len(types) > 1 and QuestionType.GENERAL not in types


def _ended(question: str) -> str:
    return question.rstrip(" ?;,.") + "?"
