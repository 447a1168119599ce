"""Files that ship with ragqa, in the ``data`` folder of a room: word lists and learned weights."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import TypeVar

from ragqa.errors import PackageDamaged

T = TypeVar("T")


def packaged(room: str, name: str, what: str, read: Callable[[str], T]) -> T:
    """What ``read`` makes of the text of ``ragqa/<room>/data/<name>``; ``what`` names it in the error.

    Raises:
        PackageDamaged: the file is missing, or ``read`` raises ValueError, TypeError or LookupError of it.
    """
    return packaged_bytes(room, name, what, lambda data: read(data.decode("utf-8")))


def packaged_bytes(room: str, name: str, what: str, read: Callable[[bytes], T]) -> T:
    """As ``packaged``, of a file that is no text.

    Raises:
        PackageDamaged: as ``packaged``.
    """
    file = resources.files(f"ragqa.{room}").joinpath(f"data/{name}")
    try:
        return read(file.read_bytes())
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise PackageDamaged(
            f"{what} {file} cannot be used: {getattr(error, 'strerror', None) or error}. Mend it, or install ragqa again: "
            "`pip install --force-reinstall --no-deps ragqa`"
        ) from error
