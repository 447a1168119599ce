"""A foreign file brought into a corpus: its records under ``abstracts/``, in a file named after it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ragqa.corpus.abstracts import abstract_files, abstract_line
from ragqa.corpus.importers.formats import import_file
from ragqa.errors import Fault, InvalidRecord
from ragqa.files import read_jsonl, write_atomic


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did: records written, ids that another file of the corpus already holds, and faults."""

    file: Path
    written: int
    known: int
    faults: tuple[Fault, ...]


def import_records(file: Path, corpus: Path, ids: str = "doc") -> ImportReport:
    """Read a foreign file and write its records under ``corpus/abstracts/``, replacing an earlier import of that file.

    Raises:
        InvalidRecord: the file as a whole cannot be read; nothing was written.
    """
    target = corpus / "abstracts" / _target_name(file)
    seen = _ids_elsewhere(corpus, target)
    faults: list[Fault] = []
    counts = {"written": 0, "known": 0}

    def lines() -> Iterable[str]:
        for item in import_file(file, ids):
            if isinstance(item, Fault):
                faults.append(item)
            elif item.id in seen:
                counts["known"] += 1
            else:
                seen.add(item.id)
                counts["written"] += 1
                yield abstract_line(item)
        if not counts["written"] and not counts["known"]:
            raise InvalidRecord(file, None, "holds no record that could be imported" + "".join(f"\n  {f}" for f in faults[:20]))

    write_atomic(target, lines())
    if not counts["written"]:
        target.unlink()  # an empty file would read as a damaged one
    return ImportReport(file=target, written=counts["written"], known=counts["known"], faults=tuple(faults))


def _target_name(file: Path) -> str:
    """One name per imported file: two folders may both hold a corpus.jsonl."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", file.name.split(".")[0]).strip("-") or "imported"
    return f"{stem}-{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}.jsonl"


def _ids_elsewhere(corpus: Path, target: Path) -> set[str]:
    ids: set[str] = set()
    for file in abstract_files(corpus):
        if file != target:
            ids.update(str(row["id"]) for _, row in read_jsonl(file) if isinstance(row, dict) and "id" in row)
    return ids
