"""Retrieval with tuned encoders beside the packaged one: dense alone and fused with BM25, with paired intervals.

Every model indexes the data set with ragqa's own pipeline and its queries go through ragqa's own ranking, so a figure here
is what a user would get. ``{fold}`` in a model's path stands for a fold: each query is then ranked by the model that did not
learn from it. ``--blend`` mixes the tuned weights with the packaged ones first (Wortsman et al. 2022,
https://arxiv.org/abs/2109.01903), which guards against forgetting.

    nice python eval/learn/training/measure_encoder.py --work WORK --data ../shared/data \\
        --set scifact --model 'WORK/encoder-fold{fold}/best'
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
from export import Exported, write
from loop import run_behind
from queries import WAYS, groups, part_of
from transformers import BertModel
from weights import blended, recover

from ragqa.corpus.importers.importing import import_records
from ragqa.evaluation.retrieval import configurations, one_of, read_qrels, read_queries
from ragqa.index import open_index
from ragqa.index.refresh import build_index
from ragqa.models import Embedder, Vectors, load_embedder
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from by_question import ndcg, paired
from data_sets import document_of, rows, write_rows


class Tuned:
    """An exported encoder, as ragqa embeds: one text at a time, two texts at once."""

    dimension = 384

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        sha256 = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["model.onnx"]["sha256"]
        self.fingerprint = f"onnx:{sha256[:16]}:cls"
        self._model = Exported(folder)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``ragqa.models.Embedder.embed``."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with ThreadPoolExecutor(2) as pool:
            return np.concatenate(list(pool.map(lambda text: self._model.vectors([text]), texts)))


def exported(model: Path, work: Path, blend: float) -> Tuned:
    """A transformers folder, mixed and written as int8 ONNX under ``--work``; an exported folder as it is."""
    if (model / "manifest.json").exists():
        return Tuned(model)
    folder = work / "blends" / f"{model.parent.name}-{model.name}-{blend}"
    tuned = BertModel.from_pretrained(model, add_pooling_layer=False)
    write(blended(tuned, recover("bge_small_en"), blend), "bge_small_en", folder)
    return Tuned(folder)


def ranked(dataset: Path, embedder: Embedder, asked: dict[str, str], work: Path, most: int) -> dict[str, dict[str, float]]:
    """nDCG@10 of each query by configuration: BM25, dense, the plain sum, and the stages."""
    home = work / "measuring" / dataset.name
    settings = Settings(corpus=home / "corpus", index=home / "index", abstracts="all", generations=20)
    if not settings.corpus.exists():
        import_records(_some(dataset, home, most), settings.corpus)
    build_index(settings, embedder=embedder)
    generation, qrels = open_index(settings.index, embedder), read_qrels(dataset, None)
    table = {}
    for name, configuration in configurations(settings.dense_weight).items():
        chosen, run = settings.model_copy(update={"dense_weight": configuration.dense_weight}), {}
        for query, text in asked.items():
            hits = HybridRetriever(generation, embedder, chosen, configuration.stages).sources([text], 10)
            run[query] = {document_of(hit.passage.source_id): hit.score for hit in hits}
        table[name] = ndcg({query: qrels[query] for query in asked}, run)
    generation.close()
    return table


def _some(dataset: Path, home: Path, most: int) -> Path:
    """The corpus, or for a first look its judged documents and ``most`` others."""
    file = one_of(dataset, "corpus.jsonl", "corpus.jsonl.gz")
    if not most:
        return file
    judged = {doc for row in list(read_qrels(dataset, None).values())[:most] for doc in row}
    every = list(rows(file))
    kept = [row for row in every if row["_id"] in judged] + [row for row in every if row["_id"] not in judged][:most]
    write_rows(home / "corpus.jsonl", kept)
    return home / "corpus.jsonl"


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--set", "sets", multiple=True, required=True, help="A BEIR folder of --data; repeat for several.")
@click.option("--model", required=True, help="A run's best/ or an exported folder; {fold} for cross-validation.")
@click.option("--folds", default=5, show_default=True)
@click.option("--fold", "only", type=int, help="Only the questions of this fold: one model is cross-validated on its part.")
@click.option("--by", type=click.Choice(WAYS), default=WAYS[0], show_default=True, help="What a fold keeps together.")
@click.option("--blend", default=1.0, show_default=True, help="Share of the tuned weights.")
@click.option("--most", default=0, help="Only so many queries and unjudged documents, for a first look; 0: all.")
@click.option("--json", "json_file", type=click.Path(path_type=Path))
def main(
    work: Path,
    data: Path,
    sets: tuple[str, ...],
    model: str,
    folds: int,
    only: int | None,
    by: str,
    blend: float,
    most: int,
    json_file: Path | None,
) -> None:
    """Print untuned and tuned nDCG@10 with the interval of the difference, a data set and a configuration a row."""
    result: dict = {"schema": "ragqa.encoder/1", "model": model.removeprefix(f"{work}/"), "blend": blend, "sets": {}}
    result |= run_behind(Path(model))
    for name in sets:
        qrels, texts = read_qrels(data / name, None), dict(read_queries(data / name))
        group = groups(qrels)
        part = {query: part_of(name, query, group[query], folds, by) for query in sorted(group) if query in texts}
        asked = {query: texts[query] for query, fold in part.items() if only in (None, fold)}
        asked = dict(list(asked.items())[: most or None])
        untuned = ranked(data / name, load_embedder(), asked, work, most)
        tuned: dict[str, dict[str, float]] = {}
        for fold in range(folds) if "{fold}" in model else [None]:
            some = {query: text for query, text in asked.items() if fold in (None, part[query])}
            if some:
                found = ranked(data / name, exported(Path(model.format(fold=fold)), work, blend), some, work, most)
                for configuration, scores in found.items():
                    tuned.setdefault(configuration, {}).update(scores)
        figures = {c: paired([tuned[c][q] for q in asked], [untuned[c][q] for q in asked]) for c in tuned}
        result["sets"][name] = {"queries": len(asked), **figures}
    click.echo(json.dumps(result["sets"], indent=1))
    if json_file:
        json_file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
