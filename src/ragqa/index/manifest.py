"""What a generation was built from, and which generations a folder holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.errors import IndexMismatch
from ragqa.files import read_text

FORMAT = "ragqa.generation/1"


class Manifest(BaseModel):
    """What a generation was built from; written last, so a folder without one is not a generation.

    ``review_head`` is the chain of the last review event then: the only thing outside the log that can show it was cut.
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
    """The head of the review log as the live generation recorded it; None where there is no readable one."""
    name = current_generation(folder)
    try:
        return read_manifest(folder / name).review_head if name else None
    except IndexMismatch:
        return None


def stored_generations(folder: Path) -> list[str]:
    """Names of the generations that can still be opened, newest first."""
    found = [manifest for manifest in folder.glob("*/manifest.json") if not manifest.parent.name.startswith(".")]
    return [manifest.parent.name for manifest in sorted(found, key=lambda manifest: -manifest.stat().st_mtime_ns)]


def digest_of(*parts: object) -> str:
    """sha256 of these parts; where one ends and the next begins counts too."""
    digest = hashlib.sha256()
    for part in parts:
        data = str(part).encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
