"""Which corpus an index was built from."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.corpus.abstracts import abstract_files
from ragqa.corpus.articles import article_files
from ragqa.corpus.records import digest_of
from ragqa.errors import InvalidRecord
from ragqa.files import read_text, write_atomic
from ragqa.index.manifest import Manifest


class Bound(BaseModel):
    """The corpus that an index was last built from: its folder, and the names and sizes of its files then."""

    model_config = ConfigDict(frozen=True)

    folder: str
    files: str


def bind(folder: Path, corpus: Path) -> None:
    """Note in an index folder which corpus it is built from."""
    bound = Bound(folder=str(corpus.resolve()), files=_names_and_sizes(corpus))
    if _bound(folder) != bound:
        write_atomic(folder / "CORPUS", [bound.model_dump_json() + "\n"])


def belongs(folder: Path, manifest: Manifest, corpus: Path, chains: Container[str | None]) -> bool:
    """Whether a generation was built from this corpus, whose review log has these ``chains``.

    The log tells, wherever the corpus lies now. Where none was kept it is the folder, or one with files of the same names and
    sizes, as after a move.
    """
    if manifest.review_head is not None:
        return manifest.review_head in chains
    bound = _bound(folder)
    return bound is None or bound.folder == str(corpus.resolve()) or bound.files == _names_and_sizes(corpus)


def built_from(folder: Path) -> Path | None:
    """The folder of the corpus that an index was last built from; None where that is not known."""
    bound = _bound(folder)
    return Path(bound.folder) if bound else None


def _bound(folder: Path) -> Bound | None:
    try:
        return Bound.model_validate_json(read_text(folder / "CORPUS")[0])
    except (ValidationError, InvalidRecord):
        return None


def _names_and_sizes(corpus: Path) -> str:
    files = [*article_files(corpus), *abstract_files(corpus)]
    return digest_of(*sorted((file.name, file.stat().st_size) for file in files if file.is_file()))
