"""A base of vectors in clusters, 8 bits a dimension: proposes candidates, whose similarity is then computed from the rows.

Method: Jégou et al., Product quantization for nearest neighbor search, 2011, section IV (an inverted file of clusters).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from ragqa.index.manifest import Clusters, Sizes
from ragqa.index.vectors.interface import Rows, Told
from ragqa.models import Vectors

_faiss: Any = faiss  # its type stubs know neither keyword arguments nor what a factory returns

BLOCK = 65_536
"""Rows handled at a time while building: 100 MB of the default model's vectors."""
PER_LIST = 40
"""Vectors a cluster's centre is learned from."""
SPARE = 50
"""Candidates proposed beyond those asked for, at least: their 8-bit order is not quite the true one."""
ROWS_PER_ANSWER = 20
"""Vectors in the clusters that are searched, for each one asked for, at least."""


class ClusterSearch:
    """The clusters of a base, open for reading; its file is read where it is needed and never loaded whole."""

    def __init__(self, file: Path, clusters: Clusters, rows: int, removed: Rows) -> None:
        self._index = _faiss.read_index(str(file), _faiss.IO_FLAG_MMAP)
        lists = _faiss.downcast_InvertedLists(_faiss.extract_index_ivf(self._index).invlists)
        if hasattr(lists, "prefetch_nthread"):
            lists.prefetch_nthread = 0  # FAISS would start 32 threads a question to read ahead
        self._clusters, self._rows = clusters, rows
        self._there = _all_but(removed[removed < rows], rows) if len(removed) else None

    def candidates(self, query: Vectors, wanted: int) -> Rows:
        """More rows than are wanted, of which the best are very likely among the best of all."""
        probes = max(self._clusters.probes, math.ceil(ROWS_PER_ANSWER * wanted * self._clusters.lists / self._rows))
        return _candidates(self._index, query, wanted, min(probes, self._clusters.lists), self._there)[0]


def write_clusters(file: Path, rows: Vectors, queries: Vectors, sizes: Sizes, tell: Told) -> Clusters:
    """Sort the rows of a base into clusters, and choose how many are searched.

    About 4 sqrt(n) clusters; of these, as many are searched as it takes for the best ten of each query, computed exactly, to be
    found with the recall of ``sizes``. ``tell`` is called with how many vectors have been sorted in.
    """
    index = _faiss.index_factory(rows.shape[1], f"IVF{_lists(len(rows))},SQ8", _faiss.METRIC_INNER_PRODUCT)
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
    _faiss.write_index(index, str(file))
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
    for query, near, best in zip(queries, _candidates(index, queries, 10, probes, None), truth, strict=True):
        scores = rows[near] @ query
        found += len(set(near[np.argsort(-scores, kind="stable")[:10]].tolist()) & set(best.tolist()))
    return found / truth.size


def _candidates(index: Any, queries: Vectors, wanted: int, probes: int, there: Any) -> list[Rows]:
    parameters = _faiss.SearchParametersIVF(nprobe=probes, sel=there)
    _, found = index.search(queries, wanted + max(SPARE, wanted // 2), params=parameters)
    return [rows[rows >= 0] for rows in found]  # FAISS fills up with -1


def _all_but(removed: Rows, rows: int) -> Any:
    there = np.ones(rows, bool)
    there[removed] = False
    return _faiss.IDSelectorBitmap(np.packbits(there, bitorder="little"))
