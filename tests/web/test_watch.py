"""Watches: whatever a look raises, the next one comes; what is wrong is told until it is over."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from samples import ARTICLE
from web.conftest import QUESTION, Opened, app_of, token
from web.test_api_desk import until

from ragqa.corpus.records import ReviewState
from ragqa.editorial.review import record_step
from ragqa.files import write_atomic
from ragqa.files.locking import locked
from ragqa.index import current_generation
from ragqa.web.watch import Watch


def test_a_watch_goes_on_after_any_failure_and_tells_it_once(caplog: pytest.LogCaptureFixture) -> None:
    """Two faults of one kind are one line in the log; a look that succeeds ends the fault."""
    seen: list[str | None] = []

    async def scene() -> None:
        looks = iter([ZeroDivisionError("a"), ZeroDivisionError("a"), None, MemoryError()])
        done = asyncio.Event()

        def look() -> None:
            seen.append(watch.fault)
            error = next(looks, StopAsyncIteration())
            if isinstance(error, StopAsyncIteration):
                loop.call_soon_threadsafe(done.set)
            elif error:
                raise error

        loop = asyncio.get_running_loop()
        watch = Watch("a thing", look, lambda: 0.0)
        task = asyncio.create_task(watch.run())
        async with asyncio.timeout(60):
            await done.wait()
        task.cancel()
        assert watch.failures == 3

    with caplog.at_level(logging.ERROR):
        asyncio.run(scene())
    assert seen == [None, "ZeroDivisionError: a", "ZeroDivisionError: a", None, "MemoryError: "]
    assert [record.getMessage() for record in caplog.records] == [
        "a thing: ZeroDivisionError: a; it is tried again",
        "a thing: MemoryError: ; it is tried again",
    ]


def faults(client: TestClient) -> list[str]:
    """What the ready route says does not do its work."""
    return list(client.get("/api/v1/ready").json()["faults"])


def status(client: TestClient) -> str:
    """Of the answer to the question about drug A."""
    return str(client.post("/api/v1/ask", json={"question": QUESTION}).json()["status"])


def test_steps_on_the_command_line_reach_a_running_server(own: Opened) -> None:
    """A withdrawal with the next question, though another build holds the lock; an approval as soon as that lets go."""
    with own(two_person=False) as client:
        settings = app_of(client).state.settings
        assert status(client) == "answered"
        with (settings.index / "LOCK").open("ab") as lock, locked(lock):
            record_step(settings.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
            assert status(client) == "insufficient_evidence"
        for state in (ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.APPROVED):
            record_step(settings.corpus, "drug-a", state, "demo-editor", two_person=False)
        until(lambda: status(client) == "answered")
        until(lambda: faults(client) == [])


def test_a_damaged_generation_is_told_and_a_good_one_after_it_goes_live(own: Opened) -> None:
    """The one before answers meanwhile; the server says what is wrong until it is over."""
    with own() as client:
        settings = app_of(client).state.settings
        before = str(current_generation(settings.index))
        damaged = settings.index / "0123456789abcdef"
        shutil.copytree(settings.index / before, damaged)
        (damaged / "passages.sqlite").write_bytes(b"SQLite format 3\x00" + bytes(5000))
        write_atomic(settings.index / "CURRENT", ["0123456789abcdef\n"])
        until(lambda: faults(client) == ["a new generation of the index cannot be opened"])
        assert status(client) == "answered"
        (settings.corpus / "articles" / "drug-a.md").write_text(ARTICLE + "\nIt was well tolerated. [1]\n")
        for state, by in (("submitted", "demo-author"), ("under_review", "demo-editor"), ("approved", "demo-editor")):
            record_step(settings.corpus, "drug-a", ReviewState(state), by)
        until(lambda: faults(client) == [])
        assert client.get("/api/v1/ready").json()["generation"] not in (before, "0123456789abcdef")


def test_a_faulty_draft_takes_no_page_down(own: Opened, tmp_path: Path) -> None:
    """Each kind of fault in turn: readers' pages stay, the desk names the file, and a withdrawal from the page counts at once."""
    kinds = {
        "date": "---\ntitle: Q?\nupdated: 2026-02-30\n---\n",
        "tag": "---\ntitle: !!timestamp yesterday\nupdated: 2026-01-02\n---\n",
        "deep": "---\ntitle: " + "[" * 3000 + "\n---\n",
        "bytes": "---\ntitle: \x00\n---\n",
    }
    with own() as client:
        settings, editor = app_of(client).state.settings, token(client, "editor")
        articles = settings.corpus / "articles"
        for kind, text in kinds.items():
            (articles / f"zz-{kind}.md").write_text(text)
        (articles / "zz-circle.md").symlink_to("zz-circle.md")
        (articles / os.fsdecode(b"caf\xe9.md")).write_text("no text of UTF-8 in its name")
        (articles / "zz-large.md").write_text(ARTICLE + "Drug A is not a first choice. [1]\n" * 10_000)
        for path in ("/", "/articles/drug-a", "/api/v1/articles", "/api/v1/articles/drug-a"):
            assert client.get(path).status_code == 200, path
        desk = client.get("/desk", headers=editor).text
        assert all(f"zz-{kind}.md" in desk for kind in kinds)
        shown = client.get("/desk/articles/zz-date", headers=editor)
        assert (shown.status_code, "zz-date.md" in shown.text) == (200, True)
        assert client.get("/articles/zz-date", headers=editor).status_code == 404
        withdrawn = client.post("/api/v1/review/drug-a/steps", json={"state": "withdrawn"}, headers=editor)
        assert withdrawn.status_code == 201
        assert status(client) == "insufficient_evidence"


def test_what_is_in_the_log_can_be_withdrawn_whatever_is_left_of_it(own: Opened) -> None:
    """The file is gone and the library damaged: the desk still offers the step, and it counts at once."""
    with own() as client:
        settings, admin = app_of(client).state.settings, token(client, "admin")
        (settings.corpus / "articles" / "drug-a.md").unlink()
        settings.library.write_bytes(b"no library at all" * 100)
        shown = client.get("/desk/articles/drug-a", headers=admin)
        assert (shown.status_code, "Withdraw" in shown.text) == (200, True)
        withdrawn = client.post("/desk/articles/drug-a", data={"state": "withdrawn"}, headers=admin)
        assert withdrawn.status_code == 303
        assert status(client) == "insufficient_evidence"
