"""A smaller data set in the BEIR layout: documents drawn at random, and the questions whose documents are all among them.

python eval/learn/sample_beir.py ../shared/data/medquad /tmp/medquad-3000 --documents 3000
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import click

from ragqa.evaluation.retrieval import one_of, read_qrels, read_queries
from ragqa.files import write_atomic

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows, write_rows


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--documents", type=int, required=True)
@click.option("--seed", type=int, default=7, show_default=True)
def main(folder: Path, target: Path, documents: int, seed: int) -> None:
    """Write a sample of FOLDER to TARGET."""
    every = list(rows(one_of(folder, "corpus.jsonl", "corpus.jsonl.gz")))
    kept = {row["_id"]: row for row in random.Random(seed).sample(every, min(documents, len(every)))}
    judged = {query: found for query, found in read_qrels(folder, None).items() if found.keys() <= kept.keys()}
    write_rows(target / "corpus.jsonl", kept.values())
    asked = ({"_id": query, "text": text} for query, text in read_queries(folder) if query in judged)
    write_rows(target / "queries.jsonl", asked)
    lines = (f"{query}\t{found}\t{grade}\n" for query, grades in judged.items() for found, grade in grades.items())
    write_atomic(target / "qrels" / "all.tsv", ["query-id\tcorpus-id\tscore\n", *lines])
    click.echo(f"{target}: {len(kept)} documents, {len(judged)} questions")


if __name__ == "__main__":
    main()
