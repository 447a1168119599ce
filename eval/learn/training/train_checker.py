"""Learn the checker of ``ragqa.checking.checker`` on public labels, and measure it on what was held back.

SciFact training claims (CC BY 4.0 / ODC-By; label and source as given, a claim without evidence is "not enough") and
evidence_inference (MIT; each question makes three claims: higher, lower, no significant difference; the labelled one is
supported, the others contradicted; only labels whose evidence stands in the abstract). Claims are split by source: 70 %
train, 30 % held back. Multinomial logistic regression (scikit-learn) over ``ragqa.checking.features``.

    python eval/learn/training/train_checker.py --data ../shared/data
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import click
import numpy as np
from claims import DIRECTIONS, LABELS, PROMPT
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from ragqa.checking.checker import Checker
from ragqa.checking.classifier import VERDICTS, as_json
from ragqa.checking.features import Features
from ragqa.models import CachingEmbedder, RecentVectors, load_embedder, load_reranker

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from data_sets import folded, rows, share_of

CLAIMS = {kind: ways[0] for kind, ways in DIRECTIONS.items()}
"""One wording of each direction."""
PENALTY = 0.1
LEXICAL = ("bias", "words_in_sentence", "words_in_source")
"""Features of the baseline that the checker is measured beside."""
SHIPPED = Path(str(resources.files("ragqa.checking"))) / "data" / "checker.json"
"""The weights that the checker reads."""


@dataclass(frozen=True)
class Example:
    """One claim against one source."""

    data: str
    group: str
    source: str
    text: str
    claim: str
    verdict: str

    @property
    def held_back(self) -> bool:
        """Whether its source is in the held-back 30 %."""
        return share_of(self.source) == "held back"


def scifact(data: Path) -> Iterator[Example]:
    """Training claims with the abstracts they cite."""
    corpus = {row["_id"]: row["text"] for row in rows(data / "scifact/corpus.jsonl.gz")}
    for row in rows(data / "scifact/labels.jsonl.gz"):
        judged = {e["doc_id"]: LABELS[e["label"]] for e in row["evidence"]} or dict.fromkeys(
            row["cited_doc_ids"][:1], "not_enough"
        )
        for source, verdict in judged.items():
            yield Example("scifact", row["query_id"], source, corpus[source], row["claim"], verdict)


def evidence_inference(data: Path) -> Iterator[Example]:
    """Three claims a question, where the evidence span stands in the abstract."""
    corpus = {row["_id"]: row["text"] for row in rows(data / "evidence_inference/corpus.jsonl.gz")}
    prompts = {row["_id"]: PROMPT.match(row["text"]) for row in rows(data / "evidence_inference/queries.jsonl.gz")}
    for row in rows(data / "evidence_inference/labels.jsonl.gz"):
        prompt, text = prompts.get(row["query_id"]), corpus.get(row["pmcid"], "")
        inside = any(len(folded(e["evidence"])) > 20 and folded(e["evidence"])[:120] in folded(text) for e in row["labels"])
        votes = Counter(next(kind for kind in CLAIMS if kind in e["label"]) for e in row["labels"]).most_common()
        agreed = len(votes) == 1 or 2 * votes[0][1] > sum(n for _, n in votes)
        if prompt and inside and agreed:
            for kind, claim in CLAIMS.items():
                verdict = "supports" if kind == votes[0][0] else "contradicts"
                yield Example("evidence_inference", row["query_id"], row["pmcid"], text, claim.format(*prompt.groups()), verdict)


def directions(examples: list[Example], support: np.ndarray) -> tuple[list[int], list[int]]:
    """True and chosen claim (0, 1, 2) of each question: the one with the highest score."""
    scores = support.reshape(-1, len(CLAIMS))
    truth = np.array([example.verdict == "supports" for example in examples]).reshape(-1, len(CLAIMS)).argmax(axis=1)
    return truth.tolist(), scores.argmax(axis=1).tolist()


def balanced(data: np.ndarray, y: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Weights by which each verdict of each data set counts the same in training."""
    weight = np.zeros(len(y))
    for group in (data, ~data):
        for verdict in range(len(VERDICTS)):
            members = group & (y == verdict)
            weight[members] = len(y) / len(VERDICTS) / max((members & train).sum(), 1)
    return weight


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=SHIPPED)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), default=Path("eval/results/checker.json"), show_default=True
)
def main(data: Path, output: Path, json_file: Path) -> None:
    """Fit, print macro-F1 on held-back claims beside a lexical baseline, write ``src/ragqa/checking/data/checker.json``."""
    checker = Checker(CachingEmbedder(load_embedder(), RecentVectors()), load_reranker())
    examples = [*scifact(data), *evidence_inference(data)]
    found = []
    for number, example in enumerate(examples, start=1):
        found.append(checker.features(example.claim, example.text))
        if number % 500 == 0:
            click.echo(f"{number} of {len(examples)}", err=True)
    kept = [(example, row) for example, row in zip(examples, found, strict=True) if row is not None]
    examples, x = [example for example, _ in kept], np.array([row for _, row in kept])
    y = np.array([VERDICTS.index(example.verdict) for example in examples])
    held, sci = np.array([e.held_back for e in examples]), np.array([e.data == "scifact" for e in examples])
    lexical = x[:, [Features._fields.index(name) for name in LEXICAL]]
    weight = balanced(sci, y, ~held)
    result = {
        "train": int((~held).sum()),
        "held_back": {"scifact": int((held & sci).sum()), "evidence_inference": int((held & ~sci).sum() / 3)},
    }
    for name, features in (("lexical overlap", lexical), ("checker", x)):
        model = LogisticRegression(C=PENALTY, max_iter=5000, fit_intercept=False)
        model.fit(features[~held], y[~held], sample_weight=weight[~held])
        predicted, support = model.predict(features), model.predict_proba(features)[:, 0]
        chosen = directions([e for e, h, s in zip(examples, held, sci, strict=True) if h and not s], support[held & ~sci])
        result[name] = {
            "scifact_f1": dict(
                zip(VERDICTS, f1_score(y[held & sci], predicted[held & sci], average=None).round(3).tolist(), strict=True)
            ),
            "scifact_macro_f1": round(float(f1_score(y[held & sci], predicted[held & sci], average="macro")), 3),
            "direction_f1": dict(zip(CLAIMS, f1_score(*chosen, average=None).round(3).tolist(), strict=True)),
            "direction_macro_f1": round(float(f1_score(*chosen, average="macro")), 3),
        }
    click.echo(json.dumps(result, indent=1))
    json_file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    output.write_text(as_json(model.coef_.T.round(4)), encoding="utf-8")


if __name__ == "__main__":
    main()
