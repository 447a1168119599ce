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

import json
import random
import re
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from growth_steps import command_of, step
from kills import kill
from multiplied import SEED, Pool, made_of, made_record, multiplied, prepared, rate, written

from ragqa.files import write_atomic
from ragqa.index import EmbeddingCache, open_index
from ragqa.models import Embedder
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import write_rows

ADDED = 100


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("/var/tmp/ragqa-growth"), show_default=True)
@click.option("--size", "sizes", type=int, multiple=True, default=(10_000, 100_000, 1_000_000), show_default=True)
@click.option("--documents", default=4000, show_default=True, help="Real documents whose sentences are shuffled.")
@click.option("--vectors", type=click.Path(path_type=Path), multiple=True, help="Embedding caches to take real vectors from.")
@click.option("--kills", default=8, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/growth.json"), show_default=True)
def main(
    data: Path,
    work: Path,
    sizes: tuple[int, ...],
    documents: int,
    vectors: tuple[Path, ...],
    kills: int,
    out: Path,
) -> None:
    """Measure each size, then the changes at the largest; write the results."""
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


def measured(settings: Settings, work: Path, pool: Pool) -> dict[str, Any]:
    """Build, then ask, each in a fresh process."""
    asked = work / "questions.json"
    asked.write_text(json.dumps(pool.questions), encoding="utf-8")
    built = step("build", settings)
    return {"build": built} | step("ask", settings, asked)


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
    old = new = 0
    before = state(settings, pool)
    for number in range(kills):
        add(settings, f"killed-{number}", texts[number * ADDED : (number + 1) * ADDED])
        kill(command_of("build", settings), moments, 0.2, 1.1 * seconds)
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
    records = (made_record(f"{name}-{number}", text) for number, text in enumerate(texts))
    write_rows(settings.corpus / "abstracts" / f"{name}.jsonl", records)


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
