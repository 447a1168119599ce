"""Similarities that depend on their own row alone, and the highest of them, alike on every processor."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np

from ragqa.index.vectors.interface import Rows
from ragqa.models import Vectors

_faiss: Any = faiss  # its type stubs know neither keyword arguments nor what a factory returns


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


def highest(scores: Vectors, wanted: int) -> Rows:
    """Where the ``wanted`` highest of these scores stand, in no order; of equal ones the first, on every processor.

    ``np.argpartition`` alone would choose among equal ones as the processor's widest instructions happen to.
    """
    if not wanted:
        return np.empty(0, np.int64)
    least = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
    above, equal = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
    return np.concatenate([above, equal[: wanted - len(above)]])
