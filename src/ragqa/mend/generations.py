"""The index: caches and generations."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ragqa.corpus.catalogue import CATALOGUE, Catalogue, Progress
from ragqa.errors import CorpusError, IndexFault, RagqaError
from ragqa.files.aside import set_aside
from ragqa.index import current_generation, exclusive, read_manifest, stored_generations
from ragqa.index.cache import EMBEDDINGS
from ragqa.index.generations import GENERATION
from ragqa.index.manifest import damage
from ragqa.index.refresh import build_index, silent
from ragqa.mend.databases import fault_of
from ragqa.mend.found import Damage, reason
from ragqa.settings import Settings


def index(settings: Settings, progress: Progress) -> Iterator[Damage]:
    """Caches and generations: all of them can be made again from the corpus, save generations of a corpus that is no more."""
    folder = settings.index
    if not folder.is_dir():
        return
    yield from cache(folder / EMBEDDINGS, {"vectors": ["fingerprint", "sha256", "vector"]})
    yield from catalogue(settings)
    live = current_generation(folder)
    for place in sorted(folder.iterdir()):
        if not (GENERATION.fullmatch(place.name) and os.path.lexists(place)):
            continue
        if (seen := _generation(place)) is not None:
            yield _damaged(settings, place, seen, progress, live=place.name == live)
    live = current_generation(folder)
    if live is None and (os.path.lexists(folder / "CURRENT") or stored_generations(folder)):
        yield _rebuilt(settings, folder / "CURRENT", "it names no generation", progress)
    elif live is not None and live not in stored_generations(folder):
        yield _rebuilt(settings, folder / "CURRENT", f"the generation {live} that it names is not there", progress)


def cache(file: Path, columns: dict[str, list[str]]) -> Iterator[Damage]:
    """A database that is only ever filled with what can be computed again."""
    if not os.path.lexists(file):
        return
    seen = fault_of(file, columns)
    if seen is not None:
        repair = lambda: f"set aside as {set_aside(file).name}; it fills again by itself"  # noqa: E731
        yield Damage(file=file, seen=seen, advice="set it aside; it fills again by itself", repair=repair)


def catalogue(settings: Settings) -> Iterator[Damage]:
    """What was last read of the corpus, compared with what a new reading says."""
    file = settings.index / CATALOGUE
    found = list(cache(file, {"made_by": ["parsing"], "files": ["number", "name", "stamp"]}))
    yield from found
    if found or not file.exists():
        return
    with tempfile.TemporaryDirectory() as place:
        shutil.copyfile(file, Path(place) / "old.sqlite")
        try:
            old, new = _decisions(Path(place) / "old.sqlite", settings), _decisions(Path(place) / "new.sqlite", settings)
        except CorpusError:
            return
        except (sqlite3.Error, ValueError, TypeError) as error:
            old, new = reason(error), ""
    if old != new:
        repair = lambda: f"set aside as {set_aside(file).name}; the next build reads the corpus anew"  # noqa: E731
        yield Damage(file=file, seen="it says other things than the corpus", advice="set it aside and read anew", repair=repair)


def _decisions(file: Path, settings: Settings) -> object:
    with closing(Catalogue(file, settings.corpus)) as opened:
        opened.refresh(silent)
        return list(opened.decisions(settings.abstracts))


def _generation(folder: Path) -> str | None:
    """What is wrong with a generation; None where nothing is, or where another ragqa made it."""
    try:
        return damage(folder, read_manifest(folder))
    except IndexFault as error:
        return str(error).partition(": run ")[0] if "has format" not in str(error) else None


def _damaged(settings: Settings, place: Path, seen: str, progress: Progress, *, live: bool) -> Damage:
    if live:
        return _rebuilt(settings, place, seen, progress)

    def repair() -> str:
        with exclusive(settings.index):
            return f"set aside as {set_aside(place).name}; answers made from it cannot be replayed"

    return Damage(file=place, seen=seen, advice="set it aside; answers made from it cannot be replayed", repair=repair)


def _rebuilt(settings: Settings, place: Path, seen: str, progress: Progress) -> Damage:
    """The live generation, built anew; where that fails, what was there is put back."""

    def repair() -> str:
        wanted = settings.model_copy(update={"abstracts": _abstracts_of(place) or settings.abstracts})
        with exclusive(settings.index):
            aside = set_aside(place) if os.path.lexists(place) else None
        try:
            report = build_index(wanted, progress)
        except (RagqaError, OSError, sqlite3.Error):
            if aside is not None and not os.path.lexists(place):
                aside.rename(place)
            raise
        made = f"generation {report.manifest.generation} was built anew, {report.reused} of its vectors were kept"
        return made + (f"; what was there is {aside.name}, and may be deleted" if aside else "")

    return Damage(file=place, seen=seen, advice="build the index anew", repair=repair)


def _abstracts_of(place: Path) -> str | None:
    try:
        built = read_manifest(place)
    except IndexFault:
        return None
    return built.abstracts if built.abstracts in ("cited", "all") else None
