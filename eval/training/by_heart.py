"""What cross-validation by question would claim: a linear map learned on some questions, measured on the others.

Claims of SciFact share documents. With folds drawn by question, a model is measured on documents it was trained to find; with
folds by document (``queries.groups``) it is not. The map takes a question's vector to where it should lie among the index's
own, unchanged vectors; it is the smallest model that can be tuned, and learns in seconds. Both figures stand side by side.

    nice python eval/training/by_heart.py --work WORK --data ../shared/data
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import ir_measures
import numpy as np
import torch
from ir_measures import nDCG
from queries import groups, part_of
from train_encoder import TEMPERATURE

from ragqa.pipeline import Ragqa
from ragqa.retrieve import PLAIN, fused
from ragqa.runs import AGAINST, DEPTH, indexed, read_qrels, read_queries
from ragqa.settings import Settings

FOLDS, STEPS, RATE, DRAWN, SEED = 5, 300, 1e-3, 32, 1


class Claims:
    """A data set's questions: vectors, lexical scores of every passage, right sources; and the index's vectors."""

    def __init__(self, dataset: Path, work: Path) -> None:
        settings, built = indexed(dataset, Settings(index=work / "by-heart/index"), lambda *_: None)
        qrels, texts = read_qrels(dataset, None), dict(read_queries(dataset))
        self.group = groups(qrels)
        self.names = sorted(name for name in self.group if name in texts)
        self.qrels = {name: qrels[name] for name in self.names}
        with Ragqa.open(settings) as ragqa:
            rows = range(built.manifest.counts["passages"])
            self.sources = [ragqa.generation.passage(row).source_id.removeprefix("doc:") for row in rows]
            self.vectors = ragqa.generation.vectors(rows)
            self.asked = ragqa.embedder.embed([texts[name] for name in self.names])
            self.said = [dict(ragqa.generation.lexical(texts[name], 2 * DEPTH, PLAIN.rare)) for name in self.names]
        self.weight = settings.dense_weight

    def ndcg(self, asked: np.ndarray) -> dict[str, float]:
        """Mean nDCG@10 of the vectors alone and of the plain sum."""
        runs: dict[str, dict[str, dict[str, float]]] = {"dense": {}, AGAINST: {}}
        for name, query, said in zip(self.names, asked, self.said, strict=True):
            near = self.vectors @ query
            rows = sorted({*np.argsort(-near, kind="stable")[: 2 * DEPTH].tolist(), *said})
            words = np.array([said.get(row, 0.0) for row in rows])
            summed = fused(query, self.vectors[rows], words, self.weight, 0)
            for system, scores in (("dense", near[rows]), (AGAINST, summed)):
                best: dict[str, float] = {}
                for row, score in zip(rows, scores.tolist(), strict=True):
                    best[self.sources[row]] = max(score, best.get(self.sources[row], -1.0))
                runs[system][name] = best
        return {name: round(ir_measures.calc_aggregate([nDCG @ 10], self.qrels, run)[nDCG @ 10], 4) for name, run in runs.items()}

    def right(self) -> torch.Tensor:
        """Which passages answer which question, shape (questions, passages)."""
        wanted = [{doc for doc, grade in self.qrels[name].items() if grade > 0} for name in self.names]
        return torch.tensor([[source in docs for source in self.sources] for docs in wanted])


def mapped(claims: Claims, learned: np.ndarray) -> np.ndarray:
    """Every question's vector, moved by a map learned on the marked ones: all passages of the index are its negatives."""
    torch.manual_seed(SEED)
    draw = np.random.default_rng(SEED)
    asked, vectors, right = torch.tensor(claims.asked), torch.tensor(claims.vectors), claims.right()
    turn = torch.nn.Linear(asked.shape[1], asked.shape[1])
    torch.nn.init.zeros_(turn.weight)
    torch.nn.init.zeros_(turn.bias)
    optimiser = torch.optim.AdamW(turn.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, STEPS)
    for _ in range(STEPS):
        some = draw.choice(np.flatnonzero(learned), min(DRAWN, int(learned.sum())), replace=False)
        moved = torch.nn.functional.normalize(asked[some] + turn(asked[some]), dim=1)
        scores = moved @ vectors.T / TEMPERATURE
        found = torch.logsumexp(scores.masked_fill(~right[some], float("-inf")), dim=1)
        loss = (torch.logsumexp(scores, dim=1) - found).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.inference_mode():
        return torch.nn.functional.normalize(asked + turn(asked), dim=1).numpy()


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--set", "name", default="scifact", show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=Path("eval/results/by-heart.json"))
def main(work: Path, data: Path, name: str, json_file: Path) -> None:
    """Print nDCG@10 untuned, and tuned with folds by question and by document."""
    claims = Claims(data / name, work)
    result: dict = {"set": name, "questions": len(claims.names), "untuned": claims.ndcg(claims.asked)}
    for label, key in (("folds by question", lambda query: query), ("folds by document", claims.group.__getitem__)):
        parts = np.array([part_of(name, key(query), FOLDS) for query in claims.names])
        tuned = claims.asked.copy()
        for fold in range(FOLDS):
            tuned[parts == fold] = mapped(claims, parts != fold)[parts == fold]
        result[label] = claims.ndcg(tuned)
    click.echo(json.dumps(result, indent=1))
    json_file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
