"""The generations that an index folder holds: which is live, which can be opened, and who may build now."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ragqa.errors import CorpusError, IndexBusy, IndexFault, InvalidRecord
from ragqa.files import read_text, write_atomic
from ragqa.files.aside import discard
from ragqa.files.locking import lock_file
from ragqa.files.writing import sync_folder

GENERATION = re.compile(r"[0-9a-f]{16}")
"""Name of a generation, and of its folder."""
LOCK = "LOCK"


def current_generation(folder: Path) -> str | None:
    """Name of the live generation; None when nothing has been built, or CURRENT names nothing that could be one."""
    try:
        name = read_text(folder / "CURRENT")[0].strip()
    except InvalidRecord:
        return None
    return name if GENERATION.fullmatch(name) else None


def nothing_live(folder: Path) -> str:
    """Why there is no live generation: nothing was built, or CURRENT cannot be read or names none."""
    file = folder / "CURRENT"
    if not os.path.lexists(file):
        return f"no index in {folder}"
    try:
        read_text(file)
    except InvalidRecord as error:
        return str(error.faults[0])
    return f"{file}: names no generation"


def recorded_head(folder: Path) -> str | None:
    """The head of the review log as the live generation recorded it, whatever its format; None where there is no readable one."""
    name = current_generation(folder)
    try:
        head = json.loads(read_text(folder / name / "manifest.json")[0])["review_head"] if name else None
    except (InvalidRecord, ValueError, TypeError, LookupError, RecursionError):
        return None
    return head if isinstance(head, str) else None


def stored_generations(folder: Path) -> list[str]:
    """Names of the generations that can still be opened, newest first."""
    found = {}
    for manifest in folder.glob("*/manifest.json"):
        if GENERATION.fullmatch(manifest.parent.name):
            with suppress(OSError):
                found[manifest.parent.name] = manifest.stat().st_mtime_ns
    return sorted(found, key=lambda name: -found[name])


def make_live(folder: Path, name: str, keep: int) -> None:
    """Name the live generation; of those before it the newest stay, for open readers and for replaying answers."""
    before = current_generation(folder)
    sync_folder(folder)
    if (folder / "CURRENT").is_dir():
        discard(folder / "CURRENT")
    write_atomic(folder / "CURRENT", [name + "\n"])
    kept = {before, name, *stored_generations(folder)[:keep]}
    for old in folder.iterdir():
        if old.is_dir() and old.name not in kept and GENERATION.fullmatch(old.name):
            shutil.rmtree(old)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Nobody else builds in this folder meanwhile, and what a killed build left is gone.

    Raises:
        IndexBusy: another process is building in this folder.
        IndexFault: the disk refused what the block wrote; the live generation still answers.
    """
    fresh = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock_file(folder / LOCK, wait=0):
            for leftover in folder.glob(".building-*"):
                shutil.rmtree(leftover)
            yield
    except CorpusError:
        if fresh:
            shutil.rmtree(folder)  # a faulty corpus leaves nothing behind where there was no index
        raise
    except BlockingIOError:
        raise IndexBusy(f"another process is building {folder}; wait for it, or name another folder with --index") from None
    except (OSError, sqlite3.DatabaseError) as error:
        raise IndexFault(
            f"the index could not be written to {folder}: {error}. The generation built before, if any, still answers. "
            "Free space, see what `ragqa mend` finds, or name another folder with --index DIR, then run `ragqa index` again: "
            "finished work is reused."
        ) from error
