"""The lines of a file of abstracts, and where in it they stand."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from ragqa.errors import Fault, InvalidRecord
from ragqa.files import UNREADABLE, open_stream, raw_lines


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a JSON Lines file: its number from 1, its first byte and its bytes."""

    number: int
    start: int
    data: bytes

    @property
    def end(self) -> int:
        """The byte after its last."""
        return self.start + len(self.data)

    @property
    def sha256(self) -> bytes:
        """Of its bytes."""
        return hashlib.sha256(self.data).digest()


def lines(file: Path, start: int = 0, before: int = 0) -> Iterator[Line | Fault]:
    """The lines from byte ``start`` on, with ``before`` lines before it; of a gzipped file these are its unpacked bytes.

    Raises:
        InvalidRecord: the file cannot be opened, or not be read on.
    """
    try:
        with open_stream(file) as stream:
            stream.seek(start)
            for number, data in raw_lines(stream, file):
                if isinstance(data, Fault):
                    yield Fault(file=file, line=number + before, message=data.message)
                else:
                    yield Line(number + before, stream.tell() - len(data), data)
    except UNREADABLE as error:
        raise InvalidRecord(file, None, f"cannot be read: {error}") from error


def seekable(file: Path) -> IO[bytes]:
    """The file, open for reading anywhere. A gzipped one is unpacked aside: every step back in it would unpack it again.

    Raises any of ``UNREADABLE``.
    """
    stream = open_stream(file)
    if not isinstance(stream, gzip.GzipFile):
        return stream
    with stream:
        unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads records closes it
        shutil.copyfileobj(stream, unpacked)
        return cast("IO[bytes]", unpacked)
