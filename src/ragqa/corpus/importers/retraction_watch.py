"""The CSV of Retraction Watch: what became of one paper in each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ragqa.corpus.importers.listed import KINDS, Listed, ids_of, kind_of, of_kind
from ragqa.corpus.importers.streams import text_lines
from ragqa.errors import Fault, InvalidRecord

_COLUMNS = (
    "OriginalPaperPubMedID",
    "OriginalPaperDOI",
    "RetractionPubMedID",
    "RetractionDOI",
    "RetractionNature",
    "RetractionDate",
)

_UNKNOWN = ("", "0", "unavailable", "n/a", "na", "none")


class _TextLines:
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


def has_columns(head: bytes) -> bool:
    """Whether a file that opens like this names its papers as Retraction Watch does."""
    return any(name.encode() in head for name in _COLUMNS[:2])


def read_retraction_watch(stream: io.BufferedReader, file: Path) -> Iterator[Listed | Fault]:
    """The rows of Retraction Watch's CSV; strict, because a quote that never closes would swallow the rows after it."""
    lines = _TextLines(stream, file)
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
    kind = kind_of(used["RetractionNature"])
    if kind not in KINDS:
        return Fault(file=file, line=line, message=f"RetractionNature is {kind[:60]!r}; known are {', '.join(KINDS)}")
    given = used["OriginalPaperPubMedID"], used["OriginalPaperDOI"]
    ids = ids_of(*given)
    if not ids and not all(value.lower() in _UNKNOWN for value in given):
        return Fault(file=file, line=line, message=f"no PubMed number and no DOI in {' and '.join(given)[:120]!r}")
    said_in = sorted(ids_of(used["RetractionPubMedID"], used["RetractionDOI"]) - ids, reverse=True)  # pmid: before doi:
    dated = _date(used["RetractionDate"])
    return of_kind(ids, KINDS[kind], said_in[0] if said_in else None, f"dated {dated}" if dated else None)


def _date(value: str) -> str | None:
    """``5/24/2024 0:00`` as 2024-05-24; what is written otherwise stays as it is."""
    day = value.split(" ")[0]
    try:
        return datetime.strptime(day, "%m/%d/%Y").date().isoformat()
    except ValueError:
        return day or None
