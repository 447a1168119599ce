"""The corpus and its index: ``check``, ``import``, ``retractions``, ``fetch``, ``index``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragqa.cli.options import corpus_option, folder_options, index_option, library_option, plain, progress_bar, settings_from
from ragqa.errors import Fault

if TYPE_CHECKING:
    from ragqa.corpus.importers.ncbi import Ncbi
    from ragqa.corpus.notices import Applied
    from ragqa.index import BuildReport
    from ragqa.settings import Settings


@click.command()
@corpus_option
@click.option("--index", type=click.Path(path_type=Path), help="Index built from it, if any.  [default: indexes/default]")
@click.option("--lines", is_flag=True, help="Also say of each line of abstracts that holds no record why.")
def check(corpus: Path | None, index: Path | None, lines: bool) -> None:
    """Validate the corpus: every fault at once, with file and line; and that its review log was not cut since the last build.

    An article that is not the text that was approved is told too; that is no fault.

    \b
    Example:
      ragqa check --corpus corpus
    """
    from ragqa.corpus.folder import citable, unread_lines
    from ragqa.corpus.gate import UNCITED
    from ragqa.editorial.review import edited_since_approval
    from ragqa.index.refresh import checked_corpus

    settings = settings_from(corpus=corpus, index=index)
    for fault in unread_lines(settings.corpus) if lines else ():
        click.echo(plain(str(fault)))
    loaded = checked_corpus(settings)
    width = max((len(slug) for slug in loaded.articles), default=0)
    for slug, article in sorted(loaded.articles.items()):
        click.echo(f"{slug:{width}}  {loaded.states[slug].value.replace('_', ' '):12}  {article.updated}")
    for notice in edited_since_approval(settings.corpus, loaded):
        click.echo(plain(str(notice)))
    allowed = citable(loaded)
    unexplained = [
        source for source, reason in allowed.excluded.items() if reason == UNCITED and not loaded.abstracts[source].uncited_reason
    ]
    click.echo(
        f"{len(loaded.articles)} articles ({len(allowed.articles)} approved), {len(loaded.abstracts)} abstracts "
        f"({len(allowed.abstracts)} citable, {sum(a.retracted for a in loaded.abstracts.values())} retracted, "
        f"{len(unexplained)} {UNCITED} without a reason given). No faults."
    )


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@corpus_option
@click.option("--ids", type=click.Choice(["doc", "pmid"]), default="doc", show_default=True, help="What BEIR ids are.")
@click.option("--index", hidden=True, type=click.Path(path_type=Path))
def import_(files: tuple[Path, ...], corpus: Path | None, ids: str, index: Path | None) -> None:
    """Turn PubMed XML, MEDLINE/nbib or BEIR JSONL files (.gz too) into corpus records.

    \b
    Example:
      ragqa import pubmed26n0001.xml.gz --corpus corpus
    """
    from ragqa.corpus.importers.importing import import_records

    settings = settings_from(corpus=corpus, index=index)
    failed = 0
    for file in files:
        report = import_records(file, settings.corpus, ids)
        known = f", {report.known} already in the corpus" if report.known else ""
        click.echo(f"{file}: {report.written} records written to {report.file}{known}")
        _left_out(report.faults)
        failed += len(report.faults)
    if failed:
        raise click.ClickException(f"{failed} records were left out; the others are in the corpus")


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--online", is_flag=True, help="Ask PubMed about every record that has a PubMed number.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@corpus_option
@index_option
@library_option
def retractions(
    files: tuple[Path, ...], online: bool, dry_run: bool, corpus: Path | None, index: Path | None, library: Path | None
) -> None:
    """Apply retractions, expressions of concern and corrections to the corpus, from lists or from PubMed itself.

    A FILE is PubMed XML or MEDLINE, a Retraction Watch CSV, JSON Lines of {"pmid" or "doi"}, or PubMed numbers one a line;
    .gz too. No notice is ever taken back: a reinstatement is only reported. Published answers that rest on a retracted paper
    are unpublished, and a built index is brought up to date, at once.

    \b
    Examples:
      ragqa retractions retraction_watch.csv --dry-run
      ragqa retractions --online
    """
    from ragqa.corpus.importers.lists import read_lists
    from ragqa.corpus.notices import apply_notices, refresh_notices

    if bool(files) == online:
        raise click.UsageError("give either FILE, or --online")
    settings = settings_from(corpus=corpus, index=index, library=library)
    listed, faults = ([], []) if online else read_lists(files)
    if online:
        applied = refresh_notices(settings.corpus, _ncbi(settings), dry_run=dry_run)
    else:
        applied = apply_notices(settings.corpus, listed, dry_run=dry_run)
    _tell(applied, settings, dry_run, faults)


@click.command()
@click.argument("numbers", nargs=-1, required=True, metavar="PMID...")
@corpus_option
@index_option
@library_option
def fetch(numbers: tuple[str, ...], corpus: Path | None, index: Path | None, library: Path | None) -> None:
    """Fetch records from PubMed into the corpus, or refresh those it holds. A summary keeps its text.

    What PubMed says is retracted is taken back at once, as by `ragqa retractions`.

    \b
    Example:
      ragqa fetch 29549516 17353939
    """
    from ragqa.corpus.importers.fields import pubmed_number
    from ragqa.corpus.notices import fetch_records

    valid = [pubmed_number(number.removeprefix("pmid:")) for number in numbers]
    wrong = [number for number, read in zip(numbers, valid, strict=True) if read is None]
    if wrong:
        raise click.UsageError(f"no PubMed number: {', '.join(wrong)}")
    settings = settings_from(corpus=corpus, index=index, library=library)
    applied = fetch_records(settings.corpus, [number for number in valid if number], _ncbi(settings))
    _tell(applied, settings, dry_run=False)
    if applied.missing:
        raise click.ClickException(f"{len(applied.missing)} of {len(numbers)} were not found in PubMed")


def _ncbi(settings: Settings) -> Ncbi:
    from ragqa.corpus.importers.ncbi import Ncbi

    key = settings.ncbi_api_key
    return Ncbi(settings.ncbi_url, settings.ncbi_email, key.get_secret_value() if key else None)


def _tell(applied: Applied, settings: Settings, dry_run: bool, unread: Sequence[Fault] = ()) -> None:
    """Say what was done and whom it touches, and take back what rests on a retraction."""
    from ragqa.corpus.notices import report

    for line in report(applied, dry_run=dry_run, answers=_resting_on(applied.ids, settings.library)):
        click.echo(" " * (len(line) - len(line.lstrip())) + plain(line))
    if not dry_run:
        _take_back(settings)
    faults = [*unread, *applied.faults]
    _left_out(faults)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise click.ClickException(f"{count}; everything else was read")


def _resting_on(ids: Sequence[str], file: Path) -> dict[str, list[str]] | None:
    """Per source a line for each stored answer that rests on it; None where there is no library."""
    from ragqa.editorial.library import Library

    if not file.exists():
        return None
    with Library(file) as library:
        found = library.resting_on(ids)
    return {
        source: [f"{number} ({state.value}): {question}" for number, state, question in rows] for source, rows in found.items()
    }


def _take_back(settings: Settings) -> None:
    from ragqa.editorial.retractions import take_back_retracted

    with progress_bar() as progress:
        found = take_back_retracted(settings, progress)
    if found.unpublished is not None:
        click.echo(
            f"{len(found.unpublished)} answers unpublished"
            + f": {', '.join(map(str, found.unpublished))}" * bool(found.unpublished)
        )
    if found.generation:
        click.echo(f"the index is up to date: generation {found.generation}")


def _left_out(faults: Sequence[Fault]) -> None:
    for fault in faults[:20]:
        click.echo(f"  left out: {plain(str(fault))}", err=True)
    if len(faults) > 20:
        click.echo(f"  and {len(faults) - 20} more left out", err=True)


@click.command()
@folder_options
@click.option("--abstracts", type=click.Choice(["cited", "all"]), help="Index all abstracts, or those approved articles cite.")
def index(corpus: Path | None, index: Path | None, model: str | None, abstracts: str | None) -> None:
    """Build the index; only files that changed are read, only text never seen before is embedded. The old index answers until the
    new one is whole.

    Above 30,000 passages the index grows by what changed, and vectors are searched in clusters; the recall of that is printed.

    \b
    Example:
      ragqa index --corpus corpus --index indexes/default
    """
    from ragqa.index.refresh import build_index

    settings = settings_from(corpus=corpus, index=index, model=model, abstracts=abstracts)
    with progress_bar() as progress:
        report = build_index(settings, progress)
    counts = report.manifest.counts
    state = "built" if report.fresh else "unchanged"
    click.echo(
        f"generation {report.manifest.generation} {state}: {counts['articles']} articles, {counts['abstracts']} abstracts, "
        f"{counts['passages']} passages ({report.embedded} embedded, {report.reused} reused), "
        f"{counts['excluded']} sources left out"
    )
    for line in _how(report):
        click.echo(line)
    for fault in report.set_aside:
        click.echo(f"set aside: {plain(fault)}", err=True)


def _how(report: BuildReport) -> Iterator[str]:
    """What the new generation was grown from, and how its vectors are searched."""
    manifest = report.manifest
    if report.added is not None:
        yield f"grown from {manifest.parent}: {report.added} passages added, {report.removed} removed"
    if manifest.clusters is not None:
        made = manifest.clusters
        yield (
            f"vectors: {made.probes} of {made.lists} clusters are searched; recall at 10 was {made.recall_at_10:.3f} against "
            f"comparing all, on {made.queries} sentences of the corpus, when the clusters were made"
        )
