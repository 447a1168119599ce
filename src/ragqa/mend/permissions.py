"""Permissions that keep ragqa from its own files, or show others what is secret."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ragqa.mend.found import Damage
from ragqa.settings import Settings

PRIVATE = ("accounts.sqlite", "answers.sqlite", "secret")
"""Files of the server that nobody but their owner may read."""


def permissions(settings: Settings) -> Iterator[Damage]:
    """Files and folders that this process may not read, or that others may though they hold secrets."""
    for top in (settings.corpus, settings.index, settings.serving, settings.library):
        for place in _tree(top):
            mode = stat.S_IMODE(place.lstat().st_mode)
            wanted = mode | (stat.S_IRWXU if place.is_dir() else stat.S_IRUSR | stat.S_IWUSR)
            if not os.access(place, os.R_OK | (os.X_OK if place.is_dir() else 0)):
                yield _mode(place, wanted, "may not be read")
    shown = settings.serving.is_dir() and stat.S_IMODE(settings.serving.stat().st_mode) & 0o077
    for name in PRIVATE if shown else ():
        file = settings.serving / name
        if file.is_file() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield _mode(file, 0o600, "may be read by others than its owner")


def _tree(top: Path) -> Iterator[Path]:
    """Files and folders, each before what is in it, so that it can be opened in between; links are left alone."""
    if top.is_symlink() or not top.exists():
        return
    yield top
    if top.is_dir():
        with suppress(OSError):
            for place in sorted(top.iterdir()):
                yield from _tree(place)


def _mode(place: Path, mode: int, seen: str) -> Damage:
    def repair() -> str:
        place.chmod(mode)
        return f"its permissions are {mode:o} now"

    return Damage(file=place, seen=seen, advice=f"give it the permissions {mode:o}", repair=repair)
