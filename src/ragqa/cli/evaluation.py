"""The gold set and public data sets: the ``eval`` commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ragqa.cli.options import folder_options, model_option, open_ragqa, progress_bar, settings_from, workers_option
from ragqa.cli.yardstick import eval_cases, eval_compare, print_tallies


@click.group("eval", invoke_without_command=True)
@click.pass_context
@click.option("--gold", type=click.Path(path_type=Path), default=Path("eval/gold"), show_default=True)
@click.option("--suite", type=click.Path(path_type=Path), default=Path("eval/suite.toml"), show_default=True)
@click.option("--only", multiple=True, help="Name of a set of the suite, or gold; may be given several times.  [default: all]")
@click.option("--sealed", is_flag=True, help="Ask the sealed sets too; that it was done is written down beside them.")
@click.option("--groups", is_flag=True, help="Print every group of every set.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the scorecard with every item here.")
@click.option("--judged", type=click.Path(path_type=Path), help="Folder for SET.jsonl: every case with its whole answer.")
@workers_option
@folder_options
def eval_(
    ctx: click.Context,
    gold: Path,
    suite: Path,
    only: tuple[str, ...],
    sealed: bool,
    groups: bool,
    json_file: Path | None,
    judged: Path | None,
    workers: int | None,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
) -> None:
    """Ask the gold set and the sets of the suite, and print the scorecard: right, incomplete, silent or misleading.

    \b
    Examples:
      ragqa eval --json eval/results/scorecard.json
      ragqa eval --only bundled --groups --judged /tmp/judged
      ragqa eval cases mine.jsonl --show
      ragqa eval compare ../before .
    """
    if ctx.invoked_subcommand:
        return
    from ragqa.evaluation.gold import GOLD, evaluate_gold, load_gold
    from ragqa.evaluation.judged import write_judged
    from ragqa.evaluation.scorecard import report
    from ragqa.evaluation.suite import ask_set, chosen, read_suite
    from ragqa.index.refresh import build_index
    from ragqa.parallel import cores

    settings = settings_from(corpus=corpus, index=index, model=model)
    names = set(only) - {GOLD}
    sets = chosen(read_suite(suite), names, sealed) if names or (suite.exists() and not only) else ()
    items = load_gold(gold) if not only or GOLD in only else []
    with progress_bar() as progress:
        build_index(settings, progress)
        found = [ask_set(settings, one, progress, workers or cores()) for one in sets]
        with open_ragqa(settings) as ragqa:
            scored = report(evaluate_gold(ragqa, items, progress), ragqa, found)
    print_tallies(scored["verdicts"], groups=groups)
    if items:
        click.echo()
        _table({"dev": scored["splits"]["dev"], "test": scored["splits"]["test"], "all": scored["all"]})
    if judged:
        judged.mkdir(parents=True, exist_ok=True)
        for result in found:
            if result.judged:  # of a sealed set nothing is kept
                write_judged(judged / f"{result.name}.jsonl", result.judged)
    if json_file:
        _write_json(json_file, scored)


eval_.add_command(eval_cases)
eval_.add_command(eval_compare)


@eval_.command("retrieval")
@click.argument("datasets", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--split", help="Name of the qrels file.  [default: the first]")
@click.option("--limit", type=click.IntRange(1), help="Ask only this many questions a set, drawn with --seed.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Tables go here; eval/report/plot.py draws them.")
@click.option(
    "--per-query", type=click.Path(path_type=Path), help="Write every question of every configuration here, one a line."
)
@click.option("--index", type=click.Path(path_type=Path), help="The data sets are indexed beside this folder.")
@model_option
def eval_retrieval(
    datasets: tuple[Path, ...],
    split: str | None,
    limit: int | None,
    seed: int,
    json_file: Path | None,
    per_query: Path | None,
    index: Path | None,
    model: str | None,
) -> None:
    """Measure each stage of the ranking on BEIR folders, beside BM25, dense and their plain sum, with a paired test.

    \b
    Examples:
      ragqa eval retrieval ../shared/data/pubmedqa --per-query pubmedqa.jsonl
      ragqa eval retrieval ../shared/data/scifact ../shared/data/medquad --limit 500 --json eval/results/retrieval.json
    """
    from ragqa.evaluation.retrieval import AGAINST, evaluate_retrieval, report
    from ragqa.files import json_line, write_atomic

    settings = settings_from(index=index, model=model)
    tables, rows = [], []
    for dataset in datasets:
        with progress_bar() as progress:
            found = evaluate_retrieval(dataset, settings, split, limit, seed, progress)
        click.echo(
            f"{found['dataset']}: {found['queries']} queries, {found['counts']['passages']} passages, "
            f"{found['embedded']} embedded in {found['build_seconds']} s; "
            f"difference: nDCG@10 less that of the {AGAINST}, p: paired randomisation test"
        )
        _table(found["configurations"])
        rows += [{"dataset": found["dataset"]} | row for row in found.pop("rows")]
        tables.append(found)
        if per_query:  # after every set, so that what was measured is kept whatever becomes of the next
            write_atomic(per_query, map(json_line, rows))
        if json_file:
            _write_json(json_file, report(tables, seed))


@eval_.command("answers")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--documents", type=click.Path(path_type=Path), help="BEIR folder to answer from, where DATASET brings no documents."
)
@click.option("--limit", type=click.IntRange(1), help="Ask only this many questions, drawn with --seed.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the table and ten whole answers here.")
@click.option("--index", type=click.Path(path_type=Path), help="The documents are indexed beside this folder.")
@model_option
def eval_answers(
    dataset: Path,
    documents: Path | None,
    limit: int | None,
    seed: int,
    json_file: Path | None,
    index: Path | None,
    model: str | None,
) -> None:
    """Score whole answers on a set with gold documents and ideal answers, beside three baselines.

    \b
    Examples:
      ragqa eval answers ../shared/data/bioasq_7b_11b --limit 200
      ragqa eval answers ../shared/data/kqa --documents ../shared/data/medquad
    """
    from ragqa.evaluation.benchmarks import evaluate_answers

    with progress_bar() as progress:
        found = evaluate_answers(dataset, settings_from(index=index, model=model), documents, limit, seed, progress)
    click.echo(f"{found['dataset']}: {found['questions']} questions, {found['p50_ms']} ms each (p95 {found['p95_ms']})")
    _table(found["systems"])
    if found["always_yes"] is not None:
        click.echo(f"{'always saying yes':26}{found['always_yes']:>10.3f}  (yes_no_accuracy)")
    if json_file:
        _write_json(json_file, found)


@eval_.command("conversations")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("eval/conversations"))
@click.option("--split", type=click.Choice(["dev", "test"]), help="[default: both]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the tables here.")
@click.option("--rows", type=click.Path(path_type=Path), help="Write every turn of every system here, one a line.")
@folder_options
def eval_conversations(
    folder: Path,
    split: str | None,
    json_file: Path | None,
    rows: Path | None,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
) -> None:
    """Measure follow-up questions turn by turn, beside simpler ways to read them and the human rewrite.

    \b
    Example:
      ragqa eval conversations --split test
    """
    from ragqa.evaluation.conversations import evaluate_dialogues, load_dialogues
    from ragqa.files import json_line, write_atomic
    from ragqa.index.refresh import build_index

    settings = settings_from(corpus=corpus, index=index, model=model)
    dialogues = load_dialogues(folder)
    with progress_bar() as progress:
        build_index(settings, progress)
        with open_ragqa(settings) as ragqa:
            found = evaluate_dialogues(ragqa, dialogues, split, progress)
    click.echo(f"{found['conversations']} conversations, {found['turns']} turns; turns after the first:")
    _table(found["after_the_first"])
    for turn, systems in found["by_turn"].items():
        click.echo(f"turn {turn}:")
        _table({name: {key: row[key] for key in ("turns", "recall_at_5", "citation_f1")} for name, row in systems.items()})
    click.echo(f"of the gap between last turn and human rewrite recovered: {found['recovered']}")
    every_turn = found.pop("rows")
    if rows:
        write_atomic(rows, map(json_line, every_turn))
    if json_file:
        _write_json(json_file, found)


def _table(rows: dict[str, dict[str, Any]]) -> None:
    names = [name for name in next(iter(rows.values())) if any(row[name] is not None for row in rows.values())]
    widths = [max(10, len(row) + 2) for row in rows]
    click.echo(f"{'':26}" + "".join(f"{row:>{width}}" for row, width in zip(rows, widths, strict=True)))
    for name in names:
        figures = (f"{_figure(row[name]):>{width}}" for row, width in zip(rows.values(), widths, strict=True))
        click.echo(f"{name:26}" + "".join(figures))


def _figure(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _write_json(file: Path, value: object) -> None:
    from ragqa.files import write_atomic

    write_atomic(file, [json.dumps(value, ensure_ascii=False, indent=1) + "\n"])
    click.echo(f"written: {file}")
