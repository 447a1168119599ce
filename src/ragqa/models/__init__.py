"""Models: texts to unit vectors (``Embedder``), and how well a sentence answers a question (``Reranker``).

The defaults are int8 ONNX models that run on onnxruntime alone; torch is imported only when a setting names another embedding
model, and then by sentence-transformers itself.
"""

from __future__ import annotations

from ragqa.models.caching import CachingEmbedder, RecentVectors, VectorCache
from ragqa.models.hub import SentenceTransformerEmbedder
from ragqa.models.interface import BATCH, Check, Embedder, Reranker, Vectors, sigmoid, softmax, unhurried
from ragqa.models.interruptible import InterruptibleEmbedder
from ragqa.models.onnx import CrossEncoder, OnnxEmbedder
from ragqa.models.weights import BGE_FILES, RERANKER_FILES, packaged_weights, verify_weights
from ragqa.settings import DEFAULT_MODEL

__all__ = [
    "BATCH",
    "BGE_FILES",
    "RERANKER_FILES",
    "CachingEmbedder",
    "Check",
    "CrossEncoder",
    "Embedder",
    "InterruptibleEmbedder",
    "OnnxEmbedder",
    "RecentVectors",
    "Reranker",
    "SentenceTransformerEmbedder",
    "VectorCache",
    "Vectors",
    "load_embedder",
    "load_reranker",
    "packaged_weights",
    "sigmoid",
    "softmax",
    "unhurried",
    "verify_weights",
]


def load_embedder(name: str = DEFAULT_MODEL) -> Embedder:
    """The default model, or any sentence-transformers model by hub name or folder.

    Raises:
        ModelUnavailable: weights are missing, altered, or cannot be loaded.
    """
    return OnnxEmbedder() if name == DEFAULT_MODEL else SentenceTransformerEmbedder(name)


def load_reranker() -> Reranker:
    """The packaged cross-encoder; it reads its weights, or raises ModelUnavailable, when it first judges something."""
    return CrossEncoder()
