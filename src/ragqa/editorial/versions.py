"""Versions of an answer in the library: in which state each is, what it says, what it rests on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ragqa.answer.contract import Answer, Audience
from ragqa.answer.provenance import Provenance
from ragqa.question.asked import Asked


class State(StrEnum):
    """Where a version stands; every version but a waiting or published one is history."""

    WAITING = "waiting"
    PUBLISHED = "published"
    REPLACED = "replaced"
    REJECTED = "rejected"
    UNPUBLISHED = "unpublished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One answer to one entry; ``generation`` is the last one in which it was found to rest on the same evidence."""

    number: int
    key: str
    state: State
    severity: str
    reason: str
    answer: Answer
    basis: Provenance
    generation: str
    made_at: str
    decided_at: str | None
    decided_by: str | None
    note: str | None


def key_of(asked: Asked, audience: Audience) -> str:
    """Names an entry: the same question, in the same words, to the same reader, after the same turns."""
    parts = [asked.question, asked.article, audience, [turn.model_dump(mode="json") for turn in asked.history]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


COLUMNS = "number, key, state, severity, reason, answer, basis, generation, made_at, decided_at, decided_by, note"
"""What ``version_of`` reads, of the table ``versions``."""


def version_of(row: tuple[Any, ...]) -> Version:
    """The version that a row of COLUMNS holds. Raises ValueError or TypeError where it is damaged."""
    number, key, state, severity, reason, answer, basis, *rest = row
    return Version(
        number=number,
        key=key,
        state=State(state),
        severity=severity,
        reason=reason,
        answer=Answer.model_validate_json(answer),
        basis=Provenance.from_json(basis),
        **dict(zip(("generation", "made_at", "decided_at", "decided_by", "note"), rest, strict=True)),
    )
