"""A question as everything after the question's room sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from ragqa.language.about import About, Concepts, asked_about
from ragqa.language.concepts import links
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import Quantity, masses
from ragqa.language.scales import Scale, places
from ragqa.language.sentences import asking
from ragqa.language.vocabulary import Kind, vocabulary
from ragqa.models import Vectors
from ragqa.question.asked import Turn
from ragqa.question.followup import Reading, refers_back
from ragqa.question.naming import without_names
from ragqa.question.refusal import SEARCHED, Refusal
from ragqa.question.replacing import replaced
from ragqa.question.studies import NamedStudy
from ragqa.question.terms import Term, Vocabulary
from ragqa.question.triage import outside
from ragqa.question.understanding import QuestionType, Understanding
from ragqa.settings import Audience

_WORDS = lexicon("question", "pico")
_IN_A_STUDY = re.compile(rf"\b(?:{_WORDS['in_a_study'].pattern})\b", re.IGNORECASE)
_AGAINST = re.compile(rf"or|{_WORDS['comparators'].pattern}", re.IGNORECASE)
_A_NAME = re.compile(r"[^\W\d_][^\W\d_A-Z]{3,}")
STRANGE = 0.9
"""Rarity in general English from which a word in no dictionary is taken for a name; by hand."""
_OF_A_STORY = frozenset(Kind) - {Kind.POPULATION}
ORGANS = (Scale.KIDNEY, Scale.LIVER)
OF_A_DRUG = frozenset({QuestionType.DOSE, QuestionType.SAFETY, QuestionType.CONTRAINDICATION, QuestionType.MECHANISM})


def _nothing() -> Vectors:
    return np.empty((0, 0), np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """A question as it was asked, without identifiers, and as it is understood, with all that decides what is searched for.

    ``vector`` is the embedding of ``searched``, shape (1, dimension), by the model with this ``fingerprint``; empty in a query
    that only the wording was read of. ``preferred`` are ids of sources: the article being read, what it cites, what was just
    cited. ``wanted`` is how the reader wants it understood, where it was read wrongly before; ``removed`` names the kinds of
    identifiers taken out. With a ``refusal`` nothing is searched for.
    """

    asked: str
    reading: Reading
    understanding: Understanding
    audience: Audience
    vocabulary: Vocabulary
    turns: tuple[Turn, ...] = ()
    article: str | None = None
    wanted: str | None = None
    removed: tuple[str, ...] = ()
    preferred: frozenset[str] = frozenset()
    vector: Vectors = field(default_factory=_nothing)
    fingerprint: str = ""
    refusal: Refusal | None = None
    share: int = 1
    """How many questions one answer has to answer, of which this is one."""
    carries: bool = True
    """Whether words taken over from the conversation count for covering the question."""
    calm: bool = False
    """Whether a clinician said that it is no emergency."""

    @property
    def text(self) -> str:
        """The question as understood, which stands alone."""
        return self.reading.text

    @property
    def searched(self) -> str:
        """The question as understood, in the words of sources."""
        return self.vocabulary.searched(self.text)

    @cached_property
    def point(self) -> str:
        """What is asked, in the words of sources: of a story the sentences that ask, with the names of the rest behind them."""
        whole = self.searched
        question = asking(whole)
        own = {concept for link in links(question) for concept in link.concepts}
        if not own or len(question) == len(whole.strip()):
            return whole
        story = [link for link in links(whole) if link.concept.kind in _OF_A_STORY and own.isdisjoint(link.concepts)]
        names = ", ".join(dict.fromkeys(link.text for link in story))
        return f"{question} ({names})" if names else question

    @property
    def readings(self) -> tuple[str, ...]:
        """Wordings to search for, the likeliest first: a follow-up as understood and as it was asked."""
        return (self.searched, self.vocabulary.searched(self.asked)) if self.reading.is_follow_up else (self.searched,)

    @cached_property
    def studies(self) -> tuple[NamedStudy, ...]:
        """The studies that it calls by name."""
        return self.vocabulary.named(self.text).studies

    @property
    def called(self) -> frozenset[str]:
        """Ids of the records that it calls by name."""
        return frozenset(id_ for study in self.studies for id_ in study.ids)

    @property
    def guessed(self) -> tuple[tuple[str, str], ...]:
        """Misspelt words with the name that each was read as."""
        return self.vocabulary.named(self.text).guessed

    def about(self, within: Concepts) -> About:
        """The concepts that the question as understood asks about, where sources are about ``within``.

        A stage of organ function is a place on a scale, no disease.
        """
        text = self.vocabulary.named(self.text).text
        stages = [(place.start, place.end, " ") for place in places(text) if place.scale in ORGANS]
        return asked_about(replaced(text, stages), within)

    @property
    def of_a_drug(self) -> bool:
        """Whether it asks what a drug is and does, which no disease changes: a record's disease narrows no such fact. What was
        done in a study is none."""
        of_a_drug = self.understanding.question_type in OF_A_DRUG or any(place.scale in ORGANS for place in places(self.searched))
        return of_a_drug and not _IN_A_STUDY.search(self.searched)

    @property
    def doses(self) -> tuple[Quantity, ...]:
        """The doses that it holds against one another."""
        told = masses(self.searched)
        against = [pair for pair in pairwise(told) if _AGAINST.fullmatch(self.searched[pair[0].end : pair[1].start].strip())]
        return tuple(dict.fromkeys(dose for pair in against for dose in pair))

    def wording(self, concepts: Concepts) -> tuple[str, ...]:
        """What the question calls these concepts, in its order."""
        told = (link.text for link in links(self.vocabulary.named(self.text).text) if not concepts.isdisjoint(link.concepts))
        return tuple(dict.fromkeys(told))

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The words that a source should hold."""
        return self.vocabulary.terms(self.searched)

    @cached_property
    def words(self) -> tuple[Term, ...]:
        """The words that a source should hold, beside the names of what it is about."""
        return self.vocabulary.terms(without_names(self.point))

    @cached_property
    def own_words(self) -> tuple[Term, ...]:
        """As ``words``, of a follow-up those of the question as it was asked."""
        return (
            self.vocabulary.terms(without_names(self.vocabulary.searched(self.asked)))
            if self.reading.is_follow_up
            else self.words
        )

    @cached_property
    def strange(self) -> tuple[Term, ...]:
        """The words that no dictionary holds: names of people, trials and places."""
        known = vocabulary().english
        return tuple(
            term for term in self.words if _A_NAME.fullmatch(term.word) and term.rarity >= STRANGE and not known(term.word)
        )

    @property
    def refers_back(self) -> bool:
        """Whether a pronoun in it stands for something said before."""
        return refers_back(self.text)

    def is_medical(self, wording: str) -> bool:
        """Whether this wording of the question is a medical one at all, asked where nothing answers it; a follow-up that took
        over words of a question that was searched for is.
        """
        if self.called:
            return True
        took_over = self.reading.is_follow_up and self.text != self.asked
        if took_over and self.turns and self.turns[-1].status in SEARCHED:
            return True
        return outside(wording, self.vector, self.fingerprint) != "other"
