"""Answers in four words: the ``eval cases`` and ``eval compare`` commands, and the tables that ``eval`` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragqa.cli.options import folder_options, open_ragqa, plain, progress_bar, settings_from, workers_option

if TYPE_CHECKING:
    from ragqa.evaluation.cases import Case
    from ragqa.evaluation.judged import JudgedAnswer
    from ragqa.settings import Settings

WORDS = ("misleading", "silent", "incomplete", "right")
"""The bad ones first."""


@click.command("cases")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--show", is_flag=True, help="Print every case that is not right, with the reasons.")
@click.option("--judged", type=click.Path(path_type=Path), help="Write every case with its verdict and its whole answer here.")
@workers_option
@folder_options
def eval_cases(
    file: Path,
    show: bool,
    judged: Path | None,
    workers: int | None,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
) -> None:
    """Ask the cases of FILE and say of each answer: right, incomplete, silent or misleading.

    \b
    Example:
      ragqa eval cases eval/cases/bundled.jsonl --show
    """
    from ragqa.evaluation.cases import read_cases
    from ragqa.evaluation.judged import ask_cases, write_judged
    from ragqa.evaluation.tally import tallies
    from ragqa.parallel import cores

    cases = read_cases(file)
    settings = settings_from(corpus=corpus, index=index, model=model)
    with progress_bar() as progress, open_ragqa(settings) as ragqa:
        found = ask_cases(ragqa, cases, progress, workers or cores())
    if show:
        for one in found:
            _tell(one)
    print_tallies({file.stem: tallies(found)}, groups=True)
    if judged:
        write_judged(judged, found)
        click.echo(f"written: {judged}")


@click.command("compare")
@click.argument("build_a", type=click.Path(exists=True, path_type=Path))
@click.argument("build_b", type=click.Path(exists=True, path_type=Path))
@click.option("--cases", type=click.Path(path_type=Path), default=Path("eval/cases/bundled.jsonl"), show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus that the builds index.  [default: corpus]")
@click.option("--judged", type=click.Path(path_type=Path), help="Folder for a.jsonl and b.jsonl, for `ragqa rating new`.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the comparison here.")
@workers_option
def eval_compare(
    build_a: Path,
    build_b: Path,
    cases: Path,
    corpus: Path | None,
    judged: Path | None,
    json_file: Path | None,
    workers: int | None,
) -> None:
    """Ask two builds the same cases and tell what moved and where.

    A build is a checkout (a folder that holds src/ragqa; its .venv is used where there is one), or a file that
    `ragqa eval cases --judged` wrote.

    \b
    Examples:
      ragqa eval compare ../before . --json moved.json
      ragqa eval compare monday.jsonl today.jsonl
    """
    from ragqa.evaluation.cases import read_cases
    from ragqa.evaluation.comparison import compared
    from ragqa.evaluation.judged import write_judged
    from ragqa.files import write_atomic
    from ragqa.parallel import cores

    settings = settings_from(corpus=corpus)
    with progress_bar() as progress:
        sides = []
        for name, build in (("a", build_a), ("b", build_b)):
            asked = _of_build(build, lambda: read_cases(cases), settings, _named(progress, name), workers or cores())
            sides.append(asked)
            if judged:
                judged.mkdir(parents=True, exist_ok=True)
                write_judged(judged / f"{name}.jsonl", asked)
    found = compared(*sides)
    _print_comparison(found, str(build_a), str(build_b))
    if json_file:
        write_atomic(json_file, [json.dumps(found, ensure_ascii=False, indent=1) + "\n"])
        click.echo(f"written: {json_file}")


def _named(progress: Callable[[str, int, int], None], name: str) -> Callable[[str, int, int], None]:
    return lambda stage, done, total: progress(f"{name} {stage}", done, total)


def _of_build(
    build: Path, cases: Callable[[], Sequence[Case]], settings: Settings, progress: Callable[[str, int, int], None], workers: int
) -> list[JudgedAnswer]:
    from ragqa.evaluation.builds import Build, ask_build
    from ragqa.evaluation.judged import read_judged

    if build.is_file():
        return read_judged(build)
    return ask_build(Build.at(build), cases(), settings.corpus, progress, workers)


def print_tallies(sets: Mapping[str, Mapping[str, Any]], *, groups: bool = False) -> None:
    """The four words of each set, and before it those of its groups where asked for; shares with their 95 % intervals."""
    rows: list[tuple[str, Mapping[str, Any]]] = []
    for name, row in sets.items():
        rows += [(f"  {group}", counted) for group, counted in row["groups"].items()] if groups else []
        rows.append((name, row["all"]))
    width = max(len(name) for name, _ in rows) + 2
    click.echo(f"{'':{width}}{'items':>6}" + "".join(f"{word:>24}" for word in WORDS))
    for name, row in rows:
        click.echo(f"{name:{width}}{row['items']:>6}" + "".join(f"{share(row[word]):>24}" for word in WORDS))


def _kind(side: Mapping[str, Any]) -> str:
    """The kind of answer, and the gate that closed."""
    return f"{side['status']} ({side['gate']})" if side["gate"] else str(side["status"])


def share(row: Mapping[str, float]) -> str:
    """A count, its share, and the interval of the share."""
    return f"{row['count']} = {row['share']:.2f} ({row['low']:.2f}-{row['high']:.2f})"


def _tell(judged: JudgedAnswer) -> None:
    if judged.verdict == "right":
        return
    click.echo(f"{judged.verdict:11}{judged.id}  {plain(' / '.join(judged.asked))}")
    for reason in judged.reasons:
        click.echo(f"{'':11}{plain(reason)}")
    click.echo(f"{'':11}({plain(judged.why)})\n")


def _print_comparison(found: Mapping[str, Any], a: str, b: str) -> None:
    print_tallies({f"A {a}": found["a"], f"B {b}": found["b"]})
    click.echo(f"{found['items']} cases: {found['told_otherwise']} told otherwise, {len(found['moved'])} with another verdict")
    for word in WORDS:
        test = found["tests"][word]
        click.echo(f"  {word:11} only A {test['only_a']}, only B {test['only_b']}, p {test['p']:.4f} (exact McNemar)")
    for name, change in found["groups"].items():
        click.echo(f"  {name}: " + ", ".join(f"{word} {change[word]:+d}" for word in WORDS if change[word]))
    for row in found["moved"]:
        click.echo(f"{row['a']['verdict']} to {row['b']['verdict']}: {row['id']}  {plain(' / '.join(row['asked']))}")
        click.echo(f"    {_kind(row['a'])} to {_kind(row['b'])}")
        for reason in row["b"]["reasons"]:
            click.echo(f"    {plain(reason)}")
