"""Train the encoder on questions, claims and the documents that answer them; every other document of a step is wrong.

It starts from the packaged bge-small-en-v1.5. The loss is InfoNCE over all documents of a step, mined negatives included.
``--without`` leaves a data set out, ``--fold`` a fifth of every set's queries with their documents: what is then measured on
them was not learned from.

    nice python eval/learn/training/train_encoder.py --work /tmp/train --data ../shared/data --folds 5 --fold 0
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import torch
from loop import Recipe, train
from queries import SETS, WAYS, Query, documents, queries, read_hard
from tokenizers import Tokenizer
from train_verdicts import drawn_at
from transformers import BertModel
from weights import padded, recover, tokenizer

SLOTS = "scifact:12,pubmedqa:6,evidence_inference:8,medquad:6"
"""Data sets, each with the queries that a step draws from it."""
TEMPERATURE = 0.02
PART = 16
"""Texts computed at once: batches of few shapes, which torch plans anew each time it meets one."""
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
        slots: dict[str, int],
        wrong: int = 1,
    ) -> None:
        """Each query brings along ``wrong`` mined negatives."""
        self.model = model
        self._texts, self._hard, self._recipe, self._slots, self._wrong = texts, hard, recipe, slots, wrong
        self._read = tokenizer("bge_small_en", recipe.longest)
        self._groups = {name: [q for q in found if q.data == name and not q.dev] for name in dict.fromkeys(q.data for q in found)}
        self._dev = [q for name in self._groups for q in [q for q in found if q.data == name and q.dev][:DEV_QUERIES]]
        model.embeddings.requires_grad_(False)

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """See ``loop.Task.losses``; one part: every document is another query's wrong one."""
        asked, keys = self.drawn(step)
        yield contrast(self._vectors([q.text for q in asked]), self._vectors([self._texts[key] for key in keys]), asked, keys)

    def _vectors(self, texts: list[str]) -> torch.Tensor:
        return in_parts(self.model, self._read, texts, self._recipe)

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
            for doc in choose.sample(known, min(self._wrong, len(known)))
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
            found = self._vectors(texts)
            scores = found[: len(asked)] @ found[len(asked) :].T
            ranks = [1 + min(_place(row, pool.index(doc)) for doc in q.answers) for q, row in zip(asked, scores, strict=True)]
            figures[f"{name} MRR"] = sum(1 / rank for rank in ranks) / len(ranks)
        return figures | {"choice": sum(figures.values()) / max(len(figures), 1)}


def _place(scores: torch.Tensor, column: int) -> int:
    return int((scores > scores[column]).sum())


def vectors(model: BertModel, read: Tokenizer, texts: list[str]) -> torch.Tensor:
    """Unit CLS vectors, shape (texts, dimension)."""
    found = model(**padded([read.encode(text) for text in texts])).last_hidden_state[:, 0]
    return torch.nn.functional.normalize(found.float(), dim=1)


def in_parts(model: BertModel, read: Tokenizer, texts: list[str], recipe: Recipe) -> torch.Tensor:
    """``vectors`` of any number of texts, in the recipe's precision."""
    with recipe.precision():
        return torch.cat([vectors(model, read, texts[i : i + PART]) for i in range(0, len(texts), PART)])


def contrast(asked: torch.Tensor, found: torch.Tensor, of: list[Query], keys: list[tuple[str, str]]) -> torch.Tensor:
    """InfoNCE: query i against document i and all the others, except those that answer it too."""
    scores = asked @ found.T / TEMPERATURE
    also = torch.tensor(
        [[j != i and d == q.data and doc in q.answers for j, (d, doc) in enumerate(keys)] for i, q in enumerate(of)]
    )
    return torch.nn.functional.cross_entropy(scores.masked_fill(also, float("-inf")), torch.arange(len(of)))


def slots_of(text: str) -> dict[str, int]:
    """Queries a step draws, by data set, from a text such as ``SLOTS``; raises click.BadParameter where it is not one."""
    parts = [part.partition(":") for part in text.split(",")]
    if any(name not in SETS or not most.isdigit() for name, _, most in parts):
        raise click.BadParameter(f"not like {SLOTS}: {text}", param_hint="--sets")
    return {name: int(most) for name, _, most in parts}


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True)
@click.option("--sets", default=SLOTS, show_default=True, help="Data sets, each with the queries a step draws.")
@click.option("--wrong", default=1, show_default=True, help="Mined negatives a query brings along.")
@click.option("--without", help="A data set to leave out.")
@click.option("--folds", default=5, show_default=True)
@click.option("--fold", type=int, help="Leave out this part of every set's queries.")
@click.option("--by", type=click.Choice(WAYS), default=WAYS[0], show_default=True, help="What a fold keeps together.")
@click.option("--steps", default=600, show_default=True)
@click.option("--rate", default=2e-5, show_default=True)
@click.option("--every", default=50, show_default=True)
@click.option("--longest", default=192, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--stop", type=int, help="Stop after this step; the schedule stays that of --steps.")
@click.option("--half", is_flag=True, help="Products in bfloat16, for processors that multiply it.")
@click.option("--threads", default=1, show_default=True)
def main(
    work: Path,
    data: Path,
    project: Path,
    sets: str,
    wrong: int,
    without: str | None,
    folds: int,
    fold: int | None,
    by: str,
    half: bool,
    steps: int,
    rate: float,
    every: int,
    longest: int,
    seed: int,
    stop: int | None,
    threads: int,
) -> None:
    """Train, or go on training, in ``--work``/encoder, -without-SET or -WAY-foldN."""
    torch.set_num_threads(threads)
    slots = {name: most for name, most in slots_of(sets).items() if name != without}
    suffix = (f"-without-{without}" if without else "") + (f"-{by}-fold{fold}" if fold is not None else "")
    found = [query for query in queries(data, project, slots) if fold is None or query.part(folds, by) != fold]
    hard = read_hard(work / "hard.jsonl")
    told: dict[str, Any] = {
        name: {
            "queries": sum(q.data == name for q in found),
            "with mined negatives": sum(q.data == name and (name, q.id) in hard for q in found),
        }
        for name in slots
    }
    told |= {"slots": slots, "wrong": wrong}
    recipe = Recipe(steps=steps, rate=rate, warmup=max(steps // 10, 1), every=every, seed=seed, longest=longest, half=half)
    task = Encoder(recover("bge_small_en", dropout=0.0), found, documents(data, slots), hard, recipe, slots, wrong)
    click.echo(json.dumps(train(task, recipe, told, work / f"encoder{suffix}", stop), indent=1))


if __name__ == "__main__":
    main()
