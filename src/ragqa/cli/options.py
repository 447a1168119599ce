"""What the commands share: common options, the settings these make, the open index, the progress bar, plain text."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ragqa.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

corpus_option = click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
index_option = click.option("--index", type=click.Path(path_type=Path), help="Index folder.  [default: indexes/default]")
model_option = click.option("--model", help="The packaged default, or a sentence-transformers name or folder.")
library_option = click.option(
    "--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]"
)
serving_option = click.option(
    "--serving", type=click.Path(path_type=Path), help="Folder of the server's own files.  [default: serving]"
)
audience_option = click.option("--audience", type=click.Choice(["clinician", "patient"]))
workers_option = click.option(
    "--workers", type=click.IntRange(1, 64), help="Questions answered at a time.  [default: one per core]"
)


def folder_options(function: F) -> F:
    """``--corpus``, ``--index`` and ``--model``: all it takes to open an index."""
    return corpus_option(index_option(model_option(function)))


def folder_and_library_options(function: F) -> F:
    """``folder_options`` and ``--library``."""
    return folder_options(library_option(function))


def settings_from(**given: Any) -> Settings:
    """The settings of ``ragqa.toml`` and the environment, with the options that were given in their place.

    Where an index is named and no corpus anywhere, the corpus is the one that this index was built from.
    """
    from ragqa.settings import load_settings

    settings = load_settings(**given)
    if not given.get("index") or "corpus" in settings.model_fields_set:
        return settings
    from ragqa.index import built_from  # loads the engines of search, which most commands do without

    folder = built_from(settings.index)
    return settings.model_copy(update={"corpus": folder}) if folder else settings


def open_ragqa(settings: Settings) -> Any:
    """The index these settings name, open; where there is none yet it is built, with a word on stderr."""
    with kept():
        from ragqa.index import current_generation, nothing_live
        from ragqa.pipeline import Ragqa

    if current_generation(settings.index) is None:
        click.echo(f"{nothing_live(settings.index)}: building it once.", err=True)
        with progress_bar() as progress:
            return Ragqa.open(settings, progress)
    return Ragqa.open(settings)


@contextmanager
def kept() -> Iterator[None]:
    """What is imported meanwhile is no garbage and is not looked at for some, then or later: a tenth of the time of a command."""
    gc.disable()
    try:
        yield
    finally:
        _freeze()
        gc.enable()


@cache
def _freeze() -> None:
    """Leave what there is now out of all looks for garbage; once, or a process that comes here often, as tests do, would keep all
    garbage of before."""
    gc.freeze()


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; where stderr is no terminal, a line per stage."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
                if not console.is_terminal:
                    click.echo(f"{stage} {total} ...", err=True)
            bar.update(tasks[stage], completed=done, total=total)

        yield advance


def plain(text: str) -> str:
    """Text from a source, without control characters, for one terminal line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
