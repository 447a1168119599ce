"""Questions to ask next, each of which was asked and answered: what nearby articles ask, and what this one names."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.answer.contract import Answer
from ragqa.corpus.records import Article
from ragqa.errors import RagqaError
from ragqa.language.concepts import Role, mentions
from ragqa.language.lexicon import lexicon
from ragqa.question.asked import Asked
from ragqa.question.refusal import Status
from ragqa.web.admission import Priority
from ragqa.web.engine import Engine

MOST, TRIED = 4, 12
"""Questions shown, and questions asked at most to find them."""
AGAIN = 60.0
"""Seconds until a search that could not be finished, for a busy server mostly, is tried again."""
log = logging.getLogger("ragqa.web.suggestions")
Key = tuple[str, str]
"""Generation and slug."""
_DOSE = re.compile(r"\b\d+(?:\.\d+)? ?m?c?g\b")
_LISTS = lexicon("web", "evidence")
_HARM, _COMPARED = (re.compile(rf"\b(?:{_LISTS[name].pattern})\b", re.IGNORECASE) for name in ("harm", "compared"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A question worth trying, and whether an answer to it says what it asks for."""

    question: str
    answered_by: Callable[[Answer], bool]


class Suggestions:
    """Verified questions by generation and article. One search at a time in the whole server, and each is made once.

    What a search found, nothing included, is remembered while its generation is live; a search that could not be finished is
    remembered for AGAIN seconds, with what it had found by then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._found: dict[Key, tuple[str, ...]] = {}
        self._unfinished: dict[Key, tuple[float, tuple[str, ...]]] = {}
        self._search: asyncio.Task[None] | None = None

    def known(self, generation: str, slug: str) -> tuple[str, ...] | None:
        """What was found before; None where nobody has looked yet."""
        key = (generation, slug)
        if key in self._unfinished:
            until, found = self._unfinished[key]
            if self.clock() < until:
                return found
            del self._unfinished[key]
        return self._found.get(key)

    @property
    def searching(self) -> bool:
        """Whether a search is under way, for whichever article."""
        return self._search is not None and not self._search.done()

    async def find(self, engine: Engine, generation: str, article: Article, others: Sequence[Article]) -> None:
        """Search for an article's questions, unless they are known or another search is under way.

        The search goes on where whoever began it went away.
        """
        if self.searching or self.known(generation, article.slug) is not None:
            return
        self._search = asyncio.create_task(self._look(engine, generation, article, others))
        await asyncio.shield(self._search)

    async def _look(self, engine: Engine, generation: str, article: Article, others: Sequence[Article]) -> None:
        key, answers = (generation, article.slug), dict[str, Answer]()
        try:
            for candidate in (await asyncio.to_thread(candidates, article, others))[:TRIED]:
                answer = await _asked(engine, Asked(question=candidate.question, article=article.slug))
                if answer.status is Status.ANSWERED and candidate.answered_by(answer) and _new(answer, answers.values()):
                    answers[candidate.question] = answer
                if len(answers) == MOST:
                    break
        except (RagqaError, OSError, sqlite3.Error) as error:
            log.warning("questions beside an article are looked for again in %s s: %s", AGAIN, type(error).__name__)
            self._unfinished[key] = (self.clock() + AGAIN, tuple(answers))
            return
        for known in (self._found, self._unfinished):
            for old in [old for old in known if old[0] != generation]:
                del known[old]
        self._found[key] = tuple(answers)


async def _asked(engine: Engine, asked: Asked) -> Answer:
    """The answer to a question of a suggestion, as idle work: no reader waits for it."""
    return await engine.ask(asked, priority=Priority.IDLE)


def candidates(article: Article, others: Sequence[Article]) -> list[Candidate]:
    """Questions worth trying: about what the article names and, in turn, what the articles nearest to it ask."""
    own, near = list(_about(article)), [_of(other) for other in nearby(article, others)]
    mixed = [candidate for pair in zip(own, near, strict=False) for candidate in pair]
    ordered = [*mixed, *own[len(near) :], *near[len(own) :]]
    return list({candidate.question: candidate for candidate in reversed(ordered)}.values())[::-1]


def nearby(article: Article, others: Sequence[Article]) -> list[Article]:
    """Other articles by how many topics and sources they share with this one, nearest first; without those that share none."""
    shared = {
        other.slug: 3 * len(set(article.topics) & set(other.topics)) + len(set(article.citations) & set(other.citations))
        for other in others
        if other.slug != article.slug
    }
    near = [other for other in others if shared.get(other.slug)]
    return sorted(near, key=lambda other: (-shared[other.slug], other.slug))


def _of(other: Article) -> Candidate:
    """What another article asks; an answer to it rests on that article."""
    return Candidate(
        question=other.title, answered_by=lambda answer: other.id in (reference.source_id for reference in answer.references)
    )


def _about(article: Article) -> Iterator[Candidate]:
    """Questions on the treatments that the article names most, in the condition it is about."""
    named = [mention.text for mention in mentions(article.title) if mention.role is Role.CONDITION]
    condition = next(iter([*named, *article.topics]), None)
    if condition is None:
        return
    for treatment in _treatments(article, condition)[:3]:
        verb = "do" if treatment.endswith("s") else "does"
        told = " ".join(line for line in re.split(r"(?<=[.\]])\s", article.text) if treatment.casefold() in line.casefold())
        for question, pattern in (
            (f"What dose of {treatment} was tested in {condition}?", _DOSE),
            (f"What adverse effects did {treatment} have in {condition}?", _HARM),
            (f"How {verb} {treatment} compare with placebo or other treatments in {condition}?", _COMPARED),
        ):
            if pattern.search(told):
                yield Candidate(question=question, answered_by=_says(pattern, treatment))


def _says(pattern: re.Pattern[str], treatment: str) -> Callable[[Answer], bool]:
    """Whether a statement that names the treatment says what was asked for."""
    name = treatment.casefold()
    return lambda answer: any(pattern.search(s.text) and name in s.text.casefold() for s in answer.statements)


def _treatments(article: Article, condition: str) -> list[str]:
    """Treatments of title and text, the most often named first, in the spelling of their first mention."""
    named = [m.text for text in (article.title, article.text) for m in mentions(text) if m.role is Role.TREATMENT]
    spelled = {name.casefold(): name for name in reversed(named) if name.casefold() != condition.casefold()}
    counts = Counter(name.casefold() for name in named)
    return [_spelled(spelled[name]) for name, _ in counts.most_common() if name in spelled]


def _spelled(name: str) -> str:
    """In lower case unless it is an abbreviation: it stands inside a question."""
    return name if any(letter.isupper() for letter in name[1:]) else name[0].lower() + name[1:]


def _new(answer: Answer, others: Iterable[Answer]) -> bool:
    """Whether an answer opens with what no answer before it opened with."""
    return all(answer.statements[0].text != other.statements[0].text for other in others)
