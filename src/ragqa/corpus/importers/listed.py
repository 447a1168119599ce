"""What a list of retractions, concerns and corrections says of one paper, whatever the list's format."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragqa.corpus.importers.fields import pubmed_number
from ragqa.corpus.records import Abstract, Notice, NoticeKind

KINDS: dict[str, NoticeKind | None] = {
    **{kind.value.replace("_", " "): kind for kind in NoticeKind},
    "reinstatement": None,
}

_DOI = re.compile(r"(?:(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:)\s*+)?(10\.\d{4,9}/\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list says of one paper, which it names by PubMed number, by DOI, or by both."""

    ids: frozenset[str]
    notices: tuple[Notice, ...] = ()
    reinstated: bool = False


def listed(record: Abstract) -> Listed:
    """A record of PubMed's own as a list of one."""
    return Listed(ids=names(record), notices=record.notices)


def names(record: Abstract) -> frozenset[str]:
    """Every source id a list may know this record by."""
    return ids_of(None, record.doi) | {record.id}


def of_kind(ids: frozenset[str], kind: NoticeKind | None, said_in: str | None, note: str | None) -> Listed:
    """The paper of these ids with one notice, which ``said_in`` published; ``kind`` None: it is reinstated."""
    if kind is None:
        return Listed(ids=ids, reinstated=True)
    return Listed(ids=ids, notices=(Notice(kind=kind, source_id=said_in, note=note),))


def kind_of(value: object) -> str:
    """A kind as ``KINDS`` spells it, whether or not it is one."""
    return " ".join(str(value).lower().replace("_", " ").split())


def ids_of(pmid: object, doi: object) -> frozenset[str]:
    """The source ids that these two values give; a value that is none gives none."""
    number = pubmed_number(str(pmid)) if isinstance(pmid, str | int) and not isinstance(pmid, bool) else None
    match = _DOI.fullmatch(doi.strip()) if isinstance(doi, str) else None
    return frozenset([*([f"pmid:{number}"] if number else []), *([f"doi:{match[1].lower()}"] if match else [])])
