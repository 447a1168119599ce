"""A question read after the turns before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ragqa.question.asked import Turn
from ragqa.question.followup.anaphora import refers_back, unnamed
from ragqa.question.followup.correction import corrected
from ragqa.question.followup.mentions import WORDS, mentions, without_end
from ragqa.question.followup.rewriting import rewritten
from ragqa.question.followup.thread import Reading, Thread

REMEMBERED = 6
"""Turns looked back on; by hand: so that the work per turn stays the same however long the conversation."""

_ORDINALS = tuple(WORDS["ordinals"].entries)
_NUMBERED = re.compile(rf"(?:(?:number|option|no\.?|#)\s*)?(?:(\d)|(?:the )?({'|'.join(_ORDINALS)})(?: one)?)", re.IGNORECASE)


def standalone(question: str, history: Sequence[Turn], topic: str = "") -> Reading:
    """Read a question in the light of the turns before it; ``topic`` is the title of the article being read."""
    thread = _thread(history, topic)
    if not (thread.question or thread.pending or topic):
        return Reading(question, unnamed=unnamed(question))
    correction = corrected(question, thread) if thread.clinical or thread.pending else None
    read = correction or rewritten(question, thread)
    if not read.is_follow_up:
        said = " ".join(f"{turn.question} {turn.standalone} {turn.answer}" for turn in history[-REMEMBERED:])
        return replace(read, unnamed="" if topic else unnamed(question, said))
    return replace(read, joined=f"{without_end(thread.question)}: {question}") if thread.question else read


def chosen(question: str, history: Sequence[Turn]) -> Reading | None:
    """The choice that a reply names by its number ("2", "the second"); None when it is no such reply.

    A number that none of the choices has brings them up again, and one where nothing was offered asks nothing.
    """
    number = _NUMBERED.fullmatch(question.strip(" .)?!"))
    choices = history[-1].choices if history else ()
    if not number or not (choices or number[1]):
        return None
    if not choices:
        return Reading(question)
    place = int(number[1]) if number[1] else 1 + _ORDINALS.index(number[2].lower())
    within = 1 <= place <= len(choices)
    return Reading(choices[place - 1], is_follow_up=True) if within else Reading(question, is_follow_up=True, choices=choices)


def _thread(history: Sequence[Turn], topic: str) -> Thread:
    """What the turns have come to, each read in the light of those before it; one that was asked back about is still open."""
    understood: list[Turn] = []
    for turn in history[-REMEMBERED:]:
        read = Reading(turn.standalone, choices=turn.choices) if turn.standalone else standalone(turn.question, understood, topic)
        understood.append(Turn(question=turn.question, standalone=read.text, choices=read.choices))
    texts = [turn.standalone for turn in understood]
    is_open = bool(texts) and (understood[-1].choices or (len(texts) == 1 and not topic and refers_back(texts[-1])))
    pending = texts.pop() if is_open else ""
    newest = mentions(history[-1].question) if history else ()
    return Thread(question=texts[-1] if texts else "", pending=pending, topic=topic, newest=newest)
