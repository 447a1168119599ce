"""Exclusive locks on files: who holds one is alone until the block ends or the process dies."""

from __future__ import annotations

import fcntl
import io
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ragqa.files.places import regular_descriptor


@contextmanager
def locked(stream: IO[bytes] | io.FileIO, *, wait: float = math.inf) -> Iterator[None]:
    """Hold an exclusive lock on an open file; raises BlockingIOError when another holds it for more than ``wait`` seconds."""
    _lock(stream, wait)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)


@contextmanager
def lock_file(file: Path, *, wait: float) -> Iterator[None]:
    """As ``locked``, on a file that is there for its lock alone and made where it is missing.

    Raises:
        BlockingIOError: another holds it.
        OSError: it cannot be opened, or is a folder, device or pipe.
    """
    with os.fdopen(regular_descriptor(file, os.O_RDWR | os.O_CREAT), "ab") as stream, locked(stream, wait=wait):
        yield


def _lock(stream: IO[bytes] | io.FileIO, wait: float) -> None:
    if wait == math.inf:
        fcntl.flock(stream, fcntl.LOCK_EX)
        return
    ends = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise
            time.sleep(0.02)
        else:
            return
