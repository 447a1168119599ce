"""Answers that rest on a retracted paper, taken back at once."""

from __future__ import annotations

from dataclasses import dataclass

from ragqa.corpus.catalogue import Progress
from ragqa.corpus.folder import retracted_ids
from ragqa.editorial.library import Library
from ragqa.index import Generation, current_generation
from ragqa.index.refresh import build_index, silent
from ragqa.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What no reader is shown any more: numbers of unpublished answers (None without a library), and the live generation."""

    unpublished: list[int] | None
    generation: str | None


def take_back_retracted(settings: Settings, progress: Progress = silent) -> TakenBack:
    """Neither the library nor the index goes on showing what the corpus says is retracted, whoever found it out and whenever.

    Where there is no library, or no index, none is made.

    Raises:
        CorpusError: the corpus has faults, so that the index stays as it was; the answers are unpublished all the same.
    """
    unpublished = None
    if settings.library.exists():
        with Library(settings.library) as library:
            unpublished = library.unpublish(retracted_ids(settings.corpus), "was retracted")
    generation = None
    if current_generation(settings.index) is not None:
        generation = build_index(settings, progress).manifest.generation
    return TakenBack(unpublished=unpublished, generation=generation)


def take_back(library: Library, generation: Generation) -> list[int]:
    """Unpublish every answer resting on a paper that the index leaves out as retracted."""
    retracted = [source for source, reason in generation.left_out().items() if reason == "retracted"]
    return library.unpublish(retracted, "was retracted")
