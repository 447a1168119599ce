"""Reading and writing files so that a fault names its line and a crash leaves the old file whole."""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import os
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from ragqa.errors import Fault, InvalidRecord

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. The largest MEDLINE record is far below this; a longer line is damage or an attack, and is not read whole."""


UNREADABLE = (OSError, EOFError, zlib.error)
"""What a missing, damaged or truncated file, plain or gzipped, raises while it is read."""


def decode(data: bytes, file: Path, line: int | None = None) -> str:
    """UTF-8, or an InvalidRecord that says at which byte it stopped being so."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = line if line is not None else data[: error.start].count(b"\n") + 1
        raise InvalidRecord(file, where, f"not UTF-8 at byte {error.start}; save the file as UTF-8") from None


def read_text(file: Path) -> tuple[str, bytes]:
    """The file's text and its exact bytes. Raises InvalidRecord when too large, unreadable or not UTF-8."""
    try:
        if file.stat().st_size > LONGEST_LINE:
            raise InvalidRecord(file, None, f"larger than {LONGEST_LINE // 2**20} MiB; no article is that long")
        data = file.read_bytes()
    except OSError as error:
        raise InvalidRecord(file, None, f"cannot be read: {error.strerror}") from error
    return decode(data, file), data


def raw_lines(stream: IO[bytes], file: Path) -> Iterator[tuple[int, bytes | Fault]]:
    """Number and bytes of each line that is not blank; an over-long line comes as a Fault and is skipped unread."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
            yield number, Fault(file=file, line=number, message=f"line longer than {LONGEST_LINE // 2**20} MiB")
        elif line.strip():
            yield number, line


def read_jsonl(file: Path) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    """Number and object of each line, or a Fault where the line is not a JSON object in UTF-8. Streams: memory is one line."""
    try:
        with open_stream(file) as stream:
            for number, line in raw_lines(stream, file):
                yield number, line if isinstance(line, Fault) else json_object(line, file, number)
    except UNREADABLE as error:
        raise InvalidRecord(file, None, f"cannot be read: {error}") from error


def open_stream(file: Path) -> io.BufferedReader:
    """Open for reading; gzip is known by its first two bytes."""
    stream = file.open("rb")
    if stream.peek(2)[:2] == b"\x1f\x8b":
        stream.close()
        return cast("io.BufferedReader", gzip.open(file, "rb"))  # has the same reading methods
    return stream


def json_object(line: bytes, file: Path, number: int) -> dict[str, Any] | Fault:
    """The object one line holds, or a Fault that says why it holds none."""
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Fault(file=file, line=number, message=f"not UTF-8 at byte {error.start} of the line")
    except (ValueError, RecursionError) as error:
        return Fault(file=file, line=number, message=f"not JSON: {error}")
    if not isinstance(value, dict):
        return Fault(file=file, line=number, message=f"a JSON object was expected, not {type(value).__name__}")
    return value


def write_atomic(file: Path, chunks: Iterable[str | bytes], *, mode: int = 0o644) -> None:
    """Write a file, text as UTF-8, so that a reader, or a crash, sees the old content or the new, never a part.

    ``mode``: the file's permissions; until it is whole its owner alone can read it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk.encode("utf-8") if isinstance(chunk, str) else chunk)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def linked(file: Path, other: Path) -> None:
    """A second name for a file that never changes again; a copy where the file system has no such links."""
    try:
        os.link(file, other)
    except OSError:
        shutil.copyfile(file, other)


def sync_tree(folder: Path) -> None:
    """Make every file in a folder survive power loss."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            sync_folder(file)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def json_line(value: object) -> str:
    """One line of JSON, keys in the order given, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def append_line(file: Path, value: object, *, durable: bool = True, mend: bool = False) -> None:
    """Append one JSON line, whole or not at all; concurrent writers queue on a lock. ``durable`` waits until the disk has it.

    ``mend``: a last line without its end is ended first where it is whole, and removed where a kill cut it off.
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


def cut_partial_line(file: Path) -> None:
    """Remove a last line that a kill or a full disk left without its end, in place: no more than that line is read."""
    with file.open("r+b") as stream:
        stream.truncate(_end_of_whole_lines(stream))


def ends_whole(file: Path) -> bool:
    """Whether the last line has its line break; an empty or missing file has none that lacks it."""
    if not file.exists() or not file.stat().st_size:
        return True
    with file.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def _mend_end(stream: io.FileIO, file: Path) -> None:
    kept = _end_of_whole_lines(stream)
    stream.seek(kept)
    last = stream.read()
    if last and isinstance(json_object(last, file, 0), Fault):
        stream.truncate(kept)
    elif last:
        _write_all(stream.fileno(), b"\n")


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """One change of a database, whole or not at all; another writer's is waited for before it begins. Raises sqlite3.Error."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


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


@contextmanager
def locked(stream: IO[bytes] | io.FileIO, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on an open file; raises BlockingIOError when it is taken and ``wait`` is False."""
    fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)
