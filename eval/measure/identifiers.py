"""How many planted patient identifiers are taken out of ASQ-PHI queries, and how often a clean question loses a word.

    python eval/measure/identifiers.py ../shared/data/asq_phi --stored 40 --clean ../shared/data/pubmedqa \\
        --clean ../shared/data/medquad

``--stored N`` asks N queries of each half as a user would, in a conversation, a batch, a batch that fails and the library, and
looks for every planted identifier in each file and output that comes of it.

Every second query (dev) may be looked at while rules are written; the others are the report. An identifier counts as caught when
no part of it with a letter or digit is left, and as partly caught when some is.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import click

from ragqa.evaluation.measures import share
from ragqa.evaluation.retrieval import read_queries
from ragqa.question.privacy import identifiers

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import RAGQA
from data_sets import rows, write_rows


def left_over(text: str, value: str) -> str:
    """What of an identifier would still be read."""
    start = text.find(value)
    taken = {i for span in identifiers(text) for i in range(span.start, span.end)}
    return "".join(text[i] for i in range(start, start + len(value)) if i not in taken)


def measure(queries: list[dict[str, Any]], show: bool) -> dict[str, Any]:
    """Recall by kind, and false alarms on queries without identifiers."""
    planted, caught = Counter[str](), Counter[str]()
    for row in queries:
        for item in row["phi"]:
            planted[item["identifier_type"]] += 1
            left = left_over(row["text"], item["value"])
            label = re.sub(r"(?i)patient|case|ward|room|\bid\b|\bdr\b|\bm[rs]s?\b", "", left)
            if re.search(r"\w", label):
                if show:
                    click.echo(f"missed {item['identifier_type']}: {item['value']!r} in: {row['text']}")
            else:
                caught[item["identifier_type"]] += 1
    clean = [row["text"] for row in queries if not row["phi"]]
    alarms = [text for text in clean if identifiers(text)]
    if show:
        for text in alarms:
            click.echo(f"false alarm {[text[f.start : f.end] for f in identifiers(text)]}: {text}")
    return {
        "queries": len(queries),
        "planted": planted.total(),
        "recall": round(caught.total() / planted.total(), 4),
        "by_kind": {kind: f"{caught[kind]} of {count}" for kind, count in planted.most_common()},
        "clean": len(clean),
        "false_alarm_rate": share([text in alarms for text in clean]),
    }


def stored(queries: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """Ask as a user would and look for what was planted in every file written and all that was printed.

    Words that the sources hold too ("Boston") prove nothing and are not looked for.
    """
    folder.mkdir()
    asked = folder.with_name(f"{folder.name}.questions.jsonl")
    lines = [{"id": str(number), "question": row["text"]} for number, row in enumerate(queries)]
    failing = [line | {"id": f"failing {line['id']}", "article": "no-such-article"} for line in lines]
    write_rows(asked, lines + failing)
    commands = (
        ("chat", "--conversation", folder / "talk.jsonl"),
        ("answer", asked, "-o", folder / "answers.jsonl"),
        ("library", "add", asked, "--library", folder / "library.sqlite"),
    )
    for command in commands:
        printed = subprocess.run(
            [*RAGQA, *map(str, command)],
            input="".join(f"{row['text']}\n" for row in queries),
            capture_output=True,
            text=True,
            check=False,
        )
        (folder / f"{command[0]}.stdout").write_text(printed.stdout, encoding="utf-8")
        (folder / f"{command[0]}.stderr").write_text(printed.stderr, encoding="utf-8")
    texts = {file.name: file.read_bytes().decode("utf-8", "replace") for file in sorted(folder.iterdir())}
    corpus = " ".join(file.read_text(encoding="utf-8") for file in Path("corpus").rglob("*.*"))
    planted = [item["value"] for row in queries for item in row["phi"]]
    looked_for = [value for value in planted if not re.search(rf"(?<!\w){re.escape(value)}(?!\w)", corpus, re.IGNORECASE)]
    found = {value: names for value in looked_for if (names := [name for name, text in texts.items() if value in text])}
    return {
        "queries": len(queries),
        "planted": len(planted),
        "looked_for": len(looked_for),
        "bytes_written": {name: len(text) for name, text in texts.items()},
        "found": len(found),
        "found_in": dict(Counter(name for names in found.values() for name in names)),
    }


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--clean", type=click.Path(path_type=Path, exists=True), multiple=True, help="BEIR folder of other questions.")
@click.option("--show", is_flag=True, help="Print the misses and false alarms of the dev half.")
@click.option("--stored", "asked", type=click.IntRange(0), default=0, help="Queries of each half to ask, and look for after.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/identifiers.json"))
def main(folder: Path, clean: tuple[Path, ...], show: bool, asked: int, out: Path) -> None:
    """Print and write the figures."""
    queries = list(rows(folder / "queries.jsonl.gz"))
    halves = {"dev": queries[::2], "test": queries[1::2]}
    found: dict[str, Any] = {name: measure(half, show and name == "dev") for name, half in halves.items()}
    for other in clean:
        texts = [text for _, text in read_queries(other)]
        alarms = [text for text in texts if identifiers(text)]
        found[other.name] = {"questions": len(texts), "false_alarm_rate": share([text in alarms for text in texts])}
        if show:
            for text in alarms[:40]:
                click.echo(f"{other.name} {[text[f.start : f.end] for f in identifiers(text)]}: {text[:150]}")
    if asked:
        with tempfile.TemporaryDirectory() as home:
            found["stored"] = {
                name: stored([row for row in half if row["phi"]][:asked], Path(home) / name) for name, half in halves.items()
            }
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
