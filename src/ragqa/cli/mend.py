"""What is damaged, and its repair: ``mend``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ragqa.cli.options import folder_and_library_options, plain, progress_bar, settings_from


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what is damaged and what would mend it.")
@click.option("--restore", is_flag=True, help="Put back approved texts and indexed records where the corpus's own are damaged.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a damaged file instead of lines.")
@click.option("--serving", type=click.Path(path_type=Path), help="Folder of the server's own files.  [default: serving]")
@folder_and_library_options
def mend(
    dry_run: bool,
    restore: bool,
    as_json: bool,
    serving: Path | None,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
    library: Path | None,
) -> None:
    """Look at every file ragqa keeps, name what is damaged, a line each, and repair what can be repaired without losing anything.

    What was damaged stays beside the mended file, as NAME.damaged-DATE-TIME. Exit code 1 when something is left for a person.
    Stop the server first: a database that it has open is left alone.

    \b
    Examples:
      ragqa mend --dry-run
      ragqa mend
    """
    from ragqa.mend import mend as mended

    settings = settings_from(corpus=corpus, index=index, model=model, library=library, serving=serving)
    found = []
    with progress_bar() as progress:
        for one in mended(settings, dry_run=dry_run, restore=restore, progress=progress):
            found.append(one)
            told = {"file": str(one.file), "seen": one.seen, "outcome": one.outcome, "mended": one.mended}
            click.echo(json.dumps(told, ensure_ascii=False) if as_json else plain(str(one)))
    left = sum(not one.mended for one in found)
    if left:
        raise click.ClickException(f"{left} of {len(found)} damaged files are left for a person; each line says what to do")
    if not as_json:
        click.echo(f"{len(found)} damaged files" if found else "Nothing is damaged.")
