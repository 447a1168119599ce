"""What the learned part of the checker sees of a claim and a source: features by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ragqa.checking.alignment import order_of_sides
from ragqa.language.direction import balance, negated, reports_no_difference, reports_significance
from ragqa.language.quantities import quantities, same
from ragqa.language.roots import content

LONGEST = 60
"""Words from which a sentence counts as long as any; by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSentence:
    """The sentence of a source that speaks most directly to a claim, ``source[start:end]``.

    ``logit`` (of the reranker) and ``similarity`` (cosine) are its with the claim, the others with the claim turned round.
    """

    text: str
    start: int
    end: int
    logit: float
    similarity: float
    turned_logit: float
    turned_similarity: float


class Features(NamedTuple):
    """Of a claim, its source and the evidence sentence; shares are 0..1, "times" is a product of two features.

    The order is that in which they are multiplied with their weights; the weights are stored by name.
    """

    bias: float
    logit: float
    similarity: float
    words_in_sentence: float
    words_in_source: float
    numbers_missing: float
    numbers_claimed: float
    same_direction: float
    same_direction_times_words_in_sentence: float
    one_negated: float
    one_negated_times_words_in_sentence: float
    claim_negated: float
    claim_null: float
    sentence_null: float
    one_null: float
    both_null: float
    turned_logit_gain: float
    turned_similarity_gain: float
    significant_times_claim_null: float
    sentence_length: float
    order_of_sides: float
    order_of_sides_times_same_direction: float


def features(claim: str, source: str, sentence: EvidenceSentence) -> Features:
    """The features of a claim. "Null" is a result without a difference; a direction, and an order of sides, is -1, 0 or 1."""
    words = content(claim)
    in_sentence = len(words & content(sentence.text)) / max(len(words), 1)
    numbers, held = quantities(claim), quantities(sentence.text)
    missing = [number for number in numbers if not any(same(number, other) for other in held)]
    same_direction = float(balance(claim) * balance(sentence.text))
    one_negated = float(negated(claim) != negated(sentence.text))
    claim_null, sentence_null = float(reports_no_difference(claim)), float(reports_no_difference(sentence.text))
    sides = order_of_sides(claim, sentence.text)
    return Features(
        bias=1.0,
        logit=sentence.logit / 10,
        similarity=sentence.similarity,
        words_in_sentence=in_sentence,
        words_in_source=len(words & content(source)) / max(len(words), 1),
        numbers_missing=len(missing) / max(len(numbers), 1),
        numbers_claimed=float(bool(numbers)),
        same_direction=same_direction,
        same_direction_times_words_in_sentence=same_direction * in_sentence,
        one_negated=one_negated,
        one_negated_times_words_in_sentence=one_negated * in_sentence,
        claim_negated=float(negated(claim)),
        claim_null=claim_null,
        sentence_null=sentence_null,
        one_null=float(claim_null != sentence_null),
        both_null=claim_null * sentence_null,
        turned_logit_gain=sentence.turned_logit - sentence.logit,
        turned_similarity_gain=10 * (sentence.turned_similarity - sentence.similarity),
        significant_times_claim_null=float(reports_significance(sentence.text)) * claim_null,
        sentence_length=min(len(sentence.text.split()), LONGEST) / LONGEST,
        order_of_sides=sides,
        order_of_sides_times_same_direction=sides * same_direction,
    )
