"""Answers judged by people: the ``rating`` commands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragqa.cli.options import plain, serving_option, settings_from
from ragqa.cli.yardstick import WORDS, share

if TYPE_CHECKING:
    from ragqa.evaluation.rating.sessions import SessionFolder


@click.group("rating")
def rating() -> None:
    """Have two systems' answers judged by people who do not know which is whose; they rate at /rating of `ragqa serve`."""


@rating.command("new")
@click.argument("name")
@click.argument("a", type=click.Path(exists=True, path_type=Path))
@click.argument("b", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--count", type=click.IntRange(1), default=40, show_default=True, help="Pairs, spread over the groups of questions."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides which questions, and which system stands left.")
@click.option("--only-different", is_flag=True, help="Leave out questions to which both tell the same.")
@serving_option
def new(name: str, a: Path, b: Path, count: int, seed: int, only_different: bool, serving: Path | None) -> None:
    """Make a rating of two files of answers, from `ragqa eval cases --judged`, `ragqa eval compare --judged` or `ragqa answer`.

    \b
    Example:
      ragqa eval compare ../before . --judged both && ragqa rating new spring both/a.jsonl both/b.jsonl --only-different
    """
    from ragqa.evaluation.rating.drawing import draw, read_answers
    from ragqa.evaluation.rating.sessions import make

    session = _session(name, serving)
    pairs = draw(read_answers(a), read_answers(b), count, seed, only_different=only_different)
    make(session, (_called(a), _called(b)), pairs, seed)
    click.echo(f"{len(pairs)} pairs to rate at /rating/{name}; raters need an account: ragqa users add NAME --role reader")


@rating.command("report")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@serving_option
def report(name: str, as_json: bool, serving: Path | None) -> None:
    """What raters said of each system, and how far they agree; closing shows it to editors on the page.

    \b
    Example:
      ragqa rating report spring
    """
    from ragqa.evaluation.rating.outcome import outcome

    found = outcome(_existing(name, serving))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
        return
    state = "closed" if found["closed"] else "open"
    click.echo(f"{name}: {found['pairs']} pairs, {state}; " + ", ".join(f"{r} rated {n}" for r, n in found["ratings"].items()))
    for system, row in found["verdicts"].items():
        click.echo(f"{system.upper()} {found['systems'][system]}: " + ", ".join(f"{word} {share(row[word])}" for word in WORDS))
    won = found["preferred"]
    click.echo(f"preferred: A {won['a']}, B {won['b']}, no difference {won['no_difference']}; sign test p {won['p']:.4f}")
    for what, row in found["agreement"].items():
        click.echo(f"agreement on {what}: " + _agreement(row))
    for row in found["disputed"]:
        said = "; ".join(f"{rater} {one['verdict']} {plain(one['note'])}".strip() for rater, one in row["said"].items())
        click.echo(f"differ on {row['pair']}{row['system'].upper()}  {plain(' / '.join(row['asked']))}: {said}")


@rating.command("export")
@click.argument("name")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="A .csv or .jsonl file.")
@serving_option
def export(name: str, output: Path, serving: Path | None) -> None:
    """Every rating, one row an answer, raters by number, systems by name.

    \b
    Example:
      ragqa rating export spring -o spring.csv
    """
    from ragqa.evaluation.rating.outcome import as_csv, rows
    from ragqa.files import json_line, write_atomic

    table = rows(_existing(name, serving))
    if output.suffix not in (".csv", ".jsonl"):
        raise click.UsageError(f"{output}: name a .csv or a .jsonl file")
    write_atomic(output, [as_csv(table)] if output.suffix == ".csv" else map(json_line, table))
    click.echo(f"{len(table)} rows written to {output}")


@rating.command("close")
@click.argument("name")
@serving_option
def close(name: str, serving: Path | None) -> None:
    """End a rating: nobody rates any more, and editors see what came of it.

    \b
    Example:
      ragqa rating close spring
    """
    _existing(name, serving).close()
    click.echo(f"{name} is closed; what came of it is at /rating/{name}/results")


def _session(name: str, serving: Path | None) -> SessionFolder:
    from ragqa.evaluation.rating.sessions import SessionFolder

    return SessionFolder.named(settings_from(serving=serving).serving, name)


def _existing(name: str, serving: Path | None) -> SessionFolder:
    from ragqa.errors import RagqaError

    session = _session(name, serving)
    if not session.exists:
        raise RagqaError(f"there is no rating called {name}; `ragqa rating new` makes one")
    return session


def _called(file: Path) -> str:
    """A file's name with its folder, which often tells the build."""
    return f"{file.resolve().parent.name}/{file.stem}"


def _agreement(row: Mapping[str, Any]) -> str:
    told = [f"{row['units']} rated twice"]
    for name in ("same", "kappa", "alpha"):
        if row.get(name) is not None:
            low_high = row.get(f"{name}_interval")
            told.append(f"{name} {row[name]:.2f}" + (f" ({low_high[0]:.2f}-{low_high[1]:.2f})" if low_high else ""))
    return ", ".join(told)
