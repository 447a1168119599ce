"""What the other rooms need of a model, whichever model it is: vectors of texts, and how well a sentence answers a question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

BATCH = 8
"""Texts between two looks at whether the answer is still wanted: at most about half a second of work on two cores."""

Check = Callable[[], None]
"""Called between two steps of an answer; raises to give it up."""


def unhurried() -> None:
    """The check of an answer that is always wanted."""


def batches(texts: Sequence[str], check: Check) -> Iterator[Sequence[str]]:
    """The texts in order, at most BATCH at a time; ``check`` is called before the first batch and after each."""
    check()
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]
        check()


def softmax(logits: Vectors) -> Vectors:
    """Shares that add up to 1 along the last axis; the same shape."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Vectors = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return shares


def sigmoid(logit: float) -> float:
    """The probability, 0..1, of what has these log odds."""
    return float(1 / (1 + np.exp(-logit)))


class Embedder(Protocol):
    """Texts to vectors: the same vector for the same text, whatever is embedded beside it. Safe to share between threads."""

    @property
    def name(self) -> str:
        """The setting that selects it."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors could: weights, library family, pooling."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), dimension), in the order of ``texts``."""


class Reranker(Protocol):
    """Judges sentences against a question, each the same whatever is judged beside it. Safe to share between threads."""

    @property
    def name(self) -> str:
        """What it is called in an answer's trace."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever a score, a rarity or a count of pieces could."""

    def interruptible(self, check: Check) -> Reranker:
        """The same model, which calls ``check`` first, between every BATCH of sentences that it scores, and last."""

    def score(self, question: str, sentences: Sequence[str]) -> list[float]:
        """One logit a sentence, in order; above 0 means that the sentence answers the question, as the model sees it."""

    def pieces(self, word: str) -> int:
        """Word pieces the model reads a word as: 1 for a word it knows, more for names and codes."""

    def rarity(self, word: str) -> float:
        """How rare a word is in general English, 0 (the commonest) to 1 (not one word piece, as most drug names)."""
