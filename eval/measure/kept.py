"""Do two versions answer alike? The gold set, the conversations and BioASQ questions, item by item.

Each version runs in processes of its own, by the commands whose names stay: `ragqa answer`, `ragqa chat`, `ragqa import` and
`ragqa index`. Compared are status, message, alternatives, statements, sections, citations and references of every answer, and
how each turn was understood; ids, times and scores are not. The index of BioASQ is built once, by the first version that asks.

    python eval/measure/kept.py ask WORK before --source ../before/src
    python eval/measure/kept.py ask WORK after
    python eval/measure/kept.py compare WORK before after
"""

from __future__ import annotations

import gzip
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import ragqa
from data_sets import rows, write_rows

TOLD = ("status", "standalone_question", "message", "alternatives", "statements", "references", "evidence", "conflicts")
"""What a reader is told of an answer."""
TURN = ("standalone", "status", "answer", "choices", "cited")


@click.group(help=__doc__)
def main() -> None:
    """Ask, or compare."""


@main.command()
@click.argument("work", type=click.Path(path_type=Path))
@click.argument("name")
@click.option("--source", type=click.Path(path_type=Path), default=Path("src"), show_default=True, help="Folder of the package.")
@click.option("--bioasq", type=click.Path(path_type=Path), default=Path("../shared/data/bioasq_7b_11b"), show_default=True)
@click.option("--limit", default=150, show_default=True, help="Questions of BioASQ, drawn with seed 7.")
def ask(work: Path, name: str, source: Path, bioasq: Path, limit: int) -> None:
    """Ask all of it with the package in SOURCE; what was asked already is not asked again."""
    out = work / name
    out.mkdir(parents=True, exist_ok=True)
    index = ["--index", str(out / "index")]
    ragqa("index", *index, source=source)
    asked(source, out, "gold", gold(), index)
    for number, talk in enumerate(talks()):
        conversation(source, out / f"conversation-{number:03}.jsonl", talk, index)
    if bioasq.exists():
        asked(source, out, "bioasq", drawn(bioasq, limit), indexed(source, bioasq, work / "bioasq"))


def asked(source: Path, out: Path, name: str, questions: Sequence[dict[str, Any]], options: Sequence[str]) -> None:
    """Answer a file of questions."""
    file = out / f"{name}.questions.jsonl"
    write_rows(file, questions)
    ragqa("answer", file, "-o", out / f"{name}.jsonl", *options, source=source)
    click.echo(f"{name}: {len(questions)} asked")


def gold() -> list[dict[str, Any]]:
    """The questions of the gold set with what came before them."""
    items = (row for file in sorted(Path("eval/gold").glob("*.jsonl")) for row in rows(file))
    return [{name: row[name] for name in ("id", "question", "history", "article") if row.get(name)} for row in items]


def talks() -> Iterator[dict[str, Any]]:
    """The conversations, as in their files."""
    for file in sorted(Path("eval/conversations").glob("*.jsonl")):
        yield from rows(file)


def conversation(source: Path, file: Path, talk: dict[str, Any], options: Sequence[str]) -> None:
    """Hold a conversation; its turns are written by the command."""
    if not file.exists():
        article = ["--article", talk["article"]] if talk["article"] else []
        said = "".join(f"{turn['question']}\n" for turn in talk["turns"])
        ragqa("chat", "--conversation", file, *article, *options, said=said, source=source)


def drawn(dataset: Path, limit: int) -> list[dict[str, Any]]:
    """Questions of a data set in the BEIR layout."""
    queries = list(rows(dataset / "queries.jsonl.gz"))
    return [{"id": row["_id"], "question": row["text"]} for row in random.Random(7).sample(queries, limit)]


def indexed(source: Path, dataset: Path, folder: Path) -> list[str]:
    """Options that name the data set's corpus and index."""
    options = ["--corpus", str(folder / "corpus"), "--index", str(folder / "index")]
    if not (folder / "index" / "CURRENT").exists():
        (folder / "corpus" / "articles").mkdir(parents=True, exist_ok=True)
        with gzip.open(dataset / "corpus.jsonl.gz", "rb") as packed:
            (folder / "corpus.jsonl").write_bytes(packed.read())
        ragqa("import", folder / "corpus.jsonl", "--corpus", str(folder / "corpus"), "--ids", "pmid", source=source)
        ragqa("index", "--abstracts", "all", *options, source=source)
        click.echo("bioasq: indexed")
    return options


@main.command()
@click.argument("work", type=click.Path(path_type=Path))
@click.argument("before")
@click.argument("after")
def compare(work: Path, before: str, after: str) -> None:
    """Print every item that differs; exit 1 where one does."""
    found = {}
    for file in sorted((work / before).glob("*.jsonl")):
        if not file.name.endswith(".questions.jsonl"):
            pairs = list(zip(told(file), told(work / after / file.name), strict=True))
            different = [(old, new) for old, new in pairs if old != new]
            found[file.stem] = (len(pairs), len(different))
            for old, new in different:
                names = [name for name in old[1] if old[1][name] != new[1].get(name)]
                click.echo(f"{file.stem} {old[0]}: {', '.join(names) or 'another item'}")
    for start in ("gold", "conversation", "bioasq"):
        counts = [pair for name, pair in found.items() if name.startswith(start)]
        click.echo(f"{start}: {sum(items for items, _ in counts)} items, {sum(other for _, other in counts)} differ")
    raise SystemExit(any(other for _, other in found.values()))


def told(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """Id, or number of the turn, and what the reader was told, of each item of a file."""
    names = TURN if file.stem.startswith("conversation") else TOLD
    pairs = [(str(row.get("id", number)), {name: row.get(name) for name in names}) for number, row in enumerate(rows(file))]
    return sorted(pairs, key=lambda pair: pair[0]) if names is TOLD else pairs


if __name__ == "__main__":
    main()
