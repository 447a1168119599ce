"""Measure the three-output model as a checker: a claim against a whole source, beside the checker as it stands.

The claims, sources and held-back share are those of ``train_checker.py``; of a source the model reads the sentences nearest to
the claim, as many as ``ragqa.checking.checker.Checker`` reads. The one threshold is fitted on the dev share, and so is the weight
of each model beside the checker in "together" (the mean of both logarithms). Every system is measured in the same run on the same
examples; intervals and differences come from a paired bootstrap over sources. The first model's run is told as well.

    nice python eval/learn/training/measure_verdicts.py --work WORK --model WORK/verdicts-12/best --data ../shared/data
    ... --model WORK/export/verdicts --checker --json WORK/verdicts.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch
from export import Exported
from loop import run_behind
from train_checker import CLAIMS, Example, evidence_inference, scifact
from train_verdicts import probabilities
from transformers import BertForSequenceClassification
from weights import tokenizer

from ragqa.checking.checker import Checker
from ragqa.checking.classifier import VERDICTS, shipped_weights
from ragqa.language.sentences import sentences
from ragqa.models import CachingEmbedder, RecentVectors, load_embedder, load_reranker, softmax

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from by_question import interval
from data_sets import share_of

READ = 4
"""Sentences of a source read for a claim, the number ``ragqa.checking.checker`` reads."""
RESAMPLES = 1000

Read = Callable[[list[tuple[str, str]]], np.ndarray]
"""Pairs of claim and text to probabilities, shape (pairs, verdicts)."""


def reader(model: Path, longest: int) -> Read:
    """An exported folder (int8 ONNX) or a transformers folder (float32)."""
    if (model / "model.onnx").exists():
        return Exported(model).probabilities
    loaded, read = BertForSequenceClassification.from_pretrained(model), tokenizer("reranker_en", longest)
    return lambda texts: probabilities(loaded, read, texts).numpy()


def nearest_sentences(examples: Sequence[Example], kept: Path) -> list[list[str]]:
    """The sentences of each example's source nearest to its claim; kept in a file, since embedding takes minutes."""
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    embedder = CachingEmbedder(load_embedder(), RecentVectors())
    for example in examples:
        key = f"{example.source} {example.claim}"
        if key not in known:
            texts = [sentence.text for sentence in sentences(example.text, 0, len(example.text))]
            near = np.argsort(-(embedder.embed(texts) @ embedder.embed([example.claim])[0]), kind="stable")[:READ]
            known[key] = [texts[i] for i in near]
    kept.write_text(json.dumps(known), encoding="utf-8")
    return [known[f"{example.source} {example.claim}"] for example in examples]


def shares(read: Read, examples: Sequence[Example], near: list[list[str]]) -> np.ndarray:
    """Supports, contradicts, neither of each example, shape (examples, 3): those of the sentence least like neither."""
    texts = [(example.claim, text) for example, group in zip(examples, near, strict=True) for text in group]
    found, start, rows = read(texts), 0, []
    for group in near:
        part = found[start : start + len(group)]
        rows.append(part[part[:, 2].argmin()])
        start += len(group)
    return np.array(rows)


def checker_shares(examples: Sequence[Example], kept: Path) -> np.ndarray:
    """What the learned part of the checker as it stands says of each example, shape (examples, 3).

    Its features are kept in a file, since they take minutes; they belong to the models, not to the learned weights.
    """
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    checker = Checker(CachingEmbedder(load_embedder(), RecentVectors()), load_reranker())
    for example in examples:
        key = f"{example.source} {example.claim}"
        if key not in known:
            known[key] = checker.features(example.claim, example.text)
    kept.write_text(json.dumps(known), encoding="utf-8")
    logits = np.array([known[f"{example.source} {example.claim}"] for example in examples]) @ shipped_weights()
    return softmax(logits)


def verdicts(found: np.ndarray, threshold: float) -> np.ndarray:
    """Supports or contradicts, whichever is likelier, where the two together reach the threshold; else neither."""
    return np.where(1 - found[:, 2] >= threshold, found[:, :2].argmax(axis=1), 2)


def fitted(found: np.ndarray, truth: np.ndarray) -> float:
    """The threshold with the best macro-F1, of twenty."""
    return max(np.arange(0.05, 1.0, 0.05).tolist(), key=lambda threshold: macro_f1(truth, verdicts(found, threshold)))


def together(model: np.ndarray, checker: np.ndarray, weight: float) -> np.ndarray:
    """Shares of two systems as one: their logarithms' mean, the model's counting ``weight``."""
    product = np.exp(weight * np.log(np.maximum(model, 1e-6)) + (1 - weight) * np.log(np.maximum(checker, 1e-6)))
    return product / product.sum(axis=1, keepdims=True)


def best_weight(model: np.ndarray, checker: np.ndarray, truth: np.ndarray, claims: np.ndarray) -> float:
    """The weight with the best mean of both macro-F1, of eleven."""
    kinds = directions((truth[~claims] == 0)[:, None].astype(float))

    def value(weight: float) -> float:
        found = together(model, checker, weight)
        return macro_f1(truth[claims], found[claims].argmax(axis=1)) + macro_f1(kinds, directions(found[~claims]))

    return max(np.linspace(0, 1, 11).round(1).tolist(), key=value)


def directions(found: np.ndarray) -> np.ndarray:
    """Of each question's three claims the one most supported."""
    return found[:, 0].reshape(-1, len(CLAIMS)).argmax(axis=1)


def macro_f1(truth: np.ndarray, said: np.ndarray) -> float:
    """Mean F1 of the three classes; a class neither true nor said counts 0."""
    table = np.zeros((3, 3))
    np.add.at(table, (truth, said), 1)
    hits = table.diagonal()
    return float(np.mean(2 * hits / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)))


def gain(truth: np.ndarray, said: np.ndarray, other: np.ndarray, rows: np.ndarray) -> float:
    """Difference in macro-F1 of two systems on some rows."""
    return macro_f1(truth[rows], said[rows]) - macro_f1(truth[rows], other[rows])


def scores(truth: np.ndarray, said: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Macro-F1, accuracy, and F1 of each class alone."""
    table = np.zeros((3, 3))
    np.add.at(table, (truth, said), 1)
    alone = 2 * table.diagonal() / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    figures = {
        "macro_f1": macro_f1(truth, said),
        "accuracy": float((truth == said).mean()),
        **dict(zip(names, alone, strict=True)),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def report(examples: list[Example], systems: dict[str, np.ndarray], thresholds: dict[str, float | None]) -> dict:
    """Both tables; the first system is what the others are compared with. A threshold of None takes the likeliest verdict."""
    claims = np.array([example.data == "scifact" for example in examples])
    truth = np.array([VERDICTS.index(example.verdict) for example in examples])
    kinds = directions((truth[~claims] == 0)[:, None].astype(float))
    groups = [example.source for example in examples]
    of_claims = [group for group, claim in zip(groups, claims, strict=True) if claim]
    of_questions = [group for group, claim in zip(groups, claims, strict=True) if not claim][:: len(CLAIMS)]
    result: dict = {"scifact": {}, "evidence_inference": {}}
    tables = (("scifact", truth[claims], of_claims, VERDICTS), ("evidence_inference", kinds, of_questions, tuple(CLAIMS)))
    for name, right, sources, classes in tables:
        first = None
        for system, found in systems.items():
            level = thresholds[system]
            of_claim = found[claims].argmax(axis=1) if level is None else verdicts(found[claims], level)
            said = of_claim if name == "scifact" else directions(found[~claims])
            result[name][system] = scores(right, said, classes)
            if first is not None:
                gained = partial(gain, right, said, first)
                result[name][system]["difference"] = interval(gained, sources, RESAMPLES).round(3).tolist()
            first = said if first is None else first
        most = np.full(len(right), np.bincount(right).argmax())
        result[name]["always the commonest"] = scores(right, most, classes)
        result[name]["examples"] = len(right)
    return result


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--model", "models", type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--checker", is_flag=True, help="Measure the checker as it stands in the same run.")
@click.option("--share", default="held back", show_default=True, type=click.Choice(["held back", "dev"]))
@click.option("--longest", default=128, show_default=True)
@click.option("--most", default=0, help="Only so many sources, for a first look; 0: all.")
@click.option("--threads", default=1, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path))
def main(
    work: Path,
    models: tuple[Path, ...],
    data: Path,
    checker: bool,
    share: str,
    longest: int,
    most: int,
    threads: int,
    json_file: Path | None,
) -> None:
    """Print macro-F1 on SciFact claims and on evidence_inference directions."""
    torch.set_num_threads(threads)
    everything = [*scifact(data), *evidence_inference(data)]
    dev, examples = (cut([e for e in everything if share_of(e.source) == name], most) for name in ("dev", share))
    near_dev, near = (nearest_sentences(group, work / "nearest.json") for group in (dev, examples))
    claims = np.array([example.data == "scifact" for example in dev])
    truth = np.array([VERDICTS.index(example.verdict) for example in dev])
    systems: dict[str, np.ndarray] = {}
    thresholds: dict[str, float | None] = {}
    weights: dict[str, float] = {}
    if checker:
        systems["checker"], thresholds["checker"] = checker_shares(examples, work / "features.json"), None
    for model in models:
        name, read = f"{model.parent.name}/{model.name}", reader(model, longest)
        systems[name], own = shares(read, examples, near), shares(read, dev, near_dev)
        thresholds[name] = fitted(own[claims], truth[claims])
        if checker:
            joint = f"{name} and checker"
            weights[joint] = best_weight(own, checker_shares(dev, work / "features.json"), truth, claims)
            systems[joint], thresholds[joint] = together(systems[name], systems["checker"], weights[joint]), None
    result = report(examples, systems, thresholds) | {"share": share, "thresholds": thresholds, "weights": weights}
    result |= {"schema": "ragqa.verdicts/1"} | run_behind(models[0])
    click.echo(json.dumps({name: value for name, value in result.items() if name != "run"}, indent=1))
    if json_file:
        json_file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def cut(examples: list[Example], most: int) -> list[Example]:
    """The examples of the first ``most`` sources of each data set."""
    if not most:
        return examples
    kept = {
        e
        for name in ("scifact", "evidence_inference")
        for e in list(dict.fromkeys(x.source for x in examples if x.data == name))[:most]
    }
    return [example for example in examples if example.source in kept]


if __name__ == "__main__":
    main()
