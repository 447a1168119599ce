"""Verdicts on any claim and any source: supports, contradicts, or does not say.

A claim that copies a sentence must copy all of it (``ragqa.checking.copying``). Of others the facts that can be compared exactly
(quantities, drugs, sides, opposites) are compared exactly, the rest by a model learned on public labels
(``eval/learn/training/train_checker.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

import numpy as np

from ragqa.checking.alignment import DENIED, contrary
from ragqa.checking.classifier import VERDICTS, Verdict, probabilities
from ragqa.checking.copying import Copy, copied
from ragqa.checking.features import EvidenceSentence, Features, features
from ragqa.language.corroboration import CORROBORATES, exact_difference, only_rounded, uncorroborated
from ragqa.language.direction import opposite
from ragqa.language.sentences import sentences, without_markers
from ragqa.models import Embedder, Reranker
from ragqa.question.understanding import claim_of

MOST_RERANKED = 4
"""Sentences of a source, nearest in meaning, that the reranker reads for one claim; by hand: it costs more than all the rest."""
ESCAPED = 3
"""Times that exports were seen to escape a text, one after the other: "&amp;amp;lt;"."""
REASONS: dict[Verdict, str] = {
    "supports": "the source says this in other words",
    "contradicts": "the source says otherwise",
    "not_enough": "the source does not say enough on this",
}
"""What is told of a verdict that the learned part gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict on one claim, the sentence it rests on (``source[start:end]``), and why, in words."""

    verdict: Verdict
    probability: float
    quote: str
    start: int
    end: int
    reason: str


class Checker:
    """Judges claims against sources with the models already loaded for asking."""

    def __init__(self, embedder: Embedder, reranker: Reranker) -> None:
        self._embedder = embedder
        self._reranker = reranker

    def judge(self, claim: str, source: str) -> Finding:
        """Whether a source's text supports a claim, contradicts it, or does not say."""
        said = _plain(claim)
        if (copy := _copied(said, source)) is not None and copy.verdict is not None:
            return Finding(
                verdict=copy.verdict,
                probability=1.0,
                quote=source[copy.start : copy.end],
                start=copy.start,
                end=copy.end,
                reason=copy.reason,
            )
        sentence = self._evidence_sentence(said, source)
        if sentence is None:
            return Finding(
                verdict="not_enough", probability=1.0, quote="", start=0, end=0, reason="the source has no whole sentence"
            )
        verdict, probability, reason = _weighed(said, source, sentence)
        return Finding(
            verdict=verdict,
            probability=probability,
            quote=sentence.text,
            start=sentence.start,
            end=sentence.end,
            reason=reason,
        )

    def corroborates(self, claim: str, quote: str) -> bool:
        """Whether a quote says the same as a claim in its own words: near in meaning, same quantities, names and direction."""
        first, second = self._embedder.embed([without_markers(claim), without_markers(quote)])
        return float(first @ second) >= CORROBORATES and uncorroborated(claim, quote) is None

    def says_yes(self, question: str, texts: Sequence[str]) -> float:
        """Probability that texts answer a yes/no question with yes: the mean of how far each bears out its claim."""
        claim = claim_of(question)
        margins = []
        for text in texts:
            if (found := self.features(claim, text)) is not None:
                likely = probabilities(found)
                margins.append(float(likely.supports - likely.contradicts))
        return 0.5 + 0.5 * float(np.mean(margins)) if margins else 0.5

    def features(self, claim: str, source: str) -> Features | None:
        """What the learned part sees of a claim and a source; None when the source has no sentence."""
        sentence = self._evidence_sentence(claim, source)
        return None if sentence is None else features(claim, source, sentence)

    def _evidence_sentence(self, claim: str, source: str) -> EvidenceSentence | None:
        """Of a source's whole sentences nearest in meaning the one that the reranker likes best; None when it has none."""
        spans = [span for span in sentences(source, 0, len(source)) if span.is_whole]
        if not spans:
            return None
        turned = opposite(claim)
        vectors = self._embedder.embed([claim, turned])
        similarities = self._embedder.embed([span.text for span in spans]) @ vectors.T
        near = np.argsort(-similarities[:, 0], kind="stable")[:MOST_RERANKED]
        logits = self._reranker.score(claim, [spans[i].text for i in near])
        best = int(near[int(np.argmax(logits))])
        return EvidenceSentence(
            text=spans[best].text,
            start=spans[best].start,
            end=spans[best].end,
            logit=max(logits),
            similarity=float(similarities[best, 0]),
            turned_logit=self._reranker.score(turned, [spans[best].text])[0],
            turned_similarity=float(similarities[best, 1]),
        )


def _plain(claim: str) -> str:
    """A claim without citation markers, and with the characters that its entities stand for."""
    for _ in range(ESCAPED):
        claim = unescape(claim)
    return without_markers(claim)


def _copied(claim: str, source: str) -> Copy | None:
    """What a claim comes to as a copy; one of several sentences as its worst sentence, where each is a copy."""
    pieces = sentences(claim, 0, len(claim))
    whole = copied(claim, source)
    if len(pieces) < 2 or (whole and whole.verdict == "supports"):
        return whole
    copies = [found for piece in pieces if (found := copied(piece.text, source))]
    if refused := next((copy for copy in copies if copy.verdict not in (None, "supports")), None):
        return refused
    return copies[0] if len(copies) == len(pieces) and all(copy.verdict == "supports" for copy in copies) else None


def _weighed(claim: str, source: str, sentence: EvidenceSentence) -> tuple[Verdict, float, str]:
    """A verdict, its probability and its reason: exact differences first, then the learned part."""
    likely = probabilities(features(claim, source, sentence))
    if difference := contrary(claim, sentence.text) or exact_difference(claim, source):
        says_something = likely.not_enough < likely.supports + likely.contradicts
        otherwise = says_something and likely.contradicts > likely.supports and not only_rounded(claim, source)
        contradicted = difference == DENIED or otherwise
        return ("contradicts" if contradicted else "not_enough"), float(1 - likely.supports), difference
    verdict = VERDICTS[int(np.argmax(likely))]
    return verdict, float(getattr(likely, verdict)), REASONS[verdict]
