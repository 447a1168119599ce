"""Verdicts on any claim and any source: supports, contradicts, or does not say.

Facts that can be compared exactly (numbers, units, drugs and other names) are compared exactly, the rest by a model learned on
public labels (``eval/learn/training/train_checker.py``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import numpy as np

from ragqa.language.concepts import names
from ragqa.language.corroboration import CORROBORATES, exact_difference, uncorroborated
from ragqa.language.direction import DENIAL, SIGNIFICANT, balance, direction_words, negated, opposite, reports_no_difference
from ragqa.language.quantities import quantities
from ragqa.language.roots import content
from ragqa.language.sentences import sentences, without_markers
from ragqa.models import Embedder, Reranker, Vectors, softmax
from ragqa.question.understanding import claim_of

Verdict = Literal["supports", "contradicts", "not_enough"]
VERDICTS: tuple[Verdict, ...] = ("supports", "contradicts", "not_enough")

ALIGNED = 0.8
"""Share of a claim's words in one sentence from which it counts as that sentence, changed or not."""
NAME = 0.9
"""Rarity in general English from which a word is taken for a name or a technical term."""
DENIED = "the sentence says it the other way round"
_READ = 4
"""Sentences of a source, nearest in meaning, that the cross-encoder reads for one claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict on one claim, the sentence it rests on (``source[start:end]``), and why, in words."""

    verdict: Verdict
    probability: float
    quote: str
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The sentence of a source that speaks most directly to a claim, with the model's view of both."""

    text: str
    start: int
    end: int
    logit: float
    similarity: float
    turned_logit: float
    turned_similarity: float


class Checker:
    """Judges claims against sources with the models already loaded for asking."""

    def __init__(self, embedder: Embedder, reranker: Reranker) -> None:
        self._embedder = embedder
        self._reranker = reranker

    def judge(self, claim: str, source: str) -> Finding:
        """Whether a source's text supports a claim, contradicts it, or does not say."""
        said = without_markers(claim)
        found = _contained(said, source)
        if found is not None:
            return Finding(
                verdict="supports",
                probability=1.0,
                quote=source[slice(*found)],
                start=found[0],
                end=found[1],
                reason="said word for word",
            )
        read = self._read(said, source)
        if read is None:
            return Finding(verdict="not_enough", probability=1.0, quote="", start=0, end=0, reason="the source has no text")
        verdict, probability, reason = self._weigh(said, source, read)
        return Finding(verdict=verdict, probability=probability, quote=read.text, start=read.start, end=read.end, reason=reason)

    def corroborates(self, claim: str, quote: str) -> bool:
        """Whether a quote says the same as a claim in its own words: near in meaning, same quantities, names and direction."""
        first, second = self._embedder.embed([without_markers(claim), without_markers(quote)])
        return float(first @ second) >= CORROBORATES and uncorroborated(claim, quote) is None

    def says_yes(self, question: str, texts: Sequence[str]) -> float:
        """Probability that texts answer a yes/no question with yes: the mean of how far each bears out its claim."""
        claim = claim_of(question)
        margins = []
        for text in texts:
            features = self.features(claim, text)
            if features is not None:
                shares = _shares(features)
                margins.append(float(shares[0] - shares[1]))
        return 0.5 + 0.5 * float(np.mean(margins)) if margins else 0.5

    def features(self, claim: str, source: str) -> list[float] | None:
        """What the learned part sees of a claim and a source; None when the source has no sentence."""
        read = self._read(claim, source)
        return None if read is None else _features(claim, source, read)

    def _weigh(self, claim: str, source: str, read: _Read) -> tuple[Verdict, float, str]:
        """Exact differences first, then the learned model."""
        shares = _shares(_features(claim, source, read))
        aligned = len(content(claim) & content(read.text)) >= ALIGNED * len(content(claim))
        twisted = (twist(claim, read.text) or self._other_name(claim, read.text)) if aligned else None
        if twisted:
            return ("contradicts" if twisted == DENIED else "not_enough"), float(1 - shares[0]), twisted
        difference = exact_difference(claim, source)
        if difference:
            close = shares[2] < shares[0] + shares[1]
            verdict: Verdict = "contradicts" if close and shares[1] > shares[0] else "not_enough"
            return verdict, float(1 - shares[0]), difference
        if aligned and content(claim) <= content(read.text) and _same_order(claim, read.text):
            return "supports", float(max(shares[0], 1 - shares[1])), "the same words in another order"
        place = int(np.argmax(shares))
        reasons = {
            "supports": "the source says this in other words",
            "contradicts": "the source says otherwise",
            "not_enough": "the source does not say enough on this",
        }
        return VERDICTS[place], float(shares[place]), reasons[VERDICTS[place]]

    def _other_name(self, claim: str, sentence: str) -> str | None:
        """A name or technical term of a claim that its sentence does not hold, in words."""
        extra = sorted(content(claim) - content(sentence))
        return next((f"{word} is not in the sentence" for word in extra if self._reranker.rarity(word) >= NAME), None)

    def _read(self, claim: str, source: str) -> _Read | None:
        spans = sentences(source, 0, len(source))
        if not spans:
            return None
        turned = opposite(claim)
        vectors = self._embedder.embed([claim, turned])
        similarities = self._embedder.embed([span.text for span in spans]) @ vectors.T
        near = np.argsort(-similarities[:, 0], kind="stable")[:_READ]
        logits = self._reranker.score(claim, [spans[i].text for i in near])
        best = int(near[int(np.argmax(logits))])
        return _Read(
            text=spans[best].text,
            start=spans[best].start,
            end=spans[best].end,
            logit=max(logits),
            similarity=float(similarities[best, 0]),
            turned_logit=self._reranker.score(turned, [spans[best].text])[0],
            turned_similarity=float(similarities[best, 1]),
        )


def twist(claim: str, sentence: str) -> str | None:
    """The fact by which a claim that otherwise has a sentence's words departs from it, in words; None when none does."""
    extra = Counter(quantities(claim)) - Counter(quantities(sentence))
    if extra:
        number, unit = next(iter(extra))
        return f"{number}{' ' + unit if unit else ''} is not in the sentence"
    if sorted(direction_words(claim)) != sorted(direction_words(sentence)):
        return DENIED
    if _swapped(claim, sentence) < 0:
        return "the sides of the comparison are exchanged"
    held = sentence.casefold()
    return next((f"{name} is not in the sentence" for name in names(claim) if name.casefold() not in held), None)


def _contained(claim: str, source: str) -> tuple[int, int] | None:
    """Where the claim stands in the source word for word as whole sentences or clauses with the same negations."""
    words = claim.rstrip(". ").split()
    if not words:
        return None
    pattern = r"\s+".join(re.escape(word) for word in words)
    match = re.search(rf"(?<!\w){pattern}(?!\w)", source, re.IGNORECASE)
    if not match:
        return None
    sentence = next((s for s in sentences(source, 0, len(source)) if s.start <= match.start() < s.end), None)
    if sentence and len(DENIAL.findall(sentence.text)) > len(DENIAL.findall(claim)):
        return None
    return match.span()


def _shares(features: Sequence[float]) -> Vectors:
    """Probability of each verdict, in the order of ``VERDICTS``."""
    return softmax(np.array(features, np.float32) @ _weights())


def _features(claim: str, source: str, read: _Read) -> list[float]:
    words = content(claim)
    shared = len(words & content(read.text)) / max(len(words), 1)
    covered = len(words & content(source)) / max(len(words), 1)
    numbers = {number for number, _ in quantities(claim)}
    missing = len(numbers - {number for number, _ in quantities(read.text)}) / max(len(numbers), 1)
    turned = balance(claim) * balance(read.text)
    denied = float(negated(claim) != negated(read.text))
    null = float(reports_no_difference(claim)), float(reports_no_difference(read.text))
    toward = read.turned_logit - read.logit
    return [
        1.0,
        read.logit / 10,
        read.similarity,
        shared,
        covered,
        missing,
        float(bool(numbers)),
        float(turned),
        turned * shared,
        denied,
        denied * shared,
        float(negated(claim)),
        null[0],
        null[1],
        float(null[0] != null[1]),
        null[0] * null[1],
        toward,
        10 * (read.turned_similarity - read.similarity),
        float(bool(SIGNIFICANT.search(read.text))) * null[0],
        min(len(read.text.split()), 60) / 60,
        _swapped(claim, read.text),
        _swapped(claim, read.text) * turned,
    ]


def _same_order(claim: str, sentence: str) -> bool:
    """Whether a comparison keeps its sides; true where neither compares."""
    compares = [re.search(r"\b(?:than|compared|versus|vs)\b", text) is not None for text in (claim, sentence)]
    return not any(compares) or _swapped(claim, sentence) > 0


def _swapped(claim: str, sentence: str) -> float:
    """1 when a claim compares two groups in the sentence's order, -1 in the other order, 0 where that cannot be read."""
    sides = re.split(r"\b(?:than|compared (?:with|to)|versus|vs)\b", claim, maxsplit=1)
    parts = re.split(r"\b(?:than|compared (?:with|to)|versus|vs)\b", sentence, maxsplit=1)
    if len(sides) < 2 or len(parts) < 2:
        return 0.0
    own = content(sides[1]) - content(sides[0])
    before, after = len(own & content(parts[0])), len(own & content(parts[1]))
    return float((after > before) - (after < before))


@lru_cache(maxsize=1)
def _weights() -> Vectors:
    """Shape (features, verdicts), in the order of ``_features`` and ``VERDICTS``."""
    stored = json.loads(resources.files("ragqa.checking").joinpath("data/checker.json").read_text(encoding="utf-8"))
    return np.array(stored["weights"], np.float32)
