"""Files opened and read, plain or gzipped, so that what cannot be read is named and nothing is waited for."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from pathlib import Path
from typing import cast

from ragqa.errors import InvalidRecord
from ragqa.files.places import regular_descriptor

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. The largest MEDLINE record is far below this; a longer line is damage or an attack, and is not read whole."""

UNREADABLE = (OSError, EOFError, zlib.error)
"""What a missing, damaged or truncated file, plain or gzipped, raises while it is read."""


def open_regular(file: Path) -> io.BufferedReader:
    """Open a file for reading; a folder, device or pipe, which could keep a reader waiting for ever, raises OSError."""
    return os.fdopen(regular_descriptor(file, os.O_RDONLY), "rb")


def open_stream(file: Path) -> io.BufferedReader:
    """Open for reading, as ``open_regular``; of a gzipped file, known by its first two bytes, what is packed in it.

    Opening raises OSError, reading any of ``UNREADABLE``.
    """
    stream = open_regular(file)
    if stream.peek(2)[:2] == b"\x1f\x8b":
        return cast("io.BufferedReader", _Unpacked(stream))  # has the same reading methods
    return stream


class _Unpacked(gzip.GzipFile):
    """Closes the packed file with itself."""

    def __init__(self, packed: io.BufferedReader) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


def read_bytes(file: Path) -> bytes:
    """All of a file, opened as ``open_regular``. Raises OSError."""
    with open_regular(file) as stream:
        return stream.read()


def read_text(file: Path) -> tuple[str, bytes]:
    """The file's text and its exact bytes. Raises InvalidRecord when too large, unreadable, not UTF-8 or with NUL bytes."""
    try:
        with open_regular(file) as stream:
            too_large = os.fstat(stream.fileno()).st_size > LONGEST_LINE
            data = b"" if too_large else stream.read()  # asked for a number of bytes, Python would take as much memory at once
    except OSError as error:
        raise InvalidRecord(file, None, f"cannot be read: {error.strerror}") from error
    if too_large:
        raise InvalidRecord(file, None, f"larger than {LONGEST_LINE // 2**20} MiB; no article is that long")
    text = _decoded(data, file)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InvalidRecord(file, line, "holds a NUL byte, so it is no text; save the file as UTF-8")
    return text, data


def _decoded(data: bytes, file: Path) -> str:
    """UTF-8, or an InvalidRecord that says at which byte it stopped being so."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidRecord(file, line, f"not UTF-8 at byte {error.start}; save the file as UTF-8") from None


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, opened as ``open_regular``, in hexadecimal. Raises OSError."""
    with open_regular(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
