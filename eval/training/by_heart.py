"""What tuning on these questions can and cannot do: the question's side alone, the index's vectors unchanged.

That learns in minutes, because every passage of an index can be a question's wrong answer without being read again. ``--tune
map`` learns a linear map of the question's vector, ``--tune encoder`` all layers of the packaged encoder, for questions only.
Measured are questions that were not learned, in three ways. Folds by question: other questions about the same documents were
learned. Folds by document (``queries.groups``): other questions of the set. Other sets: nothing of the set. Only the last two
say something about documents that are new; the sets of ``--only`` are measured, never learned. Means and differences, with
95 % intervals from a bootstrap over questions, of the vectors alone and of the plain sum.

    python eval/sample_beir.py ../shared/data/medquad WORK/medquad-3000 --documents 3000
    nice python eval/training/by_heart.py --work WORK ../shared/data/scifact ../shared/data/pubmedqa \
        ../shared/data/evidence_inference WORK/medquad-3000 --only ../shared/data/bioasq_7b_11b
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from loop import Recipe, train
from measure_encoder import ndcg, paired
from queries import WAYS, groups, part_of
from train_encoder import TEMPERATURE, in_parts
from train_verdicts import drawn_at
from transformers import BertModel
from weights import blended, recover, tokenizer

from ragqa.pipeline import Ragqa
from ragqa.retrieve import PLAIN, fused
from ragqa.runs import AGAINST, DEPTH, drawn, indexed, read_qrels, read_queries
from ragqa.settings import Settings

FOLDS, DRAWN, SEED = 5, 32, 1
MAP = {"steps": 300, "rate": 1e-3}
ENCODER = Recipe(steps=120, rate=2e-5, warmup=12, every=40, seed=SEED, longest=64)


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
            self.texts = [texts[name] for name in self.names]
            self.asked = ragqa.embedder.embed(self.texts)
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

    def parts(self, by: str) -> np.ndarray:
        """The fold of each question, by one of ``WAYS``."""
        return np.array([part_of(self.name, self.group[name] if by == "document" else name, FOLDS) for name in self.names])


Known = Sequence[tuple[Questions, np.ndarray]]
"""Sets, each with a mark for the questions to learn."""
Model = Callable[[Questions, np.ndarray], np.ndarray]
"""Gives the vectors of a set's marked questions, shape (marked, dimension)."""
Learn = Callable[[Known, str], Model]
"""Learns; the name tells one model of a table from the others."""


def contrast(asked: torch.Tensor, vectors: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """InfoNCE of each question's right passages against all passages of its index."""
    scores = asked @ vectors.T / TEMPERATURE
    return (torch.logsumexp(scores, dim=1) - torch.logsumexp(scores.masked_fill(~right, float("-inf")), dim=1)).mean()


def learned_map(known: Known) -> Model:
    """A linear map, learned on each set in turn."""
    torch.manual_seed(SEED)
    given = [(torch.tensor(q.asked), torch.tensor(q.vectors), q.right, np.flatnonzero(marked).tolist()) for q, marked in known]
    turn = torch.nn.Linear(given[0][0].shape[1], given[0][0].shape[1])
    torch.nn.init.zeros_(turn.weight)
    torch.nn.init.zeros_(turn.bias)
    optimiser = torch.optim.AdamW(turn.parameters(), lr=MAP["rate"])
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, MAP["steps"])
    for step in range(MAP["steps"]):
        asked, vectors, right, marked = given[step % len(given)]
        some = drawn_at(marked, step // len(given), min(DRAWN, len(marked)), f"{SEED}")
        loss = contrast(moved(turn, asked[some]), vectors, right[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return lambda questions, marked: moved(turn, torch.tensor(questions.asked[marked])).detach().numpy()


def moved(turn: torch.nn.Linear, asked: torch.Tensor) -> torch.Tensor:
    """Unit vectors, each with what the map adds to it."""
    return torch.nn.functional.normalize(asked + turn(asked), dim=1)


class Asking:
    """The task (see ``loop.Task``) of putting questions near passages that stay where they are."""

    def __init__(self, model: BertModel, known: Known, recipe: Recipe) -> None:
        """A tenth of the documents' questions chooses the weights."""
        self.model, self._recipe, self._read = model, recipe, tokenizer("bge_small_en", recipe.longest)
        self._sets = []
        for questions, marked in known:
            dev = np.array([part_of(f"dev {questions.name}", questions.group[name], 10) == 0 for name in questions.names])
            rows = (np.flatnonzero(marked & ~dev).tolist(), np.flatnonzero(marked & dev).tolist())
            self._sets.append((questions, torch.tensor(questions.vectors), *rows))
        model.embeddings.requires_grad_(False)

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """See ``loop.Task.losses``: the sets take turns."""
        questions, vectors, rows, _ = self._sets[step % len(self._sets)]
        some = drawn_at(rows, step // len(self._sets), min(DRAWN, len(rows)), f"{self._recipe.seed}")
        yield contrast(self._asked(questions, some), vectors, questions.right[some])

    def _asked(self, questions: Questions, rows: Sequence[int]) -> torch.Tensor:
        return in_parts(self.model, self._read, [questions.texts[row] for row in rows], self._recipe)

    @torch.inference_mode()
    def measure(self) -> dict[str, float]:
        """Minus the loss on what chooses the weights, by set."""
        figures = {
            questions.name: -float(contrast(self._asked(questions, dev), vectors, questions.right[dev]))
            for questions, vectors, _, dev in self._sets
            if dev
        }
        return figures | {"choice": sum(figures.values()) / max(len(figures), 1)}

    @torch.inference_mode()
    def vectors(self, questions: Questions, marked: np.ndarray) -> np.ndarray:
        """See ``Model``."""
        return self._asked(questions, np.flatnonzero(marked)).numpy()


def learned_encoder(known: Known, folder: Path, recipe: Recipe = ENCODER, blend: float = 1.0) -> Model:
    """The packaged encoder, tuned for questions in ``folder`` (a killed run goes on there); ``blend`` is the tuned share."""
    task = Asking(recover("bge_small_en", dropout=0.0), known, recipe)
    train(task, recipe, folder)
    task.model = blended(BertModel.from_pretrained(folder / "best", add_pooling_layer=False), recover("bge_small_en"), blend)
    task.model.set_attn_implementation("eager")
    return task.vectors


def by_folds(sets: Sequence[Questions], by: str, learn: Learn) -> list[np.ndarray]:
    """Vectors of each set's questions by the model that learned the other folds of every set."""
    parts = [questions.parts(by) for questions in sets]
    tuned = [questions.asked.copy() for questions in sets]
    for fold in range(FOLDS):
        model = learn([(questions, part != fold) for questions, part in zip(sets, parts, strict=True)], f"{by}-{fold}")
        for vectors, questions, part in zip(tuned, sets, parts, strict=True):
            vectors[part == fold] = model(questions, part == fold)
    return tuned


def by_other_sets(sets: Sequence[Questions], learnable: int, learn: Learn) -> list[np.ndarray]:
    """Vectors of each set's questions by the model that learned the others among the first ``learnable`` sets."""
    every = {questions.name: np.ones(len(questions.names), bool) for questions in sets}
    models: dict[tuple[str, ...], Model] = {}
    tuned = []
    for questions in sets:
        others = [other for other in sets[:learnable] if other is not questions]
        names = tuple(other.name for other in others)
        if names not in models:
            models[names] = learn([(other, every[other.name]) for other in others], "only-" + "-".join(names))
        tuned.append(models[names](questions, every[questions.name]))
    return tuned


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--only", type=click.Path(path_type=Path), multiple=True, help="A set that is measured and never learned.")
@click.option("--tune", type=click.Choice(["map", "encoder"]), default="map", show_default=True)
@click.option("--blend", default=1.0, show_default=True, help="Share of the tuned encoder's weights, the rest the packaged ones.")
@click.option("--half", is_flag=True, help="Products in bfloat16, for processors that multiply it.")
@click.option("--threads", default=1, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--limit", default=1500, show_default=True, help="Questions a set.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=Path("eval/results/by-heart.json"))
def main(
    folders: tuple[Path, ...],
    only: tuple[Path, ...],
    tune: str,
    blend: float,
    half: bool,
    threads: int,
    work: Path,
    limit: int,
    json_file: Path,
) -> None:
    """Print nDCG@10 tuned beside untuned, a way of holding back and a set a row; keep them under --tune in --json."""
    torch.set_num_threads(threads)
    sets = [Questions(folder, work, limit) for folder in (*folders, *only)]
    untuned, recipe = [questions.ndcg(questions.asked) for questions in sets], replace(ENCODER, half=half)

    def learn(known: Known, named: str) -> Model:
        click.echo(f"learning {named}")
        return learned_map(known) if tune == "map" else learned_encoder(known, work / "asking" / named, recipe, blend)

    result: dict = {questions.name: {"questions": len(questions.names)} for questions in sets}
    for way in ("other sets", *WAYS):
        others = way == "other sets"
        tuned = by_other_sets(sets, len(folders), learn) if others else by_folds(sets[: len(folders)], way, learn)
        for questions, before, asked in zip(sets, untuned, tuned, strict=False):
            after = questions.ndcg(asked)
            row = {system: paired(after[system], before[system]) for system in before}
            result[questions.name][way if others else f"folds by {way}"] = row
            click.echo(json.dumps({questions.name: {way: row}}))
        kept = json.loads(json_file.read_text(encoding="utf-8")) if json_file.exists() else {}
        kept |= {"schema": "ragqa.by-heart/1", tune if blend == 1 else f"{tune} at {blend}": result}
        json_file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
