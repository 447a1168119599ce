"""Choose how much each stage of the ranking counts, on openly licensed training questions, five folds by question.

On four folds together each weight in turn is moved to the value that gains the most nDCG@10 on the plain sum (mean over the sets,
so that a large set does not decide alone; a loss on any set counts ten times) until none moves; the fifth is then scored with
what was chosen. Printed are the held-out differences to the plain sum with their p-values, what each fold chose, and what all
questions together choose: that goes into ``ragqa.retrieve.STAGES`` and the default ``dense_weight`` by hand. Data sets whose
licence is unclear are left out on purpose.

    python eval/train_fusion.py ../shared/data/scifact ../shared/data/pubmedqa ../shared/data/evidence_inference
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from ragqa.cli.options import progress_bar
from ragqa.files import write_atomic
from ragqa.measures import randomisation_p
from ragqa.pipeline import Ragqa
from ragqa.retrieve import PLAIN, Stages, fused
from ragqa.runs import indexed, read_qrels, read_queries
from ragqa.settings import load_settings

GRID: dict[str, tuple[float, ...]] = {
    "dense_weight": (0.6, 0.65, 0.7, 0.75),
    "rare": (0.0, 0.25, 0.5, 0.75, 1.0),
    "contrast": (0.0, 0.2, 0.4, 0.6),
    "feedback": (0.0, 0.15, 0.3, 0.45),
    "support": (0.0, 0.1, 0.2, 0.3),
}
FOLDS = 5
Weights = dict[str, float]
START: Weights = {"dense_weight": 0.7, "rare": 0.0, "contrast": 0.0, "feedback": 0.0, "support": 0.0}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its candidates at each power of rarity: their rows and what the words say of them."""

    query: np.ndarray
    candidates: dict[float, tuple[np.ndarray, np.ndarray]]
    relevant: dict[str, int]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set's vectors, the source of each row, its questions, and scores by weights once computed."""

    vectors: np.ndarray
    sources: list[str]
    asked: list[Asked]
    known: dict[tuple[float, ...], np.ndarray]

    def scores(self, weights: Weights) -> np.ndarray:
        """nDCG@10 of every question."""
        key = tuple(weights.values())
        if key not in self.known:
            self.known[key] = np.array([self._score(asked, weights) for asked in self.asked])
        return self.known[key]

    def _score(self, asked: Asked, weights: Weights) -> float:
        rows, said = asked.candidates[weights["rare"]]
        stages = Stages(**{name: value for name, value in weights.items() if name != "dense_weight"})
        score = fused(asked.query, self.vectors[rows], said, 1 - weights["dense_weight"], stages)
        found = list(dict.fromkeys(self.sources[row] for row in rows[np.argsort(-score, kind="stable")[:60]]))
        gains = [asked.relevant.get(source, 0) for source in found[:10]]
        return _dcg(gains) / _dcg(sorted(asked.relevant.values(), reverse=True)[:10])


def _dcg(gains: list[int]) -> float:
    return float(sum(gain / np.log2(place + 2) for place, gain in enumerate(gains)))


def load(folder: Path, index: Path | None, limit: int, progress: Any) -> DataSet:
    """Index a folder and collect the candidates of its questions."""
    settings, built = indexed(folder, load_settings(**({"index": index} if index else {})), progress)
    queries, qrels = dict(read_queries(folder)), read_qrels(folder, None)
    names = sorted(name for name in qrels if name in queries and any(qrels[name].values()))
    if limit < len(names):
        names = sorted(random.Random(7).sample(names, limit))
    with Ragqa.open(settings) as ragqa:
        generation, depth, asked = ragqa.generation, settings.candidates, []
        rows = range(built.manifest.counts["passages"])
        sources = [generation.passage(row).source_id.removeprefix("doc:") for row in rows]
        for number, name in enumerate(names, start=1):
            query = ragqa.embedder.embed([queries[name]])
            dense = [row for row, _ in generation.dense(query, depth)]
            candidates = {}
            for rare in GRID["rare"]:
                bm25 = dict(generation.lexical(queries[name], depth, rare))
                union = np.array(sorted({*dense, *bm25}))
                candidates[rare] = union, np.array([bm25.get(row, 0.0) for row in union.tolist()])
            asked.append(Asked(query[0], candidates, qrels[name]))
            progress("searching", number, len(names))
        return DataSet(generation.vectors(rows), sources, asked, {})


def chosen(sets: list[DataSet], parts: list[np.ndarray]) -> Weights:
    """The weights that rank the questions marked in ``parts`` best, found one weight at a time."""

    def value(weights: Weights) -> float:
        gains = [(data.scores(weights) - data.scores(START))[part].mean() for data, part in zip(sets, parts, strict=True)]
        return float(np.mean([gain + 9 * min(0.0, gain) for gain in gains]))

    weights, best = dict(START), 0.0
    moved = True
    while moved:
        moved = False
        for name, values in GRID.items():
            for candidate in values:
                tried = weights | {name: candidate}
                if value(tried) > best + 1e-6:
                    weights, best, moved = tried, value(tried), True
    return weights


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--limit", type=int, default=1500, show_default=True, help="Questions a set, drawn with seed 7.")
@click.option("--index", type=click.Path(path_type=Path), help="The data sets are indexed beside this folder.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=Path("eval/results/fusion.json"))
def main(folders: tuple[Path, ...], limit: int, index: Path | None, json_file: Path) -> None:
    """Choose the weights of the ranking's stages; see the top of this file."""
    with progress_bar() as progress:
        sets = [load(folder, index, limit, progress) for folder in folders]
    draw = np.random.default_rng(7)
    folds = [draw.permutation(len(data.asked)) % FOLDS for data in sets]
    held_out = [np.zeros(len(data.asked)) for data in sets]
    by_fold = []
    for fold in range(FOLDS):
        weights = chosen(sets, [part != fold for part in folds])
        by_fold.append(weights)
        for data, part, scores in zip(sets, folds, held_out, strict=True):
            scores[part == fold] = data.scores(weights)[part == fold]
        click.echo(f"fold {fold + 1}: {weights}")
    everything = chosen(sets, [np.ones(len(data.asked), bool) for data in sets])
    click.echo(f"all: {everything}")
    table = {}
    for folder, data, scores in zip(folders, sets, held_out, strict=True):
        plain = data.scores(START)
        table[folder.name] = {
            "questions": len(scores),
            "plain_sum": round(float(plain.mean()), 4),
            "held_out": round(float(scores.mean()), 4),
            "p": randomisation_p(scores.tolist(), plain.tolist()),
            "all": round(float(data.scores(everything).mean()), 4),
        }
        click.echo(f"{folder.name}: {table[folder.name]}")
    result = {"seed": 7, "folds": by_fold, "all": everything, "plain": START | {"stages": repr(PLAIN)}, "sets": table}
    write_atomic(json_file, [json.dumps(result, indent=1) + "\n"])


if __name__ == "__main__":
    main()
