"""The server's own files: nobody else's to read, no reader behind a writer, and damage named with what mends it."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ragqa.errors import StoreBusy, StoreFault
from ragqa.web import store
from ragqa.web.accounts import Accounts
from ragqa.web.pools import Pools
from ragqa.web.private import private_folder, secret
from ragqa.web.store import Store


def made(database: sqlite3.Connection) -> None:
    """One table with a word."""
    database.execute("CREATE TABLE words (word TEXT NOT NULL)")
    database.execute("INSERT INTO words VALUES ('first')")


def opened(file: Path) -> Store:
    """A store of words."""
    return Store(file, (made,), ("SELECT word FROM words",))


def words(of: Store) -> list[str]:
    """What it holds."""
    with of.read() as database:
        return [row[0] for row in database.execute("SELECT word FROM words ORDER BY rowid")]


def add(to: Store, word: str) -> None:
    """One more."""
    with to.change() as database:
        database.execute("INSERT INTO words VALUES (?)", (word,))


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Another program in the midst of a change."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def mode(path: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_reading_waits_for_no_writer_and_writing_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the file: what is there can be read, a change ends as StoreBusy and changes nothing."""
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.1)
    with closing(opened(tmp_path / "words.sqlite")) as one:
        with writing(one.file):
            assert words(one) == ["first"]
            with pytest.raises(StoreBusy, match=r"words\.sqlite is being written by another program"):
                add(one, "second")
            assert words(one) == ["first"]
        add(one, "second")
        assert words(one) == ["first", "second"]


def test_a_writer_that_waits_holds_up_no_reader_and_a_second_writer_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also between the threads of one process."""
    with closing(opened(tmp_path / "words.sqlite")) as one:
        begun, done = threading.Event(), threading.Event()

        def slow() -> None:
            with one.change() as database:
                database.execute("INSERT INTO words VALUES ('slow')")
                begun.set()
                done.wait()

        thread = threading.Thread(target=slow)
        thread.start()
        begun.wait()
        monkeypatch.setattr(store, "WAIT_SECONDS", 0.1)
        assert words(one) == ["first"]
        with pytest.raises(StoreBusy):
            add(one, "second")
        done.set()
        thread.join()
        assert words(one) == ["first", "slow"]


def test_a_change_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """What fails half-way leaves nothing, and a reader's connection cannot write."""
    with closing(opened(tmp_path / "words.sqlite")) as one:
        with pytest.raises(sqlite3.IntegrityError), one.change() as database:
            database.executemany("INSERT INTO words VALUES (?)", [("half",), (None,)])
        with pytest.raises(sqlite3.OperationalError, match="readonly"), one.read() as database:
            database.execute("DELETE FROM words")
        assert words(one) == ["first"]


def empty(file: Path) -> None:
    """Cut to nothing."""
    os.truncate(file, 0)


def cut(file: Path) -> None:
    """Cut in the midst of a page."""
    os.truncate(file, file.stat().st_size // 2 + 100)


def scribbled(file: Path) -> None:
    """The pages behind the header overwritten."""
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xa5" * 4096)


def text(file: Path) -> None:
    """Another kind of file."""
    file.write_text("not a database\n" * 500)


def swapped(file: Path) -> None:
    """Another program's database."""
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE answers (id TEXT)")


def folder(file: Path) -> None:
    """A folder of that name."""
    file.unlink()
    file.mkdir()


def pipe(file: Path) -> None:
    """A pipe that nobody writes to."""
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("damage", [empty, cut, scribbled, text, swapped, folder, pipe])
def test_damage_is_one_line_that_names_the_file_and_what_to_do(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """And the file stays as it is, for whoever mends it."""
    file = tmp_path / "accounts.sqlite"
    with closing(Accounts(file)) as whole:
        whole.open()
    damage(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(StoreFault) as told:
        Accounts(file).open()
    assert str(file) in str(told.value)
    assert "`ragqa mend`" in str(told.value) or "move it away" in str(told.value)
    assert "\n" not in str(told.value)
    assert before is None or file.read_bytes() == before


def test_a_newer_file_is_not_touched(tmp_path: Path) -> None:
    """It is for a newer ragqa to read."""
    with closing(opened(tmp_path / "words.sqlite")) as one, one.change() as database:
        database.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreFault, match="newer ragqa"):
        opened(tmp_path / "words.sqlite").close()


def test_two_that_open_at_once_share_one_file(tmp_path: Path) -> None:
    """Neither loses what the other wrote, nor takes a step twice."""
    found: list[Store] = []
    threads = [threading.Thread(target=lambda: found.append(opened(tmp_path / "words.sqlite"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, one in enumerate(found):
        add(one, str(number))
    assert {tuple(words(one)) for one in found} == {("first", *map(str, range(8)))}
    for one in found:
        one.close()


def test_the_folder_is_made_private_with_all_in_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also where it was open before, of which the log tells once; what a link points to is not touched."""
    serving, outside = tmp_path / "serving", tmp_path / "outside"
    (serving / "conversations").mkdir(parents=True)
    for file in (serving / "accounts.sqlite", serving / "conversations" / "one.jsonl", outside):
        file.touch()
        file.chmod(0o644)
    (serving / "link").symlink_to(outside)
    for place in (serving, serving / "conversations"):
        place.chmod(0o755)
    with caplog.at_level(logging.WARNING):
        private_folder(serving)
        private_folder(serving)
    assert len(caplog.records) == 1
    assert {mode(serving), mode(serving / "conversations")} == {0o700}
    assert {mode(serving / "accounts.sqlite"), mode(serving / "conversations" / "one.jsonl")} == {0o600}
    assert mode(outside) == 0o644


def test_an_open_database_is_made_private(tmp_path: Path) -> None:
    """With its journal."""
    file = tmp_path / "words.sqlite"
    with closing(opened(file)) as one:
        add(one, "second")
        file.chmod(0o644)
        (tmp_path / "words.sqlite-wal").chmod(0o644)
        with closing(opened(file)):
            assert mode(file) == mode(tmp_path / "words.sqlite-wal") == 0o600


@pytest.mark.parametrize("found", [b"", b"short", b"x" * 31, b"x" * 33])
def test_a_damaged_secret_is_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture, found: bytes) -> None:
    """An empty one would let anybody forge a form; the log says so, and the next start finds the new one."""
    file = tmp_path / "secret"
    file.write_bytes(found)
    with caplog.at_level(logging.WARNING):
        new = secret(file)
    assert len(new) == 32
    assert "made anew" in caplog.text
    assert secret(file) == new
    assert mode(file) == 0o600


def test_a_secret_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    """It stays the secret."""
    file = tmp_path / "secret"
    file.write_bytes(b"x" * 32)
    file.chmod(0o644)
    assert secret(file) == b"x" * 32
    assert mode(file) == 0o600


@pytest.mark.parametrize("instead", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_no_secret(tmp_path: Path, instead: Callable[[Path], None]) -> None:
    """One line, without waiting for a pipe."""
    instead(tmp_path / "secret")
    with pytest.raises(StoreFault, match="not a regular file"):
        secret(tmp_path / "secret")


def test_blocked_writers_leave_readers_their_threads() -> None:
    """However many changes wait, a look-up has a thread of its own."""

    async def both() -> str:
        pools, free = Pools(), threading.Event()
        try:
            waiting = [asyncio.ensure_future(pools.write(free.wait)) for _ in range(50)]
            found = await asyncio.wait_for(pools.read(lambda: "found"), 30)
            assert not any(one.done() for one in waiting)
            free.set()
            await asyncio.gather(*waiting)
            return found
        finally:
            free.set()
            pools.close()

    assert asyncio.run(both()) == "found"
