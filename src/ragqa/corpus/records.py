"""What the corpus holds: articles, abstracts, review events. Frozen, parsed once at the edge, valid from then on.

A record's ``text`` is the string every offset in ragqa refers to: a passage, a quote and a highlight are slices of it.
Missing metadata is ``None``, never an empty string and never a guess.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ragqa.corpus.parts import Part

SOURCE_ID = re.compile(
    r"pmid:[1-9]\d{0,8}|doi:10\.\d{4,9}/\S+|nct:NCT\d{8}|label:[a-z0-9-]+|doc:\S+",
)


def source_id(value: str) -> str:
    """The one spelling of a source id. Raises ValueError when it is none."""
    if value.startswith("doi:"):
        value = value.lower()  # DOIs are case-insensitive (ISO 26324); one spelling keeps one source one id
    if not SOURCE_ID.fullmatch(value):
        raise ValueError(
            f"{value[:LONGEST_TOLD]!r} is not a source id; "
            "write pmid:29549516, doi:10.1001/..., nct:NCT01234567, label:name or doc:name"
        )
    return value


SourceId = Annotated[str, AfterValidator(source_id)]
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Slug = Annotated[str, StringConstraints(pattern=SLUG)]
NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Record(BaseModel):
    """Base of all that is read from the corpus: frozen, and an unknown field is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def digest_of(*parts: object) -> str:
    """SHA-256 of these parts in hexadecimal; where one ends and the next begins counts too."""
    digest = hashlib.sha256()
    for part in parts:
        data = str(part).encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


LONGEST_TOLD = 200
"""Characters of a name or value that a message repeats."""
MOST_TOLD = 10
"""Reasons given for one record."""


def explain(error: ValidationError) -> str:
    """Field and reason of each thing pydantic found wrong, on one line; of very many the first."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_told(".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")) for fault in faults[:MOST_TOLD]]
    return "; ".join(told + [f"and {len(faults) - MOST_TOLD} more"] * (len(faults) > MOST_TOLD))


def _told(place: str, reason: str) -> str:
    """Without control characters, of which a damaged file may be full."""
    text = ": ".join(filter(None, [place[:LONGEST_TOLD], reason]))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class Section(Record):
    """One labelled part of an abstract; ``label`` is None where the publisher gave none."""

    label: NonEmpty | None = None
    text: NonEmpty


class NoticeKind(StrEnum):
    """What was published about a paper after it appeared."""

    RETRACTION = "retraction"
    EXPRESSION_OF_CONCERN = "expression_of_concern"
    CORRECTION = "correction"


class Notice(Record):
    """A retraction, expression of concern or correction; ``source_id`` names the notice where that is known."""

    kind: NoticeKind
    source_id: SourceId | None = None
    note: NonEmpty | None = None


class Abstract(Record):
    """A published study, guideline, label or registry entry, as far as the corpus may quote it."""

    id: SourceId
    title: NonEmpty | None = None
    authors: tuple[NonEmpty, ...] = ()
    journal: NonEmpty | None = None
    year: int | None = Field(default=None, ge=1800, le=2100)
    doi: NonEmpty | None = None
    url: NonEmpty | None = None
    publication_types: tuple[NonEmpty, ...] = ()
    mesh: tuple[NonEmpty, ...] = ()
    sections: tuple[Section, ...] = ()
    text_origin: Literal["publisher", "summary"]
    notices: tuple[Notice, ...] = ()
    source: NonEmpty
    uncited_reason: NonEmpty | None = None

    @cached_property
    def text(self) -> str:
        """All sections, a line break between two; a record of one section has exactly that section's text.

        Of a paper without an abstract the title is all that can be quoted.
        """
        return "\n".join(section.text for section in self.sections) or self.title or ""

    @property
    def retracted(self) -> bool:
        """Whether a retraction notice is attached."""
        return any(notice.kind is NoticeKind.RETRACTION for notice in self.notices)

    @property
    def pmid(self) -> str | None:
        """The PubMed number, where the id is one."""
        return self.id.removeprefix("pmid:") if self.id.startswith("pmid:") else None

    def spans(self) -> list[tuple[str | None, int, int]]:
        """Label, start and end of each section within ``text``, in characters."""
        spans, start = [], 0
        for section in self.sections:
            spans.append((section.label, start, start + len(section.text)))
            start += len(section.text) + 1
        return spans


class ArticleSpan(Record):
    """One headed stretch of an article's text: ``text[start:end]``."""

    part: Part
    start: int
    end: int


class Article(Record):
    """A reviewed article: a clinical question and its cited answer. ``sha256`` is of the file's exact bytes."""

    slug: Slug
    title: NonEmpty
    updated: date
    topics: tuple[NonEmpty, ...] = ()
    citations: tuple[SourceId, ...] = ()
    editorial_policy: NonEmpty | None = None
    text: NonEmpty
    spans: tuple[ArticleSpan, ...]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    @property
    def id(self) -> str:
        """The article's source id."""
        return f"article:{self.slug}"

    def cited(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The sources under these numbers, those that there are."""
        return tuple(self.citations[number - 1] for number in numbers if 1 <= number <= len(self.citations))

    @model_validator(mode="after")
    def _citations_once(self) -> Article:
        if len(set(self.citations)) != len(self.citations):
            raise ValueError("a source is listed twice under citations")
        return self


def record_digest(record: Article | Abstract) -> bytes:
    """SHA-256 of the whole record, 32 bytes, so that any edit of it shows."""
    return bytes.fromhex(digest_of(record.model_dump_json()))


class ReviewState(StrEnum):
    """Where an article stands; DRAFT has no event yet."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class ReviewEvent(Record):
    """One line of the review log, bound to the exact content it speaks of and, once written, to the lines before it."""

    article: Slug
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    state: Literal[ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.APPROVED, ReviewState.WITHDRAWN]
    by: NonEmpty
    at: datetime
    note: NonEmpty | None = None
    chain: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class Passage(Record):
    """A citable span: ``text`` equals ``record.text[start:end]`` of the source it names."""

    id: str
    source_id: str
    start: int
    end: int
    text: str
