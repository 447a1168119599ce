"""JSON Lines: one object a line, read so that a fault names its line and what no file, page or table could keep is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ragqa.errors import Fault, InvalidRecord
from ragqa.files.reading import LONGEST_LINE, UNREADABLE, open_stream

DEEPEST = 64
"""Brackets within brackets. No record nests deeper than five."""

LONGEST_NUMBER = 100
"""Digits of a whole number; nothing that a record counts comes near."""


def json_line(value: object) -> str:
    """One line of JSON, keys in the order given, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def read_jsonl(file: Path) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    """Number, from 1, and object of each line, or a Fault where the line is not a JSON object in UTF-8. Memory is one line.

    Raises:
        InvalidRecord: the file cannot be opened, or not be read on.
    """
    try:
        with open_stream(file) as stream:
            for number, line in raw_lines(stream, file):
                yield number, line if isinstance(line, Fault) else json_object(line, file, number)
    except UNREADABLE as error:
        raise InvalidRecord(file, None, f"cannot be read: {error}") from error


def raw_lines(stream: IO[bytes], file: Path) -> Iterator[tuple[int, bytes | Fault]]:
    """Number, from 1, and bytes of each line that is not blank; an over-long line comes as a Fault and is skipped unread."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
            yield number, Fault(file=file, line=number, message=f"line longer than {LONGEST_LINE // 2**20} MiB")
        elif line.strip():
            yield number, line


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
