"""A kind of mutation as its list tells it, a source, an edit of one place, and the mutant that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from mutation_texts import abbreviations, folded, values
from pydantic import BaseModel, ConfigDict


class Rule(BaseModel):
    """A pattern and the writings that may stand in its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    find: str
    put: tuple[str, ...]


class Kind(BaseModel):
    """One kind of mutation: a function's name and its data."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    changed: bool
    source: tuple[str, ...]
    make: str
    find: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    table: tuple[tuple[str, str, str], ...] = ()
    ways: Literal["both", "forth"] = "both"
    suffix: str = ""
    before: str = ""
    after: str = ""
    exact: bool = False
    keep_case: bool = False
    once: bool = True
    whole: bool = False
    absent: Literal["value", "text", "window", "nothing"] = "value"
    needs: str = ""
    unless: str = ""


@dataclass(frozen=True)
class Edit:
    """A place of a sentence and what is written there instead; ``value`` is the part that must be new to the source."""

    start: int
    end: int
    new: str
    value: str


@dataclass(frozen=True)
class Mutant:
    """A sentence of a source, changed in one place."""

    kind: str
    changed: bool
    source_id: str
    split: str
    sentence: str
    claim: str
    old: str
    new: str


@dataclass(frozen=True)
class Passage:
    """A source text and what the filters ask of it."""

    id: str
    split: str
    text: str

    @cached_property
    def folded(self) -> str:
        """The text in lower case, white space folded."""
        return folded(self.text)

    @cached_property
    def values(self) -> frozenset[Decimal]:
        """Every number of the text, also those in words."""
        return values(self.text)

    @cached_property
    def abbreviations(self) -> dict[str, str]:
        """Abbreviations as the text itself defines them, with their long forms."""
        return abbreviations(self.text)
