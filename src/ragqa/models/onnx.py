"""The packaged models: int8 ONNX, run on onnxruntime alone."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragqa.models.interface import Check, Vectors, batches, unhurried
from ragqa.models.weights import BGE_FILES, RERANKER_FILES, packaged_weights, verify_weights
from ragqa.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    import onnxruntime

FIRST_WORD, VOCABULARY = 1996, 30522
"""In the models' vocabulary the whole words begin at the first number; the second is its size."""
LONGEST_INPUT = 512
"""Word pieces both models read; longer text is cut there."""


class OnnxModel:
    """A packaged int8 ONNX model, run one text at a time.

    Dynamic int8 quantisation scales by what shares the batch, so each text runs alone; the cores are kept busy by one
    single-threaded run per core instead, which measures as fast as batches of 8 (``eval/measure/bench.py encoder``).
    """

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        verify_weights(folder, files)
        import onnxruntime
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST_INPUT)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: onnxruntime.InferenceSession = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = self._tokenizer
        self.pieces: Callable[[str], tuple[int, ...]] = lru_cache(maxsize=4096)(
            lambda word: tuple(tokenizer.encode(word, add_special_tokens=False).ids)
        )
        """Word-piece ids of a word, without the special ones; remembered, as questions share most of their words, but no longer
        than the model is."""
        self._workers = ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)), thread_name_prefix="onnx")

    def run(self, inputs: Sequence[tuple[str, str | None]]) -> list[NDArray[np.float32]]:
        """The model's first output for each (text, second text or None), in order."""
        return list(self._workers.map(self._run_one, inputs) if len(inputs) > 1 else map(self._run_one, inputs))

    def _run_one(self, pair: tuple[str, str | None]) -> NDArray[np.float32]:
        encoding = self._tokenizer.encode(*pair)
        ids = np.array([encoding.ids], np.int64)
        types = np.array([encoding.type_ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
        output: NDArray[np.float32] = self._session.run(None, inputs)[0][0]
        return output


class _LoadedOnce:
    """A packaged model, read when it is first asked for, by whichever thread comes first."""

    def __init__(self, package: str, files: dict[str, str], folder: Path | None) -> None:
        self._package, self._files, self._folder = package, files, folder
        self._lock = threading.Lock()
        self._model: OnnxModel | None = None

    def __call__(self) -> OnnxModel:
        with self._lock:
            self._model = self._model or OnnxModel(self._folder or packaged_weights(self._package), self._files)
            return self._model


class OnnxEmbedder:
    """bge-small-en-v1.5, int8 ONNX, CLS pooling, normalised."""

    name = DEFAULT_MODEL
    dimension = 384
    fingerprint = f"onnx:{BGE_FILES['model.onnx'][:16]}:cls"

    def __init__(self, folder: Path | None = None) -> None:
        self._model = OnnxModel(folder or packaged_weights("bge_small_en"), BGE_FILES)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``; work is proportional to the number of word pieces."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        cls = np.stack([output[0] for output in self._model.run([(text, None) for text in texts])])
        vectors: Vectors = cls / np.linalg.norm(cls, axis=1, keepdims=True)
        return vectors


class CrossEncoder:
    """ms-marco-MiniLM-L-12-v2, int8 ONNX: how well a sentence answers a question, as one logit (MS MARCO scale).

    The weights are read when first needed: many questions are answered or refused without them. What needs them raises
    ModelUnavailable where they are missing or altered.
    """

    name = "ms-marco-MiniLM-L-12-v2-int8"
    fingerprint = f"onnx:{RERANKER_FILES['model.onnx'][:16]}"

    def __init__(self, folder: Path | None = None) -> None:
        self._loaded = _LoadedOnce("reranker_en", RERANKER_FILES, folder)
        self._check: Check = unhurried

    def interruptible(self, check: Check) -> CrossEncoder:
        """See ``Reranker.interruptible``."""
        other = copy(self)
        other._check = check
        return other

    def score(self, question: str, sentences: Sequence[str]) -> list[float]:
        """See ``Reranker.score``; the scale is that of MS MARCO."""
        pairs = ([(question, text) for text in batch] for batch in batches(sentences, self._check))
        return [float(output.ravel()[0]) for batch in pairs for output in self._loaded().run(batch)]

    def pieces(self, word: str) -> int:
        """See ``Reranker.pieces``."""
        return len(self._loaded().pieces(word))

    def rarity(self, word: str) -> float:
        """See ``Reranker.rarity``; read off the vocabulary, whose whole words stand roughly in order of frequency."""
        pieces = self._loaded().pieces(word)
        if len(pieces) != 1:
            return 1.0
        rank = max(pieces[0], FIRST_WORD) / FIRST_WORD
        return min(1.0, math.log(rank) / math.log(VOCABULARY / FIRST_WORD))
