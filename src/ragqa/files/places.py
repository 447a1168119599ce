"""What stands at a place: a regular file, a folder, or something that would keep a reader waiting for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def regular_descriptor(file: Path, flags: int) -> int:
    """A file opened with these flags of ``os.open``; raises OSError for a folder, device or pipe, which is never waited for."""
    descriptor = os.open(file, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(file))
    return descriptor


def require_regular(file: Path) -> None:
    """As ``open_regular`` for those that open files themselves, such as SQLite; a missing file is none that could wait."""
    if os.path.lexists(file) and not stat.S_ISREG(file.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(file))


def require_usable(file: Path) -> None:
    """As ``require_regular``, for a file that this process must read and write: its owner gets the permissions that are missing.

    Raises OSError where they are another's to give.
    """
    require_regular(file)
    if os.path.lexists(file) and not os.access(file, os.R_OK | os.W_OK):
        file.chmod(stat.S_IMODE(file.stat().st_mode) | stat.S_IRUSR | stat.S_IWUSR)


def no_folder(place: Path) -> bool:
    """Whether something stands here that is no folder, and no link to one."""
    return os.path.lexists(place) and not place.is_dir()


def stamp(file: Path) -> tuple[int, ...] | None:
    """Changes when the file does, or another takes its place: inode, size in bytes, times of change in nanoseconds.

    None while it cannot be looked at.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
