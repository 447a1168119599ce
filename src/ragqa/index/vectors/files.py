"""The default engine: vectors in files beside the passages, read where they are needed and never loaded whole.

vectors.f32        rows of the base, float32, one after the other; shared by all generations grown from it
delta.f32          rows added since
clusters.faiss     the base in clusters, above ``Sizes.exact`` rows
removed.npy        rows whose passages are no more
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from weakref import finalize

import numpy as np

from ragqa.files.writing import linked
from ragqa.index.manifest import Clusters, Manifest, Sizes
from ragqa.index.vectors.clusters import ClusterSearch, write_clusters
from ragqa.index.vectors.interface import Rows, Told
from ragqa.index.vectors.similarity import highest, inner_products
from ragqa.models import Vectors
from ragqa.settings import DEFAULT_ENGINE

BASE, DELTA, CLUSTERS, REMOVED = "vectors.f32", "delta.f32", "clusters.faiss", "removed.npy"


class Files:
    """See ``VectorEngine``."""

    name = DEFAULT_ENGINE

    def open(self, folder: Path, manifest: Manifest) -> FileVectors:
        """See ``VectorEngine.open``."""
        return FileVectors(folder, manifest)

    def create(self, folder: Path, generation: str, dimension: int) -> FileWriter:
        """See ``VectorEngine.create``."""
        return FileWriter(folder, BASE, dimension)

    def grow(self, before: Path, manifest: Manifest, folder: Path, generation: str) -> FileWriter:
        """See ``VectorEngine.grow``; the base is shared as it is, the delta copied to add to."""
        linked(before / BASE, folder / BASE)
        if manifest.clusters:
            linked(before / CLUSTERS, folder / CLUSTERS)
        if (before / DELTA).exists():
            (folder / DELTA).write_bytes((before / DELTA).read_bytes())
        return FileWriter(folder, DELTA, manifest.dimension, _removed(before))


class FileVectors:
    """See ``VectorStore``."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._dimension = manifest.dimension
        self._base = _File(folder / BASE, manifest.dimension)
        self._delta = _File(folder / DELTA, manifest.dimension)
        self._removed = _removed(folder)
        self._clusters = (
            ClusterSearch(folder / CLUSTERS, manifest.clusters, len(self._base), self._removed) if manifest.clusters else None
        )

    def __len__(self) -> int:
        return len(self._base) + len(self._delta) - len(self._removed)

    def search(self, query: Vectors, k: int) -> list[tuple[int, float]]:
        """See ``VectorStore.search``."""
        wanted = min(k, len(self))
        if wanted == 0:
            return []
        base = self._clusters.candidates(query, wanted) if self._clusters else self._nearest(self._base, 0, query, wanted)
        rows = np.concatenate([base, self._nearest(self._delta, len(self._base), query, wanted)])
        scores = inner_products(query[0], self.vectors(rows.tolist()))
        best = np.lexsort((rows, -scores))[:wanted]
        return [(int(rows[place]), float(scores[place])) for place in best]

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """See ``VectorStore.vectors``."""
        vectors = np.empty((len(rows), self._dimension), np.float32)
        for place, row in enumerate(rows):
            vectors[place] = self._base.row(row) if row < len(self._base) else self._delta.row(row - len(self._base))
        return vectors

    def close(self) -> None:
        """See ``VectorStore.close``."""
        self._base.close()
        self._delta.close()

    def _nearest(self, rows: _File, first: int, query: Vectors, wanted: int) -> Rows:
        """The best of all the rows of one file, of which ``first`` rows stand before it."""
        scores = inner_products(query[0], rows.matrix)
        removed = self._removed[(self._removed >= first) & (self._removed < first + len(rows))]
        scores[removed - first] = -np.inf
        return highest(scores, min(wanted, len(rows) - len(removed))) + first


class FileWriter:
    """See ``VectorWriter``; adds to one file of a generation, the base or the delta above a shared base."""

    def __init__(self, folder: Path, file: str, dimension: int, removed: Iterable[int] = ()) -> None:
        self._folder, self._file, self._dimension = folder, file, dimension
        self._gone = {int(row) for row in removed}
        (folder / file).touch()
        self.rows = sum(len(_mapped(folder / name, dimension)) for name in {BASE, file})

    @property
    def removed(self) -> int:
        """See ``VectorWriter.removed``."""
        return len(self._gone)

    def add(self, vectors: Vectors) -> None:
        """See ``VectorWriter.add``."""
        with (self._folder / self._file).open("ab") as stream:
            stream.write(np.ascontiguousarray(vectors, np.float32).tobytes())
        self.rows += len(vectors)

    def remove(self, rows: Iterable[int]) -> None:
        """See ``VectorWriter.remove``."""
        self._gone.update(rows)

    def cluster(self, queries: Vectors, sizes: Sizes, tell: Told) -> Clusters:
        """See ``VectorWriter.cluster``."""
        return write_clusters(self._folder / CLUSTERS, _mapped(self._folder / BASE, self._dimension), queries, sizes, tell)

    def finish(self) -> None:
        """See ``VectorWriter.finish``."""
        if self._file == DELTA:
            np.save(self._folder / REMOVED, np.array(sorted(self._gone), np.int64))


class _File:
    """A file of vectors. Single ones are read, not mapped: a mapped one would bring its neighbours into memory with it."""

    def __init__(self, file: Path, dimension: int) -> None:
        self._width = 4 * dimension
        self._descriptor = os.open(file if file.exists() else os.devnull, os.O_RDONLY)
        self._finalizer = finalize(self, os.close, self._descriptor)
        self.matrix: Vectors = _mapped(file, dimension)

    def __len__(self) -> int:
        return len(self.matrix)

    def row(self, number: int) -> Vectors:
        return np.frombuffer(os.pread(self._descriptor, self._width, number * self._width), np.float32)

    def close(self) -> None:
        self._finalizer()
        self._descriptor = -1  # a late reader gets an error, never another file's bytes


def _mapped(file: Path, dimension: int) -> Vectors:
    """The vectors of a file, mapped; none where there is no file."""
    count = file.stat().st_size // (4 * dimension) if file.exists() else 0
    if not count:
        return np.empty((0, dimension), np.float32)
    return np.memmap(file, np.float32, "r", shape=(count, dimension))


def _removed(folder: Path) -> Rows:
    """Rows of a generation whose passages are no more."""
    removed: Rows = np.load(folder / REMOVED) if (folder / REMOVED).exists() else np.empty(0, np.int64)
    return removed
