"""Questions and claims with the documents that answer them, and documents that look alike but do not.

scifact (claims), pubmedqa (dev questions), evidence_inference (questions about an outcome, two a trial) and medquad (a
sample). ``mine`` asks ragqa's own index for the documents that look alike: ranked high by the fused score, yet clearly
below the right document, so that an unlabelled right one is seldom among them.

    nice python eval/learn/training/queries.py --work /tmp/train --data ../shared/data --sets scifact,pubmedqa

writes ``--work``/hard.jsonl. The ``embeddings.sqlite`` of an earlier build, copied to
``--work``/mining/index/SET, spares its texts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from claims import evaluated

from ragqa.corpus.importers.importing import import_records
from ragqa.evaluation.retrieval import read_qrels
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from data_sets import document_of, folded, number_of, rows, write_rows

SETS = {"scifact": "train", "pubmedqa": "dev", "evidence_inference": "train", "medquad": "all"}
"""Data sets with the split of their judgements that is learned from."""
MOST = {"medquad": 4000}
"""Queries taken of a set too large or too uniform to take whole."""
A_DOCUMENT = {"evidence_inference": 2}
"""Queries taken of one document where many ask nearly the same."""
DEPTH, HARD, BELOW = 40, 4, 0.95
"""Ranks looked at, negatives kept, and the share of the right document's score under which one counts as wrong."""
WAYS = ("document", "question")
"""What a fold keeps together: queries with documents in common, or nothing but the query itself."""
DEV = 10
"""One query in so many chooses the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of a data set, and the ids of the documents that answer it."""

    data: str
    id: str
    text: str
    answers: tuple[str, ...]
    group: str
    """Shared by queries with documents in common, directly or through others: they are learned from, or held back, together."""

    @property
    def dev(self) -> bool:
        """Whether it chooses weights instead of being learned from."""
        return is_dev(self.data, self.group)

    def part(self, folds: int, by: str) -> int:
        """Which of ``folds`` parts it is in, by one of ``WAYS``."""
        return part_of(self.data, self.id, self.group, folds, by)


def part_of(data: str, query: str, group: str, folds: int, by: str) -> int:
    """Which of ``folds`` parts a query is in, by one of ``WAYS``; independent of ``is_dev``."""
    return number_of(f"fold {data} {group if by == 'document' else query}") % folds


def is_dev(data: str, group: str) -> bool:
    """Whether the queries of a group choose weights instead of being learned from."""
    return number_of(f"dev {data} {group}") % DEV == 0


def groups(judged: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """The group of each query (see ``Query.group``), named by its first document."""
    root: dict[str, str] = {}

    def top(doc: str) -> str:
        while root.setdefault(doc, doc) != doc:
            doc = root[doc]
        return doc

    right = {query: [doc for doc, grade in grades.items() if grade > 0] for query, grades in judged.items()}
    for docs in right.values():
        first, *others = sorted({top(doc) for doc in docs}) or [""]
        root.update(dict.fromkeys(others, first))
    return {query: top(docs[0]) for query, docs in right.items() if docs}


def documents(data: Path, sets: Iterable[str]) -> dict[tuple[str, str], str]:
    """Text of each document by (data set, id), as ragqa embeds it: title, line break, text."""
    found = ((name, row) for name in sets for row in rows(data / name / "corpus.jsonl.gz"))
    return {(name, row["_id"]): f"{row['title']}\n{row['text']}" if row["title"] else row["text"] for name, row in found}


def queries(data: Path, project: Path, sets: Iterable[str] = SETS) -> list[Query]:
    """Queries to learn from and to choose by, none that an evaluation set asks, none about an evaluated document."""
    seen, found = evaluated(data, project), []
    for name in sets:
        judged, taken = read_qrels(data / name, SETS[name]), {}
        group = groups(judged)
        every = sorted(rows(data / name / "queries.jsonl.gz"), key=lambda row: number_of(f"{name} {row['_id']}"))
        kept = []
        for row in every:
            answers = tuple(sorted(doc for doc, grade in judged.get(row["_id"], {}).items() if grade > 0))
            crowded = any(taken.get(doc, 0) >= A_DOCUMENT.get(name, len(every)) for doc in answers)
            if answers and not crowded and not seen.ids & set(answers) and folded(row["text"]) not in seen.texts:
                kept.append(Query(data=name, id=row["_id"], text=row["text"], answers=answers, group=group[row["_id"]]))
                for doc in answers:
                    taken[doc] = taken.get(doc, 0) + 1
        found += kept[: MOST.get(name, len(kept))]
    return found


def mine(asked: list[Query], data: Path, work: Path, sets: Iterable[str], done: set[tuple[str, str]]) -> Iterator[dict]:
    """Hard negatives of each query not yet done, from an index of every document of its set."""
    for name in sets:
        settings = Settings(corpus=work / "mining" / name, index=work / "mining/index" / name, abstracts="all")
        import_records(data / name / "corpus.jsonl.gz", settings.corpus)
        build_index(settings)
        with Ragqa.open(settings) as ragqa:
            for query in (q for q in asked if q.data == name and (name, q.id) not in done):
                hits = HybridRetriever(ragqa.generation, ragqa.embedder, settings).sources([query.text], DEPTH)
                ranked = [(document_of(hit.passage.source_id), hit.score) for hit in hits]
                right = max((score for doc, score in ranked if doc in query.answers), default=1.0)
                wrong = [doc for doc, score in ranked if doc not in query.answers and score < BELOW * right]
                yield {"data": name, "id": query.id, "hard": wrong[:HARD]}


def read_hard(file: Path) -> dict[tuple[str, str], list[str]]:
    """Mined negatives by (data set, query)."""
    return {(row["data"], row["id"]): row["hard"] for row in rows(file)} if file.exists() else {}


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True)
@click.option("--sets", default=",".join(SETS), show_default=True)
@click.option("--most", default=0, help="Only so many queries a set, for a first look; 0: all.")
def main(work: Path, data: Path, project: Path, sets: str, most: int) -> None:
    """Mine what was not mined yet; killed, the next run starts again at the set it was in."""
    names, file = sets.split(","), work / "hard.jsonl"
    asked = queries(data, project, names)
    click.echo(json.dumps({name: sum(query.data == name for query in asked) for name in names}))
    if most:
        asked = [query for name in names for query in [q for q in asked if q.data == name][:most]]
    for name in names:
        known = read_hard(file)
        mined = [{"data": d, "id": i, "hard": hard} for (d, i), hard in known.items()]
        mined += mine(asked, data, work, [name], set(known))
        write_rows(file, mined)


if __name__ == "__main__":
    main()
