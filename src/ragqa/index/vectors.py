"""The vectors of a generation's passages, by row, in files that are read where they are needed and never loaded whole.

    vectors.f32        rows of the base, float32, one after the other; shared by all generations grown from it
    delta.f32          rows added since
    clusters.faiss     the base in clusters, 8 bits a dimension: proposes candidates, whose similarity is then computed from the
    rows
    removed.npy        rows whose passages are no more

Every similarity that leaves this module is the inner product of whole float32 vectors.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from weakref import finalize

import faiss
import numpy as np
from numpy.typing import NDArray

from ragqa.files.writing import linked
from ragqa.index.manifest import Clusters, Manifest, Sizes
from ragqa.models import Vectors

Rows = NDArray[np.int64]
_faiss: Any = faiss  # its type stubs know neither keyword arguments nor what a factory returns

BASE, DELTA, CLUSTERS, REMOVED = "vectors.f32", "delta.f32", "clusters.faiss", "removed.npy"
BLOCK = 65_536
"""Rows handled at a time while building: 100 MB of the default model's vectors."""
PER_LIST = 40
"""Vectors a cluster's centre is learned from."""
SPARE = 50
"""Candidates proposed beyond those asked for, at least: their 8-bit order is not quite the true one."""
ROWS_PER_ANSWER = 20
"""Vectors in the clusters that are searched, for each one asked for, at least."""


class VectorIndex:
    """The vectors of a generation, open for reading. Safe to share between threads."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._dimension = manifest.dimension
        self._base = _Rows(folder / BASE, manifest.dimension)
        self._delta = _Rows(folder / DELTA, manifest.dimension)
        self._removed = np.load(folder / REMOVED) if (folder / REMOVED).exists() else np.empty(0, np.int64)
        self._clusters = (
            _ClusterSearch(folder / CLUSTERS, manifest.clusters, len(self._base), self._removed) if manifest.clusters else None
        )

    def __len__(self) -> int:
        return len(self._base) + len(self._delta) - len(self._removed)

    def search(self, query: Vectors, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` (row, similarity) pairs, best first; ``query`` has shape (1, dimension)."""
        wanted = min(k, len(self))
        if wanted == 0:
            return []
        base = self._clusters.propose(query, wanted) if self._clusters else self._nearest(self._base, 0, query, wanted)
        rows = np.concatenate([base, self._nearest(self._delta, len(self._base), query, wanted)])
        scores = inner_products(query[0], self.of(rows.tolist()))
        best = np.lexsort((rows, -scores))[:wanted]
        return [(int(rows[place]), float(scores[place])) for place in best]

    def of(self, rows: Sequence[int]) -> Vectors:
        """The vectors of these rows, shape (len(rows), dimension)."""
        vectors = np.empty((len(rows), self._dimension), np.float32)
        for place, row in enumerate(rows):
            vectors[place] = self._base.row(row) if row < len(self._base) else self._delta.row(row - len(self._base))
        return vectors

    def close(self) -> None:
        """Release the files."""
        self._base.close()
        self._delta.close()

    def _nearest(self, rows: _Rows, first: int, query: Vectors, wanted: int) -> Rows:
        """The best of all the rows of one file, of which ``first`` rows stand before it."""
        scores = inner_products(query[0], rows.matrix)
        removed = self._removed[(self._removed >= first) & (self._removed < first + len(rows))]
        scores[removed - first] = -np.inf
        return highest(scores, min(wanted, len(rows) - len(removed))) + first


def highest(scores: Vectors, wanted: int) -> Rows:
    """Where the ``wanted`` highest of these scores stand, in no order; of equal ones the first, on every processor.

    ``np.argpartition`` alone would choose among equal ones as the processor's widest instructions happen to.
    """
    if not wanted:
        return np.empty(0, np.int64)
    least = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
    above, equal = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
    return np.concatenate([above, equal[: wanted - len(above)]])


class _Rows:
    """A file of vectors. Single ones are read, not mapped: a mapped one would bring its neighbours into memory with it."""

    def __init__(self, file: Path, dimension: int) -> None:
        self._width = 4 * dimension
        self._descriptor = os.open(file if file.exists() else os.devnull, os.O_RDONLY)
        self._finalizer = finalize(self, os.close, self._descriptor)
        self.matrix: Vectors = rows_of(file, dimension)

    def __len__(self) -> int:
        return len(self.matrix)

    def row(self, number: int) -> Vectors:
        return np.frombuffer(os.pread(self._descriptor, self._width, number * self._width), np.float32)

    def close(self) -> None:
        self._finalizer()
        self._descriptor = -1  # a late reader gets an error, never another file's bytes


class _ClusterSearch:
    """Candidates from the nearest clusters (Jégou et al., Product quantization for nearest neighbor search, 2011, section IV)."""

    def __init__(self, file: Path, clusters: Clusters, rows: int, removed: Rows) -> None:
        self._index = _faiss.read_index(str(file), _faiss.IO_FLAG_MMAP)
        lists = _faiss.downcast_InvertedLists(_faiss.extract_index_ivf(self._index).invlists)
        if hasattr(lists, "prefetch_nthread"):
            lists.prefetch_nthread = 0  # FAISS would start 32 threads a question to read ahead
        self._clusters, self._rows = clusters, rows
        self._there = _all_but(removed[removed < rows], rows) if len(removed) else None

    def propose(self, query: Vectors, wanted: int) -> Rows:
        """More rows than are wanted, of which the best are very likely among the best of all."""
        probes = max(self._clusters.probes, math.ceil(ROWS_PER_ANSWER * wanted * self._clusters.lists / self._rows))
        return _proposed(self._index, query, wanted, min(probes, self._clusters.lists), self._there)[0]


def inner_products(query: Vectors, rows: Vectors) -> Vectors:
    """The inner product of the query, shape (dimension,), with each row.

    Not NumPy's product: that may round a row differently beside other rows, and a similarity depends on its own row alone; and it
    starts a thread on every core, which under load costs more than all the multiplying.
    """
    products = np.empty(len(rows), np.float32)
    if len(rows):
        asked = np.ascontiguousarray(query, np.float32)
        pointers = (_faiss.swig_ptr(array) for array in (products, asked, rows))
        _faiss.fvec_inner_products_ny(*pointers, rows.shape[1], len(rows))
    return products


def rows_of(file: Path, dimension: int) -> Vectors:
    """The vectors of a file, mapped; none where there is no file."""
    count = file.stat().st_size // (4 * dimension) if file.exists() else 0
    if not count:
        return np.empty((0, dimension), np.float32)
    return np.memmap(file, np.float32, "r", shape=(count, dimension))


def write_rows(file: Path, blocks: Iterable[Vectors]) -> None:
    """Append vectors to a file, as they come."""
    with file.open("ab") as stream:
        for block in blocks:
            stream.write(np.ascontiguousarray(block, np.float32).tobytes())


def share_rows(before: Path, folder: Path) -> None:
    """Bring the rows of one generation into the next: the base as it is, the delta as a copy to add to."""
    linked(before / BASE, folder / BASE)
    linked(before / CLUSTERS, folder / CLUSTERS)
    if (before / DELTA).exists():
        (folder / DELTA).write_bytes((before / DELTA).read_bytes())


def removed_rows(folder: Path) -> list[int]:
    """Rows of a generation whose passages are no more."""
    return np.load(folder / REMOVED).tolist() if (folder / REMOVED).exists() else []


def write_removed(folder: Path, rows: Iterable[int]) -> None:
    """Note the rows whose passages are no more."""
    np.save(folder / REMOVED, np.array(sorted(rows), np.int64))


def write_clusters(folder: Path, dimension: int, queries: Vectors, sizes: Sizes, tell: Callable[[int, int], None]) -> Clusters:
    """Sort the rows of a base into clusters, and choose how many are searched.

    About 4 sqrt(n) clusters; of these, as many are searched as it takes for the best ten of each query, computed exactly, to be
    found with the recall of ``sizes``. ``tell`` hears how many vectors have been sorted in.
    """
    rows = rows_of(folder / BASE, dimension)
    index = _faiss.index_factory(dimension, f"IVF{_lists(len(rows))},SQ8", _faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = PER_LIST
    index.cp.min_points_per_centroid = 1
    chosen = np.sort(np.random.default_rng(1).permutation(len(rows))[: PER_LIST * index.nlist])
    tell(0, len(rows))
    index.train(np.ascontiguousarray(rows[chosen]))
    for first in range(0, len(rows), BLOCK):
        index.add(np.ascontiguousarray(rows[first : first + BLOCK]))
        tell(min(first + BLOCK, len(rows)), len(rows))
    truth = _nearest_ten(rows, queries)
    probes, recall = _probes(index, rows, queries, truth, sizes.recall)
    _faiss.write_index(index, str(folder / CLUSTERS))
    return Clusters(lists=index.nlist, probes=probes, recall_at_10=round(recall, 4), queries=len(queries))


def _lists(rows: int) -> int:
    return max(1, round(4 * math.sqrt(rows)))


def _nearest_ten(rows: Vectors, queries: Vectors) -> Rows:
    """The true best ten rows of each query."""
    scores, found = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    for first in range(0, len(rows), BLOCK):
        block = queries @ rows[first : first + BLOCK].T
        scores = np.hstack([scores, block])
        found = np.hstack([found, np.broadcast_to(np.arange(first, first + block.shape[1]), block.shape)])
        best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        scores, found = np.take_along_axis(scores, best, 1), np.take_along_axis(found, best, 1)
    return found


def _probes(index: Any, rows: Vectors, queries: Vectors, truth: Rows, wanted: float) -> tuple[int, float]:
    """The fewest clusters, by steps of a quarter, that reach the wanted recall; all of them where none does."""
    probes = min(4, index.nlist)
    while True:
        recall = _recall(index, rows, queries, truth, probes)
        if recall >= wanted or probes == index.nlist:
            return probes, recall
        probes = min(math.ceil(1.25 * probes), index.nlist)


def _recall(index: Any, rows: Vectors, queries: Vectors, truth: Rows, probes: int) -> float:
    if not len(queries):
        return 1.0
    found = 0
    for query, proposed, best in zip(queries, _proposed(index, queries, 10, probes, None), truth, strict=True):
        scores = rows[proposed] @ query
        found += len(set(proposed[np.argsort(-scores, kind="stable")[:10]].tolist()) & set(best.tolist()))
    return found / truth.size


def _proposed(index: Any, queries: Vectors, wanted: int, probes: int, there: Any) -> list[Rows]:
    parameters = _faiss.SearchParametersIVF(nprobe=probes, sel=there)
    _, found = index.search(queries, wanted + max(SPARE, wanted // 2), params=parameters)
    return [rows[rows >= 0] for rows in found]  # FAISS fills up with -1


def _all_but(removed: Rows, rows: int) -> Any:
    there = np.ones(rows, bool)
    there[removed] = False
    return _faiss.IDSelectorBitmap(np.packbits(there, bitorder="little"))
