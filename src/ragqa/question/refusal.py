"""What becomes of a question, and why one is not searched for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What kind of answer this is; abstaining is an answer too."""

    ANSWERED = "answered"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    NEEDS_CLARIFICATION = "needs_clarification"
    URGENT = "urgent"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a question is not answered from sources, told to the reader; ``alternatives`` are questions to ask instead."""

    status: Status
    message: str
    alternatives: tuple[str, ...] = ()
