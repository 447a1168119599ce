"""An index opened with its models, and what of it may be quoted at this moment."""

from __future__ import annotations

from copy import copy
from types import TracebackType
from typing import Self

from ragqa.corpus.catalogue import Progress
from ragqa.corpus.folder import require_folder
from ragqa.corpus.vocabulary import house_vocabulary
from ragqa.index import Generation, current_generation, open_index
from ragqa.index.refresh import build_index, silent
from ragqa.index.withheld import LiveGate
from ragqa.language.vocabulary import use
from ragqa.models import (
    CachingEmbedder,
    Check,
    Embedder,
    InterruptibleEmbedder,
    RecentVectors,
    load_embedder,
    load_reranker,
    unhurried,
)
from ragqa.settings import Settings


class OpenIndex:
    """A generation with the models that read it. Use as a context manager, or call ``close``. Safe to share between threads.

    Nothing that was withdrawn or retracted by now is found in it, whatever the generation still holds. ``gate`` is None for a
    stored generation, which stays as it was when it was live.
    """

    def __init__(self, settings: Settings, embedder: Embedder, generation: Generation, gate: LiveGate | None = None) -> None:
        self.settings = settings
        self.embedder = embedder
        self.reranker = load_reranker()
        self.generation = generation
        self.gate = gate
        self.check: Check = unhurried

    @classmethod
    def open(cls, settings: Settings, progress: Progress = silent, generation: str | None = None) -> Self:
        """Open the live generation, building the first one when there is none; or the stored ``generation`` of that name.

        Raises:
            CorpusError: there is no such corpus folder.
            IndexMismatch: the live generation was built from another corpus, or with another model.
        """
        require_folder(settings.corpus)
        use(house_vocabulary(settings.corpus).added)
        if current_generation(settings.index) is None:
            build_index(settings, progress)
        embedder = CachingEmbedder(load_embedder(settings.model), RecentVectors())
        opened = open_index(settings.index, embedder, generation)
        return cls(settings, embedder, opened, None if generation else LiveGate.of(settings.corpus, opened))

    def beside(self, generation: str) -> Self:
        """Another generation of the same corpus, open beside this one, with the models already loaded; raises as ``open``."""
        opened = copy(self)
        opened.generation = open_index(self.settings.index, self.embedder, generation)
        opened.gate = LiveGate.of(self.settings.corpus, opened.generation)
        return opened

    def now(self) -> Self:
        """The same, with what may be quoted at this moment: of one question everything is asked of one such moment."""
        withheld = self.gate.withheld() if self.gate else self.generation.withheld
        if withheld is self.generation.withheld:
            return self
        moment = copy(self)
        moment.generation = self.generation.without(withheld)
        return moment

    def interruptible(self, check: Check) -> Self:
        """The same index and models for one answer: ``check`` is called between its steps, and what it raises ends it.

        A step is a retrieval, a few texts through a model, or the choosing or checking of an answer's sentences.
        """
        one = copy(self)
        one.check = check
        one.embedder, one.reranker = InterruptibleEmbedder(self.embedder, check), self.reranker.interruptible(check)
        return one

    def under(self, **changes: object) -> Self:
        """The same index and models under other settings, of those that matter to what is asked."""
        other = copy(self)
        other.settings = self.settings.model_copy(update=changes)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the index."""
        self.generation.close()
