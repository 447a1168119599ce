"""One built generation: vectors, lexical index, passages and the records they come from, all in one immutable folder.

    indexes/<name>/catalogue.sqlite      what each file of the corpus held when it was last read (``ragqa.corpus.catalogue``)
    indexes/<name>/embeddings.sqlite     (model fingerprint, sha256 of text) -> vector; survives every build
    indexes/<name>/<generation>/         vectors.f32, clusters.faiss, lexical/, passages.sqlite, manifest.json; where it was grown
                                         from another one also delta.f32, delta.sqlite, removed.npy, the large files being shared
    indexes/<name>/CURRENT               names the live generation; replaced atomically, last
    indexes/<name>/CORPUS                the folder it was last built from

A build works in a hidden folder and renames it when whole, so a kill at any moment leaves the live generation as it was. How a
generation grows, and what its name then means, is in ``docs/decisions/0018-growing.md``.
"""

from ragqa.index.building import BuildReport, build, searchable
from ragqa.index.cache import EmbeddingCache
from ragqa.index.generation import Generation, open_index
from ragqa.index.live import exclusive
from ragqa.index.manifest import (
    Clusters,
    Manifest,
    Sizes,
    belongs,
    bind,
    built_from,
    current_generation,
    nothing_live,
    read_manifest,
    recorded_head,
    stored_generations,
)
from ragqa.index.vectors import inner_products

__all__ = [
    "BuildReport",
    "Clusters",
    "EmbeddingCache",
    "Generation",
    "Manifest",
    "Sizes",
    "belongs",
    "bind",
    "build",
    "built_from",
    "current_generation",
    "exclusive",
    "inner_products",
    "nothing_live",
    "open_index",
    "read_manifest",
    "recorded_head",
    "searchable",
    "stored_generations",
]
