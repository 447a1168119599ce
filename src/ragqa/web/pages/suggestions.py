"""Questions to ask next, each of which was asked and answered: what nearby articles ask, and what this one names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.answer import Answer, Status
from ragqa.errors import ServingError
from ragqa.question import Role, mentions
from ragqa.records import Article, Asked
from ragqa.web.admission import Priority
from ragqa.web.engine import Engine

MOST, TRIED = 4, 12
"""Questions shown, and questions asked at most to find them."""
_DOSE = re.compile(r"\b\d+(?:\.\d+)? ?m?c?g\b")
_HARM = re.compile(
    r"\b(?:adverse|side effects?|tolera\w+|weight|mortality|dropped? out|dissociation|errors|safety|harms?)\b", re.IGNORECASE
)
_COMPARED = re.compile(r"\b(?:compared with|versus|than|against|no better|placebo)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A question worth trying, and whether an answer to it says what it asks for."""

    question: str
    answered_by: Callable[[Answer], bool]


class Suggestions:
    """Verified questions by generation and article, found once and remembered while that generation is live."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}

    def known(self, generation: str, slug: str) -> tuple[str, ...]:
        """What was found before; empty where nobody looked yet."""
        return self._found.get((generation, slug), ())

    async def find(self, engine: Engine, generation: str, article: Article, others: Sequence[Article]) -> tuple[str, ...]:
        """Ask the candidates of an article until enough are answered; when the server is busy, as many as were found so far."""
        key = (generation, article.slug)
        if key in self._found:
            return self._found[key]
        answers: dict[str, Answer] = {}
        for candidate in candidates(article, others)[:TRIED]:
            try:
                answer = await engine.ask(Asked(question=candidate.question, article=article.slug), priority=Priority.IDLE)
            except ServingError:
                return tuple(answers)
            if answer.status is Status.ANSWERED and candidate.answered_by(answer) and _new(answer, answers.values()):
                answers[candidate.question] = answer
            if len(answers) == MOST:
                break
        self._found = {old: found for old, found in self._found.items() if old[0] == generation}
        self._found[key] = tuple(answers)
        return self._found[key]


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
