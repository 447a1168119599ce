"""What stands where a folder, or a lock, has to be: neither can hold anything, so it is set aside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ragqa.corpus.reviewlog import LOCK
from ragqa.files import set_aside
from ragqa.mend.found import Damage
from ragqa.settings import Settings


def places(settings: Settings) -> Iterator[Damage]:
    """Folders that are none, and locks that are no files."""
    corpus, serving = settings.corpus, settings.serving
    inside = (corpus / "articles", corpus / "abstracts", corpus / "approved", serving / "conversations")
    for folder in (settings.index, serving, *inside):
        if os.path.lexists(folder) and not folder.is_dir():
            yield _in_the_way(folder, "it is no folder", "a folder is made in its place when it is needed")
    for lock in (settings.index / "LOCK", corpus / LOCK):
        if os.path.lexists(lock) and not lock.is_file():
            yield _in_the_way(lock, "it is no file that could be locked", "it is made anew")


def _in_the_way(place: Path, seen: str, then: str) -> Damage:
    def repair() -> str:
        return f"set aside as {set_aside(place).name}; {then}"

    return Damage(file=place, seen=seen, advice=f"set it aside; {then}", repair=repair)
