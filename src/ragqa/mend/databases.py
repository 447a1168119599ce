"""A damaged database: its rows carried over into a new one."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragqa.answer.contract import Answer
from ragqa.answer.provenance import Provenance
from ragqa.editorial.library import Library
from ragqa.files import open_regular
from ragqa.files.aside import keep_aside
from ragqa.files.databases import JOURNALS, is_damage
from ragqa.files.places import require_regular
from ragqa.files.writing import sync_folder
from ragqa.mend.found import Damage, reason

FIRST_SHARED = 0x40000002
SHARED = 510
"""The bytes of a database on which SQLite holds a lock while anybody has it open (https://www.sqlite.org/fileformat2.html)."""
Valid = Callable[[str, dict[str, Any]], bool]
"""Whether a row of the table of this name, by column, can be used."""


def database(file: Path, make: Callable[[Path], None], valid: Valid, lost: str) -> Iterator[Damage]:
    """A database of records: ``make`` makes an empty one, ``valid`` knows a row of a table that can be used.

    Nothing is said of one that does not exist. ``lost`` says what follows for a row that cannot be read.
    """
    file = Path(os.path.realpath(file))
    if not os.path.lexists(file):
        return
    with tempfile.TemporaryDirectory() as place:
        make(Path(place) / file.name)
        with closing(_opened(Path(place) / file.name)) as opened:
            columns = _columns(opened)
    try:
        seen = fault_of(file, columns, valid)
    except sqlite3.Error as error:
        yield Damage(
            file=file, seen=str(error), advice="stop the server, see that the folder can be written, then run `ragqa mend` again"
        )
        return
    if seen is None:
        return

    def repair() -> str:
        _require_alone(file)
        fresh = file.with_name(f".{file.name}.mending")
        for journal in ("", *JOURNALS):
            fresh.with_name(fresh.name + journal).unlink(missing_ok=True)
        make(fresh)
        read, kept = _carried(file, fresh, columns, valid)
        fresh.chmod(_mode_of(file))
        aside = keep_aside(file)
        for journal in JOURNALS:
            file.with_name(file.name + journal).unlink(missing_ok=True)
        fresh.replace(file)
        sync_folder(file.parent)
        left = f", {read - kept} could not be used" * (read > kept)
        return f"begun anew, {kept} rows carried over{left}; {lost}. What was there is {aside.name}"

    yield Damage(
        file=file, seen=seen, advice="set it aside, begin it anew and carry over the rows that can be read", repair=repair
    )


def _columns(opened: sqlite3.Connection) -> dict[str, list[str]]:
    """Table -> columns."""
    tables = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    return {
        table: [row[1] for row in opened.execute(f'PRAGMA table_info("{table}")').fetchall()]
        for table in tables
        if not table.startswith("sqlite_")
    }


def _opened(file: Path) -> sqlite3.Connection:
    require_regular(file)
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)


def fault_of(file: Path, columns: dict[str, list[str]], valid: Valid = lambda _, __: True) -> str | None:
    """What is wrong with a database that should have these tables; None where nothing is.

    Raises:
        sqlite3.Error: it is locked, or cannot be opened for another reason than what it holds.
    """
    try:
        if file.stat().st_size == 0 and not file.with_name(file.name + "-wal").exists():
            return "it is empty"
        if _cut(file):
            return "its end is missing"
        with closing(_opened(file)) as opened:
            (told,) = opened.execute("PRAGMA integrity_check(1)").fetchone()
            if told != "ok":
                return f"SQLite says: {told}"
            present = _columns(opened)
            missing = sorted(table for table, names in columns.items() if not set(names) <= set(present.get(table, ())))
            if missing:
                return f"it has no table {', '.join(missing)} such as ragqa makes"
            bad = sum(not valid(table, row) for table in columns for row in _rows(opened, table, columns[table]))
    except (OSError, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
            raise
        return reason(error)
    return f"{bad} of its rows cannot be used" if bad else None


def _cut(file: Path) -> bool:
    """Whether a database is shorter than its header says (https://www.sqlite.org/fileformat2.html, 1.3): SQLite may not mind."""
    with open_regular(file) as stream:
        header = stream.read(100)
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    counted = header[24:28] == header[92:96]  # older writers leave the number of pages as it was
    return counted and file.stat().st_size < pages * (65536 if page == 1 else page)


def _rows(opened: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    names = ", ".join(f'"{name}"' for name in columns)
    opened.text_factory = _text
    for row in opened.execute(f'SELECT {names} FROM "{table}"'):
        yield dict(zip(columns, row, strict=True))


def _text(data: bytes) -> str | bytes:
    """A text, or where it is none the bytes, which no check takes for one."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _carried(file: Path, fresh: Path, columns: dict[str, list[str]], valid: Valid) -> tuple[int, int]:
    """Copy every row that can be read and used; how many could be read, and how many were copied."""
    read = kept = 0
    with closing(sqlite3.connect(fresh, isolation_level=None)) as target:
        target.execute("PRAGMA foreign_keys = OFF")
        target.execute("BEGIN")
        for table, names in columns.items():
            for row in _readable(file, table, names):
                read += 1
                if valid(table, row):
                    marks = ", ".join("?" * len(names))
                    with suppress(sqlite3.IntegrityError):
                        kept += target.execute(f'INSERT INTO "{table}" VALUES ({marks})', [row[name] for name in names]).rowcount
        target.execute("COMMIT")
        target.execute("PRAGMA journal_mode = DELETE")  # so that the file is whole by itself when it is renamed
    return read, kept


def _readable(file: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Rows from the front up to the first that cannot be read, then from the back up to the last that cannot."""
    seen = set()
    for order in ("ASC", "DESC"):
        with suppress(OSError, sqlite3.Error), closing(_opened(file)) as opened:
            opened.text_factory = _text
            names = ", ".join(f'"{name}"' for name in columns)
            for row in opened.execute(f'SELECT {names} FROM "{table}" ORDER BY 1 {order}'):
                if row not in seen:
                    seen.add(row)
                    yield dict(zip(columns, row, strict=True))


def _mode_of(file: Path) -> int:
    """The permissions of the database that is replaced; its owner's alone where it is no file."""
    return stat.S_IMODE(file.stat().st_mode) if file.is_file() else 0o600


def _require_alone(file: Path) -> None:
    """Raises OSError while another process has the database open: what it wrote then would be lost."""
    if not file.is_file():
        return
    with file.open("r+b") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED, FIRST_SHARED)
        except (BlockingIOError, PermissionError):
            raise OSError(f"another process has {file} open: stop the server, then run `ragqa mend` again") from None


def library(file: Path) -> Iterator[Damage]:
    """The library of signed-off answers."""
    yield from database(file, lambda fresh: Library(fresh).close(), _versions_held, "answers that are missing must be made again")


def _versions_held(table: str, row: dict[str, Any]) -> bool:
    """Whether a row of the library can be used."""
    if table != "versions":
        return True
    return is_answer(row["answer"]) and _is_basis(row["basis"])


def is_answer(text: object) -> bool:
    """Whether a text is an answer as it is stored."""
    try:
        Answer.model_validate_json(text)  # type: ignore[arg-type]
    except ValidationError:
        return False
    return True


def _is_basis(text: object) -> bool:
    try:
        Provenance.from_json(text)  # type: ignore[arg-type]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return False
    return True
