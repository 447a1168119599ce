"""What a generation was built from, how its vectors are searched, and which generations a folder holds."""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.errors import IndexMismatch, InvalidRecord
from ragqa.files import read_text, write_atomic
from ragqa.records import digest_of

FORMAT = "ragqa.generation/2"


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

    lists: int
    probes: int
    recall_at_10: float
    queries: int


class Manifest(BaseModel):
    """What a generation was built from; written last, so a folder without one is not a generation.

    ``review_head`` is the chain of the last review event then: the only thing outside the log that can show it was cut.
    ``recipe`` stands for all that decides a generation beside the corpus. ``base_rows`` is the number of rows of its large
    files, which it shares with ``parent``, the generation it was grown from; None for one built whole. ``files`` are all others
    and their sizes. ``clusters`` is None where search is exact.
    """

    model_config = ConfigDict(frozen=True)

    format: str
    generation: str
    model: str
    fingerprint: str
    dimension: int
    metric: str
    corpus_sha256: str
    abstracts: str
    passage_characters: int
    counts: dict[str, int]
    review_head: str | None = None
    recipe: str = ""
    base_rows: int = 0
    parent: str | None = None
    clusters: Clusters | None = None
    files: dict[str, int] = {}


def sizes_of(folder: Path) -> dict[str, int]:
    """Name and size of every file of a generation, its manifest and tantivy's locks aside."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {
        str(file.relative_to(folder)): file.stat().st_size
        for file in files
        if file.name != "manifest.json" and not file.name.endswith(".lock")
    }


def stands(folder: Path, manifest: Manifest) -> bool:
    """Whether every file of a generation is there, as long as it was when it was built."""
    found = sizes_of(folder)
    return all(found.get(name) == size for name, size in manifest.files.items())


def current_generation(folder: Path) -> str | None:
    """Name of the live generation; None when nothing has been built."""
    try:
        return read_text(folder / "CURRENT")[0].strip()
    except Exception:  # noqa: BLE001 - any unreadable CURRENT means there is no live generation to offer
        return None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of one generation folder; raises IndexMismatch when it is of another format or damaged."""
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise IndexMismatch(f"{folder} is not a readable generation ({error}): run `ragqa index`") from error
    if manifest.format != FORMAT:
        raise IndexMismatch(f"{folder} has format {manifest.format}, this ragqa reads {FORMAT}: run `ragqa index`")
    return manifest


def recorded_head(folder: Path) -> str | None:
    """The head of the review log as the live generation recorded it, whatever its format; None where there is no readable one."""
    name = current_generation(folder)
    try:
        head = json.loads((folder / name / "manifest.json").read_text(encoding="utf-8"))["review_head"] if name else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return head if isinstance(head, str) else None


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


def built_from(folder: Path) -> str:
    """The folder of the corpus that an index was built from, for people."""
    bound = _bound(folder)
    return bound.folder if bound else "another corpus"


def _bound(folder: Path) -> Bound | None:
    try:
        return Bound.model_validate_json(read_text(folder / "CORPUS")[0])
    except (ValidationError, InvalidRecord):
        return None


def _names_and_sizes(corpus: Path) -> str:
    files = [*(corpus / "articles").glob("*.md"), *(corpus / "abstracts").glob("*.jsonl")]
    return digest_of(*sorted((file.name, file.stat().st_size) for file in files if file.is_file()))


def stored_generations(folder: Path) -> list[str]:
    """Names of the generations that can still be opened, newest first."""
    found = [manifest for manifest in folder.glob("*/manifest.json") if not manifest.parent.name.startswith(".")]
    return [manifest.parent.name for manifest in sorted(found, key=lambda manifest: -manifest.stat().st_mtime_ns)]
