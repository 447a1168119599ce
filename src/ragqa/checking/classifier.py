"""The learned part of the checker: how likely each verdict is, from features by name."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ragqa.checking.features import Features
from ragqa.files.packaged import packaged
from ragqa.models import Vectors, softmax

Verdict = Literal["supports", "contradicts", "not_enough"]
VERDICTS: tuple[Verdict, ...] = ("supports", "contradicts", "not_enough")
_STORED = TypeAdapter(dict[str, dict[str, float]])


class Probabilities(NamedTuple):
    """Of each verdict, 0..1, together 1; the fields are those of ``VERDICTS``, in that order and in single precision."""

    supports: np.float32
    contradicts: np.float32
    not_enough: np.float32


def probabilities(features: Features) -> Probabilities:
    """Probability of each verdict."""
    return Probabilities(*softmax(np.array(features, np.float32) @ shipped_weights()))


@lru_cache(maxsize=1)
def shipped_weights() -> Vectors:
    """The weights that ``eval/learn/training/train_checker.py`` learned, shape (features, verdicts).

    Raises:
        PackageDamaged: the file is missing, or holds weights of other features or verdicts than this version has.
    """
    return packaged("checking", "checker.json", "the checker's weights", from_json)


def from_json(text: str) -> Vectors:
    """Weights by feature and verdict as an array of shape (features, verdicts), in the order of Features and VERDICTS.

    Raises:
        ValueError: it is not JSON of that form, or a name is missing, or is none of a feature or verdict.
    """
    try:
        stored = _STORED.validate_json(text)
    except ValidationError as error:
        raise ValueError("no weights by feature and verdict") from error
    named = {(feature, verdict): weight for feature, row in stored.items() for verdict, weight in row.items()}
    wanted = [(feature, verdict) for feature in Features._fields for verdict in VERDICTS]
    if named.keys() != set(wanted):
        feature, verdict = min(named.keys() ^ set(wanted))
        lacking = "no weight" if (feature, verdict) in wanted else "a weight that nothing uses"
        raise ValueError(f"{lacking} of {feature} for {verdict}")
    return np.array([named[name] for name in wanted], np.float32).reshape(len(Features._fields), len(VERDICTS))


def as_json(weights: Vectors) -> str:
    """What ``from_json`` reads, of weights of shape (features, verdicts)."""
    rows = zip(Features._fields, weights.tolist(), strict=True)
    return json.dumps({feature: dict(zip(VERDICTS, row, strict=True)) for feature, row in rows}, indent=1) + "\n"
