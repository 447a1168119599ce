"""The folder of an index: one process at a time builds in it, and CURRENT names the generation that answers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ragqa.errors import CorpusError, IndexBusy, IndexFault
from ragqa.files import write_atomic
from ragqa.files.aside import discard
from ragqa.files.locking import lock_file
from ragqa.files.writing import sync_folder
from ragqa.index.manifest import GENERATION, current_generation, stored_generations

LOCK = "LOCK"
"""In the folder, there for its lock alone."""


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
