"""The learned probe of what a question is: one of information, a harmful request, an emergency, or none of medicine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ragqa.files.packaged import packaged
from ragqa.models import Vectors, softmax


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A linear probe on the question's embedding: a medical question of information, a harmful request, an emergency, or none.

    Learned by ``eval/learn/train_scope.py``; holds only for the embedding model it names.
    """

    fingerprint: str
    classes: tuple[str, ...]
    weights: Vectors
    bias: Vectors

    def probabilities(self, query: Vectors) -> dict[str, float]:
        """Probability of each class for one unit vector of shape (1, dimension)."""
        shares = softmax(query[0] @ self.weights + self.bias)
        return dict(zip(self.classes, shares.tolist(), strict=True))


@lru_cache(maxsize=1)
def load_scope() -> Scope:
    """The probe shipped with the package. Raises PackageDamaged where its file is missing or none."""
    return packaged("question", "scope.json", "the probe of questions", _scope)


def _scope(text: str) -> Scope:
    stored = json.loads(text)
    return Scope(
        fingerprint=stored["fingerprint"],
        classes=tuple(stored["classes"]),
        weights=np.array(stored["weights"], np.float32),
        bias=np.array(stored["bias"], np.float32),
    )
