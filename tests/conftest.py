"""Shared fixtures: the real models, a small corpus to damage, and the bundled corpus indexed once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from efetch import Efetch
from hypothesis import settings as examples
from samples import ARTICLE, abstract, write_corpus

from ragqa.checking.checker import Checker
from ragqa.index.refresh import build_index
from ragqa.models import Embedder, Reranker, load_embedder, load_reranker
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("RAGQA_DATA", ROOT.parent / "shared" / "data"))

examples.register_profile("untimed", deadline=None)  # how long an example takes on a busy machine says nothing of what it shows
examples.load_profile("untimed")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the index, the library and the server's folder of whoever runs it."""
    monkeypatch.setenv("RAGQA_INDEX", str(tmp_path / "own-index"))
    monkeypatch.setenv("RAGQA_LIBRARY", str(tmp_path / "own-library.sqlite"))
    monkeypatch.setenv("RAGQA_SERVING", str(tmp_path / "own-serving"))


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    """One approved article citing two trials, and a third trial nobody cites."""
    return write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(n) for n in (101, 102, 103)])


@pytest.fixture
def settings(tmp_path: Path, small_corpus: Path) -> Settings:
    """Settings of the small corpus."""
    return Settings(corpus=small_corpus, index=tmp_path / "index")


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default embedding model, for real."""
    return load_embedder()


@pytest.fixture(scope="session")
def reranker() -> Reranker:
    """The cross-encoder, for real."""
    return load_reranker()


@pytest.fixture(scope="session")
def checker(embedder: Embedder, reranker: Reranker) -> Checker:
    """The checker, with the real models."""
    return Checker(embedder, reranker)


@pytest.fixture(scope="session")
def bundled_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The bundled corpus, indexed once for the whole run."""
    made = Settings(corpus=ROOT / "corpus", index=tmp_path_factory.mktemp("bundled") / "index")
    build_index(made)
    return made


@pytest.fixture(scope="session")
def ragqa(bundled_settings: Settings) -> Iterator[Ragqa]:
    """The bundled corpus, open."""
    with Ragqa.open(bundled_settings) as opened:
        yield opened


@pytest.fixture
def efetch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Efetch]:
    """A server on loopback that answers like PubMed from recorded, invented records."""
    monkeypatch.setenv("no_proxy", "*")
    with Efetch() as server:
        yield server


@pytest.fixture
def run() -> Callable[..., Any]:
    """Run a command in this process: ``run("ask", "...")`` gives click's result."""
    from click.testing import CliRunner

    from ragqa.cli import main

    def invoke(*words: str | Path) -> Any:
        return CliRunner().invoke(main, [str(word) for word in words])

    return invoke
