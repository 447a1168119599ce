"""Reading and writing files so that a fault names its line and a crash leaves the old file whole."""

from __future__ import annotations

import errno
import fcntl
import gzip
import hashlib
import io
import json
import math
import os
import shutil
import sqlite3
import stat
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from ragqa.errors import Fault, InvalidRecord

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. The largest MEDLINE record is far below this; a longer line is damage or an attack, and is not read whole."""

JOURNALS = ("-wal", "-shm", "-journal")
"""What SQLite writes beside a database."""
DEEPEST = 64
"""Brackets within brackets. No record nests deeper than five."""
LONGEST_NUMBER = 100
"""Digits of a whole number; nothing that a record counts comes near."""

UNREADABLE = (OSError, EOFError, zlib.error)
"""What a missing, damaged or truncated file, plain or gzipped, raises while it is read."""


def decode(data: bytes, file: Path, line: int | None = None) -> str:
    """UTF-8, or an InvalidRecord that says at which byte it stopped being so."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = line if line is not None else data[: error.start].count(b"\n") + 1
        raise InvalidRecord(file, where, f"not UTF-8 at byte {error.start}; save the file as UTF-8") from None


def open_regular(file: Path) -> io.BufferedReader:
    """Open a file for reading; a folder, device or pipe, which could keep a reader waiting for ever, raises OSError."""
    return os.fdopen(_regular(file, os.O_RDONLY), "rb")


def _regular(file: Path, flags: int) -> int:
    descriptor = os.open(file, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(file))
    return descriptor


def read_bytes(file: Path) -> bytes:
    """All of a file, opened as ``open_regular``."""
    with open_regular(file) as stream:
        return stream.read()


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, opened as ``open_regular``, in hexadecimal."""
    with open_regular(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stamp(file: Path) -> tuple[int, ...] | None:
    """Changes when the file does, or another takes its place; None while it cannot be looked at."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def no_folder(place: Path) -> bool:
    """Whether something stands here that is no folder, and no link to one."""
    return os.path.lexists(place) and not place.is_dir()


def require_regular(file: Path) -> None:
    """As ``open_regular`` for those that open files themselves, such as SQLite; a missing file is none that could wait."""
    if os.path.lexists(file) and not stat.S_ISREG(file.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(file))


def require_usable(file: Path) -> None:
    """As ``require_regular``, for a file that this process must read and write: its owner gets the permissions that are missing.

    Raises OSError where they are another's to give.
    """
    require_regular(file)
    if os.path.lexists(file) and not os.access(file, os.R_OK | os.W_OK):
        file.chmod(stat.S_IMODE(file.stat().st_mode) | stat.S_IRUSR | stat.S_IWUSR)


def read_text(file: Path) -> tuple[str, bytes]:
    """The file's text and its exact bytes. Raises InvalidRecord when too large, unreadable, not UTF-8 or with NUL bytes."""
    try:
        with open_regular(file) as stream:
            data = stream.read(LONGEST_LINE + 1)
    except OSError as error:
        raise InvalidRecord(file, None, f"cannot be read: {error.strerror}") from error
    if len(data) > LONGEST_LINE:
        raise InvalidRecord(file, None, f"larger than {LONGEST_LINE // 2**20} MiB; no article is that long")
    text = decode(data, file)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InvalidRecord(file, line, "holds a NUL byte, so it is no text; save the file as UTF-8")
    return text, data


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
    """Open for reading, as ``open_regular``; gzip is known by its first two bytes."""
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


def json_object(line: bytes, file: Path, number: int) -> dict[str, Any] | Fault:
    """The object one line holds, or a Fault that says why it holds none: also where no file, page or table could keep it."""
    try:
        value = json.loads(line.decode("utf-8"), parse_int=_whole_number, parse_constant=_no_number)
        _check_kept(line, value)
    except UnicodeDecodeError as error:
        return Fault(file=file, line=number, message=f"not UTF-8 at byte {error.start} of the line")
    except (ValueError, RecursionError) as error:
        return Fault(file=file, line=number, message=f"not JSON: {error}")
    if not isinstance(value, dict):
        return Fault(file=file, line=number, message=f"a JSON object was expected, not {type(value).__name__}")
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _check_kept(line: bytes, value: object) -> None:
    """Raises ValueError for NULs, halves of surrogate pairs and nesting without end, where the line could hold any of them."""
    if b"\\u" not in line and line.count(b"[") + line.count(b"{") <= DEEPEST:
        return
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEEPEST + 1:
            raise ValueError(f"nested more than {DEEPEST} deep")
        if isinstance(item, str):
            if "\0" in item:
                raise ValueError("a NUL in a text")
            if any("\ud800" <= character <= "\udfff" for character in item):
                raise ValueError("half a surrogate pair in a text")
        elif isinstance(item, dict):
            waiting.extend((part, depth + 1) for pair in item.items() for part in pair)
        elif isinstance(item, list):
            waiting.extend((part, depth + 1) for part in item)


def write_atomic(file: Path, chunks: Iterable[str | bytes], mode: int | None = None) -> None:
    """Write a file, text as UTF-8, so that a reader, or a crash, sees the old content or the new, never a part.

    ``mode``: its permissions; without it those of the file that is replaced, which its owner can read and write at least where
    it could not be read; 0644 for a new one. A link stays a link, and what it names is replaced.
    """
    file = Path(os.path.realpath(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk.encode("utf-8") if isinstance(chunk, str) else chunk)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode if mode is not None else _mode_of(file))
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _mode_of(file: Path) -> int:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0o644
    return mode if mode & stat.S_IRUSR else mode | stat.S_IRUSR | stat.S_IWUSR


def set_aside(file: Path) -> Path:
    """Rename what stands at this place, a database with its journal, to NAME.damaged-DATE-TIME; the new name."""
    aside = aside_name(file)
    file.rename(aside)
    for journal in JOURNALS:
        with suppress(FileNotFoundError):
            file.with_name(file.name + journal).rename(aside.with_name(aside.name + journal))
    sync_folder(file.parent)
    return aside


def keep_aside(file: Path) -> Path:
    """As ``set_aside``, but the file keeps its name too, for whoever then replaces it whole; a folder is only renamed.

    Of a link it is what it names that is kept.
    """
    file = Path(os.path.realpath(file))
    if file.is_dir() and not file.is_symlink():
        return set_aside(file)
    aside = aside_name(file)
    for journal in ("", *JOURNALS):
        if os.path.lexists(old := file.with_name(file.name + journal)):
            linked(old, aside.with_name(aside.name + journal))
    sync_folder(file.parent)
    return aside


def aside_name(file: Path) -> Path:
    """NAME.damaged-DATE-TIME beside the file, which nothing has yet."""
    stamp = f"damaged-{datetime.now():%Y%m%d-%H%M%S}"
    names = (file.with_name(f"{file.name}.{stamp}{suffix}") for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not os.path.lexists(name))


def discard(file: Path) -> None:
    """Remove what can be made anew, a database with its journal; a folder, which may hold anything, is set aside."""
    if file.is_dir() and not file.is_symlink():
        set_aside(file)
        return
    for journal in ("", *JOURNALS):
        file.with_name(file.name + journal).unlink(missing_ok=True)


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


DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH})
"""What SQLite says of a file that is no database, is damaged, or holds other tables than those asked for."""


def is_damage(error: Exception) -> bool:
    """Whether an error tells of a database file's content, not of a lock, the disk or permissions."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGE


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """One change of a database, whole or not at all; another writer's is waited for before it begins. Raises sqlite3.Error."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:  # a full disk has ended it already
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
def locked(stream: IO[bytes] | io.FileIO, *, wait: float = math.inf) -> Iterator[None]:
    """Hold an exclusive lock on an open file; raises BlockingIOError when another holds it for more than ``wait`` seconds."""
    _lock(stream, wait)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)


@contextmanager
def lock_file(file: Path, *, wait: float) -> Iterator[None]:
    """As ``locked``, on a file that is there for its lock alone and made where it is missing.

    Raises:
        BlockingIOError: another holds it.
        OSError: it cannot be opened, or is a folder, device or pipe.
    """
    with os.fdopen(_regular(file, os.O_RDWR | os.O_CREAT), "ab") as stream, locked(stream, wait=wait):
        yield


def _lock(stream: IO[bytes] | io.FileIO, wait: float) -> None:
    if wait == math.inf:
        fcntl.flock(stream, fcntl.LOCK_EX)
        return
    ends = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise
            time.sleep(0.02)
        else:
            return
