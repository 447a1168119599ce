"""Building a generation aside, and making it live when whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import BaseModel

from ragqa.corpus import Citable
from ragqa.errors import IndexBusy, IndexFault
from ragqa.files import locked, sync_folder, write_atomic
from ragqa.index.cache import EmbeddingCache, Progress
from ragqa.index.lexical import write_lexical
from ragqa.index.manifest import FORMAT, Manifest, current_generation, digest_of, read_manifest, stored_generations
from ragqa.index.store import write_passages
from ragqa.index.vectors import write_vectors
from ragqa.models import Embedder
from ragqa.passages import RULES, passages
from ragqa.records import Abstract, Article, Passage
from ragqa.settings import Settings


class BuildReport(BaseModel):
    """What a build did: ``reused`` vectors came from the cache."""

    manifest: Manifest
    fresh: bool
    embedded: int = 0
    reused: int = 0


def build(citable: Citable, embedder: Embedder, settings: Settings, progress: Progress, *, live: bool = True) -> BuildReport:
    """Build a generation from what may be indexed, make it live, and keep the one before it for open readers.

    With ``live=False`` it is only built, to be opened by its name. The same corpus, model and settings give the same
    generation name, and a generation that exists is not built again.

    Raises:
        IndexBusy: another process is building in this folder.
        IndexFault: the disk refused to store the generation; the live one still answers.
    """
    folder = settings.index
    corpus_sha256 = _corpus_sha256(citable)
    name = digest_of(FORMAT, RULES, corpus_sha256, embedder.fingerprint, settings.abstracts, settings.passage_characters)[:16]
    with _build_lock(folder):
        if (not live or current_generation(folder) == name) and (folder / name / "manifest.json").exists():
            return BuildReport(manifest=read_manifest(folder / name), fresh=False)
        try:
            report = _build_folder(citable, embedder, settings, progress, name, corpus_sha256)
            if live:
                _make_live(folder, name, settings.generations)
        except (OSError, sqlite3.OperationalError) as error:
            raise IndexFault(
                f"the index could not be written to {folder}: {error}. The generation built before, if any, still answers. "
                "Free space or name another folder with --index DIR, then run `ragqa index` again: finished work is reused."
            ) from error
    return report


def _build_folder(
    citable: Citable, embedder: Embedder, settings: Settings, progress: Progress, name: str, corpus_sha256: str
) -> BuildReport:
    work = settings.index / f".building-{name}"
    work.mkdir()
    try:
        records: list[Article | Abstract] = [*citable.articles, *citable.abstracts]
        cut = [(record, passages(record, settings.passage_characters)) for record in records]
        texts = [searchable(record, passage) for record, found in cut for passage in found]
        with closing(EmbeddingCache(settings.index / "embeddings.sqlite", embedder)) as cache:
            vectors = cache.embed(texts, progress)
        progress("writing", 0, len(texts))
        write_vectors(work / "vectors.faiss", vectors, embedder.dimension)
        write_lexical(work / "lexical", texts)
        write_passages(work / "passages.sqlite", cut, citable.excluded)
        counts = {"articles": len(citable.articles), "abstracts": len(citable.abstracts), "passages": len(texts)}
        manifest = Manifest(
            format=FORMAT,
            generation=name,
            model=embedder.name,
            fingerprint=embedder.fingerprint,
            dimension=embedder.dimension,
            metric="cosine similarity (inner product of unit vectors)",
            corpus_sha256=corpus_sha256,
            abstracts=settings.abstracts,
            passage_characters=settings.passage_characters,
            counts=counts | {"excluded": len(citable.excluded)},
            review_head=citable.review_head,
        )
        write_atomic(work / "manifest.json", [manifest.model_dump_json(indent=2) + "\n"])
        final = settings.index / name
        if final.exists():
            shutil.rmtree(final)  # a damaged or no longer live copy of this very generation
        work.rename(final)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    progress("writing", len(texts), len(texts))
    return BuildReport(manifest=manifest, fresh=True, embedded=cache.embedded, reused=cache.reused)


def searchable(record: Article | Abstract, passage: Passage) -> str:
    """What is embedded and indexed for a passage: the source's title gives the context the passage itself may lack."""
    return f"{record.title}\n{passage.text}" if record.title not in (None, passage.text) else passage.text


@contextmanager
def _build_lock(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "LOCK").open("ab") as stream, locked(stream, wait=False):
            for leftover in folder.glob(".building-*"):
                shutil.rmtree(leftover)
            yield
    except BlockingIOError:
        raise IndexBusy(f"another process is building {folder}; wait for it, or name another folder with --index") from None


def _make_live(folder: Path, name: str, keep: int) -> None:
    """Name the live generation; of those before it the newest stay, for open readers and for replaying answers."""
    before = current_generation(folder)
    sync_folder(folder)
    write_atomic(folder / "CURRENT", [name + "\n"])
    kept = {before, name, *stored_generations(folder)[:keep]}
    for old in folder.iterdir():
        if old.is_dir() and old.name not in kept:
            shutil.rmtree(old)


def _corpus_sha256(citable: Citable) -> str:
    records = (record.model_dump_json() for record in (*citable.articles, *citable.abstracts))
    return digest_of(*records, json.dumps(citable.excluded))
