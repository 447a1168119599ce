"""Every error ragqa raises, in one tree.

* RagqaError
    * SettingsError: a setting is unknown or out of range.
    * PackageDamaged: a file that comes with ragqa is missing or not what it should be.
    * CorpusError: the corpus on disk cannot be used as it stands.
        * InvalidRecord: one file, line or record breaks the format.
            * CorpusChanged: a record is not what it was when the build began.
    * IndexFault: the index cannot be used as it stands.
        * IndexMissing: nothing has been built yet.
        * IndexMismatch: the index was built with another model or format.
        * IndexDamaged: a file of it is not what was built.
        * IndexBusy: another process is building it.
    * ModelError
        * ModelUnavailable: weights are missing or not the ones expected.
    * NetworkError: PubMed was not reached, or did not answer as it should.
    * ReviewError: a review step is not allowed from the article's present state.
    * LibraryError: the library of signed-off answers cannot be used, or holds no such answer.
    * AnswerRejected: an answer broke an invariant while it was being made.
        * UnknownCitation: a citation names nothing that was retrieved.
        * UncitedStatement: a clinical statement has no citation.
        * UnsupportedStatement: the cited source does not say it.
    * StoreFault: a file that the server keeps for itself cannot be used as it stands.
    * ServingError: the server cannot take or finish this request now; the same request may succeed later.
        * Busy: as many requests as may wait are waiting already.
        * TooSlow: the time allowed for one request is over.
        * StoreBusy: another process is writing the file that this request changes.

A message says what happened and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class RagqaError(Exception):
    """Anything that ragqa reports to its user."""


class SettingsError(RagqaError):
    """A setting is unknown or out of range."""


class PackageDamaged(RagqaError):
    """A file that comes with ragqa is missing or not what it should be."""


def printable_name(name: str) -> str:
    """A file's name on one line, whatever its bytes are."""
    whole = name.encode("utf-8", "backslashreplace").decode()
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with one place of the corpus."""

    file: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        name = printable_name(str(self.file))
        place = f"{name}:{self.line}" if self.line is not None else name
        return f"{place}: {self.message}"


class CorpusError(RagqaError):
    """The corpus cannot be used; ``faults`` lists all that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n".join([f"{count} in the corpus:", *(f"  {fault}" for fault in faults)]))


class InvalidRecord(CorpusError):
    """One file, line or record breaks its format."""

    def __init__(self, file: Path, line: int | None, message: str) -> None:
        super().__init__([Fault(file=file, line=line, message=message)])


class CorpusChanged(InvalidRecord):
    """A record is not what it was when the build began."""


class IndexFault(RagqaError):
    """The index cannot be used as it stands."""


class IndexMissing(IndexFault):
    """Nothing has been built at this place."""


class IndexMismatch(IndexFault):
    """The index was built with another model or an older format."""


class IndexDamaged(IndexFault):
    """A file of the index is not what was built."""


class IndexBusy(IndexFault):
    """Another process is building this index."""


class ModelError(RagqaError):
    """An embedding model cannot be used."""


class ModelUnavailable(ModelError):
    """Weights are missing or are not the ones expected."""


class NetworkError(RagqaError):
    """PubMed was not reached, or did not answer as it should."""


class ReviewError(RagqaError):
    """A review step is not allowed from the article's present state."""


class LibraryError(RagqaError):
    """The library of signed-off answers cannot be used, or holds no such answer."""


class AnswerRejected(RagqaError):
    """An answer broke an invariant while it was being made."""


class UnknownCitation(AnswerRejected):
    """A citation names nothing that was retrieved for this answer."""


class UncitedStatement(AnswerRejected):
    """A clinical statement has no citation."""


class UnsupportedStatement(AnswerRejected):
    """The cited source does not say what the statement says."""


class StoreFault(RagqaError):
    """A file that the server keeps for itself cannot be used as it stands."""


class ServingError(RagqaError):
    """The server cannot take or finish this request now."""


class Busy(ServingError):
    """As many requests as may wait are waiting already; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"too many questions are being answered; ask again in {retry_after} s")


class TooSlow(ServingError):
    """The time allowed for one request is over."""


class StoreBusy(ServingError):
    """Another process is writing the file that this request changes."""
