"""Passages for an index of any size: real ones first, then ones made of shuffled sentences of two real documents.

Every sentence that is shuffled is embedded once, for real; a made passage's vector is the mean of its sentences' plus noise.
"""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from ragqa.corpus.importers import import_file
from ragqa.corpus.passages import passages
from ragqa.corpus.records import Abstract, Section
from ragqa.errors import Fault
from ragqa.files import json_line, write_atomic
from ragqa.index import EmbeddingCache, searchable
from ragqa.language.sentences import MARKER, sentences
from ragqa.models import CachingEmbedder, Embedder, Vectors, load_embedder
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows

SETS = ("scifact", "pubmedqa", "evidence_inference", "bioasq_7b_11b", "medquad")
SENTENCE = re.compile(r"[A-Z][^\n]{38,298}\.")
"""Sentences fit to be shuffled: whole ones, which no rule of cutting would shorten."""
NOISE = 0.1
"""Length of the noise added to a mean vector of length 1."""
PER_FILE = 50_000
ASKED = 200
SEED = 7


class Pool:
    """Real passages with vectors of their own, and real sentences to shuffle; all vectors are in ``cache``."""

    def __init__(self, embedder: Embedder, cache: Path) -> None:
        self.embedder, self.cache = embedder, cache
        self.passages: list[Abstract] = []
        self.documents: list[list[str]] = []
        self.questions: list[str] = []
        self.vectors: dict[str, Vectors] = {}


def prepared(data: Path, work: Path, documents: int, vectors: Sequence[Path]) -> Pool:
    """Real passages and sentences, embedded; what was embedded before is taken from the cache."""
    work.mkdir(parents=True, exist_ok=True)
    pool = Pool(load_embedder(), work / "real.sqlite")
    EmbeddingCache(pool.cache).close()
    for other in vectors:
        adopt(pool.cache, other)
    records = [record for name in SETS for record in real(data / name, name)]
    random.Random(SEED).shuffle(records)
    pool.questions = questions(data)
    pool.passages = list(known_passages(records, keys(pool.cache)))
    pool.documents = [said for record in records[:documents] if len(said := fit_sentences(record)) >= 3]
    embed_sentences(pool)
    return pool


def known_passages(records: Sequence[Abstract], known: set[bytes]) -> Iterator[Abstract]:
    """Of all passages those with a vector, each as a record of its own, so that passages can be counted out."""
    for record in records:
        for number, passage in enumerate(passages(record, Settings().passage_characters)):
            if key(searchable(record, passage)) in known:
                part = {"id": f"{record.id}-{number}", "sections": (Section(text=passage.text),)}
                yield Abstract.model_validate(record.model_dump() | part)  # a copy would keep the text of the whole


def fit_sentences(record: Abstract) -> list[str]:
    """The first ten sentences of a record that can be shuffled."""
    said = (sentence.text for sentence in sentences(record.text, 0, len(record.text)))
    return list(islice((text for text in said if SENTENCE.fullmatch(text) and not MARKER.search(text)), 10))


def real(folder: Path, name: str) -> Iterator[Abstract]:
    """The records of a data set, as ``ragqa import`` reads them, under ids that name the set."""
    for record in import_file(folder / "corpus.jsonl.gz"):
        if not isinstance(record, Fault):
            yield record.model_copy(update={"id": f"doc:{name}-{record.id.removeprefix('doc:')}"})


def questions(data: Path) -> list[str]:
    """Questions of all sets in equal parts; those of medquad are the titles of its documents, and are left out."""
    asked = []
    for name in SETS[:-1]:
        texts = [row["text"] for row in rows(data / name / "queries.jsonl.gz")]
        asked += random.Random(SEED).sample(texts, ASKED // (len(SETS) - 1))
    random.Random(SEED).shuffle(asked)
    return asked


def embed_sentences(pool: Pool) -> None:
    """Vectors of all sentences; stopped, it goes on where it stopped."""
    texts = list(dict.fromkeys(text for said in pool.documents for text in said))
    with closing(EmbeddingCache(pool.cache)) as cache:
        embedder = CachingEmbedder(pool.embedder, cache)
        for start in range(0, len(texts), 256):
            some = texts[start : start + 256]
            pool.vectors.update(zip(some, embedder.embed(some), strict=True))
            if start % 2560 == 0:
                click.echo(f"  {start:,} of {len(texts):,} sentences, {cache.added:,} newly embedded", err=True)


def adopt(cache: Path, other: Path) -> None:
    """Take over the vectors of another embedding cache."""
    with closing(sqlite3.connect(cache)) as database:
        database.execute("ATTACH ? AS other", (str(other),))
        with database:
            database.execute("INSERT OR IGNORE INTO vectors SELECT * FROM other.vectors")


def keys(cache: Path) -> set[bytes]:
    """SHA-256 of every text with a vector."""
    with closing(sqlite3.connect(cache)) as database:
        return {sha256 for (sha256,) in database.execute("SELECT sha256 FROM vectors")}


def key(text: str) -> bytes:
    """As the embedding cache names a text."""
    return hashlib.sha256(text.encode()).digest()


def multiplied(pool: Pool) -> Iterator[tuple[str, Vectors]]:
    """Endless passages of shuffled sentences of two real documents, each with its made vector."""
    moments, noise = random.Random(SEED), np.random.default_rng(SEED)
    longest = Settings().passage_characters
    while True:
        one, two = moments.sample(pool.documents, 2)
        said = moments.sample(one, moments.randint(2, min(5, len(one)))) + moments.sample(
            two, moments.randint(1, min(3, len(two)))
        )
        moments.shuffle(said)
        if sum(map(len, said)) + len(said) > longest:
            continue  # it would be cut in two
        made = np.mean([pool.vectors[text] for text in said], axis=0)
        made /= np.linalg.norm(made)
        push = noise.standard_normal(made.shape)
        made += NOISE * push / np.linalg.norm(push)
        yield " ".join(said), (made / np.linalg.norm(made)).astype(np.float32)


def made_of(pool: Pool, size: int) -> dict[str, int]:
    """How many of the passages are real, and how many multiplied."""
    count = min(size, len(pool.passages))
    return {"real": count, "multiplied": size - count}


def written(pool: Pool, work: Path, size: int) -> Settings:
    """A corpus of this size and an index folder that holds its vectors, but no generation yet."""
    place = work / str(size)
    shutil.rmtree(place, ignore_errors=True)
    settings = Settings(corpus=place / "corpus", index=place / "index", abstracts="all")
    settings.index.mkdir(parents=True)
    records = iter(pool.passages[:size])
    made = enumerate(multiplied(pool))
    with closing(EmbeddingCache(settings.index / "embeddings.sqlite")) as cache:
        for file, start in enumerate(range(0, size, PER_FILE)):
            batch: list[tuple[str, Vectors]] = []
            lines = []
            for _ in range(min(PER_FILE, size - start)):
                record = next(records, None)
                if record is None:
                    number, (text, vector) = next(made)
                    batch.append((text, vector))
                    lines.append(json_line(made_record(f"made-{number}", text)))
                else:
                    lines.append(json_line(record.model_dump(mode="json", exclude_defaults=True) | {"text_origin": "publisher"}))
            if batch:
                cache.keep_vectors(pool.embedder.fingerprint, dict(batch))
            write_atomic(settings.corpus / "abstracts" / f"part-{file:03}.jsonl", lines)
    adopt(settings.index / "embeddings.sqlite", real_vectors(pool, work, size))
    return settings


def real_vectors(pool: Pool, work: Path, size: int) -> Path:
    """A cache with the vectors of just the real passages of this size."""
    file = work / "taken.sqlite"
    file.unlink(missing_ok=True)
    with closing(EmbeddingCache(file)) as taken, closing(EmbeddingCache(pool.cache)) as cache:
        embedder = CachingEmbedder(CachingEmbedder(pool.embedder, cache), taken)
        texts = [searchable(record, passages(record, Settings().passage_characters)[0]) for record in pool.passages[:size]]
        for start in range(0, len(texts), 256):
            embedder.embed(texts[start : start + 256])
    return file


def made_record(name: str, text: str) -> dict[str, Any]:
    """A multiplied passage as a record of a corpus."""
    source = "sentences of two real documents, shuffled by eval/endure/growth.py"
    return {"id": f"doc:{name}", "sections": [{"text": text}], "text_origin": "publisher", "source": source}


def rate(pool: Pool) -> dict[str, float]:
    """How many real passages a second the model embeds, from 200 of them."""
    texts = [searchable(record, passages(record, Settings().passage_characters)[0]) for record in pool.passages[:200]]
    started = time.perf_counter()
    pool.embedder.embed(texts)
    return {"passages": len(texts), "passages_per_second": round(len(texts) / (time.perf_counter() - started), 1)}
