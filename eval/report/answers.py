"""Whole answers of each of the four words, drawn by chance, to be read: figures say how often, these say what.

ragqa eval --only bundled --only second --judged WORK
python eval/report/answers.py WORK/bundled.jsonl WORK/second.jsonl --output eval/results/answers.md
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ragqa.answer.contract import Answer
from ragqa.answer.render import render
from ragqa.evaluation.judged import JudgedAnswer, read_judged
from ragqa.evaluation.verdicts import MEANING, WORST_FIRST, Verdict
from ragqa.files import write_atomic


@click.command(help=__doc__)
@click.argument("judged", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--each", default=10, show_default=True)
@click.option("--seed", default=22, show_default=True)
def main(judged: tuple[Path, ...], output: Path, each: int, seed: int) -> None:
    """Write the answers as Markdown, the bad ones first."""
    found = [one for file in judged for one in read_judged(file) if one.answer]
    draw = random.Random(seed)
    chosen = {verdict: drawn([one for one in found if one.verdict == verdict], each, draw) for verdict in WORST_FIRST}
    write_atomic(output, pages(chosen))
    click.echo(f"{', '.join(f'{len(ones)} {verdict}' for verdict, ones in chosen.items())}: {output}")


def drawn(ones: Sequence[JudgedAnswer], count: int, draw: random.Random) -> list[JudgedAnswer]:
    """At most so many, by chance."""
    return draw.sample(list(ones), min(count, len(ones)))


def pages(chosen: dict[Verdict, list[JudgedAnswer]]) -> Iterator[str]:
    """The answers under their words."""
    yield "# Answers of each word\n\nDrawn by chance from the working halves; `python eval/report/answers.py`.\n"
    for verdict, ones in chosen.items():
        yield f"\n## {verdict.capitalize()}: {MEANING[verdict]}\n"
        for number, one in enumerate(ones, 1):
            reasons = "".join(f"* {reason}\n" for reason in one.reasons)
            text = render(Answer.model_validate(one.answer), "text").rstrip()
            yield f"\n### {number}. {' / '.join(one.asked)}\n\n{reasons}* expected: {one.why}\n\n````text\n{text}\n````\n"


if __name__ == "__main__":
    main()
