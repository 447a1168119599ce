"""Signed-off answers beside the answering: a library that cannot be read keeps nobody from an answer made now."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from pathlib import Path

from ragqa.answer.contract import Answer, Audience
from ragqa.editorial.library import Library
from ragqa.editorial.served import served
from ragqa.errors import LibraryError
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.web.watch import Spell

WAITS = 1.0
"""Seconds that an answer waits for another process that holds the library."""
RESTS = 5.0
"""Seconds for which a library that could not be read is left alone."""
log = logging.getLogger("ragqa.web.signed_off")


class SignedOff:
    """The library of signed-off answers, with a connection for each thread; ``failures`` counts times it could not be read."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.failures = 0
        self._own = threading.local()
        self._rests_until = 0.0
        self._spell = Spell("the library of signed-off answers", log, "questions are answered anew")

    @property
    def fault(self) -> str | None:
        """Why it cannot be read at present; None while all is well."""
        return self._spell.fault

    def answer(self, ragqa: Ragqa, asked: Asked, audience: Audience) -> Answer | None:
        """The signed-off answer to this question, if there is one that may be shown and the library can be read."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            library = self.library()
            found = served(library, ragqa, asked, audience) if library else None
        except (LibraryError, sqlite3.Error, OSError) as error:
            self._failed(error)
            return None
        self._spell.over()
        return found

    def library(self) -> Library | None:
        """This thread's own connection; None where there is no library. Raises LibraryError, OSError."""
        if not self.file.exists():
            return None
        if not hasattr(self._own, "library"):
            self._own.library = Library(self.file, WAITS)
        library: Library = self._own.library
        return library

    def _failed(self, error: Exception) -> None:
        """Count it, leave the library alone for a while, and open the file anew next time."""
        self.failures += 1
        self._rests_until = time.monotonic() + RESTS
        self._spell.failed(error)
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._own.library.close()
            del self._own.library
