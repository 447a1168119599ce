"""One built generation: vectors, lexical index, passages and the records they come from, all in one immutable folder.

    indexes/<name>/embeddings.sqlite     (model fingerprint, sha256 of text) -> vector; survives every build
    indexes/<name>/<generation>/         vectors.faiss, lexical/, passages.sqlite, manifest.json
    indexes/<name>/CURRENT               names the live generation; replaced atomically, last

A build works in a hidden folder and renames it when whole, so a kill at any moment leaves the live generation as it was.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import tantivy
from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.corpus import Citable
from ragqa.errors import IndexBusy, IndexFault, IndexMismatch, IndexMissing
from ragqa.files import locked, read_text, sync_folder, write_atomic
from ragqa.models import Embedder, Vectors
from ragqa.passages import RULES, passages
from ragqa.records import Abstract, Article, Passage
from ragqa.settings import Settings

FORMAT = "ragqa.generation/1"
EMBED_BATCH = 256
"""Texts between two commits of the embedding cache: what a kill can cost."""

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


class Manifest(BaseModel):
    """What a generation was built from; written last, so a folder without one is not a generation.

    ``review_head`` is the chain of the last review event then: the only thing outside the log that can show it was cut.
    """

    model_config = ConfigDict(frozen=True)

    format: str
    generation: str
    model: str
    fingerprint: str
    dimension: int
    metric: str
    corpus_sha256: str
    abstracts: str
    passage_characters: int
    counts: dict[str, int]
    review_head: str | None = None


class BuildReport(BaseModel):
    """What a build did: ``reused`` vectors came from the cache."""

    manifest: Manifest
    fresh: bool
    embedded: int = 0
    reused: int = 0


class Generation:
    """A built generation, open for reading. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        self._vectors = faiss.read_index(str(folder / "vectors.faiss"))
        self._lexical = _LexicalIndex(folder / "lexical")
        self._database = sqlite3.connect(
            f"file:{folder / 'passages.sqlite'}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self.find = lru_cache(maxsize=4096)(self._read_record)
        self.digest = lru_cache(maxsize=65536)(self._digest_of)

    def dense(self, query: Vectors, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` (row, cosine similarity) pairs, best first; ``query`` has shape (1, dimension)."""
        wanted = min(k, self._vectors.ntotal)
        if wanted == 0:
            return []
        scores, rows = self._vectors.search(query, wanted)
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]

    def similarity(self, query: Vectors, rows: Sequence[int]) -> list[float]:
        """Cosine similarity of the query with each of these rows."""
        if not rows:
            return []
        vectors = np.stack([self._vectors.reconstruct(row) for row in rows])
        return [float(score) for score in vectors @ query[0]]

    def lexical(self, question: str, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` (row, BM25) pairs, best first."""
        return self._lexical.search(question, k)

    def terms(self, text: str) -> list[str]:
        """The index terms of a text: lower-cased, stemmed, without stop words."""
        return self._lexical.terms(text)

    def rarity(self, term: str) -> float:
        """Inverse document frequency of an index term, as in BM25: ln(1 + (N - n + 0.5) / (n + 0.5))."""
        return self._lexical.rarity(term)

    def passage(self, row: int) -> Passage:
        """The passage in this row."""
        found = self._database.execute("SELECT id, source_id, start, end, text FROM passages WHERE row = ?", (row,)).fetchone()
        return Passage(id=found[0], source_id=found[1], start=found[2], end=found[3], text=found[4])

    def record(self, source_id: str) -> Article | Abstract:
        """The source of a passage of this generation; raises IndexFault when there is none of that id."""
        found = self.find(source_id)
        if found is None:
            raise IndexFault(f"{source_id} is not in the generation {self.manifest.generation}: run `ragqa index`")
        return found

    def articles(self) -> list[Article]:
        """The approved articles, by slug."""
        rows = self._database.execute("SELECT document FROM records WHERE kind = 'article' ORDER BY id")
        return [Article.model_validate_json(document) for (document,) in rows.fetchall()]

    def _read_record(self, source_id: str) -> Article | Abstract | None:
        found = self._database.execute("SELECT kind, document FROM records WHERE id = ?", (source_id,)).fetchone()
        if found is None:
            return None
        kind, document = found
        return (Article if kind == "article" else Abstract).model_validate_json(document)

    def _digest_of(self, source_id: str) -> str:
        """sha256 of a source's whole record, so that any edit of it shows; raises IndexFault when there is none of that id."""
        found = self._database.execute("SELECT document FROM records WHERE id = ?", (source_id,)).fetchone()
        if found is None:
            raise IndexFault(f"{source_id} is not in the generation {self.manifest.generation}: run `ragqa index`")
        return _digest(found[0])

    def excluded(self, source_ids: Sequence[str]) -> dict[str, str]:
        """Of these sources, those the gate left out, with the reason."""
        marks = ",".join("?" * len(source_ids))
        rows = self._database.execute(f"SELECT id, reason FROM excluded WHERE id IN ({marks})", list(source_ids))
        return dict(rows.fetchall())

    def left_out(self) -> dict[str, str]:
        """Every source that the gate left out, with the reason."""
        return dict(self._database.execute("SELECT id, reason FROM excluded ORDER BY id").fetchall())

    def close(self) -> None:
        """Release the passage store and the lexical index."""
        self._database.close()
        self._lexical.close()


def open_index(folder: Path, embedder: Embedder, name: str | None = None) -> Generation:
    """Open the live generation, or the stored one of this name.

    Raises:
        IndexMissing: nothing has been built in ``folder``, or the named generation is not stored any more.
        IndexMismatch: it was built with another model, so its vectors cannot be compared with the question's.
    """
    if name is not None and name not in stored_generations(folder):
        stored = ", ".join(stored_generations(folder)) or "none"
        raise IndexMissing(
            f"generation {name} is not stored in {folder} any more, only {stored}; RAGQA_GENERATIONS sets how many are kept"
        )
    generation = Generation(folder / name) if name else _open_current(folder)
    built = generation.manifest
    if built.fingerprint != embedder.fingerprint:
        generation.close()
        raise IndexMismatch(
            f"the index {folder} was built with {built.model} ({built.fingerprint}), the model set now is {embedder.name} "
            f"({embedder.fingerprint}): run `ragqa index` with the model you want, or set RAGQA_MODEL={built.model}"
        )
    return generation


def current_generation(folder: Path) -> str | None:
    """Name of the live generation; None when nothing has been built."""
    try:
        return read_text(folder / "CURRENT")[0].strip()
    except Exception:  # noqa: BLE001 - any unreadable CURRENT means there is no live generation to offer
        return None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of one generation folder; raises IndexMismatch when it is of another format or damaged."""
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise IndexMismatch(f"{folder} is not a readable generation ({error}): run `ragqa index`") from error
    if manifest.format != FORMAT:
        raise IndexMismatch(f"{folder} has format {manifest.format}, this ragqa reads {FORMAT}: run `ragqa index`")
    return manifest


def recorded_head(folder: Path) -> str | None:
    """The head of the review log as the live generation recorded it; None where there is no readable one."""
    name = current_generation(folder)
    try:
        return read_manifest(folder / name).review_head if name else None
    except IndexMismatch:
        return None


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
    name = _digest(FORMAT, RULES, corpus_sha256, embedder.fingerprint, settings.abstracts, settings.passage_characters)[:16]
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
        with closing(_EmbeddingCache(settings.index / "embeddings.sqlite", embedder)) as cache:
            vectors = cache.embed(texts, progress)
        progress("writing", 0, len(texts))
        _write_vectors(work / "vectors.faiss", vectors, embedder.dimension)
        _write_lexical(work / "lexical", texts)
        _write_passages(work / "passages.sqlite", cut, citable.excluded)
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
    return f"{record.title}\n{passage.text}" if record.title else passage.text


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


def stored_generations(folder: Path) -> list[str]:
    """Names of the generations that can still be opened, newest first."""
    found = [manifest for manifest in folder.glob("*/manifest.json") if not manifest.parent.name.startswith(".")]
    return [manifest.parent.name for manifest in sorted(found, key=lambda manifest: -manifest.stat().st_mtime_ns)]


def _make_live(folder: Path, name: str, keep: int) -> None:
    """Name the live generation; of those before it the newest stay, for open readers and for replaying answers."""
    before = current_generation(folder)
    sync_folder(folder)
    write_atomic(folder / "CURRENT", [name + "\n"])
    kept = {before, name, *stored_generations(folder)[:keep]}
    for old in folder.iterdir():
        if old.is_dir() and old.name not in kept:
            shutil.rmtree(old)


def _open_current(folder: Path) -> Generation:
    for last in (False, True):
        name = current_generation(folder)
        if name is None:
            break
        try:
            return Generation(folder / name)
        except (OSError, RuntimeError, IndexMismatch):
            if last or current_generation(folder) == name:
                raise
    raise IndexMissing(f"no index in {folder}: run `ragqa index`")


class _EmbeddingCache:
    """Vectors by (fingerprint, sha256 of text); committed every EMBED_BATCH texts, so a killed build loses little."""

    def __init__(self, file: Path, embedder: Embedder) -> None:
        self.embedded = self.reused = 0
        self._embedder = embedder
        self._database = sqlite3.connect(file)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (fingerprint TEXT, sha256 BLOB, vector BLOB, "
            "PRIMARY KEY (fingerprint, sha256)) WITHOUT ROWID"
        )

    def embed(self, texts: Sequence[str], progress: Progress) -> Vectors:
        """Unit vectors of all texts, shape (len(texts), dimension); only texts never seen before are computed."""
        vectors = np.empty((len(texts), self._embedder.dimension), np.float32)
        progress("embedding", 0, len(texts))
        for start in range(0, len(texts), EMBED_BATCH):
            self._embed_batch(texts[start : start + EMBED_BATCH], vectors[start : start + EMBED_BATCH])
            progress("embedding", min(start + EMBED_BATCH, len(texts)), len(texts))
        return vectors

    def _embed_batch(self, texts: Sequence[str], out: Vectors) -> None:
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        missing: dict[bytes, str] = {}
        for position, key in enumerate(keys):
            found = self._database.execute(
                "SELECT vector FROM vectors WHERE fingerprint = ? AND sha256 = ?", (self._embedder.fingerprint, key)
            ).fetchone()
            if found is None:
                missing[key] = texts[position]
            else:
                out[position] = np.frombuffer(found[0], np.float32)
        new = dict(zip(missing, self._embedder.embed(list(missing.values())), strict=True))
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                ((self._embedder.fingerprint, key, vector.tobytes()) for key, vector in new.items()),
            )
        for position, key in enumerate(keys):
            if key in new:
                out[position] = new[key]
        self.embedded += len(new)
        self.reused += len(texts) - len(new)

    def close(self) -> None:
        self._database.close()


class _LexicalIndex:
    """BM25 over stemmed English terms (tantivy)."""

    def __init__(self, folder: Path) -> None:
        self._analyzer = _analyzer()
        self._links: tempfile.TemporaryDirectory[str] | None = None
        self._index = self._opened(folder)
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def _opened(self, folder: Path) -> Any:
        """Tantivy takes a lock in its folder even to read; where it may not, it is given a folder of links to the same files."""
        try:
            index = tantivy.Index.open(str(folder))
            index.searcher()
        except ValueError as error:
            if "Lockfile" not in str(error):
                raise
            self._links = tempfile.TemporaryDirectory(prefix="ragqa-lexical-")
            for file in folder.resolve().iterdir():
                if not file.name.endswith(".lock"):
                    (Path(self._links.name) / file.name).symlink_to(file)
            index = tantivy.Index.open(self._links.name)
        return index

    def close(self) -> None:
        if self._links is not None:
            self._links.cleanup()

    def terms(self, text: str) -> list[str]:
        terms: list[str] = self._analyzer.analyze(text)
        return terms

    def search(self, question: str, k: int) -> list[tuple[int, float]]:
        terms = dict.fromkeys(self.terms(question))
        if not terms:
            return []
        clauses = [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "text", term, "freq")) for term in terms]
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), k).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits]) if hits else []
        found = [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def rarity(self, term: str) -> float:
        total, holding = self._searcher.num_docs, self._searcher.doc_freq("text", term)
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _analyzer() -> Any:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def _write_vectors(file: Path, vectors: Vectors, dimension: int) -> None:
    store = faiss.IndexFlatIP(dimension)
    store.add(vectors)
    faiss.write_index(store, str(file))


def _write_lexical(folder: Path, texts: Sequence[str]) -> None:
    folder.mkdir()
    schema = tantivy.SchemaBuilder()
    schema.add_unsigned_field("row", stored=False, fast=True)
    schema.add_text_field("text", stored=False, tokenizer_name="ragqa", index_option="freq")
    index = tantivy.Index(schema.build(), path=str(folder))
    index.register_tokenizer("ragqa", _analyzer())
    writer = index.writer(heap_size=128_000_000, num_threads=1)
    for row, text in enumerate(texts):
        document = tantivy.Document()
        document.add_unsigned("row", row)  # the keyword form would store a signed number, which the field refuses
        document.add_text("text", text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _write_passages(file: Path, cut: Sequence[tuple[Article | Abstract, list[Passage]]], excluded: dict[str, str]) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(
            "CREATE TABLE passages (row INTEGER PRIMARY KEY, id TEXT, source_id TEXT, start INTEGER, end INTEGER, text TEXT);"
            "CREATE TABLE records (id TEXT PRIMARY KEY, kind TEXT, document TEXT) WITHOUT ROWID;"
            "CREATE TABLE excluded (id TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;"
        )
        database.executemany(
            "INSERT INTO records VALUES (?, ?, ?)",
            ((r.id, "article" if isinstance(r, Article) else "abstract", r.model_dump_json()) for r, _ in cut),
        )
        found = (passage for _, part in cut for passage in part)
        database.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
            ((row, p.id, p.source_id, p.start, p.end, p.text) for row, p in enumerate(found)),
        )
        database.executemany("INSERT INTO excluded VALUES (?, ?)", excluded.items())


def _corpus_sha256(citable: Citable) -> str:
    records = (record.model_dump_json() for record in (*citable.articles, *citable.abstracts))
    return _digest(*records, json.dumps(citable.excluded))


def _digest(*parts: object) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = str(part).encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
