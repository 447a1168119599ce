"""A follow-up rewritten by the first rule that fits: another comparator, its like, a number, a degree, a pronoun, ellipsis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ragqa.language.concepts import Mention, Role
from ragqa.question.followup.anaphora import IT, MOST_POINTERS, named_before, resolved
from ragqa.question.followup.ellipsis import LONGEST_REMARK, completed, is_of_a_study, stands_alone
from ragqa.question.followup.mentions import ASKING, WORDS, mentions, telling_words, texts_of, without_end
from ragqa.question.followup.reference import referred
from ragqa.question.followup.statement import interaction, parted, restated
from ragqa.question.followup.substitution import exchanged
from ragqa.question.followup.thread import Reading, Thread

_DEGREES = WORDS["degrees"]
DEGREE = re.compile(
    rf"\b(?:{_DEGREES.pattern})(?:[- ]to[- ](?:{'|'.join(_DEGREES.entries[1:])}))?\b",
    re.IGNORECASE,
)
_DEGREE_ALONE = re.compile(rf"(?:in |for )?(?:the )?({_DEGREES.pattern})(?: (?:{WORDS['illness'].pattern}))?", re.IGNORECASE)
_LEAD_IN = re.compile(rf"^(?:(?:{WORDS['lead_in'].pattern})\b[\s,.:]*)+", re.IGNORECASE)
_AGAINST = re.compile(rf"^(?:{WORDS['beside'].pattern}|over)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d")
_POINTING = re.compile(rf"(?<!worth )\b(?:{WORDS['pointing'].pattern})\b(?! (?:own|is (?:there|it))\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Said:
    """A follow-up without what it opens with: its mentions, its other telling words, whether it points to what was said."""

    text: str
    own: tuple[Mention, ...]
    rest: list[str]
    points: bool


def rewritten(question: str, thread: Thread) -> Reading:
    """The question as it would be asked without the thread; as it is, and no follow-up, where it needs nothing of it."""
    opened = _LEAD_IN.sub("", question).strip()
    texts = referred(opened, thread)
    if len(texts) > 1:
        return Reading(question, is_follow_up=True, choices=tuple(_read(text, text, thread).text for text in texts))
    text = texts[0]
    if thread.clinical and (told := _told(text, thread)):
        return told
    read = _read(question, text, thread)
    return Reading(text, is_follow_up=True) if text != opened and not read.is_follow_up else read


def _told(text: str, thread: Thread) -> Reading | None:
    """What is told of somebody or of a second drug, as the question that it asks; None where nothing of the kind is said."""
    told, asked = parted(text)
    if not asked or not told:
        if with_another := interaction(text, thread):
            return Reading(with_another, is_follow_up=True)
        return Reading(restated(told, thread.base), is_follow_up=True) if told and thread.base else None
    read = rewritten(asked, thread)
    if not read.is_follow_up:
        return None
    choices = tuple(restated(told, choice) for choice in read.choices)
    return replace(read, text=text if choices else restated(told, read.text), choices=choices)


def _read(question: str, text: str, thread: Thread) -> Reading:
    own = mentions(text)
    said = _Said(text, own, telling_words(text, own), _points(text, own))
    if whole := _in_base(said, thread):
        return Reading(whole, is_follow_up=True)
    if text.endswith("!") or (not said.points and stands_alone(question, text, own, said.rest, thread)):
        return Reading(question)
    if narrowed := _narrowed(said, thread):
        return Reading(narrowed, is_follow_up=True)
    return _resolved(question, said, thread)


def _points(text: str, own: Sequence[Mention]) -> bool:
    """Whether a word outside its mentions points to something said before."""
    return any(
        not any(m.start <= match.start() < m.end for m in own) for match in islice(_POINTING.finditer(text), MOST_POINTERS)
    )


def _in_base(said: _Said, thread: Thread) -> str | None:
    """The question before with another comparator ("vs placebo?"), or with a bare mention in place of its like."""
    if not thread.base:
        return None
    if against := _AGAINST.match(said.text):
        return f"{without_end(thread.base)} compared with {said.text[against.end() :].strip()}"
    bare = not said.rest and not said.points and any(mention.role is not Role.NAME for mention in said.own)
    if bare and (thread.clinical or texts_of(Role.TREATMENT, said.own) or texts_of(Role.CONDITION, said.own)):
        return completed(exchanged(thread.base, said.own), thread)
    return None


def _narrowed(said: _Said, thread: Thread) -> str | None:
    """The question before with a number ("at 84 mg?") or another degree ("in severe disease?")."""
    if not said.points and thread.clinical and _NUMBER.search(said.text) and len(said.rest) <= LONGEST_REMARK:
        return f"{without_end(thread.base)}, {said.text}"
    if (degree := _DEGREE_ALONE.fullmatch(said.text.rstrip("?. "))) and DEGREE.search(thread.base):
        return DEGREE.sub(degree[1], thread.base, count=1)
    return None


def _resolved(question: str, said: _Said, thread: Thread) -> Reading:
    """The question itself, its pronoun resolved and what it leaves out added; with choices where it could mean several things."""
    choices = resolved(said.text, said.own, thread)
    if len(choices) > 1:
        return Reading(question, is_follow_up=True, choices=tuple(completed(choice, thread) for choice in choices))
    pointer = IT.search(said.text)
    if not choices and pointer and thread.question and thread.clinical and not named_before(said.own, pointer):
        return Reading(f"{without_end(said.text)}: {thread.question}", is_follow_up=True)
    asks_of_own = bool(said.own) and bool(ASKING.search(said.text)) and not said.points
    text = completed(
        choices[0] if choices else said.text,
        thread,
        with_population=not asks_of_own,
        of_a_study=is_of_a_study(said.text),
    )
    if text == said.text and not thread.clinical:
        return Reading(question)  # with nothing to take over, it stands as asked
    told = said.rest or (text != said.text and ASKING.search(said.text))
    alone = all(mention.role is Role.NAME for mention in said.own) and (not told or (text == said.text and said.points))
    if alone and thread.question and thread.clinical and not choices:
        return Reading(f"{without_end(said.text)}: {thread.question}", is_follow_up=True)
    return Reading(text, is_follow_up=True)
