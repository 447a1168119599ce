"""Does the source say it?

Two checks. ``unsupported`` is the gate every statement of an answer passes: the source's own words, or a rewording proven
equal. ``Checker`` judges any claim against any source (supports, contradicts, not enough information), for text that
others wrote: facts that can be compared exactly (numbers, units, drugs and other names) are compared exactly, the rest by a
model learned on public labels (``eval/training/train_checker.py``).
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

from ragqa.checking.statements import Statement
from ragqa.errors import UnsupportedStatement
from ragqa.language.abbreviations import both_spellings
from ragqa.language.concepts import names
from ragqa.language.direction import DENIAL, SIGNIFICANT, balance, direction_words, negated, opposite, reports_no_difference
from ragqa.language.lexicon import lexicon
from ragqa.language.roots import root
from ragqa.language.sentences import sentences, without_markers
from ragqa.language.stop import OF_CLAIMS
from ragqa.language.wording import collapsed, same_words
from ragqa.models import Embedder, Reranker, Vectors, softmax
from ragqa.question.understanding import claim_of

Verdict = Literal["supports", "contradicts", "not_enough"]
VERDICTS: tuple[Verdict, ...] = ("supports", "contradicts", "not_enough")

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_QUANTITY = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)*)(?:\s?(?:-|–|to)\s?(\d+(?:[.,]\d+)*))?[\s-]?"
    r"(%|percent|per cent|mg/kg|mg/day|mg|mcg|µg|micrograms?|g|kg|ml/min|ml|mmol/l|mmol|hours?|days?|weeks?|months?|"
    r"years?|minutes?|points?|times|fold)?(?!\w)",
    re.IGNORECASE,
)
_WORDS = lexicon("checking", "quantities")
_SPELLED_OUT = {word: number for word, (number,) in _WORDS["spelled_out"].table().items()}
_SPELLED = re.compile(rf"\b(?:{'|'.join(_SPELLED_OUT)})\b", re.IGNORECASE)
_UNITS = {form: unit for form, (unit,) in _WORDS["units"].table().items()}
_CONTENT = re.compile(r"[a-z0-9][a-z0-9-]{2,}")
ALIGNED = 0.8
"""Share of a claim's words in one sentence from which it counts as that sentence, changed or not."""
NAME = 0.9
"""Rarity in general English from which a word is taken for a name or a technical term."""
DENIED = "the sentence says it the other way round"
SHARED = 0.6
"""Share of a sentence's words that another source's sentence must hold to corroborate it."""
CORROBORATES = 0.8
"""Cosine from which a sentence of another source may say the same; ``uncorroborated`` then decides."""
_READ = 4
"""Sentences of a source, nearest in meaning, that the cross-encoder reads for one claim."""


def check_statement(statement: Statement) -> None:
    """The first quote must say the statement; each further one must corroborate it.

    Raises:
        UnsupportedStatement: with the reason and the quote.
    """
    said = statement.support[0].quote
    for number, support in enumerate(statement.support):
        reason = uncorroborated(said, support.quote) if number else unsupported(statement.text, said)
        if reason:
            raise UnsupportedStatement(f"{reason}: {statement.text!r} against {support.quote!r}")


def uncorroborated(text: str, quote: str) -> str | None:
    """Why ``quote``, another source's sentence near in meaning, is no further support for ``text``; None when it is.

    Most of the text's words must stand in it, and every quantity, drug and stated age; both must point the same way.
    """
    words, held = _roots(text), _roots(both_spellings(quote))
    if len(words & held) < SHARED * len(words):
        return "too little of it is said"
    if difference := exact_difference(text, quote):
        return difference
    if negated(text) != negated(quote) or reports_no_difference(text) != reports_no_difference(quote):
        return "one denies what the other says"
    if balance(text) * balance(quote) < 0:
        return "opposite directions"
    return None


def unsupported(text: str, quote: str) -> str | None:
    """Why ``quote`` does not say ``text`` word for word, rewordings of ``ragqa.language.wording`` apart; None when it does."""
    said, source = collapsed(without_markers(text)), without_markers(quote)
    if extra := set(NUMBER.findall(said)) - set(NUMBER.findall(source)):
        return f"number not in the source: {', '.join(sorted(extra))}"
    if len(DENIAL.findall(said)) != len(DENIAL.findall(source)):
        return "negation differs from the source"
    if said.casefold() not in source.casefold() and not same_words(said, source):
        return "words not in the source"
    return None


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
        aligned = len(_content(claim) & _content(read.text)) >= ALIGNED * len(_content(claim))
        twisted = (twist(claim, read.text) or self._other_name(claim, read.text)) if aligned else None
        if twisted:
            return ("contradicts" if twisted == DENIED else "not_enough"), float(1 - shares[0]), twisted
        difference = exact_difference(claim, source)
        if difference:
            close = shares[2] < shares[0] + shares[1]
            verdict: Verdict = "contradicts" if close and shares[1] > shares[0] else "not_enough"
            return verdict, float(1 - shares[0]), difference
        if aligned and _content(claim) <= _content(read.text) and _same_order(claim, read.text):
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
        extra = sorted(_content(claim) - _content(sentence))
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


def exact_difference(claim: str, source: str) -> str | None:
    """A quantity or a name of the claim that the source does not hold, in words; None when it holds them all."""
    held = quantities(source)
    for number, unit in quantities(claim):
        if not any(number == other and (not unit or not known or unit == known) for other, known in held):
            return f"{number}{' ' + unit if unit else ''} is not in the source"
    text = source.casefold()
    for name in names(claim):
        if name.casefold().rstrip("s") not in text:
            return f"{name} is not in the source"
    return None


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


def quantities(text: str) -> list[tuple[str, str]]:
    """Numbers (also spelled out, from two) with their units, "" where none follows; both ends of a range."""
    found = []
    for match in _QUANTITY.finditer(_SPELLED.sub(lambda word: _SPELLED_OUT[word[0].lower()], text)):
        unit = (match[3] or "").lower()
        unit = _UNITS.get(unit, unit.rstrip("s") if len(unit) > 3 else unit)
        found += [(_plain_number(number), _UNITS.get(unit, unit)) for number in (match[1], match[2]) if number]
    return found


def _plain_number(number: str) -> str:
    whole = re.sub(r",(?=\d{3}\b)", "", number).replace(",", ".")
    return str(float(whole)) if whole.count(".") == 1 else whole


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
    words = _content(claim)
    shared = len(words & _content(read.text)) / max(len(words), 1)
    covered = len(words & _content(source)) / max(len(words), 1)
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
    own = _content(sides[1]) - _content(sides[0])
    before, after = len(own & _content(parts[0])), len(own & _content(parts[1]))
    return float((after > before) - (after < before))


def _roots(text: str) -> set[str]:
    """First letters of the content words: endings do not count."""
    return {root(word) for word in _content(without_markers(text))}


def _content(text: str) -> set[str]:
    return {word for word in _CONTENT.findall(text.lower()) if word not in OF_CLAIMS}


@lru_cache(maxsize=1)
def _weights() -> Vectors:
    """Shape (features, verdicts), in the order of ``_features`` and ``VERDICTS``."""
    stored = json.loads(resources.files("ragqa.checking").joinpath("data/checker.json").read_text(encoding="utf-8"))
    return np.array(stored["weights"], np.float32)
