"""Lists of retractions, concerns and corrections, as others publish them; the format is read off the content.

PubMed's own records, XML or MEDLINE; the CSV of Retraction Watch; JSON Lines; PubMed numbers one a line. All plain or gzipped.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ragqa.corpus.importers.formats import import_file, is_pubmed, opening
from ragqa.corpus.importers.listed import KINDS, Listed, ids_of, kind_of, listed, of_kind
from ragqa.corpus.importers.retraction_watch import has_columns, read_retraction_watch
from ragqa.corpus.importers.streams import streamed, text_lines
from ragqa.corpus.records import NoticeKind
from ragqa.errors import Fault, InvalidRecord
from ragqa.files import json_object


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
    if has_columns(head):
        return streamed(file, lambda stream: read_retraction_watch(stream, file))
    return streamed(file, lambda stream: _each_line(stream, file, _from_number))


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
    ids = ids_of(text.removeprefix("pmid:"), text)
    if not ids:
        return Fault(file=file, line=number, message=f"{text[:60]!r} is no PubMed number and no DOI")
    return of_kind(ids, NoticeKind.RETRACTION, None, f"listed in {file.name}")


def _from_object(line: bytes, file: Path, number: int) -> Listed | Fault:
    """A line such as {"pmid": "101", "doi": "10.1000/x", "kind": "retraction"}; without a kind, a retraction."""
    row = json_object(line, file, number)
    if isinstance(row, Fault):
        return row
    ids = ids_of(row.get("pmid"), row.get("doi"))
    if not ids:
        return Fault(file=file, line=number, message='names no paper; expected "pmid" or "doi"')
    kind = kind_of(row.get("kind", "retraction"))
    if kind not in KINDS:
        return Fault(file=file, line=number, message=f"kind is {kind[:60]!r}; use one of {', '.join(KINDS)}")
    return of_kind(ids, KINDS[kind], None, f"listed in {file.name}")
