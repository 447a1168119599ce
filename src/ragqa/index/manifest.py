"""What a generation was built from, how its vectors are searched, and whether it is as it was built."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from ragqa.corpus.records import explain
from ragqa.errors import IndexDamaged, IndexMismatch, InvalidRecord, RagqaError
from ragqa.files import json_object, read_text, sha256_of
from ragqa.settings import DEFAULT_ENGINE

FORMAT = "ragqa.generation/3"
CHECKED_AT_OPEN = 8 * 1024 * 1024
"""Bytes of a generation compared with their checksums whenever it is opened, smallest files first: some 8 milliseconds. All of
the bundled corpus's index is in it; of a large one ``ragqa mend`` reads the rest.
"""


def _within(name: str) -> str:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name:
        raise ValueError("a file outside the generation")
    return name


FileName = Annotated[str, AfterValidator(_within)]


class Sizes(BaseModel):
    """Where the ways of searching and building change; part of a generation's name.

    Vectors of up to ``exact`` passages are all compared with the question, of more only those of the nearest clusters, as many
    as give ``recall`` at 10 on ``queries`` sentences of the corpus. Words are indexed ``segment`` passages at a time. Above
    ``exact`` a build adds to the generation before it, until added and removed passages are more than the share ``slack`` of
    the others.
    """

    model_config = ConfigDict(frozen=True)

    exact: int = 30_000
    segment: int = 32_768
    slack: float = 0.05
    queries: int = 256
    recall: float = 0.97


class Clusters(BaseModel):
    """Of ``lists`` clusters the nearest ``probes`` are searched; ``recall_at_10`` was measured against comparing all, when
    they were made.
    """

    model_config = ConfigDict(frozen=True)

    lists: PositiveInt
    probes: PositiveInt
    recall_at_10: float
    queries: NonNegativeInt


class Manifest(BaseModel):
    """What a generation was built from; written last, so a folder without one is not a generation.

    ``review_head`` is the chain of the last review event then: the only thing outside the log that can show it was cut.
    ``recipe`` stands for all that decides a generation beside the corpus. ``base_rows`` is the number of rows of its large
    files, which it shares with ``parent``, the generation it was grown from; None for one built whole. ``files`` are all others
    and their sizes, ``sha256`` their checksums; none in an index of before these were kept. ``engine`` keeps the vectors;
    ``clusters`` is None where it compares all of them.
    """

    model_config = ConfigDict(frozen=True)

    format: str
    generation: str
    model: str
    fingerprint: str
    dimension: int = Field(gt=0, le=65_536)
    metric: str
    corpus_sha256: str
    abstracts: str
    passage_characters: PositiveInt
    counts: dict[str, NonNegativeInt]
    review_head: str | None = None
    recipe: str = ""
    base_rows: NonNegativeInt = 0
    parent: str | None = None
    engine: str = DEFAULT_ENGINE
    clusters: Clusters | None = None
    files: dict[FileName, NonNegativeInt] = {}
    sha256: dict[FileName, str] = {}


def sizes_of(folder: Path) -> dict[str, int]:
    """Name and size of every file of a generation, its manifest and tantivy's locks aside."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {
        str(file.relative_to(folder)): file.stat().st_size
        for file in files
        if file.name != "manifest.json" and not file.name.endswith(".lock")
    }


def checksums(folder: Path, before: Path | None = None, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name and SHA-256 of the files of ``sizes_of``; one shared with the generation in ``before`` has the checksum ``known``."""
    found = {}
    for name in sizes_of(folder):
        shared = before is not None and known is not None and name in known and _same(folder / name, before / name)
        found[name] = known[name] if shared and known is not None else sha256_of(folder / name)
    return found


def damage(folder: Path, manifest: Manifest, most: int | None = None) -> str | None:
    """What is wrong with the first file of a generation that is not as it was built; None where none is.

    All sizes are compared, and the checksums of ``most`` bytes, smallest files first; of everything without it.
    """
    try:
        found = sizes_of(folder)
        for name, size in manifest.files.items():
            if found.get(name) != size:
                return f"{name} is missing" if name not in found else f"{name} has {found[name]} bytes instead of {size}"
        read = 0
        for name in sorted(manifest.sha256, key=lambda one: (found.get(one, 0), one)):
            read += found.get(name, 0)
            if most is not None and read > most:
                return None
            if name not in found or sha256_of(folder / name) != manifest.sha256[name]:
                return f"{name} is not what was built"
    except OSError as error:
        return f"{error.filename or folder}: {error.strerror or error}"
    return None


def _same(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except OSError:
        return False


def is_whole(folder: Path, manifest: Manifest) -> bool:
    """Whether a generation is as it was built, as far as ``CHECKED_AT_OPEN`` shows."""
    return damage(folder, manifest, CHECKED_AT_OPEN) is None


def damaged(folder: Path, reason: object) -> IndexDamaged:
    """The error that names a damaged generation, and what mends it."""
    told = " ".join(str(reason).split())[:300]
    return IndexDamaged(f"the generation {folder} is damaged ({told}): run `ragqa mend`, which builds it anew")


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Whatever the libraries make of a damaged file of this generation comes out as IndexDamaged."""
    try:
        yield
    except (RagqaError, sqlite3.ProgrammingError):
        raise
    except (OSError, sqlite3.Error, RuntimeError, ValueError, TypeError, LookupError, MemoryError) as error:
        raise damaged(folder, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # tantivy's; Rust's panics are no Exception
            raise
        raise damaged(folder, error) from error


def read_manifest(folder: Path) -> Manifest:
    """The manifest of one generation folder.

    Raises:
        IndexMismatch: it is of another format.
        IndexDamaged: it is missing or damaged.
    """
    file = folder / "manifest.json"
    try:
        text, data = read_text(file)
        value = json_object(data, file, 1)
        if isinstance(value, dict) and value.get("format") != FORMAT and isinstance(value.get("format"), str):
            raise IndexMismatch(f"{folder} has format {value['format'][:40]}, this ragqa reads {FORMAT}: run `ragqa index`")
        return Manifest.model_validate_json(text)
    except InvalidRecord as error:
        raise damaged(folder, error.faults[0]) from error
    except ValidationError as error:
        raise damaged(folder, f"manifest.json: {explain(error)}") from error
