"""Whether it is clear what a question asks about, once what its words find is known; if not, the reader is asked back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ragqa.evidence.sources import Retrieved
from ragqa.language.abbreviations import known_abbreviations
from ragqa.language.concepts import links
from ragqa.language.lexicon import lexicon
from ragqa.language.vocabulary import vocabulary
from ragqa.question.query import Query
from ragqa.question.refusal import REFUSALS, Refusal, Status
from ragqa.question.understanding import Understanding


def unclear(query: Query, retrieved: Retrieved) -> Refusal | None:
    """Ask back about a question that neither itself nor anything before it makes clear; None when it is clear."""
    if torn := _torn(query.text):
        return torn
    if query.reading.is_follow_up:
        return None
    refusal = ask_back(
        query.text,
        query.understanding,
        query.vocabulary.rarity,
        lambda text: any(text in hit.passage.text for hit in retrieved.hits),
        retrieved.nearest_articles,
        query.reading.unnamed,
    )
    if refusal is not None and not query.refers_back and not query.is_medical(query.text):
        return Refusal(status=Status.OUT_OF_SCOPE, message=REFUSALS["other"])
    return refusal


def _torn(question: str) -> Refusal | None:
    """Ask back about a name of which the words beside it speak for two meanings; None where they do not."""
    for link in links(question):
        if 1 < len(link.concepts) < len(vocabulary().meanings(link.text)):
            return _which(question, link.text, tuple(concept.name for concept in link.concepts))
    return None


def _which(question: str, name: str, meanings: Sequence[str]) -> Refusal:
    return Refusal(
        status=Status.NEEDS_CLARIFICATION,
        message=f"{name} can mean {', '.join(meanings[:-1])} or {meanings[-1]}. Ask again with the one you mean.",
        alternatives=tuple(re.sub(rf"\b{re.escape(name)}\b", meaning, question) for meaning in meanings),
    )


def ask_back(
    question: str,
    reading: Understanding,
    rarity: Callable[[str], float],
    known: Callable[[str], bool],
    nearest: Sequence[str],
    unnamed: str = "",
) -> Refusal | None:
    """Ask back when a question names no subject, or only an abbreviation with several meanings; None when it is clear.

    ``rarity`` as ``Reranker.rarity``; ``known`` says whether the sources searched use a text; ``nearest`` are the titles of
    the nearest articles, offered as alternatives; ``unnamed`` are words that point to something nobody named ("this drug").
    """
    if unnamed and not any(rarity(word) >= SUBJECT for word in _WORDS.findall(question.partition(unnamed)[0] + unnamed)):
        return Refusal(
            status=Status.NEEDS_CLARIFICATION,
            message=f'Nothing said before tells what "{unnamed}" is. Ask again naming it, or choose one of these.',
            alternatives=tuple(nearest),
        )
    if len(question.split()) > LONGEST_UNCLEAR:
        return None
    short = {a: meanings for a, meanings in known_abbreviations(question).items() if len(meanings) > 1}
    words = [word for word in _WORDS.findall(question) if word not in short and rarity(word) >= SUBJECT]
    others = [word for word in words if not _EVERYDAY.fullmatch(word)]
    plain = [subject for subject in reading.subjects if subject not in short and subject not in reading.populations]
    for abbreviation, meanings in short.items():
        if not others and not plain and not known(f"({abbreviation})"):
            return _which(question, abbreviation, meanings)
    if plain or others or short:
        return None
    return Refusal(
        status=Status.NEEDS_CLARIFICATION,
        message=(
            "The question names no drug, condition or treatment, and nothing before it says which is meant. "
            "Ask again with its subject, or choose one of these."
        ),
        alternatives=tuple(nearest),
    )


_WORDS = re.compile(r"[\w-]+")
LONGEST_UNCLEAR = 9
"""Words; by hand: a longer question says what it is about in some way, and the search may find it."""
SUBJECT = 0.8
"""Rarity in general English from which a word is taken to name a subject; by hand."""
_EVERYDAY = re.compile(rf"(?:{lexicon('question', 'terms')['everyday'].pattern})", re.IGNORECASE)
"""Rare in general English and yet naming no subject: every drug has them."""
