"""The fields of a record as NLM and others write them, cleaned, and a record or a Fault made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ragqa.corpus.abstracts import abstract_of
from ragqa.corpus.records import Abstract, Notice, NoticeKind
from ragqa.errors import Fault

_RETRACTED_TYPE = "Retracted Publication"

_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)", re.ASCII)

_PUBMED_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

_LAYOUT = re.compile(r"[ \t\r\n\f\v]+")

_BRACKETED = re.compile(r"\[([^\[\]]*)\]\.?")


def record_or_fault(file: Path, line: int, fields: dict[str, Any]) -> Abstract | Fault:
    """A valid Abstract, or a Fault that says which field is wrong."""
    if not (fields.get("title") or fields.get("sections")):
        return Fault(file=file, line=line, message=f"{fields['id']} has neither a title nor a text")
    return abstract_of(fields, file, line)


def fold(text: str) -> str:
    """Line breaks and indentation as single spaces. A thin or no-break space is the publisher's own and stays."""
    return _LAYOUT.sub(" ", text).strip()


def once(values: Iterable[str]) -> tuple[str, ...]:
    """Non-empty values in their order, each once."""
    return tuple(dict.fromkeys(value for value in values if value))


def pubmed_number(text: str | None) -> str | None:
    """``text`` when it is a PubMed number, else None."""
    value = (text or "").strip()
    return value if _PUBMED_NUMBER.fullmatch(value) else None


def pubmed_url(number: str) -> str:
    """The page of a PubMed record."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{number}/"


def first_year(text: str | None) -> int | None:
    """The first year in a date as publishers write it: ``1998 Dec-1999 Jan`` is 1998."""
    match = _YEAR.search(text or "")
    return int(match[0]) if match else None


def plain_title(text: str | None) -> str | None:
    """A title without NLM's brackets around a translated one; ``[Not Available]`` is no title."""
    match = _BRACKETED.fullmatch(text or "")
    title = match[1].strip() if match else text
    return None if not title or title.rstrip(".") == "Not Available" else title


def section(label: str | None, text: str) -> dict[str, str | None]:
    """One section as plain data; NLM's label UNLABELLED means there is none."""
    return {"label": label if label and label.upper() != "UNLABELLED" else None, "text": text}


def notice(kind: NoticeKind, number: str | None, note: str | None) -> Notice:
    """A notice; a number that is none is left out, for the notice counts even when its own record is unknown."""
    valid = pubmed_number(number)
    return Notice(kind=kind, source_id=f"pmid:{valid}" if valid else None, note=note or None)


def with_retraction(notices: list[Notice], types: tuple[str, ...]) -> list[Notice]:
    """The notices, and a retraction where only the publication type tells of one."""
    known = any(notice.kind is NoticeKind.RETRACTION for notice in notices)
    if known or _RETRACTED_TYPE not in types:
        return notices
    return [*notices, Notice(kind=NoticeKind.RETRACTION, note=f"publication type: {_RETRACTED_TYPE}")]
