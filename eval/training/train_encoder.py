"""Train the encoder on questions, claims and the documents that answer them; every other document of a step is wrong.

It starts from the packaged bge-small-en-v1.5. The loss is InfoNCE over all documents of a step, mined negatives included,
computed in parts (vectors first, then their gradients; Gao et al. 2021, https://arxiv.org/abs/2101.06983), so that
memory does not limit the number of documents. Dropout is off: both passes must agree. ``--without`` leaves a data set out,
``--fold`` a fifth of every set's queries with their documents: what is then measured on them was not learned from.

    nice python eval/training/train_encoder.py --work /tmp/train --data ../shared/data --folds 5 --fold 0
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import click
import torch
from loop import Recipe, train
from queries import SETS, Query, documents, part_of, queries, read_hard
from tokenizers import Tokenizer
from train_verdicts import drawn_at
from transformers import BertModel
from weights import padded, recover, tokenizer

SLOTS = {"scifact": 12, "pubmedqa": 6, "evidence_inference": 8, "medquad": 6}
"""Queries a step draws from a data set."""
WRONG = 1
"""Mined negatives a query brings along."""
TEMPERATURE = 0.02
PART = 8
"""Texts computed at once."""
DEV_QUERIES, DEV_DOCUMENTS = 40, 300
"""Most dev queries of a set, and documents beside the right and the mined ones, that choose the weights."""


class Encoder:
    """The task (see ``loop.Task``) of putting queries near their documents."""

    def __init__(
        self,
        model: BertModel,
        found: list[Query],
        texts: dict[tuple[str, str], str],
        hard: dict[tuple[str, str], list[str]],
        recipe: Recipe,
        slots: dict[str, int] = SLOTS,
    ) -> None:
        self.model = model
        self._texts, self._hard, self._recipe, self._slots = texts, hard, recipe, slots
        self._read = tokenizer("bge_small_en", recipe.longest)
        self._groups = {name: [q for q in found if q.data == name and not q.dev] for name in dict.fromkeys(q.data for q in found)}
        self._dev = [q for name in self._groups for q in [q for q in found if q.data == name and q.dev][:DEV_QUERIES]]
        model.embeddings.requires_grad_(False)

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """See ``loop.Task.losses``. Each part's value is its share of the loss, its gradient that of the whole loss."""
        asked, keys = self.drawn(step)
        inputs = [query.text for query in asked] + [self._texts[key] for key in keys]
        with torch.no_grad():
            found = torch.cat([vectors(self.model, self._read, inputs[i : i + PART]) for i in range(0, len(inputs), PART)])
        found.requires_grad_(True)
        loss = contrast(found[: len(asked)], found[len(asked) :], asked, keys)
        (gradient,) = torch.autograd.grad(loss, found)
        for start in range(0, len(inputs), PART):
            again = vectors(self.model, self._read, inputs[start : start + PART])
            part = (again * gradient[start : start + PART]).sum()
            yield part - part.detach() + loss.detach() * len(again) / len(inputs)

    def drawn(self, step: int) -> tuple[list[Query], list[tuple[str, str]]]:
        """A step's queries, and its documents: one right one a query, in order, then the mined ones, each once."""
        asked = [
            query
            for name, group in self._groups.items()
            for query in drawn_at(group, step, self._slots[name], f"{self._recipe.seed} {name}")
        ]
        choose = random.Random(f"{self._recipe.seed} {step}")
        right = [(query.data, choose.choice(query.answers)) for query in asked]
        wrong = [
            (query.data, doc)
            for query in asked
            if (known := self._hard.get((query.data, query.id)))
            for doc in choose.sample(known, min(WRONG, len(known)))
        ]
        return asked, right + [key for key in dict.fromkeys(wrong) if key not in right]

    @torch.inference_mode()
    def measure(self) -> dict[str, float]:
        """Mean reciprocal rank by data set, of dev queries among their documents, mined ones and some drawn ones."""
        figures = {}
        for name in self._groups:
            asked = [query for query in self._dev if query.data == name]
            if not asked:
                continue
            own = [doc for q in asked for doc in (*q.answers, *self._hard.get((name, q.id), []))]
            others = sorted(doc for data, doc in self._texts if data == name)
            drawn = random.Random(self._recipe.seed).sample(others, min(DEV_DOCUMENTS, len(others)))
            pool = list(dict.fromkeys([*own, *drawn]))
            texts = [query.text for query in asked] + [self._texts[name, doc] for doc in pool]
            found = torch.cat([vectors(self.model, self._read, texts[i : i + PART]) for i in range(0, len(texts), PART)])
            scores = found[: len(asked)] @ found[len(asked) :].T
            ranks = [1 + min(_place(row, pool.index(doc)) for doc in q.answers) for q, row in zip(asked, scores, strict=True)]
            figures[f"{name} MRR"] = sum(1 / rank for rank in ranks) / len(ranks)
        return figures | {"choice": sum(figures.values()) / max(len(figures), 1)}


def _place(scores: torch.Tensor, column: int) -> int:
    return int((scores > scores[column]).sum())


def vectors(model: BertModel, read: Tokenizer, texts: list[str]) -> torch.Tensor:
    """Unit CLS vectors, shape (texts, dimension)."""
    return torch.nn.functional.normalize(model(**padded([read.encode(text) for text in texts])).last_hidden_state[:, 0], dim=1)


def contrast(asked: torch.Tensor, found: torch.Tensor, of: list[Query], keys: list[tuple[str, str]]) -> torch.Tensor:
    """InfoNCE: query i against document i and all the others, except those that answer it too."""
    scores = asked @ found.T / TEMPERATURE
    also = torch.tensor(
        [[j != i and d == q.data and doc in q.answers for j, (d, doc) in enumerate(keys)] for i, q in enumerate(of)]
    )
    return torch.nn.functional.cross_entropy(scores.masked_fill(also, float("-inf")), torch.arange(len(of)))


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True)
@click.option("--sets", default=",".join(SETS), show_default=True)
@click.option("--without", help="A data set to leave out.")
@click.option("--folds", default=5, show_default=True)
@click.option("--fold", type=int, help="Leave out this part of every set's queries.")
@click.option("--steps", default=600, show_default=True)
@click.option("--rate", default=2e-5, show_default=True)
@click.option("--every", default=50, show_default=True)
@click.option("--longest", default=192, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--stop", type=int, help="Stop after this step; the schedule stays that of --steps.")
@click.option("--threads", default=1, show_default=True)
def main(
    work: Path,
    data: Path,
    project: Path,
    sets: str,
    without: str | None,
    folds: int,
    fold: int | None,
    steps: int,
    rate: float,
    every: int,
    longest: int,
    seed: int,
    stop: int | None,
    threads: int,
) -> None:
    """Train, or go on training, in ``--work``/encoder, -without-SET or -foldN."""
    torch.set_num_threads(threads)
    names = [name for name in sets.split(",") if name != without]
    suffix = (f"-without-{without}" if without else "") + (f"-fold{fold}" if fold is not None else "")
    folder = work / f"encoder{suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    found = [query for query in queries(data, project, names) if fold is None or part_of(query.data, query.group, folds) != fold]
    hard = read_hard(work / "hard.jsonl")
    told = {
        name: {
            "queries": sum(q.data == name for q in found),
            "with mined negatives": sum(q.data == name and (name, q.id) in hard for q in found),
        }
        for name in names
    }
    (folder / "data.json").write_text(json.dumps(told | {"slots": SLOTS}, indent=1) + "\n", encoding="utf-8")
    recipe = Recipe(steps=steps, rate=rate, warmup=max(steps // 10, 1), every=every, seed=seed, longest=longest)
    task = Encoder(recover("bge_small_en", dropout=0.0), found, documents(data, names), hard, recipe)
    click.echo(json.dumps(train(task, recipe, folder, stop), indent=1))


if __name__ == "__main__":
    main()
