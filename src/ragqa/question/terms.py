"""The words of a question that a source should hold, and what each counts for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ragqa.language.abbreviations import both_spellings
from ragqa.language.lexicon import lexicon
from ragqa.language.scales import EXCLUDING, Band, places
from ragqa.models import Reranker
from ragqa.question.naming import Naming, named
from ragqa.question.replacing import replaced
from ragqa.question.shorthand import expanded
from ragqa.question.studies import Credited, Uses, nobody

_WORD = re.compile(r"\w+")
_WORDS = lexicon("question", "terms")
_OF_THE_TRADE = re.compile(rf"(?:{_WORDS['of_the_trade'].pattern})\w*", re.IGNORECASE)
"""Words every question and source of this field may hold; they tell no source from another."""
_OF_ASKING = re.compile(rf"(?:{_WORDS['of_asking'].pattern}|{_WORDS['of_telling'].pattern})", re.IGNORECASE)
"""Words that say what is wanted of a subject, or who asked for it and how; a source that answers seldom repeats them."""
PIECE = 0.3
"""What each further word piece adds to a word's weight: the more pieces a name is made of, the fewer things bear it.
By hand; `eval/learn/calibrate.py` fits what coverage then counts for."""

Stems = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of the question: its index terms, how rare it is in general English, 0..1, and what it counts for in coverage."""

    word: str
    stems: tuple[str, ...]
    rarity: float
    weight: float


class Vocabulary:
    """Words as the index stems them and as the reranker's vocabulary ranks them."""

    def __init__(
        self,
        stems: Callable[[str], list[str]],
        reranker: Reranker,
        uses: Uses = str.isalpha,
        credited: Credited = nobody,
    ) -> None:
        """``stems`` gives the index terms of a text; ``uses`` tells whether a source uses a word, ``credited`` who goes by a
        name."""
        self.stems = stems
        self._uses, self._credited = uses, credited
        self._named: dict[str, Naming] = {}
        self._terms: dict[str, Term | None] = {}
        self.rarity = reranker.rarity
        self._pieces = reranker.pieces

    def named(self, question: str) -> Naming:
        """A question in the names that sources use."""
        if question not in self._named:
            self._named[question] = named(question, self._uses, self._credited)
        return self._named[question]

    def searched(self, question: str) -> str:
        """A question in the words of sources: names, shorthand written out, figures of a patient beside their band."""
        return expanded(self.named(question).text)

    def held(self, text: str) -> Stems:
        """The index terms that a text holds, in British and American spelling."""
        return frozenset(self.stems(both_spellings(text)))

    def terms(self, text: str) -> tuple[Term, ...]:
        """A question's words that a source should hold, each once; the figures of its patient are no such words.

        Their weight is read off the model's vocabulary, not the corpus: an answer must not move with documents it does not
        rest on.
        """
        words = (
            word
            for word in _WORD.findall(replaced(text, [(place.start, place.end, " ") for place in _figures(text)]))
            if not _OF_THE_TRADE.fullmatch(word) and not _OF_ASKING.fullmatch(word)
        )
        return tuple(term for word in dict.fromkeys(words) if (term := self._term(word)))

    def _term(self, word: str) -> Term | None:
        """A word as a term, None for one that the index leaves out; remembered, as a question asks again for its own."""
        if word not in self._terms:
            stems, rarity = tuple(self.stems(word)), self.rarity(word)
            weight = rarity**2 * (1 + PIECE * (self._pieces(word) - 1))
            self._terms[word] = Term(word=word, stems=stems, rarity=rarity, weight=weight) if stems else None
        return self._terms[word]


def _figures(text: str) -> list[Band]:
    """The places that a text gives in figures: a source names the band that one lies in, not the figure."""
    return [place for place in places(text) if place.scale in EXCLUDING and not place.by_name]
