"""The public data sets as their folders hold them: rows, ids, how texts are told to be the same, and what is held back."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from ragqa.files import json_line, write_atomic

HELD_BACK, DEV = 3, 4


def rows(file: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file, packed where its name ends in .gz.

    Raises:
        click.UsageError: the file is absent.
        ValueError: a line is no JSON.
    """
    if not file.exists():
        raise click.UsageError(f"{file} is absent: name the folder of the public data sets (--data)")
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def write_rows(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSON Lines file, whole or not at all."""
    write_atomic(file, map(json_line, rows))


def document_of(source_id: str) -> str:
    """The id that a data set gives a document whose source has this one."""
    return source_id.removeprefix("doc:")


def number_of(*texts: str) -> int:
    """A number that depends on the texts alone: choices stay the same whatever else is in the data."""
    return int(hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8], 16)


def share_of(source: str) -> str:
    """``held back`` (30 %, what the checker is measured on), ``dev`` (10 %, chooses a checkpoint) or ``train``, by source."""
    tenth = int(hashlib.sha256(source.encode()).hexdigest(), 16) % 10
    return "held back" if tenth < HELD_BACK else "dev" if tenth < DEV else "train"


def folded(text: str) -> str:
    """Words only, lower case: how texts are told to be the same."""
    return re.sub(r"\W+", " ", text.lower()).strip()
