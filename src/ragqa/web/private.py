"""The server's private folder: what is in it is its owner's alone, its secret above all."""

from __future__ import annotations

import logging
import os
import secrets
import stat
import tempfile
from pathlib import Path

from ragqa.errors import StoreFault
from ragqa.files import write_atomic
from ragqa.files.places import require_regular

SECRET_BYTES = 32
MEND = "run `ragqa mend`, which sets it aside, or restore it from a copy"
"""What to do about a file of the server that is damaged."""
log = logging.getLogger("ragqa.web.private")


def private_folder(folder: Path) -> None:
    """Make a folder for its owner alone; one that is there already is made so with all that is in it, and the log says so.

    Raises StoreFault when it cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise StoreFault(f"the folder {folder} cannot be written ({error.strerror}): name another with RAGQA_SERVING") from error
    changed = int(tighten(folder, 0o700))
    for place, folders, files in os.walk(folder):
        changed += sum(tighten(Path(place, name), 0o700) for name in folders)
        changed += sum(tighten(Path(place, name), 0o600) for name in files)
    if changed:
        log.warning("%s was open to others, or %d things in it: now it is its owner's alone", folder, changed)


def tighten(path: Path, mode: int) -> bool:
    """Take from a file or folder every permission that ``mode`` does not give, and say whether there was one to take.

    What a link points to is left alone, and what another owns stays as it is, with a word in the log.
    """
    try:
        present = path.lstat().st_mode
        if stat.S_ISLNK(present) or not stat.S_IMODE(present) & ~mode:
            return False
        path.chmod(stat.S_IMODE(present) & mode)
    except FileNotFoundError:
        return False
    except PermissionError:
        log.warning("something in %s is open to others and belongs to another owner: its mode cannot be changed", path.parent)
        return False
    return True


def secret(file: Path) -> bytes:
    """The server's own secret, 32 random bytes for its owner alone, made where there is none or a damaged one.

    With a new one the forms of pages that are open are no longer valid; sessions and tokens stay. Raises StoreFault where it
    cannot be read or kept; ``passing_secret`` does until it can.
    """
    kept = _kept_secret(file) if os.path.lexists(file) else None
    if kept is not None:
        tighten(file, 0o600)
        return kept
    made = passing_secret()
    write_atomic(file, [made], mode=0o600)
    return made


def passing_secret() -> bytes:
    """A secret that is gone when the server ends."""
    return secrets.token_bytes(SECRET_BYTES)


def _kept_secret(file: Path) -> bytes | None:
    require_plain(file)
    try:
        with file.open("rb") as stream:
            found = stream.read(SECRET_BYTES + 1)
    except OSError as error:
        raise StoreFault(f"{file} cannot be read ({error.strerror}): run `ragqa mend`, or make it readable") from error
    if len(found) == SECRET_BYTES:
        return found
    log.warning(
        "%s did not hold %d bytes and is made anew: forms of pages that are open must be loaded again", file, SECRET_BYTES
    )
    return None


def require_plain(file: Path) -> None:
    """Raises StoreFault for what is no plain file, before it is opened: a pipe would be waited for without end."""
    try:
        require_regular(file)
    except OSError as error:
        raise StoreFault(f"{file} cannot be read ({error.strerror}): {MEND}") from error
