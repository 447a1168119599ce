"""The vectors of a generation's passages, kept by one of the engines in ``ENGINES``, which its manifest names."""

from __future__ import annotations

from ragqa.errors import IndexMismatch, SettingsError
from ragqa.index.manifest import Manifest
from ragqa.index.vectors.files import Files
from ragqa.index.vectors.interface import VectorEngine, VectorStore, VectorWriter
from ragqa.index.vectors.similarity import inner_products

ENGINES: dict[str, VectorEngine] = {engine.name: engine for engine in (Files(),)}

__all__ = ["ENGINES", "VectorEngine", "VectorStore", "VectorWriter", "engine_named", "engine_of", "inner_products"]


def engine_named(name: str) -> VectorEngine:
    """The engine that a setting names.

    Raises:
        SettingsError: there is none of this name.
    """
    if name not in ENGINES:
        raise SettingsError(f"vector_engine: {name[:40]!r} is none of {', '.join(ENGINES)}; see ragqa.toml, RAGQA_VECTOR_ENGINE")
    return ENGINES[name]


def engine_of(manifest: Manifest) -> VectorEngine:
    """The engine that keeps a generation's vectors.

    Raises:
        IndexMismatch: this ragqa has no such engine.
    """
    if manifest.engine not in ENGINES:
        raise IndexMismatch(
            f"the vectors of generation {manifest.generation} are kept by {manifest.engine[:40]!r}, which this ragqa does not "
            "have: run `ragqa index`"
        )
    return ENGINES[manifest.engine]
