"""Follow-up questions of general conversations: ragqa's reading against the human one, and what should not be answered.

MTRAG and CANARD are about anything but medicine, which is what ragqa's reading is made for: the figures say how far its rules
carry. The retrieval proxy searches all human rewrites with the reading and asks how often its own comes first. MTRAG-UN gives
each task its reference passages; a task is called underspecified when ragqa asks back and unanswerable when it abstains.

    python eval/measure/rewrites.py ../shared/data
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
import sacrebleu
from rouge_score import rouge_scorer

from ragqa.corpus.importers.beir import document_id
from ragqa.corpus.importers.importing import import_records
from ragqa.evaluation.measures import mean
from ragqa.evidence.clarity import unclear
from ragqa.evidence.sources import expanded
from ragqa.index.refresh import build_index
from ragqa.models import load_embedder
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked, Turn
from ragqa.question.followup import standalone
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows, write_rows

Example = tuple[str, list[Turn], str, str]
"""The question as asked, the turns before it, the topic where one is given, the human rewrite."""


def mtrag(file: Path) -> list[Example]:
    """The last user turn of each conversation."""
    found = []
    for row in rows(file):
        *before, _ = [text.strip() for text in row["full_history"].split("|user|:") if text.strip()]
        asked, rewrite = (row[key].replace("|user|:", "").strip() for key in ("last_turn", "rewrite"))
        found.append((asked, [Turn(question=text) for text in before], "", rewrite))
    return found


def canard(file: Path) -> list[Example]:
    """Each question of a conversation about a page: its title is the topic."""
    return [
        (row["question"], [Turn(question=text) for text in row["history"][2::2]], row["history"][0], row["rewrite"])
        for row in rows(file)
    ]


def compare(examples: list[Example]) -> dict[str, dict[str, float | None]]:
    """ROUGE-L F1, BLEU and the retrieval proxy of the raw question and of ragqa's reading."""
    scorer, embedder = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True), load_embedder()
    gold = [rewrite for *_, rewrite in examples]
    wanted = embedder.embed(gold)
    systems = {
        "raw": [asked for asked, *_ in examples],
        "ragqa": [standalone(asked, before, topic).text for asked, before, topic, _ in examples],
    }
    table = {}
    for name, texts in systems.items():
        near = embedder.embed(texts) @ wanted.T
        rank = (near > np.diag(near)[:, None] + 1e-6).sum(axis=1)
        table[name] = {
            "rouge_l": mean([scorer.score(rewrite, text)["rougeL"].fmeasure for text, rewrite in zip(texts, gold, strict=True)]),
            "bleu": round(sacrebleu.corpus_bleu(texts, [gold]).score / 100, 4),
            "own_rewrite_first": mean([float(place == 0) for place in rank]),
            "mrr": mean([1 / (1 + float(place)) for place in rank]),
        }
    return table


def abstaining(file: Path) -> dict[str, Any]:
    """Precision and recall of what MTRAG-UN labels unanswerable and underspecified."""
    tasks = list(rows(file))
    documents = {context["id"]: context["text"] for task in tasks for context in task["contexts"] or ()}
    labels, said = [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(corpus=home / "corpus", index=home / "index", abstracts="all")
        write_rows(home / "corpus.jsonl", ({"_id": name, "title": "", "text": text} for name, text in documents.items()))
        import_records(home / "corpus.jsonl", settings.corpus)
        build_index(settings)
        with Ragqa.open(settings) as ragqa:
            for task in tasks:
                users = [turn["text"] for turn in task["input"] if turn["speaker"] == "user"]
                query = ragqa.reader().read(Asked(question=users[-1], history=tuple(_turns(task["input"]))))
                own = {document_id(context["id"]) for context in task["contexts"] or ()}
                deep = settings.model_copy(update={"sources": 100, "candidates": 1000})
                retriever = HybridRetriever(ragqa.generation, ragqa.embedder, deep)
                labels.append(task["answerability"][0])
                if query.reading.choices or unclear(query, expanded((), ragqa.generation, query.vocabulary)):
                    said.append("UNDERSPECIFIED")
                    continue
                answers = False
                for one in filter(None, (query, ragqa.reader().joined(query))):
                    hits = [hit for hit in retriever.retrieve(one) if hit.passage.source_id in own]
                    found = ragqa.gathered(one, expanded(hits, ragqa.generation, one.vocabulary))
                    answers = answers or bool(found.candidates)
                said.append("ANSWERABLE" if answers else "UNANSWERABLE")
    return {label: _precision_recall(labels, said, label) for label in ("UNANSWERABLE", "UNDERSPECIFIED")} | {
        "tasks": len(tasks),
        "abstained_of_answerable": mean(
            [float(s != "ANSWERABLE") for s, w in zip(said, labels, strict=True) if w == "ANSWERABLE"]
        ),
    }


def _turns(said: list[dict[str, str]]) -> list[Turn]:
    """The exchanges before the last question, each with its reply."""
    replies = [turn["text"] if turn["speaker"] != "user" else "" for turn in [*said[1:], {"speaker": "user", "text": ""}]]
    pairs = zip(said, replies, strict=True)
    return [Turn(question=turn["text"], answer=reply) for turn, reply in pairs if turn["speaker"] == "user"][:-1]


def _precision_recall(labels: list[str], said: list[str], label: str) -> dict[str, float | int | None]:
    hits = [wanted == label for wanted, given in zip(labels, said, strict=True) if given == label]
    return {
        "tasks": labels.count(label),
        "called_so": len(hits),
        "precision": mean([float(hit) for hit in hits]),
        "recall": round(sum(hits) / labels.count(label), 4),
    }


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/rewrites.json"))
def main(data: Path, out: Path) -> None:
    """Print and write the figures."""
    found = {
        "mtrag": compare(mtrag(data / "mtrag" / "rewrites.jsonl.gz")),
        "canard": compare(canard(data / "canard" / "rewrites.jsonl.gz")),
        "mtrag_un": abstaining(data / "mtrag" / "un_tasks.jsonl.gz"),
    }
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
