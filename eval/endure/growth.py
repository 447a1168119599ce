"""How an index grows to a million passages: build time by stage, disk, opening, memory, query time, recall; then what a change
costs there.

python eval/endure/growth.py --data ../shared/data --work /var/tmp/growth --size 10000 --size 100000 --size 1000000
python eval/report/plot.py eval/results/growth.json eval/results/growth.svg eval/results/growth.png

The first passages are real: abstracts and answers of five public data sets, embedded by the model. Beyond those, passages are
MULTIPLIED: each is made of shuffled sentences of two real documents. Embedding a million texts takes hours on two cores, so
each real sentence is embedded once (kept under ``--work``, resumed when stopped), and a multiplied passage gets the normalised
mean of its sentences' vectors plus a small seeded noise. These vectors go into the index's own cache; everything else is the
ordinary way of ``ragqa index``. The time that embedding all passages would take is the measured rate times their number, and is
marked as extrapolated wherever it is shown. Recall and query time are measured on real questions of the same data sets.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np
from kills import kill

from ragqa.corpus.importers import import_file
from ragqa.corpus.passages import passages
from ragqa.corpus.records import Abstract, Section
from ragqa.errors import Fault
from ragqa.files import json_line, read_jsonl, write_atomic
from ragqa.index import EmbeddingCache, Generation, open_index, searchable
from ragqa.index.refresh import build_index
from ragqa.language.sentences import MARKER, sentences
from ragqa.models import CachingEmbedder, Embedder, Vectors, load_embedder
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

SETS = ("scifact", "pubmedqa", "evidence_inference", "bioasq_7b_11b", "medquad")
SENTENCE = re.compile(r"[A-Z][^\n]{38,298}\.")
"""Sentences fit to be shuffled: whole ones, which no rule of cutting would shorten."""
NOISE = 0.1
"""Length of the noise added to a mean vector of length 1."""
PER_FILE = 50_000
ASKED = 200
ADDED = 100
SEED = 7


@click.group(invoke_without_command=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("/var/tmp/ragqa-growth"), show_default=True)
@click.option("--size", "sizes", type=int, multiple=True, default=(10_000, 100_000, 1_000_000), show_default=True)
@click.option("--documents", default=4000, show_default=True, help="Real documents whose sentences are shuffled.")
@click.option("--vectors", type=click.Path(path_type=Path), multiple=True, help="Embedding caches to take real vectors from.")
@click.option("--kills", default=8, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/growth.json"), show_default=True)
@click.pass_context
def main(
    context: click.Context,
    data: Path,
    work: Path,
    sizes: tuple[int, ...],
    documents: int,
    vectors: tuple[Path, ...],
    kills: int,
    out: Path,
) -> None:
    """Measure each size, then the changes at the largest; write the results."""
    if context.invoked_subcommand:
        return
    if not data.is_dir():
        raise click.ClickException(f"no data sets at {data}: name their folder with --data")
    found: dict[str, Any] = {"schema": "ragqa.growth/1", "how": " ".join((__doc__ or "").split("\n\n")[2].split()), "sizes": {}}
    pool = prepared(data, work, documents, vectors)
    found["embedding"] = rate(pool)
    for size in sorted(sizes):
        click.echo(f"{size:,} passages", err=True)
        settings = written(pool, work, size)
        found["sizes"][str(size)] = measured(settings, work, pool) | made_of(pool, size)
        save(found, out)
    found["changes"] = {"at": max(sizes)} | changes(settings, pool, kills)
    save(found, out)


# What is indexed


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
        texts = [row["text"] for _, row in read_jsonl(data / name / "queries.jsonl.gz") if not isinstance(row, Fault)]
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
                    lines.append(made_record(number, text))
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


def made_record(number: int, text: str) -> str:
    """A multiplied passage as a line of a corpus."""
    source = "sentences of two real documents, shuffled by eval/endure/growth.py"
    return json_line({"id": f"doc:made-{number}", "sections": [{"text": text}], "text_origin": "publisher", "source": source})


# What is measured


def rate(pool: Pool) -> dict[str, float]:
    """How many real passages a second the model embeds, from 200 of them."""
    texts = [searchable(record, passages(record, Settings().passage_characters)[0]) for record in pool.passages[:200]]
    started = time.perf_counter()
    pool.embedder.embed(texts)
    return {"passages": len(texts), "passages_per_second": round(len(texts) / (time.perf_counter() - started), 1)}


def measured(settings: Settings, work: Path, pool: Pool) -> dict[str, Any]:
    """Build, then ask, each in a fresh process."""
    asked = work / "questions.json"
    asked.write_text(json.dumps(pool.questions), encoding="utf-8")
    built = step("build", settings)
    return {"build": built} | step("ask", settings, asked)


def step(name: str, settings: Settings, *more: Path) -> dict[str, Any]:
    """One step in a process of its own; what it prints last is its result."""
    command = [sys.executable, __file__, name, str(settings.corpus), str(settings.index), *map(str, more)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{name} failed")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


places = (click.argument("corpus", type=click.Path(path_type=Path)), click.argument("index", type=click.Path(path_type=Path)))


@main.command("build", hidden=True)
@places[0]
@places[1]
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


@main.command("ask", hidden=True)
@places[0]
@places[1]
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


# What a change costs


def changes(settings: Settings, pool: Pool, kills: int) -> dict[str, Any]:
    """Add records, delete one, and kill builds that add, all on the index just measured."""
    made = multiplied(pool)
    fresh = [next(made) for _ in range(ADDED * (kills + 2))]  # the first ones again, turned round: texts that no index holds
    texts = [" ".join(reversed(re.split(r"(?<=\.) ", text))) for text, _ in fresh]
    with closing(EmbeddingCache(settings.index / "embeddings.sqlite")) as cache:
        made_before = [vector for _, vector in fresh[ADDED:]]  # those of the first addition are embedded for real
        cache.keep_vectors(pool.embedder.fingerprint, dict(zip(texts[ADDED:], made_before, strict=True)))
    click.echo("adding", err=True)
    add(settings, "added", texts[:ADDED])
    added = step("build", settings)
    result: dict[str, Any] = {
        "added": {"records": ADDED} | added | {"found_after": holds(settings, pool.embedder, texts[0], "doc:added-0")}
    }
    part, line, victim, text = last_part(settings.corpus)
    found_before = holds(settings, pool.embedder, text, victim)
    click.echo("deleting", err=True)
    part.write_text(
        "".join(other for other in part.read_text(encoding="utf-8").splitlines(keepends=True) if other != line), encoding="utf-8"
    )
    deleted = step("build", settings)
    result["deleted"] = {
        "id": victim,
        "found_before": found_before,
        "found_after": holds(settings, pool.embedder, text, victim),
    } | deleted
    click.echo("killing", err=True)
    result["killed"] = killed(settings, pool, texts[ADDED:], kills, added["seconds"])
    return result


def killed(settings: Settings, pool: Pool, texts: list[str], kills: int, seconds: float) -> dict[str, Any]:
    """SIGKILL at random moments of builds that add: the old generation, or the new one whole, answers after each."""
    moments = random.Random(SEED)
    command = [sys.executable, __file__, "build", str(settings.corpus), str(settings.index)]
    old = new = 0
    before = state(settings, pool)
    for number in range(kills):
        add(settings, f"killed-{number}", texts[number * ADDED : (number + 1) * ADDED])
        kill(command, moments, 0.2, 1.1 * seconds)
        after = state(settings, pool)
        if after[0] == before[0]:
            old += after == before
        else:
            new += holds(settings, pool.embedder, texts[number * ADDED], f"doc:killed-{number}-0")
            before = after
    finished = step("build", settings)
    leftovers = len(list(settings.index.glob(".building-*")))
    return {
        "kills": kills,
        "old_answers_as_before": old,
        "new_live_and_whole": new,
        "leftovers": leftovers,
        "next_build": finished,
    }


def state(settings: Settings, pool: Pool) -> tuple[str, list[list[tuple[str, float]]]]:
    """The live generation and what it finds for ten questions."""
    with closing(open_index(settings.index, pool.embedder)) as generation:
        found = [
            [(hit.passage.id, hit.score) for hit in HybridRetriever(generation, pool.embedder, settings).sources([text], 10)]
            for text in pool.questions[:10]
        ]
        return generation.manifest.generation, found


def add(settings: Settings, name: str, texts: Sequence[str]) -> None:
    """Records in a file of their own."""
    source = "sentences of two real documents, shuffled by eval/endure/growth.py"
    lines = (
        json_line({"id": f"doc:{name}-{n}", "sections": [{"text": text}], "text_origin": "publisher", "source": source})
        for n, text in enumerate(texts)
    )
    write_atomic(settings.corpus / "abstracts" / f"{name}.jsonl", lines)


def last_part(corpus: Path) -> tuple[Path, str, str, str]:
    """The last file of the corpus as it was built first, with line, id and text of its first record."""
    file = sorted((corpus / "abstracts").glob("part-*.jsonl"))[-1]
    with file.open(encoding="utf-8") as stream:
        line = stream.readline()
    record = json.loads(line)
    return file, line, record["id"], record["sections"][0]["text"]


def holds(settings: Settings, embedder: Embedder, text: str, source: str) -> bool:
    """Whether a question in a record's own words finds it among the first ten sources."""
    with closing(open_index(settings.index, embedder)) as generation:
        hits = HybridRetriever(generation, embedder, settings).sources([text[:1900]], 10)
    return source in {hit.passage.source_id for hit in hits}


def save(found: dict[str, Any], out: Path) -> None:
    """Keep what was measured so far."""
    write_atomic(out, [json.dumps(found, indent=1) + "\n"])


if __name__ == "__main__":
    main()
