"""Retrieval on data sets in the BEIR layout: each stage of the ranking beside BM25, dense and the plain sum of the two.

Every configuration answers the same questions from the same index in one process, and each is held against the plain sum by a
paired test, question by question.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ragqa.corpus.catalogue import Progress
from ragqa.corpus.importers.importing import import_records
from ragqa.errors import RagqaError
from ragqa.evaluation.batches import read_questions
from ragqa.evaluation.measures import mean, percentile, randomisation_p
from ragqa.index import BuildReport
from ragqa.index.refresh import build_index, silent
from ragqa.pipeline import Ragqa
from ragqa.retrieval.ranking import PLAIN, STAGES, Stages
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

Item = TypeVar("Item", str, tuple[str, str])

DEPTH = 100
"""Sources a run holds a question."""
MEASURES = ("nDCG@10", "R@10", "R@100", "RR@10")
"""As ir-measures writes them."""
AGAINST = "plain sum"
"""The configuration that the others are tested against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One way to rank; a ``dense_weight`` of 0 is the words alone, of 1 the vectors alone."""

    dense_weight: float
    stages: Stages


def configurations(dense_weight: float) -> dict[str, Configuration]:
    """The single retrievers, the plain sum, and the stages added one by one until the last is what ``ragqa search`` does."""
    steps = {
        "+ rare words": replace(STAGES, feedback=0),
        "+ feedback": STAGES,
    }
    return {
        "BM25": Configuration(dense_weight=0, stages=PLAIN),
        "dense": Configuration(dense_weight=1, stages=PLAIN),
        AGAINST: Configuration(dense_weight=0.7, stages=PLAIN),
    } | {name: Configuration(dense_weight=dense_weight, stages=stages) for name, stages in steps.items()}


def evaluate_retrieval(
    dataset: Path,
    settings: Settings,
    split: str | None = None,
    limit: int | None = None,
    seed: int = 7,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Index a BEIR folder (all its documents) and measure every configuration on the questions of a split.

    Returns means of nDCG@10, R@10, R@100 and RR@10 (ir-measures) by configuration, with the difference of nDCG@10 to the plain
    sum and its p-value, and under "rows" each question's. A question that nothing is found for counts as 0. ``limit`` asks a
    sample drawn with ``seed``. Times are of ranking alone; turning a question into its vector is given once.

    Raises:
        RagqaError: the folder is not in the BEIR layout, or ir-measures is not installed.
    """
    queries, qrels = dict(read_queries(dataset)), read_qrels(dataset, split)
    asked = drawn(sorted(name for name in qrels if name in queries), limit, seed)
    relevant = {name: qrels[name] for name in asked}
    started = time.perf_counter()
    local, built = indexed(dataset, settings, progress)
    seconds = time.perf_counter() - started
    with Ragqa.open(local) as ragqa:
        reading = [_milliseconds(ragqa, queries[name]) for name in asked]
        table, rows = {}, []
        for name, configuration in configurations(settings.dense_weight).items():
            run, times = _run(ragqa, {query: queries[query] for query in asked}, local, configuration, name, progress)
            scores = _scores(relevant, run)
            rows += [{"query": query, "configuration": name} | scores[query] | {"found": run[query][:10]} for query in asked]
            table[name] = {measure: mean([scores[query][measure] for query in asked]) for measure in MEASURES}
            table[name] |= {"p50_ms": percentile(times, 50), "p95_ms": percentile(times, 95)}
    return {
        "dataset": dataset.name,
        "queries": len(asked),
        "counts": built.manifest.counts,
        "embedded": built.embedded,
        "reused": built.reused,
        "build_seconds": round(seconds, 1),
        "question_to_vector_p50_ms": percentile(reading, 50),
        "configurations": _compared(table, rows),
        "rows": rows,
    }


def report(sets: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """What is written of several data sets; under "configurations" the nDCG@10 of each on each, at a glance."""
    names = sets[0]["configurations"]
    glance = {name: {table["dataset"]: table["configurations"][name]["nDCG@10"] for table in sets} for name in names}
    return {"schema": "ragqa.retrieval/1", "against": AGAINST, "seed": seed, "configurations": glance, "sets": list(sets)}


def _milliseconds(ragqa: Ragqa, question: str) -> float:
    started = time.perf_counter()
    ragqa.embedder.embed([question])
    return 1000 * (time.perf_counter() - started)


def _run(
    ragqa: Ragqa, asked: Mapping[str, str], settings: Settings, configuration: Configuration, name: str, progress: Progress
) -> tuple[dict[str, list[str]], list[float]]:
    """The documents found for each question, best first, and the milliseconds it took."""
    chosen = settings.model_copy(update={"dense_weight": configuration.dense_weight})
    retriever = HybridRetriever(ragqa.generation, ragqa.embedder, chosen, configuration.stages)
    run, times = {}, []
    for number, (query, text) in enumerate(asked.items(), start=1):
        ragqa.embedder.embed([text])  # kept from now on: what is timed is the ranking
        started = time.perf_counter()
        hits = retriever.sources([text], DEPTH)
        times.append(1000 * (time.perf_counter() - started))
        run[query] = [hit.passage.source_id.removeprefix("doc:") for hit in hits]
        progress(name, number, len(asked))
    return run, times


def _scores(relevant: dict[str, dict[str, int]], run: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Each question's measures."""
    try:
        import ir_measures
    except ImportError:
        raise RagqaError("retrieval measures come from ir-measures: run `pip install 'ragqa[dev]'`") from None
    ranked = {query: {found: 1.0 - place / 1000 for place, found in enumerate(documents)} for query, documents in run.items()}
    scores = {query: dict.fromkeys(MEASURES, 0.0) for query in relevant}
    for metric in ir_measures.iter_calc(map(ir_measures.parse_measure, MEASURES), relevant, ranked):
        scores[metric.query_id][str(metric.measure)] = round(metric.value, 6)
    return scores


def _compared(table: Mapping[str, dict[str, Any]], rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The table with each configuration's difference to the plain sum in nDCG@10, and how easily chance makes such a one."""
    by_name = {name: [row["nDCG@10"] for row in rows if row["configuration"] == name] for name in table}
    base = by_name[AGAINST]
    return {
        name: figures
        | {"difference": mean([a - b for a, b in zip(by_name[name], base, strict=True)])}
        | {"p": None if name == AGAINST else randomisation_p(by_name[name], base)}
        for name, figures in table.items()
    }


def drawn(items: list[Item], limit: int | None, seed: int) -> list[Item]:
    """At most ``limit`` of them, drawn with ``seed`` and sorted; all as they are where there are no more, or no limit."""
    return items if limit is None or limit >= len(items) else sorted(random.Random(seed).sample(items, limit))


def indexed(dataset: Path, settings: Settings, progress: Progress) -> tuple[Settings, BuildReport]:
    """Settings and build of an index of every document of a BEIR folder, beside the default one."""
    corpus = one_of(dataset, "corpus.jsonl", "corpus.jsonl.gz")
    home = settings.index.parent / f"eval-{dataset.name}"
    local = settings.model_copy(update={"corpus": home / "corpus", "index": home / "index", "abstracts": "all"})
    import_records(corpus, local.corpus)
    return local, build_index(local, progress)


def read_queries(dataset: Path) -> Iterable[tuple[str, str]]:
    """(id, text) of each query of a BEIR folder."""
    return read_questions(one_of(dataset, "queries.jsonl", "queries.jsonl.gz"))


def read_qrels(dataset: Path, split: str | None) -> dict[str, dict[str, int]]:
    """Relevant documents by query, of a split or of the first one there is."""
    files = sorted((dataset / "qrels").glob("*.tsv"))
    chosen = [file for file in files if file.stem == split] if split else files[:1]
    if not chosen:
        names = ", ".join(file.stem for file in files) or "none"
        raise RagqaError(f"{dataset}/qrels has no split {split or ''}: found {names}")
    qrels: dict[str, dict[str, int]] = {}
    for line in chosen[0].read_text(encoding="utf-8").splitlines()[1:]:
        query, document, relevance = line.split("\t")
        qrels.setdefault(query, {})[document] = int(relevance)
    return qrels


def one_of(dataset: Path, *names: str) -> Path:
    """The first of these files that a folder has; raises RagqaError where it has none."""
    for name in names:
        if (dataset / name).exists():
            return dataset / name
    raise RagqaError(f"{dataset} is not in the BEIR layout: no {' or '.join(names)}")
