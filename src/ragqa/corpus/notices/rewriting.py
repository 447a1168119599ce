"""Files of abstracts written anew where a record changed: each whole or not at all, every other line byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragqa.corpus.abstracts import abstract_files, abstract_line, abstract_of
from ragqa.corpus.notices.amendments import Amendment
from ragqa.corpus.records import Abstract
from ragqa.errors import Fault
from ragqa.files import json_line, json_object, write_atomic
from ragqa.files.reading import LONGEST_LINE

FETCHED = "pubmed.jsonl"
"""Where fetched records that the corpus did not hold are added."""

Amend = Callable[[Abstract, dict[str, Any]], Amendment]
"""From a record and the row of its line what is to change in it."""


@dataclass(slots=True)
class Work:
    """What has been done so far in one corpus folder; nothing is written in a ``dry_run``."""

    folder: Path
    dry_run: bool = False
    amendments: list[Amendment] = field(default_factory=list)
    reinstated: list[str] = field(default_factory=list)
    new: list[Abstract] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def rewrite(work: Work, amended: Amend) -> None:
    """Ask ``amended`` about every record; only files in which one changes are written, each whole or not at all.

    A file that cannot be read or written is a fault of ``work``.
    """
    for file in abstract_files(work.folder):
        try:
            found = dict(_amendments(file, amended, work.faults))
            if found and not work.dry_run:
                after = {line: json_line(one.row) for line, one in found.items()}
                write_atomic(file, (after.get(line, line) for line in _lines(file)))
        except OSError as error:
            work.faults.append(_not_written(file, error))
            continue
        work.amendments += found.values()


def _amendments(file: Path, amended: Amend, faults: list[Fault]) -> Iterator[tuple[bytes, Amendment]]:
    """Line and amendment of each record that changes; a line that is no record is a fault: a notice may be meant for it."""
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        record = _record(line, file, number)
        if isinstance(record, Fault):
            faults.append(record)
        elif (amendment := amended(*record)).changes:
            yield line, amendment


def _record(line: bytes, file: Path, number: int) -> tuple[Abstract, dict[str, Any]] | Fault:
    if len(line) > LONGEST_LINE:
        return Fault(file=file, line=number, message=f"line longer than {LONGEST_LINE // 2**20} MiB")
    row = json_object(line, file, number)
    if isinstance(row, Fault):
        return row
    record = abstract_of(row, file, number)
    return record if isinstance(record, Fault) else (record, row)


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from stream


def add_records(work: Work, records: list[Abstract]) -> None:
    """Put new records at the end of ``FETCHED``; where it cannot be written that is a fault of ``work``."""
    file = work.folder / "abstracts" / FETCHED
    if not records:
        return
    before = list(_lines(file)) if file.exists() else []
    if before and not before[-1].endswith(b"\n"):
        before.append(b"\n")
    try:
        write_atomic(file, [*before, *map(abstract_line, records)])
    except OSError as error:
        work.faults.append(_not_written(file, error))
        return
    work.new += records


def _not_written(file: Path, error: OSError) -> Fault:
    return Fault(file=file, line=None, message=f"not written, it is as it was: {error.strerror or error}; run the command again")
