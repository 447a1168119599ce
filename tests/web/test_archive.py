"""The archive: answers under their addresses, within bounds, and never in the way of giving one."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from answers import answer

from ragqa.answer.contract import Answer
from ragqa.web import archive as module
from ragqa.web.archive import Archive, Queue

pytestmark = pytest.mark.quick

MANY = 10**9


def kept(number: int, question: str = "Does drug A help?") -> Answer:
    """An answer at an address of its own."""
    return answer(id=f"{number:022}", question=question)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another's lock is not waited for long, and what failed is tried again at once."""
    monkeypatch.setattr(module, "BUSY", 0.05)
    monkeypatch.setattr(module, "AGAIN", 0.0)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive of ten."""
    made = Archive(tmp_path / "serving" / "answers.sqlite", 10, MANY)
    yield made
    made.close()


def test_an_answer_is_found_at_its_address_and_nowhere_else(archive: Archive) -> None:
    """Nothing is written before the first one is kept."""
    assert archive.answer(kept(1).id) is None
    assert not archive.file.exists()
    assert archive.add(kept(1), "c" * 22, 0)
    assert archive.answer(kept(1).id) == kept(1)
    assert archive.answer("7722d8ab85bc7272") is None
    assert archive.answers("c" * 22, 0, 5) == {0: kept(1)}
    archive.forget("c" * 22)
    assert archive.answer_ids("c" * 22) == {}
    assert archive.answer(kept(1).id) == kept(1)


def test_the_oldest_go_first_by_count_and_by_bytes(tmp_path: Path) -> None:
    """Whichever bound is met first; the file is reused and does not grow without end."""
    size = len(answer().model_dump_json(by_alias=True))
    for keep, most in ((10, MANY), (MANY, 10 * (size + 300))):
        with closing(Archive(tmp_path / f"{keep}.sqlite", keep, most)) as archive:
            assert all(archive.add(kept(number), "c" * 22, number) for number in range(60))
            held = [number for number in range(60) if archive.answer(kept(number).id)]
            assert held == list(range(60 - len(held), 60))
            assert 5 <= len(held) <= 12
            assert sorted(archive.answer_ids("c" * 22)) == held
            grown = archive.file.stat().st_size
            assert all(archive.add(kept(number)) for number in range(60, 200))
            assert archive.file.stat().st_size <= 2 * grown + 65536


def test_bounds_hold_over_a_restart(tmp_path: Path) -> None:
    """What is there already is counted, also under smaller bounds."""
    file = tmp_path / "answers.sqlite"
    with closing(Archive(file, 10, MANY)) as archive:
        for number in range(10):
            archive.add(kept(number))
    with closing(Archive(file, 3, MANY)) as archive:
        archive.add(kept(10))
        assert [number for number in range(11) if archive.answer(kept(number).id)] == [8, 9, 10]


def test_nothing_is_kept_where_a_setting_says_so(tmp_path: Path) -> None:
    """And that is no fault."""
    with closing(Archive(tmp_path / "answers.sqlite", 0, MANY)) as archive:
        assert not archive.add(kept(1))
        assert archive.fault is None


def test_what_earlier_versions_kept_is_not_shown(tmp_path: Path) -> None:
    """Its addresses could be computed from a question, and anybody could have been first to write there."""
    file = tmp_path / "answers.sqlite"
    with sqlite3.connect(file) as old:
        old.execute("CREATE TABLE answers (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, answer TEXT NOT NULL)")
        old.execute("CREATE TABLE turns (conversation TEXT, place INTEGER, id TEXT)")
        old.execute("INSERT INTO answers (id, answer) VALUES (?, ?)", (kept(1).id, kept(1).model_dump_json(by_alias=True)))
    with closing(Archive(file, 10, MANY)) as archive:
        assert archive.answer(kept(1).id) is None
        assert archive.add(kept(2))
        assert archive.answer(kept(1).id) is None
        assert archive.answer(kept(2).id) == kept(2)


def text(file: Path) -> None:
    """No database at all."""
    file.write_text("no database, but long enough to be read as one" * 200)


def torn(file: Path) -> None:
    """Its second page overwritten, and all after it gone."""
    with closing(Archive(file, 10, MANY)) as whole:
        whole.add(kept(5))
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xff" * 4096)


def later(file: Path) -> None:
    """Of a later version."""
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 9")


def other(file: Path) -> None:
    """Another database put in its place."""
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE users (name TEXT)")
        database.execute(f"PRAGMA user_version = {module.SCHEMA_VERSION}")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("damage", [text, torn, later, other, Path.mkdir, os.mkfifo])
def test_a_damaged_file_costs_the_keeping_and_is_named_once(
    tmp_path: Path, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is raised while adding; put aside, keeping goes on without a restart."""
    file = tmp_path / "answers.sqlite"
    damage(file)
    with closing(Archive(file, 10, MANY)) as archive, caplog.at_level(logging.INFO, "ragqa.web.archive"):
        assert not any(archive.add(kept(number)) for number in range(3))
        assert archive.fault
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert archive.answers("c" * 22, 0, 9) == {}
        file.rename(tmp_path / "answers.sqlite.damaged")
        for beside in tmp_path.glob("answers.sqlite-*"):
            beside.unlink()
        assert archive.add(kept(1))
        assert archive.fault is None
        assert archive.answer(kept(1).id) == kept(1)
        assert caplog.records[-1].getMessage() == "the archive of answers can be used again"


def test_a_file_that_is_put_aside_while_it_is_open_is_left(tmp_path: Path, archive: Archive) -> None:
    """What is kept afterwards goes into a new one."""
    archive.add(kept(1))
    archive.file.rename(tmp_path / "aside")
    archive.add(kept(2))
    assert archive.answer(kept(1).id) is None
    assert archive.answer(kept(2).id) == kept(2)


@pytest.mark.usefixtures("quick")
def test_a_full_disk_costs_the_keeping_alone(archive: Archive) -> None:
    """SQLite's limit on pages stands for the disk; what was kept is still read, and with room again keeping goes on."""
    archive.add(kept(1))
    database = archive._open()
    database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")
    assert not archive.add(kept(2, "x" * 50_000))
    assert "full" in str(archive.fault)
    assert archive.answer(kept(1).id) == kept(1)
    assert archive.add(kept(3))


@pytest.mark.usefixtures("quick")
def test_while_another_process_writes_for_long_answers_are_read_and_not_kept(archive: Archive) -> None:
    """A lock from outside blocks no reader, and the fault is over when it is."""
    archive.add(kept(1))
    with closing(sqlite3.connect(archive.file, isolation_level=None)) as outside:
        outside.execute("BEGIN IMMEDIATE")
        assert not archive.add(kept(2))
        assert "locked" in str(archive.fault)
        assert archive.answer(kept(1).id) == kept(1)
        outside.execute("ROLLBACK")
    assert archive.add(kept(3))
    assert archive.fault is None


def test_after_a_failure_the_file_is_left_alone_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else waits for what just failed."""
    file = tmp_path / "answers.sqlite"
    text(file)
    with closing(Archive(file, 10, MANY)) as archive:
        assert not archive.add(kept(1))
        monkeypatch.setattr(archive, "_open", lambda: pytest.fail("tried again at once"))
        assert not archive.add(kept(2))


def test_a_damaged_row_is_no_answer(archive: Archive) -> None:
    """The others are still there."""
    archive.add(kept(1))
    archive.add(kept(2))
    archive._open().execute("UPDATE answers SET answer = '{}' WHERE id = ?", (kept(1).id,))
    assert archive.answer(kept(1).id) is None
    assert archive.answer(kept(2).id) == kept(2)


def test_a_disk_that_does_not_answer_holds_no_answer_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the patience of one, the others are given without waiting; once it answers, keeping goes on."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    hanging = threading.Event()
    queue = Queue()

    async def scene() -> None:
        assert await asyncio.gather(*(queue.done(lambda: hanging.wait(60)) for _ in range(5))) == [False] * 5
        assert not await queue.done(lambda: pytest.fail("begun while the disk hangs"))
        hanging.set()
        async with asyncio.timeout(60):
            while not await queue.done(lambda: True):
                await asyncio.sleep(0.01)

    asyncio.run(scene())
    queue.close()


def test_no_more_writes_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is not kept, at once."""
    monkeypatch.setattr(module, "WAITING", 3)
    going = threading.Event()
    queue = Queue()

    async def scene() -> list[bool]:
        waiting = [asyncio.create_task(queue.done(lambda: going.wait(60))) for _ in range(3)]
        await asyncio.sleep(0)
        refused = await queue.done(lambda: True)
        going.set()
        return [refused, *await asyncio.gather(*waiting)]

    assert asyncio.run(scene()) == [False, True, True, True]
    queue.close()
