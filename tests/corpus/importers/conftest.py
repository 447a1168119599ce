"""Where the importer tests find their files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def fixtures() -> Path:
    """The invented files of this folder."""
    return Path(__file__).parent / "fixtures"


@pytest.fixture
def real() -> Path:
    """The folder of real data, which is never committed: RAGQA_DATA, or ../shared/data beside the repository."""
    folder = Path(os.environ.get("RAGQA_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set RAGQA_DATA")
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], Path]:
    """Write a file of this name and content, and say where it is."""

    def _write(name: str, content: bytes | str) -> Path:
        file = tmp_path / name
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return file

    return _write
