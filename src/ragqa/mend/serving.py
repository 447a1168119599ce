"""What the server keeps: accounts, answers, conversations and its secret."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ragqa.conversation.turns import SCHEMA, read_turns
from ragqa.errors import InvalidRecord
from ragqa.evaluation.rating.sessions import SessionFolder, readable_ratings
from ragqa.files import open_regular, open_stream, raw_lines, read_bytes, read_jsonl, write_atomic
from ragqa.files.appending import ends_whole
from ragqa.files.aside import keep_aside
from ragqa.mend.databases import database, is_answer
from ragqa.mend.found import Damage, reason
from ragqa.settings import Settings
from ragqa.web.accounts import Accounts
from ragqa.web.archive import Archive
from ragqa.web.private import SECRET_BYTES, passing_secret


def serving(settings: Settings) -> Iterator[Damage]:
    """What the server keeps: accounts, answers, conversations, its secret."""
    folder = settings.serving
    yield from database(
        folder / "accounts.sqlite",
        _new_accounts,
        _all_held,
        "users that are missing must be added again with `ragqa users add`",
    )
    yield from database(folder / "answers.sqlite", _new_archive, _answers_held, "some links to answers lead nowhere")
    for file in sorted((folder / "conversations").glob("*.jsonl")):
        yield from conversation(file)
    for session in SessionFolder.all(folder):
        yield from rating(session)
    yield from secret(folder / "secret")


def _new_accounts(file: Path) -> None:
    with closing(Accounts(file)) as accounts:
        accounts.open()


def _new_archive(file: Path) -> None:
    """An archive with its tables, which is made at the first change."""
    with closing(Archive(file, keep=1, most_bytes=1)) as archive:
        archive.forget("")


def secret(file: Path) -> Iterator[Damage]:
    """The server's secret, which only has to be random."""

    def repair() -> str:
        aside = keep_aside(file)
        write_atomic(file, [passing_secret()], mode=0o600)
        return f"a new one was made; pages that are open must be loaded again. What was there is {aside.name}"

    if not os.path.lexists(file):
        return
    try:
        data = read_bytes(file)
    except OSError as error:
        yield Damage(file=file, seen=reason(error), advice="make a new one", repair=repair)
        return
    if len(data) < SECRET_BYTES or len(set(data)) < SECRET_BYTES // 4:
        yield Damage(file=file, seen="it is no secret of 32 random bytes", advice="make a new one", repair=repair)


def conversation(file: Path) -> Iterator[Damage]:
    """A file of turns: those before the first that cannot be read are kept, so that each keeps its place."""
    kept: list[bytes] = []
    try:
        open_regular(file).close()
        turns = read_turns(file)
        if ends_whole(file) or len(turns) == _lines(file):
            return
        seen, kept = "its last line was cut off", _first(file, len(turns))
    except InvalidRecord as error:
        fault = error.faults[0]
        seen = f"line {fault.line}: {fault.message}" if fault.line else fault.message
        if "upgrade ragqa" in fault.message:
            yield Damage(file=file, seen=seen, advice=f"it holds more than {SCHEMA}: upgrade ragqa")
            return
        kept = _first(file, fault.line - 1) if fault.line else []
    except OSError as error:
        seen = reason(error)

    def repair() -> str:
        aside = keep_aside(file)
        write_atomic(file, kept, mode=0o644)
        return f"begun anew with the {len(kept)} turns before; the whole file is {aside.name}"

    yield Damage(file=file, seen=seen, advice=f"begin it anew with the {len(kept)} turns before", repair=repair)


def rating(session: SessionFolder) -> Iterator[Damage]:
    """A rating session: ratings that can be read are kept; what was drawn once can only come from a copy."""
    try:
        session.read()
        session.pairs()
    except InvalidRecord as error:
        advice = "put a copy back, or remove the folder; its ratings mean nothing without it"
        yield Damage(file=error.faults[0].file, seen=error.faults[0].message, advice=advice)
    file = session.folder / "ratings.jsonl"
    try:
        session.ratings()
        if not os.path.lexists(file) or ends_whole(file):
            return
        seen = "its last line was cut off"
    except InvalidRecord as error:
        seen = f"line {error.faults[0].line or 1}: {error.faults[0].message}"
    except OSError as error:
        seen = reason(error)
    kept, lost = readable_ratings(file)

    def repair() -> str:
        aside = keep_aside(file)
        write_atomic(file, kept, mode=0o644)
        return f"the {len(kept)} ratings that can be read were kept, {lost} lines were not; the whole file is {aside.name}"

    yield Damage(file=file, seen=seen, advice=f"keep the {len(kept)} ratings that can be read", repair=repair)


def _lines(file: Path) -> int:
    return sum(1 for _ in read_jsonl(file))


def _first(file: Path, count: int) -> list[bytes]:
    """The lines numbered up to ``count``, each with its end."""
    with open_stream(file) as stream:
        return [
            line.rstrip(b"\n") + b"\n" for number, line in raw_lines(stream, file) if number <= count and isinstance(line, bytes)
        ]


def _all_held(table: str, row: dict[str, Any]) -> bool:
    return all(isinstance(value, str | float) for value in row.values())


def _answers_held(table: str, row: dict[str, Any]) -> bool:
    """Whether a row of the archive can be used."""
    return table != "answers" or is_answer(row["answer"])
