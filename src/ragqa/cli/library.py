"""Signed-off answers: the ``library`` commands, ``regenerate``, ``replay``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ragqa.cli.options import (
    audience_option,
    folder_and_library_options,
    library_option,
    open_ragqa,
    plain,
    progress_bar,
    settings_from,
    workers_option,
)


@click.group()
def library() -> None:
    """Signed-off answers with their history: served again as long as what they cite stands."""


@library.command("add")
@click.argument("questions", type=click.Path(path_type=Path))
@folder_and_library_options
@workers_option
@audience_option
def library_add(
    questions: Path,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
    library: Path | None,
    workers: int | None,
    audience: str | None,
) -> None:
    """Answer a file of questions and queue the answers for sign-off. Stopped half-way, the same command goes on.

    \b
    Example:
      ragqa library add questions.jsonl && ragqa library signoff --all --by demo-editor
    """
    from ragqa.editorial.library import Library
    from ragqa.editorial.regenerate import propose
    from ragqa.evaluation.batches import read_batch
    from ragqa.parallel import cores

    settings = settings_from(corpus=corpus, index=index, model=model, library=library, audience=audience)
    asked = [question.asked for question in read_batch(questions)]
    with open_ragqa(settings) as ragqa, Library(settings.library) as store, progress_bar() as progress:
        report = propose(store, ragqa, asked, settings.audience, workers or cores(), progress)
    click.echo(f"{report.looked_at} questions, {len(report.redone)} answered and waiting for sign-off")
    _failures(report)


@library.command("list")
@click.option("--state", type=click.Choice(["waiting", "published", "replaced", "rejected", "unpublished"]))
@library_option
def library_list(state: str | None, library: Path | None) -> None:
    """Every stored answer, a line each, and how many are in which state.

    \b
    Example:
      ragqa library list --state unpublished
    """
    from ragqa.editorial.versions import State

    with _library(library) as store:
        for version in store.versions(*([State(state)] if state else [])):
            decided = f" by {plain(version.decided_by)}" if version.decided_by else ""
            why = f"  ({plain(version.note or version.reason)})"
            click.echo(f"{version.number:6}  {version.state.value}{decided}  {plain(version.answer.question)}{why}")
        counts = store.counts()
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()) or "empty")


@library.command("show")
@click.argument("answer_id")
@click.option("--format", "style", type=click.Choice(["text", "md", "html", "json"]), default="text", show_default=True)
@library_option
def library_show(answer_id: str, style: str, library: Path | None) -> None:
    """One stored answer by its number or id, and on stderr the history of its question.

    \b
    Example:
      ragqa library show 12 --format md
    """
    from ragqa.answer.render import render
    from ragqa.editorial.served import APPROVED
    from ragqa.editorial.versions import State

    with _library(library) as store:
        version = store.version(answer_id)
        state = APPROVED if version.state is State.PUBLISHED else version.state.value
        click.echo(render(version.answer.model_copy(update={"review_state": state}), style), nl=False)
        for other in store.history(version.key):
            decided = f", {other.decided_at} by {other.decided_by}" if other.decided_by else ""
            click.echo(
                plain(f"{other.number}: made {other.made_at} ({other.severity}: {other.reason}), {other.state.value}{decided}"),
                err=True,
            )


@library.command("queue")
@click.option("--format", "style", type=click.Choice(["text", "md", "html"]), default="text", show_default=True)
@library_option
def library_queue(style: str, library: Path | None) -> None:
    """What waits for sign-off, gravest first, with the difference to what is published.

    \b
    Example:
      ragqa library queue --format html > queue.html
    """
    from ragqa.answer.render import render
    from ragqa.editorial import difference
    from ragqa.editorial.queue import sign_off_queue

    with _library(library) as store:
        queue = sign_off_queue(store)
    if style == "html":
        compared = [
            (f"{new.number}. {new.answer.question}", found or difference.compare(None, new.answer)) for new, _, found in queue
        ]
        click.echo(difference.as_html(compared, f"Answers waiting for sign-off: {len(compared)}"), nl=False)
        return
    show = difference.as_text if style == "text" else difference.as_markdown
    for new, _, found in queue:
        title = f"{new.number}. {new.answer.question}"
        click.echo(show(found, title) if found else f"{new.number}. (new)\n\n{render(new.answer, style)}")
    click.echo(f"{len(queue)} waiting for sign-off: `ragqa library signoff NUMBER --by ROLE`, or `reject`", err=True)


@library.command("signoff")
@click.argument("numbers", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All that waits.")
@click.option("--by", required=True, help="Role of whoever signs off.")
@click.option("--note")
@library_option
def library_signoff(numbers: tuple[int, ...], everything: bool, by: str, note: str | None, library: Path | None) -> None:
    """Publish waiting answers; each replaces the one published before.

    \b
    Example:
      ragqa library signoff 12 13 --by demo-editor
    """
    _decide_on(numbers, everything, library, lambda store, number: store.sign_off(number, by, note), "published")


@library.command("reject")
@click.argument("numbers", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All that waits.")
@click.option("--by", required=True, help="Role of whoever rejects.")
@click.option("--note")
@library_option
def library_reject(numbers: tuple[int, ...], everything: bool, by: str, note: str | None, library: Path | None) -> None:
    """Put waiting answers aside; what is published stays as it is.

    \b
    Example:
      ragqa library reject 12 --by demo-editor --note "the trial is too small"
    """
    _decide_on(numbers, everything, library, lambda store, number: store.reject(number, by, note), "rejected")


def _decide_on(
    numbers: tuple[int, ...], everything: bool, library: Path | None, decide: Callable[[Any, int], Any], done: str
) -> None:
    from ragqa.editorial.versions import State

    if bool(numbers) == everything:
        raise click.UsageError("give the NUMBERs, or --all")
    with _library(library) as store:
        wanted = [version.number for version in store.versions(State.WAITING)] if everything else numbers
        for number in wanted:
            decide(store, number)
    click.echo(f"{len(wanted)} answers {done}")


def _library(file: Path | None) -> Any:
    from ragqa.editorial.library import Library
    from ragqa.errors import LibraryError

    wanted = settings_from(library=file).library
    if not wanted.exists():
        raise LibraryError(f"no library at {wanted}: `ragqa library add QUESTIONS` begins one")
    return Library(wanted)


def _failures(report: Any) -> None:
    for entry, why in report.failed[:20]:
        click.echo(f"  failed: {plain(entry.asked.question)}: {plain(why)}", err=True)
    if report.failed:
        raise click.ClickException(
            f"{len(report.failed)} questions failed; the others are stored. Run the command again to retry"
        )


@click.command()
@folder_and_library_options
@workers_option
@click.option("--dry-run", is_flag=True, help="List what would be answered again, with the reason, and change nothing.")
def regenerate(
    corpus: Path | None, index: Path | None, model: str | None, library: Path | None, workers: int | None, dry_run: bool
) -> None:
    """Bring the index up to date, and answer again exactly the library's answers that the change touched.

    Retractions unpublish at once; a change of wording replaces the published answer; everything else waits for sign-off.
    Stopped half-way, the same command goes on.

    \b
    Example:
      ragqa regenerate --dry-run && ragqa regenerate && ragqa library queue
    """
    from ragqa.editorial.affected import affected
    from ragqa.editorial.regenerate import estimate
    from ragqa.editorial.regenerate import regenerate as redo
    from ragqa.index.refresh import build_index
    from ragqa.parallel import cores
    from ragqa.pipeline import Ragqa

    settings = settings_from(corpus=corpus, index=index, model=model, library=library)
    with progress_bar() as progress, _library(library) as store:
        built = build_index(settings, progress, live=not dry_run)
        with Ragqa.open(settings, progress, built.manifest.generation) as ragqa:
            if dry_run:
                entries, _, looked_at = affected(store, ragqa, progress)
                seconds = estimate(store, entries, workers or cores())
                for entry in entries:
                    click.echo(f"{entry.number:6}  {plain(entry.asked.question)}\n          {plain('; '.join(entry.reasons))}")
                click.echo(
                    f"{len(entries)} of {looked_at} answers would be made again, in about {seconds:.0f} s. Nothing was changed."
                )
                return
            report = redo(store, ragqa, workers or cores(), progress)
    if report.unpublished:
        click.echo(f"unpublished at once, citing a retracted paper: {', '.join(map(str, report.unpublished))}")
    severities = ", ".join(f"{count} {name}" for name, count in sorted(report.by_severity().items()))
    click.echo(f"{len(report.redone)} of {report.looked_at} answers made again" + (f": {severities}" if severities else ""))
    _failures(report)


@click.command()
@click.argument("answer_id")
@folder_and_library_options
def replay(answer_id: str, corpus: Path | None, index: Path | None, model: str | None, library: Path | None) -> None:
    """Prove that a stored answer comes out the same from its stored generation, or say what differs (exit code 1).

    \b
    Example:
      ragqa replay 12
    """
    from ragqa.editorial.replay import replay as again
    from ragqa.errors import LibraryError
    from ragqa.pipeline import Ragqa

    settings = settings_from(corpus=corpus, index=index, model=model, library=library)
    with _library(library) as store:
        version = store.version(answer_id)
        with Ragqa.open(settings, generation=version.generation) as ragqa:
            found = again(version, ragqa, store.asked(version.key))
    if found.differences:
        raise LibraryError(f"answer {version.number} does not come out the same: " + "; ".join(map(plain, found.differences)))
    click.echo(
        f"answer {version.number}: the same, word for word, from generation {version.generation} ({version.basis.sha256[:12]})"
    )
