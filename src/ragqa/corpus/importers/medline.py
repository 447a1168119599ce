"""MEDLINE/nbib text to records: what PubMed saves as "PubMed" or sends to a citation manager.

Format: https://pubmed.ncbi.nlm.nih.gov/help/#pubmed-format. A record starts at its ``PMID-`` line, a tag fills four
columns, a longer value goes on in indented lines::

    PMID- 100
    TI  - A title that is
          continued.
    AB  - METHODS: What was done. RESULTS: What came out.
    RIN - Journal. 2010;375(9713):445. PMID: 200

Read by hand, not with nbib 0.3.2: that drops RIN, ECI, EIN and LID, so a retracted paper looks sound, and one malformed
line loses the whole file. tests/corpus/importers/test_medline.py shows it in ``test_nbib_loses_notices``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ragqa.corpus.importers.fields import (
    first_year,
    fold,
    notice,
    once,
    plain_title,
    pubmed_number,
    pubmed_url,
    record_or_fault,
    section,
    with_retraction,
)
from ragqa.corpus.importers.streams import streamed, text_lines
from ragqa.corpus.records import Abstract, Notice, NoticeKind
from ragqa.errors import Fault

_NOTICES = {
    "RIN": NoticeKind.RETRACTION,
    "RRI": NoticeKind.RETRACTION,  # retracted and republished in
    "PRIN": NoticeKind.RETRACTION,  # partial: the record does not say which part, so none of it may be quoted
    "ECI": NoticeKind.EXPRESSION_OF_CONCERN,
    "EIN": NoticeKind.CORRECTION,
    "CRI": NoticeKind.CORRECTION,  # corrected and republished in
    "RPI": NoticeKind.CORRECTION,  # republished in
}
_LINE = re.compile(r"(?=.{4}-)([A-Z][A-Z0-9]{1,3}) *-(?: (.*))?", re.DOTALL)
_DOI = re.compile(r"(10\.[\d.]{1,40}/\S{1,400}) ?\[doi\]")
_NOTICE_NUMBER = re.compile(r"(?<!\s)\s*+PMID:? *(\d+)\.?\s*$")
_LABEL = re.compile(r"(?:^|(?<=[.?!)\]] ))([A-Z][A-Z0-9 ,/&'()-]{1,78}[A-Z)]):(?: |$)")


@dataclass(slots=True)
class _Draft:
    """The lines of one record: tag and pieces of its value, in file order; the first thing wrong with them, if any."""

    line: int
    fields: list[tuple[str, list[str]]] = field(default_factory=list)
    fault: Fault | None = None

    def values(self, *tags: str) -> list[str]:
        return [fold(" ".join(pieces)) for tag, pieces in self.fields if tag in tags]

    def first(self, *tags: str) -> str | None:
        """The first value that is not empty, the tags tried in the order given."""
        return next((value for tag in tags for value in self.values(tag) if value), None)


def read_medline(file: Path) -> Iterator[Abstract | Fault]:
    """The records of one file; a record with a line that is neither tag nor continuation comes as a Fault."""
    return streamed(file, lambda stream: _records(stream, file))


def _records(stream: io.BufferedReader, file: Path) -> Iterator[Abstract | Fault]:
    draft: _Draft | None = None
    for number, line in text_lines(stream, file):
        parsed = line if isinstance(line, Fault) else _parse(line, file, number)
        starts = isinstance(parsed, tuple) and parsed[0] == "PMID"
        if draft is None or starts:
            if draft is not None:
                yield _record(draft, file)
            draft = _Draft(line=number)
        _add(draft, parsed, file, number)
    if draft is not None:
        yield _record(draft, file)


def _parse(line: bytes, file: Path, number: int) -> tuple[str | None, str] | Fault:
    """Tag and value; the tag is None on a continuation line."""
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        return Fault(file=file, line=number, message=f"not UTF-8 at byte {error.start} of the line; save it as UTF-8")
    if text[0] in " \t":
        return None, text
    match = _LINE.fullmatch(text)
    if match is None:
        return Fault(file=file, line=number, message=f"neither 'TAG - value' nor an indented line: {text[:40]!r}")
    return match[1], match[2] or ""


def _add(draft: _Draft, parsed: tuple[str | None, str] | Fault, file: Path, number: int) -> None:
    if isinstance(parsed, Fault):
        draft.fault = draft.fault or parsed
    elif parsed[0] is not None:
        draft.fields.append((parsed[0], [parsed[1]]))
    elif draft.fields:
        draft.fields[-1][1].append(parsed[1])
    else:
        draft.fault = draft.fault or Fault(file=file, line=number, message="an indented line that continues nothing")


def _record(draft: _Draft, file: Path) -> Abstract | Fault:
    if draft.fault is not None:
        return draft.fault
    number = pubmed_number(draft.first("PMID"))
    if number is None:
        return Fault(file=file, line=draft.line, message="no PubMed number (PMID) in this record")
    types = once(draft.values("PT"))
    fields = {
        "id": f"pmid:{number}",
        "title": plain_title(draft.first("TI", "TT", "BTI")),
        "authors": once(draft.values("AU", "CN") or draft.values("FAU")),
        "journal": draft.first("JT", "TA", "BTI"),
        "year": first_year(draft.first("DP")),
        "doi": _doi(draft),
        "url": pubmed_url(number),
        "publication_types": types,
        "mesh": once(heading.split("/")[0].lstrip("*") for heading in draft.values("MH")),
        "sections": split_abstract(draft.first("AB") or ""),
        "text_origin": "publisher",
        "notices": with_retraction(_notices(draft), types),
        "source": f"medline: {file.name}",
    }
    return record_or_fault(file, draft.line, fields)


def _doi(draft: _Draft) -> str | None:
    """From ``LID - 10.1000/x [doi]`` or the same under AID, whatever PII stands before, after or on the same line."""
    return next((match[1] for value in draft.values("LID", "AID") if (match := _DOI.search(value))), None)


def split_abstract(text: str) -> list[dict[str, str | None]]:
    """Sections of ``METHODS: ... RESULTS: ...``; an abstract that does not open with a label is one unlabelled section.

    Upper case and a colon in the middle of prose is more often a gene than a heading.
    """
    labels = list(_LABEL.finditer(text))
    if not labels or labels[0].start() > 0:
        return [section(None, text)] if text else []
    ends = [following.start() for following in labels[1:]] + [len(text)]
    parts = [(label[1], text[label.end() : end].strip()) for label, end in zip(labels, ends, strict=True)]
    return [section(label, part) for label, part in parts if part]


def _notices(draft: _Draft) -> list[Notice]:
    found = [(_NOTICES[tag], fold(" ".join(pieces))) for tag, pieces in draft.fields if tag in _NOTICES]
    return [_notice(kind, value) for kind, value in found]


def _notice(kind: NoticeKind, value: str) -> Notice:
    match = _NOTICE_NUMBER.search(value)
    return notice(kind, match[1], value[: match.start()]) if match else notice(kind, None, value)
