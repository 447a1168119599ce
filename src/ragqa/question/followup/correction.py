"""Corrections ("no, I meant quetiapine") and replies to asking back: the question again, with what is meant in it."""

from __future__ import annotations

import re

from ragqa.question.followup.ellipsis import LONGEST_REMARK, completed
from ragqa.question.followup.mentions import ASKING, WORDS, mentions, telling_words, without_end
from ragqa.question.followup.rewriting import DEGREE, rewritten
from ragqa.question.followup.substitution import exchanged
from ragqa.question.followup.thread import Reading, Thread

LONGEST_REPLY = 6
"""Words of a reply to a question asked back; by hand: "no, the one for adolescents please" has six."""

_CORRECTION = re.compile(WORDS["correction"].pattern, re.IGNORECASE)
_REJECTED = re.compile(
    rf"\b(?:{WORDS['rejection'].pattern}) (?:the |for |in )?([\w' -]{{1,200}}?)(?=[,;:.?]|\bbut\b|$)", re.IGNORECASE
)


def corrected(question: str, thread: Thread) -> Reading | None:
    """The question that is corrected or replied to, with what is meant in place of its like; None where nothing is corrected."""
    base = thread.pending or thread.question
    said = _trimmed(_CORRECTION.sub(" ", question))
    replies = bool(thread.pending and mentions(said)) and len(said.split()) <= LONGEST_REPLY and not ASKING.search(said)
    if not base or (said == _trimmed(question) and not replies):
        return None
    rejected = [match[1] for match in _REJECTED.finditer(said)]
    said = _trimmed(_REJECTED.sub(" ", said))
    wanted = mentions(said)
    rest = telling_words(said, wanted)
    if not wanted and (degree := DEGREE.search(said)) and DEGREE.search(base):
        return Reading(_remarked(DEGREE.sub(degree[0], base, count=1), said), is_follow_up=True)
    if ASKING.search(said) or len(rest) >= LONGEST_REMARK:  # a question of its own after the correction
        settled = Thread(exchanged(thread.question, wanted, rejected, thread.newest), "", thread.topic)
        return Reading(rewritten(said.split(": ")[-1], settled).text, is_follow_up=True)
    text = exchanged(base, wanted, rejected, thread.newest)
    text = completed(text, thread) if thread.pending else text
    return Reading(_remarked(text, " ".join(rest)) if rest else text, is_follow_up=True)


def _trimmed(text: str) -> str:
    return " ".join(text.split()).strip(" ,.:;-")


def _remarked(question: str, remark: str) -> str:
    return f"{without_end(question)} ({remark})?"
