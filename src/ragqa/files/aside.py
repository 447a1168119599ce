"""What is damaged, out of the way: kept under another name, so that nothing is lost, or removed where it can be made anew."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ragqa.files.databases import JOURNALS
from ragqa.files.writing import linked, sync_folder


def set_aside(file: Path) -> Path:
    """Rename what stands at this place, a database with its journal, to NAME.damaged-DATE-TIME; the new name."""
    aside = _aside_name(file)
    file.rename(aside)
    for journal in JOURNALS:
        with suppress(FileNotFoundError):
            file.with_name(file.name + journal).rename(aside.with_name(aside.name + journal))
    sync_folder(file.parent)
    return aside


def keep_aside(file: Path) -> Path:
    """As ``set_aside``, but the file keeps its name too, for whoever then replaces it whole; a folder is only renamed.

    Of a link it is what it names that is kept.
    """
    file = Path(os.path.realpath(file))
    if file.is_dir() and not file.is_symlink():
        return set_aside(file)
    aside = _aside_name(file)
    for journal in ("", *JOURNALS):
        if os.path.lexists(old := file.with_name(file.name + journal)):
            linked(old, aside.with_name(aside.name + journal))
    sync_folder(file.parent)
    return aside


def _aside_name(file: Path) -> Path:
    """NAME.damaged-DATE-TIME beside the file, which nothing has yet."""
    stamp = f"damaged-{datetime.now():%Y%m%d-%H%M%S}"
    names = (file.with_name(f"{file.name}.{stamp}{suffix}") for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not os.path.lexists(name))


def discard(file: Path) -> None:
    """Remove what can be made anew, a database with its journal; a folder, which may hold anything, is set aside."""
    if file.is_dir() and not file.is_symlink():
        set_aside(file)
        return
    for journal in ("", *JOURNALS):
        file.with_name(file.name + journal).unlink(missing_ok=True)
