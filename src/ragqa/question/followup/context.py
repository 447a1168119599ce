"""A question read after the turns before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from ragqa.language.concepts import Role
from ragqa.question.asked import Turn
from ragqa.question.followup.anaphora import refers_back, unnamed
from ragqa.question.followup.correction import corrected
from ragqa.question.followup.courtesy import asks_nothing
from ragqa.question.followup.mentions import WORDS, identities, identity, mentions, without_end
from ragqa.question.followup.rewriting import rewritten
from ragqa.question.followup.several import clauses, several
from ragqa.question.followup.thread import Reading, Thread
from ragqa.question.refusal import SEARCHED

REMEMBERED = 6
"""Turns looked back on; by hand: so that the work per turn stays the same however long the conversation."""

_AFRESH = re.compile(
    rf"(?:(?:{WORDS['lead_in'].pattern})\b[\s,.:]*){{0,3}}(?:{WORDS['afresh'].pattern})\s?(?:[-–—:;,.]+\s?|\babout\s)(?=\S)",
    re.IGNORECASE,
)
"""What leaves all that was said before."""
_AGREED = re.compile(WORDS["agreed"].pattern, re.IGNORECASE)
_DECLINED = re.compile(WORDS["declined"].pattern, re.IGNORECASE)
_ORDINALS = tuple(WORDS["ordinals"].entries)
_NUMBERED = re.compile(rf"(?:(?:number|option|no\.?|#)\s*)?(?:(\d)|(?:the )?({'|'.join(_ORDINALS)})(?: one)?)", re.IGNORECASE)


def standalone(question: str, history: Sequence[Turn], topic: str = "") -> Reading:
    """Read a question in the light of the turns before it; ``topic`` is the title of the article being read."""
    if asks_nothing(question):
        return Reading(question, asks=False)
    if afresh := _AFRESH.match(question):
        rest = question[afresh.end() :]
        if any(mention.role in (Role.TREATMENT, Role.CONDITION) for mention in mentions(rest)):
            return Reading(rest, unnamed=unnamed(rest))
    turns = _asking(history)
    thread = _thread(turns, topic)
    if not (thread.question or thread.pending or topic):
        return Reading(question, unnamed=unnamed(question))
    correction = corrected(question, thread) if thread.clinical or thread.pending else None
    read = correction or rewritten(question, thread)
    if not read.is_follow_up:
        said = " ".join(f"{turn.question} {turn.standalone} {turn.answer}" for turn in turns)
        return replace(read, unnamed="" if topic else unnamed(question, said))
    if not thread.question or _names_more(question, thread.question):
        return read
    return replace(read, joined=f"{without_end(thread.question)}: {question}")


def apart(question: str) -> Reading | None:
    """A text that holds several questions, each as it is worded; None where it asks one."""
    if questions := several(question):
        return Reading(question, questions=questions)
    return Reading(question, questions=parts, loosely=True) if (parts := clauses(question)) else None


def chosen(question: str, history: Sequence[Turn]) -> Reading | None:
    """The choice that a reply names by its number ("2", "the second"), or agrees to where there is one; None when it is no such
    reply.

    A number that none of the choices has, a yes to several and a no bring them up again; a number where nothing was offered asks
    nothing.
    """
    reply = question.strip(" .)?!")
    choices = _offered(_asking(history))
    again = Reading(question, is_follow_up=True, choices=choices)
    if choices and _AGREED.fullmatch(reply):
        return Reading(choices[0], is_follow_up=True) if len(choices) == 1 else again
    if choices and _DECLINED.fullmatch(reply):
        return again
    number = _NUMBERED.fullmatch(reply)
    if not number or not (choices or number[1]):
        return None
    if not choices:
        return Reading(question)
    place = int(number[1]) if number[1] else 1 + _ORDINALS.index(number[2].lower())
    return Reading(choices[place - 1], is_follow_up=True) if 1 <= place <= len(choices) else again


def _asking(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """The last turns that are looked back on: those that asked nothing are passed over."""
    asked = (turn for turn in reversed(history) if turn.standalone not in ("", turn.question) or not asks_nothing(turn.question))
    return tuple(reversed(list(islice(asked, REMEMBERED))))


def _offered(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The choices that a reply may name: the newest ones, as long as all that was asked since is one of them."""
    since: list[str] = []
    for turn in reversed(turns):
        if turn.choices:
            return turn.choices if set(since) <= set(turn.choices) else ()
        since.append(turn.standalone)
    return ()


def _names_more(question: str, before: str) -> bool:
    """Whether a question names a treatment, a condition or people that the one before it does not: then that one is asked no
    more, and an answer to it would be one about something else.
    """
    known = identities(before)
    return any(mention.role is not Role.NAME and identity(mention) not in known for mention in mentions(question))


def _thread(turns: Sequence[Turn], topic: str) -> Thread:
    """What the turns have come to, each read in the light of those before it; one that was asked back about is still open."""
    understood: list[Turn] = []
    for turn in turns:
        read = Reading(turn.standalone, choices=turn.choices) if turn.standalone else standalone(turn.question, understood, topic)
        understood.append(Turn(question=turn.question, standalone=read.text, choices=read.choices))
    texts = [turn.standalone for turn in understood]
    is_open = bool(texts) and (understood[-1].choices or (len(texts) == 1 and not topic and refers_back(texts[-1])))
    pending = texts.pop() if is_open else ""
    return Thread(
        question=texts[-1] if texts else "",
        pending=pending,
        topic=topic,
        newest=mentions(turns[-1].question) if turns else (),
        earlier=tuple(reversed(texts[:-1])),
        searched=bool(turns) and turns[-1].status in SEARCHED,
    )
