"""Train the three-output cross-encoder: given a claim and a text, does the text support it, contradict it, or neither?

It starts from the packaged ms-marco-MiniLM-L-12-v2; its one logit (does the text answer?) begins as the difference between
"supports or contradicts" and "neither". Each step draws the same number of pairs of every verdict from every data set, so
that any checkpoint has seen a balanced sample. Weights are chosen by macro-F1 on sources that are neither trained on nor
held back.

    nice python eval/learn/training/train_verdicts.py --work /tmp/train --data ../shared/data --threads 1

Killed or stopped, the same command goes on where the last checkpoint left off.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import click
import torch
from claims import Pair, counts, pairs
from loop import Recipe, train
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification
from weights import padded, recover, tokenizer

from ragqa.checking.classifier import VERDICTS

SLOTS = {"scifact": 3, "evidence_inference": 6, "pubmedqa": 1}
"""Pairs of each verdict that a step draws from a data set."""
PART = 10
"""Pairs computed at once: of a step's pairs, sorted by length, so that little is padded."""
MEASURED = 60
"""Most dev pairs of a data set and verdict that choose the weights."""
CHOOSING = ("scifact", "evidence_inference")
"""Data sets whose macro-F1, averaged, chooses the weights; pubmedqa has too few dev pairs."""


class Verdicts:
    """The task (see ``loop.Task``) of telling supported, contradicted and neither apart."""

    def __init__(
        self,
        model: BertForSequenceClassification,
        found: list[Pair],
        recipe: Recipe,
        slots: dict[str, int] = SLOTS,
        frozen: int = 0,
    ) -> None:
        """The ``frozen`` bottom layers keep their weights, as the embeddings do: there is little data, and it is less work."""
        self.model = model
        self._read, self._recipe, self._slots = tokenizer("reranker_en", recipe.longest), recipe, slots
        self._cells = _cells(pair for pair in found if pair.share == "train")
        self._dev = {
            cell: random.Random(recipe.seed).sample(group, min(len(group), MEASURED))
            for cell, group in _cells(pair for pair in found if pair.share == "dev").items()
        }
        for part in (model.bert.embeddings, *model.bert.encoder.layer[:frozen]):
            part.requires_grad_(False)

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """See ``loop.Task.losses``."""
        drawn = [
            pair
            for (data, verdict), group in self._cells.items()
            for pair in drawn_at(group, step, self._slots.get(data, 0), f"{self._recipe.seed} {data} {verdict}")
        ]
        encoded = sorted(
            ((self._read.encode(p.claim, p.text), VERDICTS.index(p.verdict)) for p in drawn), key=lambda e: len(e[0].ids)
        )
        for start in range(0, len(encoded), PART):
            part = encoded[start : start + PART]
            logits = self.model(**padded([e for e, _ in part])).logits
            labels = torch.tensor([label for _, label in part])
            yield torch.nn.functional.cross_entropy(logits, labels, reduction="sum") / len(encoded)

    def measure(self) -> dict[str, float]:
        """Macro-F1 and accuracy by data set on dev pairs."""
        figures = {}
        for data in sorted({data for data, _ in self._dev}):
            group = [pair for (name, _), found in self._dev.items() if name == data for pair in found]
            said = probabilities(self.model, self._read, [(pair.claim, pair.text) for pair in group]).argmax(dim=1).tolist()
            truth = [VERDICTS.index(pair.verdict) for pair in group]
            figures[f"{data} macro-F1"] = float(f1_score(truth, said, average="macro", labels=[0, 1, 2], zero_division=0))
        chosen = [figures[f"{data} macro-F1"] for data in CHOOSING if f"{data} macro-F1" in figures]
        return figures | {"choice": sum(chosen) / max(len(chosen), 1)}


def _cells(found: Iterator[Pair]) -> dict[tuple[str, str], list[Pair]]:
    cells: dict[tuple[str, str], list[Pair]] = {}
    for pair in found:
        cells.setdefault((pair.data, pair.verdict), []).append(pair)
    return dict(sorted(cells.items()))


def drawn_at(group: list, step: int, most: int, seed: str) -> list:
    """What step ``step`` takes from a group gone through again and again, each time in another order."""
    drawn, orders = [], {}
    for place in range(step * most, (step + 1) * most):
        turn, index = divmod(place, len(group))
        if turn not in orders:
            orders[turn] = random.Random(f"{seed} {turn}").sample(range(len(group)), len(group))
        drawn.append(group[orders[turn][index]])
    return drawn


@torch.inference_mode()
def probabilities(model: BertForSequenceClassification, read: Tokenizer, texts: list[tuple[str, str]]) -> torch.Tensor:
    """Shape (pairs, verdicts), in the order of ``texts`` and ``VERDICTS``."""
    model.eval()
    encoded = [read.encode(*pair) for pair in texts]
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
    found = torch.empty(len(encoded), len(VERDICTS))
    for start in range(0, len(order), 2 * PART):
        part = order[start : start + 2 * PART]
        found[part] = model(**padded([encoded[i] for i in part])).logits.softmax(dim=1)
    return found


def beginning(layers: int, seed: int) -> BertForSequenceClassification:
    """The packaged cross-encoder with three outputs in place of one."""
    torch.manual_seed(seed)
    model, one = recover("reranker_en", layers, outputs=len(VERDICTS)), recover("reranker_en", layers)
    signs = torch.tensor([1.0, 1.0, -1.0])
    with torch.no_grad():
        model.classifier.weight.copy_(signs[:, None] * one.classifier.weight / 4)
        model.classifier.bias.copy_(signs * one.classifier.bias / 4)
    return model


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True)
@click.option("--layers", default=12, show_default=True)
@click.option("--frozen", default=4, show_default=True, help="Layers from the bottom that keep their weights.")
@click.option("--steps", default=1000, show_default=True)
@click.option("--rate", default=5e-5, show_default=True)
@click.option("--every", default=50, show_default=True, help="Steps between checkpoints.")
@click.option("--longest", default=128, show_default=True, help="Word pieces of claim and text.")
@click.option("--seed", default=1, show_default=True)
@click.option("--stop", type=int, help="Stop after this step; the schedule stays that of --steps.")
@click.option("--threads", default=1, show_default=True)
def main(
    work: Path,
    data: Path,
    project: Path,
    layers: int,
    frozen: int,
    steps: int,
    rate: float,
    every: int,
    longest: int,
    seed: int,
    stop: int | None,
    threads: int,
) -> None:
    """Train, or go on training, in ``--work``/verdicts-LAYERS."""
    torch.set_num_threads(threads)
    found, dropped = pairs(data, project)
    told = {"pairs": counts(found), "left out": dict(dropped.most_common()), "slots": SLOTS, "layers": layers, "frozen": frozen}
    recipe = Recipe(steps=steps, rate=rate, warmup=max(steps // 20, 1), every=every, seed=seed, longest=longest)
    task = Verdicts(beginning(layers, seed), found, recipe, frozen=frozen)
    click.echo(json.dumps(train(task, recipe, told, work / f"verdicts-{layers}", stop), indent=1))


if __name__ == "__main__":
    main()
