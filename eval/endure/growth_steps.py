"""Building and asking an index of any size, each in a process of its own: times, memory, room on disk, recall."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from ragqa.index import Generation, open_index
from ragqa.index.refresh import build_index
from ragqa.models import Embedder, Vectors, load_embedder
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

PLACES = click.argument("corpus", type=click.Path(path_type=Path)), click.argument("index", type=click.Path(path_type=Path))


def step(name: str, settings: Settings, *more: Path) -> dict[str, Any]:
    """One step in a process of its own; what it prints last is its result."""
    done = subprocess.run(command_of(name, settings, *more), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{name} failed")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def command_of(name: str, settings: Settings, *more: Path) -> list[str]:
    """The command line of a step."""
    return [sys.executable, __file__, name, str(settings.corpus), str(settings.index), *map(str, more)]


@click.group()
def main() -> None:
    """Do one step and print its result as JSON; for eval/endure/growth.py."""


@main.command()
@PLACES[0]
@PLACES[1]
def build(corpus: Path, index: Path) -> None:
    """Build as ``ragqa index`` does."""
    settings = Settings(corpus=corpus, index=index, abstracts="all")
    told: dict[str, float] = {}

    def progress(stage: str, done: int, total: int) -> None:
        if time.monotonic() - told.get(stage, 0) > 10 or done == total:
            told[stage] = time.monotonic()
            click.echo(f"  {stage} {done:,} of {total:,}", err=True)

    started = time.perf_counter()
    report = build_index(settings, progress)
    generation = index / report.manifest.generation
    result = {
        "seconds": round(time.perf_counter() - started, 2),
        "stages": report.seconds,
        "passages": report.manifest.counts["passages"],
        "newly_embedded": report.embedded,
        "peak_resident_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "parent": report.manifest.parent,
        "clusters": report.manifest.clusters and report.manifest.clusters.model_dump(),
        "generation_mb": megabytes(generation),
        "files_mb": {entry.name: megabytes(entry) for entry in sorted(generation.iterdir()) if megabytes(entry) >= 1},
        "beside_mb": {name: megabytes(index / name) for name in ("embeddings.sqlite", "catalogue.sqlite")},
        "corpus_mb": megabytes(corpus),
    }
    click.echo(json.dumps(result))


def megabytes(place: Path) -> float:
    """Bytes on disk of a file or a folder, in millions."""
    files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]
    return round(sum(file.stat().st_size for file in files) / 1e6, 1)


class Kept:
    """An embedder that was asked before: what is timed with it is retrieval alone."""

    def __init__(self, embedder: Embedder, vectors: dict[str, Vectors]) -> None:
        self.name, self.fingerprint, self.dimension = embedder.name, embedder.fingerprint, embedder.dimension
        self.vectors = vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Their kept vectors."""
        return np.stack([self.vectors[text] for text in texts])


@main.command()
@PLACES[0]
@PLACES[1]
@click.argument("asked", type=click.Path(path_type=Path))
def ask(corpus: Path, index: Path, asked: Path) -> None:
    """Open the index and ask real questions: times, memory, then recall against comparing all."""
    settings = Settings(corpus=corpus, index=index, abstracts="all")
    texts = json.loads(asked.read_text(encoding="utf-8"))
    embedder = load_embedder()
    embedder.embed(texts[:1])
    before = memory()
    started = time.perf_counter()
    generation = open_index(index, embedder)
    opened = time.perf_counter() - started
    embedding, retrieving, vectors = [], [], {}
    for text in texts:
        first = time.perf_counter()
        vectors[text] = embedder.embed([text])[0]
        second = time.perf_counter()
        HybridRetriever(generation, Kept(embedder, vectors), settings).passages([text])
        embedding.append(second - first)
        retrieving.append(time.perf_counter() - second)
    after = memory()
    queries = np.stack([vectors[text] for text in texts])
    result = {
        "open_ms": round(1000 * opened, 1),
        "questions": len(texts),
        "query_ms": {
            "retrieval": quantiles(retrieving),
            "embedding": quantiles(embedding),
            "both": quantiles([a + b for a, b in zip(embedding, retrieving, strict=True)]),
        },
        "memory_mb": {"model_alone": before, "after_questions": after},
        "recall_at_10": round(recall(generation, queries), 4),
    }
    click.echo(json.dumps(result))


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    return {"p50": round(1000 * float(np.quantile(seconds, 0.5)), 2), "p95": round(1000 * float(np.quantile(seconds, 0.95)), 2)}


def memory() -> dict[str, float]:
    """Resident memory of this process in MB: all of it, and what no file backs."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:])
    return {
        name: round(int(lines[entry].split()[0]) / 1024, 1) for name, entry in (("resident", "Rss"), ("anonymous", "Anonymous"))
    }


def recall(generation: Generation, queries: Vectors) -> float:
    """Share of the true ten nearest passages that the generation finds, on a generation that was built whole."""
    rows = np.memmap(generation.folder / "vectors.f32", np.float32, "r").reshape(-1, queries.shape[1])
    found = 0
    best = np.full((len(queries), 10), -2.0, np.float32)
    true = np.zeros((len(queries), 10), np.int64)
    for start in range(0, len(rows), 65_536):
        scores = np.hstack([best, queries @ rows[start : start + 65_536].T])
        numbers = np.hstack(
            [true, np.broadcast_to(np.arange(start, start + scores.shape[1] - 10), (len(queries), scores.shape[1] - 10))]
        )
        order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        best, true = np.take_along_axis(scores, order, 1), np.take_along_axis(numbers, order, 1)
    for query, nearest in zip(queries, true, strict=True):
        found += len({row for row, _ in generation.dense(query[None], 10)} & set(nearest.tolist()))
    return found / true.size


if __name__ == "__main__":
    main()
