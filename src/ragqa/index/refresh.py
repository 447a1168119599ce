"""The live generation brought up to date with the corpus: what is checked, read, gated and built."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress

from ragqa.corpus.catalogue import CATALOGUE, Catalogue, Progress
from ragqa.corpus.folder import Corpus, load_corpus, require_folder
from ragqa.corpus.records import ReviewEvent
from ragqa.corpus.reviewlog import LOG, first_copy
from ragqa.errors import CorpusChanged, InvalidRecord, RagqaError
from ragqa.files.aside import discard
from ragqa.files.databases import is_damage
from ragqa.index import BuildReport, Sizes, bind, build, exclusive, recorded_head
from ragqa.index.vectors import engine_named
from ragqa.models import Embedder, load_embedder
from ragqa.settings import Settings

DEFAULT_SIZES = Sizes()


def silent(stage: str, done: int, total: int) -> None:
    """No-op progress callback."""


def checked_corpus(settings: Settings) -> Corpus:
    """The corpus, whose review log still holds every event that the live generation was built from.

    Raises:
        CorpusError: the corpus has faults, or the end of its review log is missing.
    """
    corpus = load_corpus(settings.corpus)
    _check_log(settings, corpus.reviews)
    return corpus


def _check_log(settings: Settings, reviews: Iterable[ReviewEvent]) -> None:
    """Raises InvalidRecord when the end of the review log that the live generation was built from is missing."""
    head = recorded_head(settings.index)
    if head is not None and head not in (event.chain for event in reviews):
        message = (
            f"the review log was cut or rewritten since the index {settings.index} was built: the last event of then is gone. "
            "Restore the log from a copy; if this is another corpus, name an index of its own with --index DIR"
        )
        raise InvalidRecord(settings.corpus / LOG, None, message)


def build_index(
    settings: Settings,
    progress: Progress = silent,
    *,
    live: bool = True,
    sizes: Sizes = DEFAULT_SIZES,
    embedder: Embedder | None = None,
) -> BuildReport:
    """Check the corpus, apply the gate, build a generation and, unless told not to, make it live.

    ``embedder`` is what ``settings.model`` names, where none is given.

    What has a fault, where nothing approved depends on it, is set aside; the report tells of it. Of the corpus only what changed
    is read again, and a large index grows by what changed (``docs/decisions/0018-growing.md``).

    Raises:
        CorpusError: what is approved has faults, or the review log cannot be relied on; nothing was built.
        IndexBusy: another process is building in this folder.
        IndexFault: the index could not be written; the generation before still answers.
        ModelUnavailable: the model's weights are missing or altered.
        SettingsError: there is no such engine of vectors.
    """
    require_folder(settings.corpus)
    engine_named(settings.vector_engine)  # a wrong name is told before anything is read
    with exclusive(settings.index):
        try:
            return _built(settings, progress, live, sizes, embedder)
        except (sqlite3.DatabaseError, ValueError, TypeError, CorpusChanged) as error:
            if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
                raise
            discard(settings.index / CATALOGUE)  # it was damaged in a way that shows only in use; the corpus has all it said
            return _built(settings, progress, live, sizes, embedder)


def _built(settings: Settings, progress: Progress, live: bool, sizes: Sizes, embedder: Embedder | None) -> BuildReport:
    started = time.perf_counter()
    with closing(Catalogue(settings.index / CATALOGUE, settings.corpus)) as catalogue:
        catalogue.refresh(progress)
        _check_log(settings, catalogue.reviews)
        read = time.perf_counter() - started
        report = build(catalogue, embedder or load_embedder(settings.model), settings, progress, live=live, sizes=sizes)
        bind(settings.index, settings.corpus)
        with suppress(OSError, RagqaError):  # a corpus that may not be written has none; the index was built all the same
            first_copy(settings.corpus)
    faults = tuple(map(str, catalogue.faults))
    return report.model_copy(update={"set_aside": faults, "seconds": {"reading": round(read, 3)} | report.seconds})
