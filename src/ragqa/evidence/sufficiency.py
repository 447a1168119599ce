"""Is the evidence enough to answer? How much of the question the sources hold, and how well their best sentence answers it.

A similarity alone waves near misses through (right drug, wrong population), so the question's telling words and its subjects
(conditions, populations, interventions) must be found in one source. See docs/decisions/0006-abstention.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ragqa.corpus.records import Article
from ragqa.index import Generation
from ragqa.language.concepts import Understanding, age_group, both_spellings
from ragqa.models import Reranker
from ragqa.retrieval.ranking import Hit

# Learned by `eval/calibrate.py`; see docs/decisions/0006-abstention.md.
WEIGHTS = (
    {"logit": 0.371, "coverage": 8.029, "similarity": 23.821, "subjects": 4.836, "bias": -30.086},
    {"logit": 0.111, "coverage": 2.996, "similarity": 9.82, "subjects": 0.772, "bias": -10.538},
)
"""Logistic weights over the features of ``Sufficiency``: beside approved articles, and where the evidence is studies alone."""
LOWEST, HIGHEST = -12.0, 12.0
"""Logits beyond any that the cross-encoder gives."""
HOPELESS = 0.1
"""Share of what is enough that the best judgment must be able to reach, or no sentence is judged at all."""
TELLING = 0.4
"""Rarity from which a missing word is worth naming to the reader."""

_WORD = re.compile(r"\w+")
_OF_THE_TRADE = re.compile(
    r"(?:effective|efficacy|evidence|stud|trial|patient|adult|treat|therap|recommend|compar|placebo|random|clinical|dos(?:e|ing|age)|"
    r"symptom|medic|drug|diagnos)\w*",
    re.IGNORECASE,
)
"""Words every question and source of this field may hold; they tell no source from another."""
_OF_ASKING = re.compile(
    r"(?:describ\w+|list|explain|name[ds]?|mechanisms?|actions?|alternatives?|defin\w+|roles?|functions?|types?|kinds?|main|known|"
    r"current(?:ly)?|happens?|means?|meaning|stands?|please|examples?|mentioned|involved?|used?|available)",
    re.IGNORECASE,
)
"""Words that say what is wanted of a subject; a source that answers seldom repeats them."""
PIECE = 0.3
"""What each further word piece adds to a word's weight: the more pieces a name is made of, the fewer things bear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sufficiency:
    """Whether the evidence answers the question: ``probability`` from four features, and what nothing covered.

    ``logit`` is the best cross-encoder judgment, LOWEST before anything is judged; ``coverage`` the weighted share of the
    question's terms in the best source, ``similarity`` the best cosine between question and sentence, ``subjects`` 1 when the
    best source holds all of the question's subjects, else 0; ``studies_alone`` whether no approved article is among the hits.
    """

    coverage: float
    similarity: float
    subjects: float
    studies_alone: bool
    missing: tuple[str, ...]
    logit: float = LOWEST

    def hopeless(self, enough: float) -> bool:
        """Whether not even the best judgment would come near ``enough``: judging costs more than all the rest of an answer."""
        return replace(self, logit=HIGHEST).probability < HOPELESS * enough

    @property
    def probability(self) -> float:
        """Probability that a clinician would find the question answered here."""
        weights = WEIGHTS[self.studies_alone]
        total = weights["bias"] + sum(weights[name] * value for name, value in self.features().items())
        return float(1 / (1 + np.exp(-total)))

    def features(self) -> dict[str, float]:
        """What the probability is computed from, by name."""
        return {"logit": self.logit, "coverage": self.coverage, "similarity": self.similarity, "subjects": self.subjects}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of the question: its index terms, how rare it is in general English, 0..1, and what it counts for in coverage."""

    word: str
    stems: tuple[str, ...]
    rarity: float
    weight: float


def question_terms(question: str, generation: Generation, reranker: Reranker) -> list[Term]:
    """The question's words that a source should hold, each once.

    Their weight is read off the model's vocabulary, not the corpus: an answer must not move with documents it does not rest on.
    """
    words = (word for word in _WORD.findall(question) if not _OF_THE_TRADE.fullmatch(word) and not _OF_ASKING.fullmatch(word))
    terms = []
    for word in dict.fromkeys(words):
        if stems := tuple(generation.terms(word)):
            rarity = reranker.rarity(word)
            weight = rarity**2 * (1 + PIECE * (reranker.pieces(word) - 1))
            terms.append(Term(word=word, stems=stems, rarity=rarity, weight=weight))
    return terms


def coverage(terms: Sequence[Term], text: str, generation: Generation) -> float:
    """Share of the terms' weight found in a text, 0..1; 1 when the question has no such terms."""
    total = sum(term.weight for term in terms)
    if not total:
        return 1.0
    held = _held(text, generation)
    return sum(term.weight for term in terms if _holds(held, term.stems)) / total


def sufficiency(
    terms: Sequence[Term],
    understanding: Understanding,
    hits: Sequence[Hit],
    similarities: Sequence[float],
    generation: Generation,
    new: Sequence[Term],
) -> Sufficiency:
    """Measure the evidence before it is judged; ``similarities`` are those of the candidate sentences with the question.

    ``new`` are the terms of a follow-up as it was asked: what it takes over from the conversation does not make up for them.
    """
    sources = source_texts(hits, generation).values()
    held = _held(max(sources, key=lambda text: coverage(terms, text, generation), default=""), generation)
    lacking = [subject for subject in understanding.subjects if not _holds(held, _subject_stems(subject, generation))]
    words = [term.word for term in terms if term.rarity >= TELLING and not _holds(held, term.stems)]
    named = {word.lower() for subject in lacking for word in _WORD.findall(subject)}
    return Sufficiency(
        coverage=max(
            ((2 * coverage(terms, text, generation) + coverage(new, text, generation)) / 3 for text in sources), default=0.0
        ),
        similarity=max(similarities, default=0.0),
        subjects=float(not lacking),
        studies_alone=studies_alone(hits, generation),
        missing=tuple(dict.fromkeys([*lacking, *(word for word in words if word.lower() not in named)])),
    )


def source_texts(hits: Sequence[Hit], generation: Generation) -> dict[str, str]:
    """Title and retrieved passages of each source, by id, best source first."""
    sources: dict[str, str] = {}
    for hit in hits:
        source = hit.passage.source_id
        sources[source] = f"{sources.get(source) or generation.record(source).title or ''} {hit.passage.text}"
    return sources


def studies_alone(hits: Sequence[Hit], generation: Generation) -> bool:
    """Whether no approved article is among the hits: the evidence is studies alone."""
    return not any(isinstance(generation.record(hit.passage.source_id), Article) for hit in hits)


def on_the_subjects(understanding: Understanding, hits: Sequence[Hit], generation: Generation) -> set[str]:
    """The sources that hold as many of the question's subjects as any source does."""
    stems = [_subject_stems(subject, generation) for subject in understanding.subjects]
    counts = {}
    for source, text in source_texts(hits, generation).items():
        held = _held(text, generation)
        counts[source] = sum(_holds(held, subject) for subject in stems)
    return {source for source, count in counts.items() if count == max(counts.values())}


def _held(text: str, generation: Generation) -> set[str]:
    return set(generation.terms(both_spellings(text)))


def _subject_stems(subject: str, generation: Generation) -> tuple[str, ...]:
    """Stems of a subject's words; a stated age stands for its age group, which is what sources name."""
    return tuple(generation.terms(age_group(subject) or subject))


def _holds(held: set[str], stems: Sequence[str]) -> bool:
    """Each stem itself, or one that differs only in its ending (pregnant, pregnancy)."""
    return all(stem in held or _same_root(held, stem) for stem in stems)


def _same_root(held: set[str], stem: str) -> bool:
    root = stem[: max(5, round(0.7 * len(stem)))]
    return len(stem) > 5 and any(other.startswith(root) for other in held)
