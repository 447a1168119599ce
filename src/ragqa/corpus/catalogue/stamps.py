"""Whether a file of records was changed since it was read, told without opening it where that can be."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from ragqa.corpus.abstracts import abstract_files
from ragqa.corpus.articles import article_files
from ragqa.files import sha256_of

SETTLED = 2.0
"""Seconds a file must have been left alone before its stamp is trusted: file systems keep times in steps of up to two seconds,
so that a second change within one step would not show.
"""


def stamped_files(corpus: Path) -> dict[str, str]:
    """Every file of records by its name, "articles/x.md" or "abstracts/x.jsonl", sorted, with its stamp.

    The stamp is "" where nothing tells whether the file was changed, as of one that cannot be read.
    """
    files = [*article_files(corpus), *abstract_files(corpus)]
    return {f"{file.parent.name}/{file.name}": _stamp(file) for file in files}


def _stamp(file: Path) -> str:
    try:
        if file.suffix == ".md":
            return sha256_of(file)
        status = file.stat()
    except OSError:
        return ""
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    if time.time_ns() - changed < SETTLED * 1e9:
        return ""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def size_of(file: Path) -> int:
    """Bytes of a file; 0 for a link that leads nowhere."""
    with suppress(OSError):
        return file.stat().st_size
    return 0
