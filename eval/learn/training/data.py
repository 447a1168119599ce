"""The data folder's packed files, and its one rule of holding back."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click

HELD_BACK, DEV = 3, 4


def lines(file: Path) -> Iterator[dict]:
    """Rows of a packed JSON Lines file; says clearly when the data is absent."""
    if not file.exists():
        raise click.UsageError(f"{file} is absent: --data must name the folder of the public data sets")
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def share_of(source: str) -> str:
    """``held back`` (30 %, what the checker is measured on), ``dev`` (10 %, chooses a checkpoint) or ``train``, by source."""
    tenth = int(hashlib.sha256(source.encode()).hexdigest(), 16) % 10
    return "held back" if tenth < HELD_BACK else "dev" if tenth < DEV else "train"


def folded(text: str) -> str:
    """Words only, lower case: how texts are told to be the same."""
    return re.sub(r"\W+", " ", text.lower()).strip()
