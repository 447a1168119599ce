"""Lists of retractions, concerns and corrections, as others publish them; the format is read off the content.

PubMed's own records, XML or MEDLINE; the CSV of Retraction Watch; JSON Lines; PubMed numbers one a line. All plain or gzipped.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ragqa.corpus.importers import import_file, is_pubmed, opening
from ragqa.corpus.importers.shared import pubmed_number, streamed, text_lines
from ragqa.corpus.records import Abstract, Notice, NoticeKind
from ragqa.errors import Fault, InvalidRecord
from ragqa.files import json_object

_KINDS: dict[str, NoticeKind | None] = {
    **{kind.value.replace("_", " "): kind for kind in NoticeKind},
    "reinstatement": None,
}
_DOI = re.compile(r"(?:(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:)\s*+)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_COLUMNS = (
    "OriginalPaperPubMedID",
    "OriginalPaperDOI",
    "RetractionPubMedID",
    "RetractionDOI",
    "RetractionNature",
    "RetractionDate",
)
_UNKNOWN = ("", "0", "unavailable", "n/a", "na", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list says of one paper, which it names by PubMed number, by DOI, or by both."""

    ids: frozenset[str]
    notices: tuple[Notice, ...] = ()
    reinstated: bool = False


def read_lists(lists: Iterable[Path]) -> tuple[list[Listed], list[Fault]]:
    """All that these files say, and every line that could not be read; one bad file does not stop the others."""
    found: list[Listed] = []
    faults: list[Fault] = []
    for file in lists:
        try:
            items = list(read_list(file))
            if not items:
                raise InvalidRecord(file, None, "holds no record")
        except InvalidRecord as error:
            faults.extend(error.faults)
            continue
        found += [item for item in items if isinstance(item, Listed)]
        faults += [item for item in items if isinstance(item, Fault)]
    return found, faults


def read_list(file: Path) -> Iterator[Listed | Fault]:
    """What one file says, a Fault in place of each line that breaks its format. The format is read off the content.

    Raises:
        InvalidRecord: the file as a whole cannot be read.
    """
    head = opening(file)
    if not head.strip():
        raise InvalidRecord(file, None, "the file is empty")
    if is_pubmed(head) or head.lstrip().startswith(b"<"):
        return (item if isinstance(item, Fault) else listed(item) for item in import_file(file))
    if head.lstrip().startswith(b"{"):
        return streamed(file, lambda stream: _each_line(stream, file, _from_object))
    if any(name.encode() in head for name in _COLUMNS[:2]):
        return streamed(file, lambda stream: _rows(stream, file))
    return streamed(file, lambda stream: _each_line(stream, file, _from_number))


def listed(record: Abstract) -> Listed:
    """A record of PubMed's own as a list of one."""
    return Listed(ids=names(record), notices=record.notices)


def names(record: Abstract) -> frozenset[str]:
    """Every source id a list may know this record by."""
    return _ids(None, record.doi) | {record.id}


def _each_line(
    stream: io.BufferedReader, file: Path, read: Callable[[bytes, Path, int], Listed | Fault]
) -> Iterator[Listed | Fault]:
    for number, line in text_lines(stream, file):
        yield line if isinstance(line, Fault) else read(line, file, number)


def _from_number(line: bytes, file: Path, number: int) -> Listed | Fault:
    """A line that is a PubMed number, or any other id of a paper."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        return Fault(file=file, line=number, message=f"not UTF-8 at byte {error.start} of the line")
    ids = _ids(text.removeprefix("pmid:"), text)
    if not ids:
        return Fault(file=file, line=number, message=f"{text[:60]!r} is no PubMed number and no DOI")
    return _of_kind(ids, NoticeKind.RETRACTION, None, f"listed in {file.name}")


def _from_object(line: bytes, file: Path, number: int) -> Listed | Fault:
    """A line such as {"pmid": "101", "doi": "10.1000/x", "kind": "retraction"}; without a kind, a retraction."""
    row = json_object(line, file, number)
    if isinstance(row, Fault):
        return row
    ids = _ids(row.get("pmid"), row.get("doi"))
    if not ids:
        return Fault(file=file, line=number, message='names no paper; expected "pmid" or "doi"')
    kind = _kind(row.get("kind", "retraction"))
    if kind not in _KINDS:
        return Fault(file=file, line=number, message=f"kind is {kind[:60]!r}; use one of {', '.join(_KINDS)}")
    return _of_kind(ids, _KINDS[kind], None, f"listed in {file.name}")


class _Lines:
    """The lines of a CSV file as text. A badly encoded name of an author must not cost the row: only the ids are read."""

    def __init__(self, stream: io.BufferedReader, file: Path) -> None:
        self._numbered = text_lines(stream, file)
        self.number = 0
        self.faults: list[Fault] = []

    def __iter__(self) -> Iterator[str]:
        for number, line in self._numbered:
            self.number = number
            if isinstance(line, Fault):
                self.faults.append(line)
            else:
                yield line.decode("utf-8", "replace")


def _rows(stream: io.BufferedReader, file: Path) -> Iterator[Listed | Fault]:
    """The rows of Retraction Watch's CSV; strict, because a quote that never closes would swallow the rows after it."""
    lines = _Lines(stream, file)
    reader = csv.reader(lines, strict=True)
    header = _header(reader, file)
    while True:
        first = lines.number + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield Fault(file=file, line=first, message=f"not CSV: {error}; lines {first} to {lines.number} were left out")
            continue
        yield from lines.faults
        lines.faults.clear()
        if row is None:
            return
        if len(row) != len(header):
            yield Fault(file=file, line=first, message=f"{len(row)} columns where the header has {len(header)}")
            continue
        yield _from_row(dict(zip(header, row, strict=True)), file, first)


def _header(reader: Iterator[list[str]], file: Path) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidRecord(file, 1, f"not CSV: {error}") from error
    if "RetractionNature" not in header or not {*_COLUMNS[:2]} & {*header}:
        raise InvalidRecord(
            file, 1, f"expected the columns RetractionNature and {_COLUMNS[0]} or {_COLUMNS[1]}, separated by commas"
        )
    return header


def _from_row(row: dict[str, str], file: Path, line: int) -> Listed | Fault:
    used = {name: row.get(name, "").strip() for name in _COLUMNS}
    if any("\ufffd" in value for value in used.values()):
        return Fault(file=file, line=line, message="not UTF-8 where an id, the date or the nature stands")
    kind = _kind(used["RetractionNature"])
    if kind not in _KINDS:
        return Fault(file=file, line=line, message=f"RetractionNature is {kind[:60]!r}; known are {', '.join(_KINDS)}")
    given = used["OriginalPaperPubMedID"], used["OriginalPaperDOI"]
    ids = _ids(*given)
    if not ids and not all(value.lower() in _UNKNOWN for value in given):
        return Fault(file=file, line=line, message=f"no PubMed number and no DOI in {' and '.join(given)[:120]!r}")
    said_in = sorted(_ids(used["RetractionPubMedID"], used["RetractionDOI"]) - ids, reverse=True)  # pmid: before doi:
    dated = _date(used["RetractionDate"])
    return _of_kind(ids, _KINDS[kind], said_in[0] if said_in else None, f"dated {dated}" if dated else None)


def _of_kind(ids: frozenset[str], kind: NoticeKind | None, said_in: str | None, note: str | None) -> Listed:
    if kind is None:
        return Listed(ids=ids, reinstated=True)
    return Listed(ids=ids, notices=(Notice(kind=kind, source_id=said_in, note=note),))


def _kind(value: object) -> str:
    return " ".join(str(value).lower().replace("_", " ").split())


def _date(value: str) -> str | None:
    """``5/24/2024 0:00`` as 2024-05-24; what is written otherwise stays as it is."""
    day = value.split(" ")[0]
    try:
        return datetime.strptime(day, "%m/%d/%Y").date().isoformat()
    except ValueError:
        return day or None


def _ids(pmid: object, doi: object) -> frozenset[str]:
    """The source ids that these two values give; a value that is none gives none."""
    number = pubmed_number(str(pmid)) if isinstance(pmid, str | int) and not isinstance(pmid, bool) else None
    match = _DOI.fullmatch(doi.strip()) if isinstance(doi, str) else None
    return frozenset([*([f"pmid:{number}"] if number else []), *([f"doi:{match[1].lower()}"] if match else [])])
