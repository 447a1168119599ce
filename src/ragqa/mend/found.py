"""What ``mend`` finds, and how it tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One damaged file: what is ``seen``, and what to do about it.

    ``repair`` does it and says what it did; None where a person must do what ``advice`` says.
    """

    file: Path
    seen: str
    advice: str
    repair: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A damaged file after ``mend``: what was seen, and what was done, or with ``mended`` False what a person must do."""

    file: Path
    seen: str
    outcome: str
    mended: bool

    def __str__(self) -> str:
        return f"{self.file}: {self.seen}; {self.outcome}"


def reason(error: BaseException) -> str:
    """What kept a file from being read."""
    told = getattr(error, "strerror", None) or str(error)
    return f"cannot be read: {told}"
