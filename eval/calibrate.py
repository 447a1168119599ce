"""Learn when to abstain, on the dev half of the gold set and on calibration.jsonl.

Fits the logistic weights of ``ragqa.suffice.ANSWERABLE`` (L2-regularised, Newton's method) to whether a question is answerable,
from the four features of ``ragqa.suffice.Sufficiency``, and prints them with leave-one-out accuracy. The test half is not read.

    python eval/calibrate.py --corpus corpus --index indexes/default
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from ragqa.evaluate import load_gold
from ragqa.files import read_jsonl
from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings
from ragqa.suffice import ANSWERABLE

FEATURES = tuple(name for name in ANSWERABLE if name != "bias")
PENALTY = 0.05


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights of shape (features + 1,), bias last; classes weighted equally, bias not penalised."""
    weights = np.zeros(x.shape[1])
    balance = np.where(y == 1, 0.5 / y.sum(), 0.5 / (1 - y).sum()) * len(y)
    ridge = PENALTY * np.diag([1.0] * (x.shape[1] - 1) + [0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (balance * (p - y)) + ridge @ weights
        hessian = (x * (balance * p * (1 - p))[:, None]).T @ x + ridge + 1e-9 * np.eye(len(weights))
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path))
@click.option("--index", type=click.Path(path_type=Path))
@click.option("--gold", type=click.Path(path_type=Path), default=Path("eval/gold"))
@click.option("--questions", type=click.Path(path_type=Path), default=Path("eval/calibration.jsonl"))
def main(corpus: Path | None, index: Path | None, gold: Path, questions: Path) -> None:
    """Print the fitted weights and what they would decide on the dev half."""
    items = [item for item in load_gold(gold) if item.split == "dev" and item.expect in ("answered", "insufficient_evidence")]
    asked = [(f"{item.id} ({item.kind})", item.question, item.history, item.expect == "answered") for item in items]
    asked += [(row["id"], row["question"], (), row["answerable"]) for _, row in read_jsonl(questions)]
    rows, labels, kept = [], [], []
    with Ragqa.open(load_settings(corpus=corpus, index=index)) as ragqa:
        for name, question, history, answerable in asked:
            scores = ragqa.ask(question, history).trace.scores
            if scores:  # none where triage stopped the question before any search
                rows.append([*(scores[feature] for feature in FEATURES), 1.0])
                labels.append(float(answerable))
            if scores or answerable:
                kept.append(f"{name}: {question}" + ("" if scores else "  STOPPED"))
    x, y = np.array(rows), np.array(labels)
    scale = np.append(x[:, :-1].std(axis=0), 1.0)
    weights = fit(x / scale, y) / scale
    decided = x @ weights > 0
    left_out = [float(x[i] @ (fit(np.delete(x / scale, i, 0), np.delete(y, i)) / scale) > 0) for i in range(len(y))]
    kept, stopped = [name for name in kept if "STOPPED" not in name], [name for name in kept if "STOPPED" in name]
    wrong = [
        f"{name} ({'answered' if d else 'abstained'})" for name, d, label in zip(kept, decided, y, strict=True) if d != label
    ]
    click.echo(json.dumps(dict(zip((*FEATURES, "bias"), weights.round(3).tolist(), strict=True))))
    click.echo(f"dev items {len(y)}, answerable {int(y.sum())}")
    click.echo(f"right: fitted {np.mean(decided == y):.3f}, leave-one-out {np.mean(left_out == y):.3f}")
    click.echo("\n".join([*wrong, *stopped]))


if __name__ == "__main__":
    main()
