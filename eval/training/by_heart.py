"""What tuning on these questions can and cannot do, shown with the smallest model there is: a linear map of the question.

It takes a question's vector to where it should lie among the index's own, unchanged vectors, and learns in seconds. Measured are
questions it did not learn, in three ways. Folds by question: other questions about the same documents were learned. Folds by
document (``queries.groups``): other questions of the set. Other sets: nothing of the set. Only the last two say something about
documents that are new; the sets of ``--only`` are measured, never learned. Means and differences, with 95 % intervals
from a bootstrap over questions, of the vectors alone and of the plain sum.

    python eval/sample_beir.py ../shared/data/medquad WORK/medquad-3000 --documents 3000
    nice python eval/training/by_heart.py --work WORK ../shared/data/scifact ../shared/data/pubmedqa \
        ../shared/data/evidence_inference WORK/medquad-3000 --only ../shared/data/bioasq_7b_11b
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
import torch
from measure_encoder import ndcg, paired
from queries import groups, part_of
from train_encoder import TEMPERATURE

from ragqa.pipeline import Ragqa
from ragqa.retrieve import PLAIN, fused
from ragqa.runs import AGAINST, DEPTH, drawn, indexed, read_qrels, read_queries
from ragqa.settings import Settings

FOLDS, STEPS, RATE, DRAWN, SEED = 5, 300, 1e-3, 32, 1

Map = Callable[[np.ndarray], np.ndarray]
"""Questions to questions, shape (questions, dimension)."""


class Questions:
    """A data set's questions: vectors, lexical scores, and which passages are right; and the index's vectors."""

    def __init__(self, dataset: Path, work: Path, limit: int | None = None) -> None:
        settings, built = indexed(dataset, Settings(index=work / "by-heart/index"), lambda *_: None)
        qrels, texts = read_qrels(dataset, None), dict(read_queries(dataset))
        self.group = groups(qrels)
        self.name, self.names = dataset.name, drawn(sorted(name for name in self.group if name in texts), limit, 7)
        self.qrels = {name: qrels[name] for name in self.names}
        with Ragqa.open(settings) as ragqa:
            rows = range(built.manifest.counts["passages"])
            self.sources = [ragqa.generation.passage(row).source_id.removeprefix("doc:") for row in rows]
            self.vectors = ragqa.generation.vectors(rows)
            self.asked = ragqa.embedder.embed([texts[name] for name in self.names])
            self.said = [dict(ragqa.generation.lexical(texts[name], 2 * DEPTH, PLAIN.rare)) for name in self.names]
        self.weight = settings.dense_weight
        wanted = [[doc for doc, grade in self.qrels[name].items() if grade > 0] for name in self.names]
        self.right = torch.tensor(np.array([np.isin(self.sources, docs) for docs in wanted]))

    def ndcg(self, asked: np.ndarray) -> dict[str, np.ndarray]:
        """nDCG@10 of each question, by the vectors alone and by the plain sum."""
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
        return {system: np.array(list(ndcg(self.qrels, run).values())) for system, run in runs.items()}

    def parts(self, by: Callable[[str], str]) -> np.ndarray:
        """The fold of each question: what ``by`` gives for its name stays together."""
        return np.array([part_of(self.name, by(name), FOLDS) for name in self.names])


def learned(sets: Sequence[tuple[Questions, np.ndarray]]) -> Map:
    """A map learned on the marked questions of each set in turn: all passages of its index are a question's negatives."""
    torch.manual_seed(SEED)
    draw = np.random.default_rng(SEED)
    given = [(torch.tensor(c.asked), torch.tensor(c.vectors), c.right, np.flatnonzero(marked)) for c, marked in sets]
    turn = torch.nn.Linear(given[0][0].shape[1], given[0][0].shape[1])
    torch.nn.init.zeros_(turn.weight)
    torch.nn.init.zeros_(turn.bias)
    optimiser = torch.optim.AdamW(turn.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, STEPS)
    for step in range(STEPS):
        asked, vectors, right, marked = given[step % len(given)]
        some = draw.choice(marked, min(DRAWN, len(marked)), replace=False)
        moved = torch.nn.functional.normalize(asked[some] + turn(asked[some]), dim=1)
        scores = moved @ vectors.T / TEMPERATURE
        found = torch.logsumexp(scores.masked_fill(~right[some], float("-inf")), dim=1)
        loss = (torch.logsumexp(scores, dim=1) - found).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    weight, bias = turn.weight.detach().numpy(), turn.bias.detach().numpy()

    def moved_to(asked: np.ndarray) -> np.ndarray:
        moved = asked + asked @ weight.T + bias
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)

    return moved_to


def cross_validated(questions: Questions, parts: np.ndarray) -> np.ndarray:
    """Each fold's questions, moved by a map that learned the other folds."""
    tuned = questions.asked.copy()
    for fold in range(FOLDS):
        tuned[parts == fold] = learned([(questions, parts != fold)])(questions.asked[parts == fold])
    return tuned


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--only", type=click.Path(path_type=Path), multiple=True, help="A set that is measured and never learned.")
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--limit", default=1500, show_default=True, help="Questions a set.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=Path("eval/results/by-heart.json"))
def main(folders: tuple[Path, ...], only: tuple[Path, ...], work: Path, limit: int, json_file: Path) -> None:
    """Print nDCG@10 tuned beside untuned, a set and a way of holding back a row."""
    sets = [Questions(folder, work, limit) for folder in (*folders, *only)]
    learnable, result = sets[: len(folders)], {}
    for questions in sets:
        others = [(other, np.ones(len(other.names), bool)) for other in learnable if other is not questions]
        ways = {"other sets": learned(others)(questions.asked)} if others else {}
        if questions in learnable:
            ways["folds by question"] = cross_validated(questions, questions.parts(lambda name: name))
            ways["folds by document"] = cross_validated(questions, questions.parts(questions.group.__getitem__))
        untuned = questions.ndcg(questions.asked)
        tuned = {way: questions.ndcg(asked) for way, asked in ways.items()}
        rows = {way: {system: paired(found[system], untuned[system]) for system in untuned} for way, found in tuned.items()}
        result[questions.name] = {"questions": len(questions.names), **rows}
        click.echo(json.dumps({questions.name: result[questions.name]}))
        json_file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
