"""Learn when to abstain: beside approved articles, and where the evidence is studies alone.

Fits logistic weights (L2-regularised, Newton's method) over the four features of ``ragqa.evidence.sufficiency.Sufficiency``
to whether a question is answerable, and prints them with leave-one-out accuracy. Without ``--studies`` the questions are the
dev half of the gold set and calibration.jsonl, asked of the bundled corpus; the test half is not read. With it they are
sampled from public sets and asked twice of one index that holds every document: as it is, and with the question's own documents
hidden. Only openly licensed sets may shape what is shipped.

    python eval/learn/calibrate.py --corpus corpus --index indexes/default
    python eval/learn/calibrate.py --corpus /tmp/all/corpus --index /tmp/all/index --sample 200 \\
        --studies ../shared/data/pubmedqa --studies ../shared/data/scifact
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from ragqa.corpus.importers.beir import document_id
from ragqa.corpus.importers.importing import import_records
from ragqa.evaluation.gold import load_gold
from ragqa.evaluation.retrieval import read_qrels, read_queries
from ragqa.evidence.gathering import NOT_ABOUT, Gate
from ragqa.evidence.sources import expanded
from ragqa.evidence.sufficiency import BESIDE_ARTICLES
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import load_settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows

FEATURES = tuple(name for name in BESIDE_ARTICLES if name != "bias")
PENALTY = 0.05


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights of shape (features + 1,), bias last and not penalised."""
    weights = np.zeros(x.shape[1])
    ridge = PENALTY * np.diag([1.0] * (x.shape[1] - 1) + [0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (p - y) + ridge @ weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge + 1e-9 * np.eye(len(weights))
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


Row = tuple[str, dict[str, float] | None, bool]
"""A question, its features (None where another gate stopped it before), and whether it is answerable."""


def bundled(ragqa: Ragqa, gold: Path, questions: Path) -> Iterator[Row]:
    """The dev half of the gold set and the further calibration questions."""
    items = [item for item in load_gold(gold) if item.split == "dev" and item.expect in ("answered", "insufficient_evidence")]
    asked = [(f"{item.id} ({item.kind})", item.question, item.history, item.expect == "answered") for item in items]
    asked += [(row["id"], row["question"], (), row["answerable"]) for row in rows(questions)]
    for name, question, history, answerable in asked:
        trace = ragqa.ask(question, history).trace
        yield f"{name}: {question}", None if _stopped(trace.gate) else trace.scores or None, answerable


def studies(ragqa: Ragqa, folder: Path, sample: int) -> Iterator[Row]:
    """Questions of a public set, with their own documents in reach and hidden."""
    queries, qrels = dict(read_queries(folder)), read_qrels(folder, None)
    for name in random.Random(7).sample(sorted(qrels), min(sample, len(qrels))):
        question, own = queries[name], {document_id(document) for document in qrels[name]}
        query = ragqa.reader().read(Asked(question=question))
        hits = ragqa.retriever().retrieve(query)
        for answerable in (True, False):
            seen = [hit for hit in hits if answerable or hit.passage.source_id not in own]
            evidence = ragqa.gathered(query, expanded(seen, ragqa.generation, query.vocabulary))
            features = None if _stopped(evidence.closed) else evidence.sufficiency.features()
            yield f"{folder.name} {name}: {question}", features, answerable


def _stopped(gate: Gate | None) -> bool:
    """Whether no weights decide: a question that no sentence is about is abstained from whatever they are."""
    return gate is not None and gate.name == NOT_ABOUT


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path))
@click.option("--index", type=click.Path(path_type=Path))
@click.option("--gold", type=click.Path(path_type=Path), default=Path("eval/gold"))
@click.option("--questions", type=click.Path(path_type=Path), default=Path("eval/calibration.jsonl"))
@click.option("--studies", "folders", type=click.Path(path_type=Path, exists=True), multiple=True)
@click.option("--sample", type=int, default=250, help="Questions of each --studies folder.")
def main(corpus: Path | None, index: Path | None, gold: Path, questions: Path, folders: tuple[Path, ...], sample: int) -> None:
    """Print the fitted weights and what they would decide."""
    settings = load_settings(corpus=corpus, index=index, abstracts="all" if folders else None)
    if folders:
        for folder in folders:
            import_records(folder / "corpus.jsonl.gz", settings.corpus)
        build_index(settings)
    with Ragqa.open(settings.model_copy(update={"abstain_below": 0.0})) as ragqa:
        asked = [row for folder in folders for row in studies(ragqa, folder, sample)] or list(bundled(ragqa, gold, questions))
    measured = [row for row in asked if row[1]]
    x = np.array([[*(features[name] for name in FEATURES), 1.0] for _, features, _ in measured if features])
    y = np.array([float(answerable) for *_, answerable in measured])
    scale = np.append(x[:, :-1].std(axis=0), 1.0)
    weights = fit(x / scale, y) / scale
    decided = x @ weights > 0
    left_out = [float(x[i] @ (fit(np.delete(x / scale, i, 0), np.delete(y, i)) / scale) > 0) for i in range(len(y))]
    wrong = [(name, d) for (name, *_), d, label in zip(measured, decided, y, strict=True) if d != label]
    weights[-1] += np.log(settings.abstain_below / (1 - settings.abstain_below))  # the setting falls where the fit would decide
    click.echo(json.dumps(dict(zip((*FEATURES, "bias"), weights.round(3).tolist(), strict=True))))
    click.echo(f"questions {len(y)}, answerable {int(y.sum())}")
    click.echo(f"right: fitted {np.mean(decided == y):.3f}, leave-one-out {np.mean(left_out == y):.3f}")
    click.echo(f"of the answerable answered {decided[y == 1].mean():.3f}, of the others {decided[y == 0].mean():.3f}")
    stopped = [answerable for _, features, answerable in asked if features is None]
    click.echo(f"stopped before: answerable {sum(stopped)}, others {len(stopped) - sum(stopped)}")
    for name, d in wrong:
        click.echo(f"{name} ({'answered' if d else 'abstained'})")
    for name, features, answerable in asked:
        if features is None and answerable:
            click.echo(f"{name} STOPPED")


if __name__ == "__main__":
    main()
