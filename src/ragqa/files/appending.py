"""Lines added at the end of a file, and last lines that a kill or a full disk left without their end."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO

from ragqa.errors import Fault
from ragqa.files.jsonl import json_line, json_object
from ragqa.files.locking import locked


def append_line(file: Path, value: object, *, durable: bool = True, mend: bool = False) -> None:
    """Append one JSON line, whole or not at all; concurrent writers queue on a lock. ``durable`` waits until the disk has it.

    ``mend``: a last line without its end is ended first where it is whole, and removed where a kill cut it off. Raises OSError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # Unbuffered: a buffer that could not be written would be tried again on closing, behind what was cut off below.
    with file.open("a+b", buffering=0) as stream, locked(stream):
        if mend:
            _mend_end(stream, file)
        before = os.fstat(stream.fileno()).st_size
        try:
            _write_all(stream.fileno(), json_line(value).encode("utf-8"))
            if durable:
                os.fsync(stream.fileno())
        except BaseException:
            os.ftruncate(stream.fileno(), before)
            raise


def _write_all(descriptor: int, data: bytes) -> None:
    """A full disk takes a part and refuses only the next write."""
    while data:
        data = data[os.write(descriptor, data) :]


def ends_whole(file: Path) -> bool:
    """Whether the last line has its line break; an empty or missing file has none that lacks it."""
    if not file.exists() or not file.stat().st_size:
        return True
    with file.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def cut_partial_line(file: Path) -> None:
    """Remove a last line that a kill or a full disk left without its end, in place: no more than that line is read."""
    with file.open("r+b") as stream:
        stream.truncate(_end_of_whole_lines(stream))


def _mend_end(stream: io.FileIO, file: Path) -> None:
    kept = _end_of_whole_lines(stream)
    stream.seek(kept)
    last = stream.read()
    if last and isinstance(json_object(last, file, 0), Fault):
        stream.truncate(kept)
    elif last:
        _write_all(stream.fileno(), b"\n")


def _end_of_whole_lines(stream: IO[bytes] | io.FileIO) -> int:
    """Where the last line break ends."""
    kept = stream.seek(0, os.SEEK_END)
    while kept and (block := _before(stream, kept)):
        newline = block.rfind(b"\n")
        if newline >= 0:
            return kept - (len(block) - newline - 1)
        kept -= len(block)
    return kept


def _before(stream: IO[bytes] | io.FileIO, end: int, size: int = 65536) -> bytes:
    start = stream.seek(max(0, end - size))
    return stream.read(end - start)
