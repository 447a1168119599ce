"""What a conversation has come to, and how a question is read after it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragqa.language.concepts import Mention, Role
from ragqa.question.followup.mentions import EITHER, WORDS, identities, kind_of_people, mentions, texts_of

LONGEST_NAME = 5
"""Words of a topic that is a name rather than a question; by hand: a question of fewer words is hardly asked."""

_OF_ANY_TRADE = re.compile(rf"(?:{WORDS['of_any_trade'].pattern})$", re.IGNORECASE)
"""A payment plan is no treatment: alone such a word does not make a conversation one about medicine."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` stands alone; a follow-up leans on what was said before; ``choices`` are whole questions, one for each thing it
    could mean.

    ``joined`` is the question behind the one before it: clumsier, and free of any rule's mistake. ``unnamed`` are words of the
    question that point to something nobody named ("this drug"); ``asks``: whether anything is asked at all ("thanks" does not);
    ``questions`` are those of a text that asks several, as they are worded, each after those before it; ``loosely``: they may as
    well be one, asked in clauses.
    """

    text: str
    is_follow_up: bool = False
    choices: tuple[str, ...] = ()
    joined: str = ""
    unnamed: str = ""
    asks: bool = True
    questions: tuple[str, ...] = ()
    loosely: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """What a follow-up may lean on; each text is "" where there is none.

    ``question`` is the last one as understood, ``pending`` one left open, ``topic`` the title of the article being read;
    ``newest`` are the mentions of the last question as it was asked; ``earlier`` are the questions before the last one, newest
    first; ``searched``: the last question was searched for, so that it is one of medicine whatever its words.
    """

    question: str
    pending: str
    topic: str
    newest: tuple[Mention, ...] = ()
    earlier: tuple[str, ...] = ()
    searched: bool = False

    @property
    def base(self) -> str:
        """What a bare mention is put into."""
        return self.question or self.topic

    @property
    def clinical(self) -> bool:
        """Whether it speaks of a treatment or a condition: outside medicine these rules know too little to add words."""
        if self.searched:
            return True
        found = mentions(f"{self.question} {self.topic}".strip())
        return any(m.role in (Role.TREATMENT, Role.CONDITION) and not _OF_ANY_TRADE.search(m.text) for m in found)

    def of(self, role: Role) -> list[str]:
        """What the thread says of a role: the last question, what the topic names too first, else the topic.

        A question need not share the topic's population, nor, where it asks about kidneys or liver, its condition.
        """
        if role is Role.NAME and self.topic and len(self.topic.split()) <= LONGEST_NAME:
            return [self.topic]
        last = mentions(self.question)
        apart = role is Role.POPULATION or (
            role is Role.CONDITION
            and any(kind_of_people(mention.text) == "organ" for mention in last if mention.role is Role.POPULATION)
        )
        topic = identities(self.topic)
        asked = sorted(texts_of(role, last), key=lambda text: not identities(text) <= topic) if topic else texts_of(role, last)
        return asked or ([] if apart else texts_of(role, mentions(self.topic)))

    def carried(self, role: Role) -> list[str]:
        """What a question that names nothing of a role takes over: two at most, of treatments that are not weighed one."""
        named = self.of(role) if self.clinical or (self.topic and role is not Role.POPULATION) else []
        return named[:2] if role is not Role.TREATMENT or EITHER.search(self.question) else named[:1]
