"""Files written whole or not at all, second names for files that never change, and the waits for the disk that make both last."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_atomic(file: Path, chunks: Iterable[str | bytes], mode: int | None = None) -> None:
    """Write a file, text as UTF-8, so that a reader, or a crash, sees the old content or the new, never a part.

    ``mode``: its permissions; without it those of the file that is replaced, which its owner can read and write at least where
    it could not be read; 0644 for a new one. A link stays a link, and what it names is replaced.

    Raises OSError, or what ``chunks`` raises; the file is then as it was, and nothing is left beside it.
    """
    file = Path(os.path.realpath(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk.encode("utf-8") if isinstance(chunk, str) else chunk)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode if mode is not None else _mode_of(file))
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _mode_of(file: Path) -> int:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0o644
    return mode if mode & stat.S_IRUSR else mode | stat.S_IRUSR | stat.S_IWUSR


def linked(file: Path, other: Path) -> None:
    """A second name for a file that never changes again; a copy where the file system has no such links."""
    try:
        os.link(file, other)
    except OSError:
        shutil.copyfile(file, other)


def sync_tree(folder: Path) -> None:
    """Make every file in a folder survive power loss."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            sync_folder(file)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
