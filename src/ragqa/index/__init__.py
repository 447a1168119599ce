"""One built generation: vectors, lexical index, passages and the records they come from, all in one immutable folder.

    indexes/<name>/embeddings.sqlite     (model fingerprint, sha256 of text) -> vector; survives every build
    indexes/<name>/<generation>/         vectors.faiss, lexical/, passages.sqlite, manifest.json
    indexes/<name>/CURRENT               names the live generation; replaced atomically, last

A build works in a hidden folder and renames it when whole, so a kill at any moment leaves the live generation as it was.
"""

from ragqa.index.building import BuildReport, build, searchable
from ragqa.index.cache import Progress
from ragqa.index.generation import Generation, open_index
from ragqa.index.manifest import Manifest, current_generation, read_manifest, recorded_head, stored_generations

__all__ = [
    "BuildReport",
    "Generation",
    "Manifest",
    "Progress",
    "build",
    "current_generation",
    "open_index",
    "read_manifest",
    "recorded_head",
    "searchable",
    "stored_generations",
]
