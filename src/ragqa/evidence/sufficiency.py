"""Is the evidence enough to answer? How much of the question the sources hold, and how well their best sentence answers it.

A similarity alone waves near misses through, so the concepts that the question asks about must be met (``fitting``), and the
words beside them found in one source. See docs/decisions/0006-abstention.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragqa.evidence.coverage import coverage, holds
from ragqa.evidence.sources import Retrieved
from ragqa.models import sigmoid
from ragqa.question.query import Query
from ragqa.question.terms import Stems

BESIDE_ARTICLES = {"logit": 0.37, "coverage": 1.382, "similarity": 13.968, "subjects": 4.903, "bias": -16.536}
STUDIES_ALONE = {"logit": 0.103, "coverage": 2.369, "similarity": 8.395, "subjects": 0.988, "bias": -9.078}
"""Logistic weights over the features of ``Sufficiency``, where an approved article is among the hits and where none is; fitted
by `eval/learn/calibrate.py` (docs/decisions/0006-abstention.md)."""
LOWEST, HIGHEST = -12.0, 12.0
"""Logits beyond any that the cross-encoder gives; by hand."""
HOPELESS = 0.1
"""Share of ``abstain_below`` that the best judgment must be able to reach, or no sentence is judged at all; by hand: so that no
setting down to a tenth of the one in force would decide otherwise."""
TELLING = 0.4
"""Rarity from which a missing word is worth naming to the reader; by hand."""

_NOTHING: Stems = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sufficiency:
    """Whether the evidence answers the question: ``probability`` from four features, and what nothing covered.

    ``logit`` is the best cross-encoder judgment, LOWEST before anything is judged; ``coverage`` the weighted share of the
    question's words beside the names in it in the best source, ``similarity`` the best cosine between question and sentence,
    ``subjects`` the share of the concepts asked about that sentences are about; ``studies_alone`` whether no approved article
    is among the hits.
    """

    coverage: float
    similarity: float
    subjects: float
    studies_alone: bool
    missing: tuple[str, ...]
    logit: float = LOWEST

    def hopeless(self, abstain_below: float) -> bool:
        """Whether not even the best judgment would come near: judging costs more than all the rest of an answer."""
        return replace(self, logit=HIGHEST).probability < HOPELESS * abstain_below

    @property
    def probability(self) -> float:
        """Probability that a clinician would find the question answered here."""
        weights = STUDIES_ALONE if self.studies_alone else BESIDE_ARTICLES
        return sigmoid(weights["bias"] + sum(weights[name] * value for name, value in self.features().items()))

    def features(self) -> dict[str, float]:
        """What the probability is computed from, by name."""
        return {"logit": self.logit, "coverage": self.coverage, "similarity": self.similarity, "subjects": self.subjects}


def sufficiency(
    query: Query, retrieved: Retrieved, similarities: Sequence[float], met: float, lacking: Sequence[str]
) -> Sufficiency:
    """Measure the evidence before it is judged; ``similarities`` are those of the candidate sentences with the question,
    ``met`` is the share of the concepts asked about that sentences are about, ``lacking`` what the question calls the others.

    Of a follow-up its own words make up a third of the coverage (by hand: docs/decisions/0011-follow-ups.md): what it takes over
    from the conversation does not make up for them.
    """
    own = query.own_words
    counted = query.words if query.carries else own
    texts = [source.held for source in retrieved.sources.values()]
    best = max(texts, key=lambda held: coverage(counted, held), default=_NOTHING)
    words = [term.word for term in counted if term.rarity >= TELLING and not holds(best, term.stems)]
    return Sufficiency(
        coverage=max(((2 * coverage(counted, held) + coverage(own, held)) / 3 for held in texts), default=0.0),
        similarity=max(similarities, default=0.0),
        subjects=met,
        studies_alone=retrieved.studies_alone,
        missing=tuple(dict.fromkeys([*lacking, *words])),
    )
