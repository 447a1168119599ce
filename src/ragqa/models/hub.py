"""Any sentence-transformers model, by hub name or folder: what a setting other than the default selects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from ragqa.errors import ModelUnavailable
from ragqa.models.interface import Vectors
from ragqa.settings import DEFAULT_MODEL


class SentenceTransformerEmbedder:
    """Any sentence-transformers model; imports torch, so never on the default asking path."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            from sentence_transformers import SentenceTransformer

            self._model: Any = SentenceTransformer(name, device="cpu")
        except Exception as error:
            raise ModelUnavailable(
                f"the model {name!r} could not be loaded: {error}\n{_advice(error)}, or unset RAGQA_MODEL to use {DEFAULT_MODEL}."
            ) from error
        self.dimension: int = self._model.get_embedding_dimension()
        self.fingerprint = f"sentence-transformers:{version('sentence-transformers').split('.')[0]}:{self._digest()}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``. One text at a time, so that padding cannot change a vector."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        vectors: Vectors = self._model.encode(
            list(texts), batch_size=1, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return vectors.astype(np.float32, copy=False)

    def _digest(self) -> str:
        """Of the weights themselves: a name does not say which revision was loaded."""
        digest = hashlib.sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]


def _advice(error: Exception) -> str:
    """A model's folder names the classes it is made of: those of a newer sentence-transformers cannot be imported."""
    if isinstance(error, ImportError):
        return "A newer version may have saved it, with code missing here: run `pip install --upgrade sentence-transformers`"
    return "Name a sentence-transformers folder on this machine, or a hub model where a network exists"
