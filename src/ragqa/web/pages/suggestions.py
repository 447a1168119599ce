"""Questions to ask next, each of which was asked and answered: nearby articles' own questions, and questions on what the article names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ragqa.answer import Answer, Status
from ragqa.errors import RagqaError
from ragqa.question import Role, mentions
from ragqa.records import Article, Asked
from ragqa.web.engine import Engine

MOST, TRIED = 4, 12
"""Questions shown, and questions asked at most to find them."""
_DOSE = re.compile(r"\b\d+(?:\.\d+)? ?m?c?g\b")
_HARM = re.compile(r"\b(?:adverse|side effects?|tolera\w+|weight|mortality|dropped? out|dissociation|errors)\b", re.IGNORECASE)
_COMPARED = re.compile(r"\b(?:compared with|versus|than placebo|against)\b", re.IGNORECASE)


class Suggestions:
    """Verified questions by generation and article, found once and remembered while that generation is live."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}

    def known(self, generation: str, slug: str) -> tuple[str, ...]:
        """What was found before; empty where nobody looked yet."""
        return self._found.get((generation, slug), ())

    async def find(self, engine: Engine, generation: str, article: Article, others: Sequence[Article]) -> tuple[str, ...]:
        """Ask the candidates of an article until enough are answered. Raises as ``Engine.ask``."""
        key = (generation, article.slug)
        if key not in self._found:
            answered: dict[str, Answer] = {}
            for question in candidates(article, others)[:TRIED]:
                try:
                    answer = await engine.ask(Asked(question=question, article=article.slug))
                except RagqaError:
                    break  # busy or stopping: what was found so far will do, and is not remembered
                if answer.status is Status.ANSWERED and _new(answer, answered.values()):
                    answered[question] = answer
                if len(answered) == MOST:
                    break
            else:
                self._remember(key, tuple(answered))
                return tuple(answered)
            if len(answered) == MOST:
                self._remember(key, tuple(answered))
            return tuple(answered)
        return self._found[key]

    def _remember(self, key: tuple[str, str], questions: tuple[str, ...]) -> None:
        self._found = {old: found for old, found in self._found.items() if old[0] == key[0]}  # another generation is gone
        self._found[key] = questions


def candidates(article: Article, others: Sequence[Article]) -> list[str]:
    """Questions worth trying: about what the article names, then what the articles nearest to it ask, in turn."""
    own, near = list(dict.fromkeys(_about(article))), [other.title for other in nearby(article, others)]
    mixed = [question for pair in zip(own, near, strict=False) for question in pair]
    return list(dict.fromkeys([*mixed, *own[len(near) :], *near[len(own) :]]))


def nearby(article: Article, others: Sequence[Article]) -> list[Article]:
    """Other articles by how many topics and sources they share with this one, the nearest first; those that share none are left out."""
    shared = {
        other.slug: 3 * len(set(article.topics) & set(other.topics)) + len(set(article.citations) & set(other.citations))
        for other in others
        if other.slug != article.slug
    }
    near = [other for other in others if shared.get(other.slug)]
    return sorted(near, key=lambda other: (-shared[other.slug], other.slug))


def _about(article: Article) -> Iterator[str]:
    """Questions on the treatments that the article names most, in the condition it is about."""
    condition = next((m.text for m in mentions(article.title) if m.role is Role.CONDITION), None)
    if condition is None:
        return
    for treatment in _treatments(article)[:3]:
        told = " ".join(line for line in re.split(r"(?<=[.\]])\s", article.text) if treatment.casefold() in line.casefold())
        if _DOSE.search(told):
            yield f"What dose of {treatment} was tested in {condition}?"
        if _HARM.search(told):
            yield f"What adverse effects did {treatment} have in {condition}?"
        if _COMPARED.search(told):
            yield f"How does {treatment} compare with placebo or other treatments in {condition}?"


def _treatments(article: Article) -> list[str]:
    """Treatments of title and text, the most often named first, each in its longest spelling out of the first sentence naming it."""
    named = [m.text for text in (article.title, article.text) for m in mentions(text) if m.role is Role.TREATMENT]
    counts: dict[str, int] = {}
    for name in named:
        folded = name.casefold()
        counts[folded] = counts.get(folded, 0) + 1
    spelled = {name.casefold(): name for name in reversed(named)}
    return [_spelled(spelled[name]) for name in sorted(counts, key=lambda name: -counts[name])]


def _spelled(name: str) -> str:
    """Lower-case unless it is an abbreviation: it stands inside a question."""
    return name if name.isupper() or any(letter.isupper() for letter in name[1:]) else name[0].lower() + name[1:]


def _new(answer: Answer, others: Sequence[Answer] | object) -> bool:
    """Whether an answer says something that no answer before it opened with."""
    first = answer.statements[0].text
    return all(first != other.statements[0].text for other in others)  # type: ignore[attr-defined]
