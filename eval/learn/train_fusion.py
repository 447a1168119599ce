"""Choose how much each stage of the ranking counts, on openly licensed training questions, five folds by question.

Of all combinations of GRID the one is chosen that gains the most nDCG@10 on the plain sum: mean over the sets, so that a large
set does not decide alone, and a loss on a set counts five times, since ranking may be worse nowhere. Four folds choose, the
fifth is scored with what was chosen. Printed are the held-out differences to the plain sum with their p-values, what each fold
chose, and what all questions together choose: that goes into ``ragqa.retrieval.ranking.Stages`` by hand. Data sets whose
licence is unclear are left out on purpose. The ``dense_weight`` is not chosen here: answers depend on it.

    python eval/learn/sample_beir.py ../shared/data/medquad WORK/medquad-3000 --documents 3000
    python eval/learn/train_fusion.py ../shared/data/scifact ../shared/data/pubmedqa ../shared/data/evidence_inference \\
        WORK/medquad-3000
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np

from ragqa.cli.options import progress_bar
from ragqa.evaluation.measures import randomisation_p
from ragqa.evaluation.retrieval import DEPTH, indexed, read_qrels, read_queries
from ragqa.files import write_atomic
from ragqa.pipeline import Ragqa
from ragqa.retrieval.ranking import PLAIN, Stages, fused
from ragqa.settings import load_settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import document_of

GRID = [Stages(rare=rare, feedback=feedback) for rare, feedback in product((0.0, 0.2, 0.35, 0.5, 0.7, 1.0), (0.0, 0.15, 0.3))]
LOSS = 5
"""How often a loss on a set counts."""
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one question's candidates are: their sources, vectors, and what the words say of them."""

    sources: list[str]
    vectors: np.ndarray
    said: np.ndarray


@dataclass(frozen=True, slots=True)
class DataSet:
    """Of each question its vector, its candidates at each power of rarity, and its relevant documents; scores once computed."""

    asked: list[tuple[np.ndarray, dict[float, Candidates], dict[str, int]]]
    weight: float
    known: dict[Stages, np.ndarray]

    def scores(self, stages: Stages) -> np.ndarray:
        """nDCG@10 of every question."""
        if stages not in self.known:
            scores = [self._score(query, found[stages.rare], relevant, stages.feedback) for query, found, relevant in self.asked]
            self.known[stages] = np.array(scores)
        return self.known[stages]

    def _score(self, query: np.ndarray, found: Candidates, relevant: dict[str, int], feedback: float) -> float:
        score = fused(query, found.vectors, found.said, self.weight, feedback)
        ranked = list(dict.fromkeys(found.sources[i] for i in np.argsort(-score, kind="stable")[:60]))
        gains = [relevant.get(source, 0) for source in ranked[:10]]
        return _dcg(gains) / _dcg(sorted(relevant.values(), reverse=True)[:10])


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
        generation, depth, asked = ragqa.generation, 2 * DEPTH, []  # what a run ranks
        sources = [document_of(generation.passage(row).source_id) for row in range(built.manifest.counts["passages"])]
        for number, name in enumerate(names, start=1):
            query = ragqa.embedder.embed([queries[name]])
            dense = [row for row, _ in generation.dense(query, depth)]
            found = {}
            for rare in sorted({stages.rare for stages in GRID}):
                bm25 = dict(generation.lexical(queries[name], depth, rare))
                rows = sorted({*dense, *bm25})
                said = np.array([bm25.get(row, 0.0) for row in rows])
                found[rare] = Candidates([sources[row] for row in rows], generation.vectors(rows), said)
            asked.append((query[0], found, qrels[name]))
            progress("searching", number, len(names))
        return DataSet(asked, settings.dense_weight, {})


def chosen(sets: list[DataSet], parts: list[np.ndarray]) -> Stages:
    """The stages that rank the questions marked in ``parts`` best."""

    def value(stages: Stages) -> float:
        gains = [(data.scores(stages) - data.scores(PLAIN))[part].mean() for data, part in zip(sets, parts, strict=True)]
        return float(np.mean([gain + (LOSS - 1) * min(0.0, gain) for gain in gains]))

    return max(GRID, key=value)


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
        stages = chosen(sets, [part != fold for part in folds])
        by_fold.append(asdict(stages))
        for data, part, scores in zip(sets, folds, held_out, strict=True):
            scores[part == fold] = data.scores(stages)[part == fold]
        click.echo(f"fold {fold + 1}: {stages}")
    everything = chosen(sets, [np.ones(len(data.asked), bool) for data in sets])
    click.echo(f"all: {everything}")
    table = {}
    for folder, data, scores in zip(folders, sets, held_out, strict=True):
        plain = data.scores(PLAIN)
        table[folder.name] = {
            "questions": len(scores),
            "plain_sum": round(float(plain.mean()), 4),
            "held_out": round(float(scores.mean()), 4),
            "p": randomisation_p(scores.tolist(), plain.tolist()),
            "all": round(float(data.scores(everything).mean()), 4),
        }
        click.echo(f"{folder.name}: {table[folder.name]}")
    result = {"seed": 7, "folds": by_fold, "all": asdict(everything), "sets": table}
    write_atomic(json_file, [json.dumps(result, indent=1) + "\n"])


if __name__ == "__main__":
    main()
