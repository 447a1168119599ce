"""Foreign files streamed: memory is one record, and where the bytes break off what came before is kept."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from ragqa.errors import Fault
from ragqa.files import UNREADABLE, open_stream, raw_lines

_T = TypeVar("_T")


def streamed(file: Path, read: Callable[[io.BufferedReader], Iterator[_T | Fault]]) -> Iterator[_T | Fault]:
    """All that ``read`` makes of the file; where the bytes break off, a last Fault instead of an error."""
    try:
        with open_stream(file) as stream:
            yield from read(stream)
    except UNREADABLE as error:
        yield Fault(file=file, line=None, message=f"the file breaks off: {error}; only what came before was read")


def text_lines(stream: io.BufferedReader, file: Path) -> Iterator[tuple[int, bytes | Fault]]:
    """Number and bytes of each line that is not blank, a byte order mark taken off."""
    for number, line in raw_lines(stream, file):
        value = line if isinstance(line, Fault) else line.removeprefix(codecs.BOM_UTF8)
        if isinstance(value, Fault) or value.strip():
            yield number, value
