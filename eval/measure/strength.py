"""How strong is the evidence behind an answer: what two blind graders say, and what ragqa says.

A packet holds a question, the statements of an answer and the studies behind them, without the strength that ragqa gave. Two
graders who do not see each other grade it by GRADE's published rules; their agreement is the bar that ragqa is held to.

    python eval/measure/strength.py packets eval/gold WORK/packets.jsonl --count 40
    python eval/measure/strength.py cases WORK/packets.jsonl WORK/grader-1.jsonl WORK/grader-2.jsonl eval/cases/strength.jsonl
    python eval/measure/strength.py agreement eval/cases/strength.jsonl --json eval/results/strength.json
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from sklearn.metrics import cohen_kappa_score

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from data_sets import rows

from ragqa.answer.appraisal import LEVELS
from ragqa.answer.contract import Answer
from ragqa.corpus.folder import Corpus, load_corpus
from ragqa.evaluation.batches import read_batch
from ragqa.files import json_line, write_atomic
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.question.refusal import Status
from ragqa.settings import load_settings

MARKERS = re.compile(r"(?:\s*\[\d+(?:, ?\d+)*\])+")
ROUNDS = 2000
NOT_GRADABLE = "not_applicable"
GRADED = re.compile(r"Grader (\d): (very_low|low|moderate|high):")


@click.group(help=__doc__)
def main() -> None:
    """Make packets, join grades, compare."""


@main.command()
@click.argument("questions", type=click.Path(exists=True, path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--count", default=60, show_default=True)
@click.option("--seed", default=22, show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path))
@click.option("--index", type=click.Path(path_type=Path))
def packets(questions: Path, output: Path, count: int, seed: int, corpus: Path | None, index: Path | None) -> None:
    """Answer the QUESTIONS (a file, or a folder of them) and write COUNT answers, each resting on other studies, for graders."""
    settings = load_settings(corpus=corpus, index=index)
    build_index(settings)
    held = load_corpus(settings.corpus)
    files = sorted(questions.glob("*.jsonl")) if questions.is_dir() else [questions]
    asked = [question for file in files for question in read_batch(file) if not question.history]
    random.Random(seed).shuffle(asked)
    seen: set[frozenset[str]] = set()
    made: list[dict[str, Any]] = []
    with Ragqa.open(settings) as ragqa:
        for question in asked:
            answer = ragqa.ask(question.question, (), question.article)
            studies = behind(answer, held)
            if answer.status is Status.ANSWERED and studies and studies not in seen and len(made) < count:
                seen.add(studies)
                made.append(packet(question.id, answer, studies, held))
    write_atomic(output, map(json_line, made))
    click.echo(f"{len(made)} packets of {len(asked)} questions: {output}")


def behind(answer: Answer, corpus: Corpus) -> frozenset[str]:
    """The studies that an answer rests on: those it cites, and those that the sentences it takes from articles cite."""
    sources = {reference.number: reference.source_id for reference in answer.references}
    found: set[str] = set()
    for support in (support for statement in answer.statements for support in statement.support):
        source = sources[support.reference]
        if source in corpus.abstracts:
            found.add(source)
            continue
        article = corpus.articles[source.removeprefix("article:")]
        marked = article.text[support.start : support.end]
        if after := MARKERS.match(article.text, support.end):
            marked += after[0]
        numbers = re.findall(r"\d+", "".join(MARKERS.findall(marked)))
        found |= {article.citations[int(number) - 1] for number in numbers}
    return frozenset(found)


def packet(name: str, answer: Answer, studies: frozenset[str], corpus: Corpus) -> dict[str, Any]:
    """What a grader sees; no strength and no reason for one is among it."""
    records = [corpus.abstracts[source] for source in sorted(studies)]
    return {
        "id": name,
        "question": answer.question,
        "statements": [statement.text for statement in answer.statements],
        "studies": [
            {"id": record.id, "title": record.title, "types": record.publication_types, "year": record.year, "text": record.text}
            for record in records
        ],
    }


@main.command()
@click.argument("packet_file", type=click.Path(exists=True, path_type=Path))
@click.argument("grades", nargs=2, type=click.Path(exists=True, path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
def cases(packet_file: Path, grades: tuple[Path, Path], output: Path) -> None:
    """Join the packets with both graders' files ({"id", "grade", "why"} a line) to cases: either grade counts as right.

    What one of them found not to be gradable ("not_applicable": no effect, risk or rate is asked about) is thrown away.
    """
    first, second = ({row["id"]: row for row in rows(file)} for file in grades)
    lines = []
    for row in rows(packet_file):
        both = [first[row["id"]], second[row["id"]]]
        given = [grade["grade"] for grade in both]
        if NOT_GRADABLE in given:
            click.echo(f"thrown away: {row['id']} is not gradable ({' and '.join(given)})")
            continue
        lines.append(
            {
                "id": f"strength-{row['id']}",
                "group": "strength",
                "question": row["question"],
                "status": [Status.ANSWERED],
                "strength": [level for level in LEVELS if level in given],
                "why": f"Grader 1: {given[0]}: {both[0]['why']} Grader 2: {given[1]}: {both[1]['why']} "
                f"Studies: {', '.join(study['id'] for study in row['studies'])}.",
            }
        )
    write_atomic(output, map(json_line, lines))
    click.echo(f"{len(lines)} cases: {output}")


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--corpora", multiple=True, type=click.Path(path_type=Path), help="Corpus of each file, in their order.")
@click.option("--json", "json_file", type=click.Path(path_type=Path))
def agreement(files: tuple[Path, ...], corpora: tuple[Path, ...], json_file: Path | None) -> None:
    """How far the graders agree, and how far ragqa, asked now, agrees with each; it is compared where it answers."""
    graded = [row for file, corpus in zip(files, corpora or (None,) * len(files), strict=True) for row in asked_of(file, corpus)]
    told = [row for row in graded if row["ragqa"]]
    table = {
        "grader 1 and grader 2": compared([(row["1"], row["2"]) for row in graded]),
        "ragqa and grader 1": compared([(row["ragqa"], row["1"]) for row in told]),
        "ragqa and grader 2": compared([(row["ragqa"], row["2"]) for row in told]),
    }
    for name, row in table.items():
        click.echo(
            f"{name:24}{row['items']:>4} items  same {row['same']:.2f}  within one {row['within_one']:.2f}  "
            f"weighted kappa {row['kappa']:.2f} ({row['low']:.2f} to {row['high']:.2f})  "
            f"higher {row['higher']:.2f}  lower {row['lower']:.2f}"
        )
    if json_file:
        found = {"schema": "ragqa.strength/1", "systems": table, "items": graded}
        write_atomic(json_file, [json.dumps(found, indent=1) + "\n"])


def asked_of(file: Path, corpus: Path | None) -> Iterator[dict[str, str]]:
    """Both grades of each case and what ragqa says now, "" where it does not answer."""
    from ragqa.evaluation.suite import index_of

    settings = load_settings()
    if corpus:
        settings = settings.model_copy(update={"corpus": corpus, "index": index_of(settings, corpus)})
    build_index(settings)
    with Ragqa.open(settings) as ragqa:
        for row in rows(file):
            evidence = ragqa.ask(row["question"]).evidence
            yield {"id": row["id"], **dict(GRADED.findall(row["why"])), "ragqa": evidence.strength if evidence else ""}


def compared(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Agreement of two who graded, the second taken as the measure: "higher" is how often the first is surer.

    Kappa is weighted linearly (Cohen, Psychol Bull 1968;70:213-220), its interval the 95 % of a bootstrap over items.
    """
    ranks = np.array([[LEVELS.index(level) for level in pair] for pair in pairs])
    draw = np.random.default_rng(22)
    again = [kappa(ranks[draw.integers(0, len(ranks), len(ranks))]) for _ in range(ROUNDS)]
    low, high = np.nanpercentile(again, (2.5, 97.5))
    apart = ranks[:, 0] - ranks[:, 1]
    shares = {"same": apart == 0, "within_one": abs(apart) <= 1, "higher": apart > 0, "lower": apart < 0}
    figures = {"kappa": kappa(ranks), "low": low, "high": high} | {name: np.mean(flags) for name, flags in shares.items()}
    return {"items": len(pairs)} | {name: round(float(value), 3) for name, value in figures.items()}


def kappa(ranks: np.ndarray) -> float:
    """Linearly weighted kappa of two columns of ranks; not a number where both give one grade only."""
    if len(np.unique(ranks)) < 2:
        return float("nan")
    return float(cohen_kappa_score(ranks[:, 0], ranks[:, 1], weights="linear", labels=range(len(LEVELS))))


if __name__ == "__main__":
    main()
