"""BEIR corpora to records: one JSON object a line, ``{"_id": "4983", "title": "...", "text": "..."}``.

Format: https://github.com/beir-cellar/beir/wiki/Load-your-custom-dataset. Other keys (``metadata``) are left out. The text
is kept to the letter, only white space around it goes: offsets into it must hold.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragqa.corpus.importers.fields import pubmed_number, pubmed_url, record_or_fault, section
from ragqa.corpus.importers.streams import streamed, text_lines
from ragqa.corpus.records import Abstract, explain
from ragqa.errors import Fault

_UNSAFE = re.compile(r"[\s%]")


class _Line(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str = Field(alias="_id", min_length=1)
    title: str | None = None
    text: str | None = None


def read_beir(file: Path, ids: str) -> Iterator[Abstract | Fault]:
    """The documents of one file; ids become ``doc:<id>``, or ``pmid:<id>`` with ``ids="pmid"``."""

    def read(stream: io.BufferedReader) -> Iterator[Abstract | Fault]:
        for number, line in text_lines(stream, file):
            yield line if isinstance(line, Fault) else _record(line, file, number, ids)

    return streamed(file, read)


def document_id(name: str) -> str:
    """``doc:<name>``, white space percent-encoded; so is ``%``, or two names could become one id."""
    return "doc:" + _UNSAFE.sub(lambda match: quote(match[0]), name)


def _record(line: bytes, file: Path, number: int, ids: str) -> Abstract | Fault:
    try:
        parsed = _Line.model_validate_json(line)
    except ValidationError as error:
        return Fault(file=file, line=number, message=explain(error).replace(" at line 1 column ", " at column "))
    if ids == "pmid" and pubmed_number(parsed.id) is None:
        return Fault(file=file, line=number, message=f"_id {parsed.id!r} is no PubMed number; import with ids 'doc'")
    text = (parsed.text or "").strip()
    fields = {
        "id": f"pmid:{parsed.id.strip()}" if ids == "pmid" else document_id(parsed.id),
        "title": (parsed.title or "").strip() or None,
        "url": pubmed_url(parsed.id.strip()) if ids == "pmid" else None,
        "sections": [section(None, text)] if text else [],
        "text_origin": "publisher",
        "source": f"beir jsonl: {file.name}",
    }
    return record_or_fault(file, number, fields)
