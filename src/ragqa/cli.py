"""The command line: parse, call one function, print. Exit codes: 0 answered or abstained, 2 usage, 1 any other failure."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ragqa.errors import Fault, RagqaError

if TYPE_CHECKING:
    from ragqa.importers.ncbi import Ncbi
    from ragqa.notices import Applied
    from ragqa.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

STEPS = {"submit": "submitted", "start": "under_review", "approve": "approved", "withdraw": "withdrawn"}


class _Group(click.Group):
    """Errors as one message on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RagqaError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(
                f"{where}{error.strerror or error}. Check the disk and the file, then try again."
            ) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ragqa")
def main() -> None:
    """Cited answers from approved medical articles and the abstracts they cite.

    \b
    Example:
      ragqa ask "Is memantine effective as a first-line treatment for borderline personality disorder?"
    """


def _folders(function: F) -> F:
    for option in (
        click.option("--model", help="The packaged default, or a sentence-transformers name or folder."),
        click.option("--index", type=click.Path(path_type=Path), help="Index folder.  [default: indexes/default]"),
        click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]"),
    ):
        function = option(function)
    return function


_workers = click.option("--workers", type=click.IntRange(1, 64), help="Questions answered at a time.  [default: one per core]")


@main.command()
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
@click.option("--index", type=click.Path(path_type=Path), help="Index built from it, if any.  [default: indexes/default]")
def check(corpus: Path | None, index: Path | None) -> None:
    """Validate the corpus: every fault at once, with file and line; and that its review log was not cut since the last build.

    \b
    Example:
      ragqa check --corpus corpus
    """
    from ragqa.corpus import citable
    from ragqa.pipeline import checked_corpus

    loaded = checked_corpus(_settings(corpus=corpus, index=index))
    width = max((len(slug) for slug in loaded.articles), default=0)
    for slug, article in sorted(loaded.articles.items()):
        click.echo(f"{slug:{width}}  {loaded.states[slug].value.replace('_', ' '):12}  {article.updated}")
    allowed = citable(loaded)
    unexplained = [
        source
        for source, reason in allowed.excluded.items()
        if reason == "cited by no approved article" and not loaded.abstracts[source].uncited_reason
    ]
    click.echo(
        f"{len(loaded.articles)} articles ({len(allowed.articles)} approved), {len(loaded.abstracts)} abstracts "
        f"({len(allowed.abstracts)} citable, {sum(a.retracted for a in loaded.abstracts.values())} retracted, "
        f"{len(unexplained)} cited by no approved article without a reason given). No faults."
    )


@main.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
@click.option("--ids", type=click.Choice(["doc", "pmid"]), default="doc", show_default=True, help="What BEIR ids are.")
@click.option("--index", hidden=True, type=click.Path(path_type=Path))
def import_(files: tuple[Path, ...], corpus: Path | None, ids: str, index: Path | None) -> None:
    """Turn PubMed XML, MEDLINE/nbib or BEIR JSONL files (.gz too) into corpus records.

    \b
    Example:
      ragqa import pubmed26n0001.xml.gz --corpus corpus
    """
    from ragqa.pipeline import import_records

    settings = _settings(corpus=corpus, index=index)
    failed = 0
    for file in files:
        report = import_records(file, settings.corpus, ids)
        known = f", {report.known} already in the corpus" if report.known else ""
        click.echo(f"{file}: {report.written} records written to {report.file}{known}")
        _left_out(report.faults)
        failed += len(report.faults)
    if failed:
        raise click.ClickException(f"{failed} records were left out; the others are in the corpus")


def _left_out(faults: Sequence[Fault]) -> None:
    for fault in faults[:20]:
        click.echo(f"  left out: {_plain(str(fault))}", err=True)
    if len(faults) > 20:
        click.echo(f"  and {len(faults) - 20} more left out", err=True)


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--online", is_flag=True, help="Ask PubMed about every record that has a PubMed number.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
@click.option("--index", type=click.Path(path_type=Path), help="Index folder.  [default: indexes/default]")
@click.option("--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]")
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
    from ragqa.importers.lists import read_lists
    from ragqa.notices import apply_notices, refresh_notices

    if bool(files) == online:
        raise click.UsageError("give either FILE, or --online")
    settings = _settings(corpus=corpus, index=index, library=library)
    listed, faults = ([], []) if online else read_lists(files)
    if online:
        applied = refresh_notices(settings.corpus, _ncbi(settings), dry_run=dry_run)
    else:
        applied = apply_notices(settings.corpus, listed, dry_run=dry_run)
    _tell(applied, settings, dry_run, faults)


def _take_back(settings: Settings) -> None:
    from ragqa.regenerate import take_back_retracted

    with _progress() as progress:
        found = take_back_retracted(settings, progress)
    if found.unpublished is not None:
        click.echo(
            f"{len(found.unpublished)} answers unpublished"
            + f": {', '.join(map(str, found.unpublished))}" * bool(found.unpublished)
        )
    if found.generation:
        click.echo(f"the index is up to date: generation {found.generation}")


@main.command()
@click.argument("numbers", nargs=-1, required=True, metavar="PMID...")
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
@click.option("--index", type=click.Path(path_type=Path), help="Index folder.  [default: indexes/default]")
@click.option("--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]")
def fetch(numbers: tuple[str, ...], corpus: Path | None, index: Path | None, library: Path | None) -> None:
    """Fetch records from PubMed into the corpus, or refresh those it holds. A summary keeps its text.

    What PubMed says is retracted is taken back at once, as by `ragqa retractions`.

    \b
    Example:
      ragqa fetch 29549516 17353939
    """
    from ragqa.importers.shared import pubmed_number
    from ragqa.notices import fetch_records

    valid = [pubmed_number(number.removeprefix("pmid:")) for number in numbers]
    wrong = [number for number, read in zip(numbers, valid, strict=True) if read is None]
    if wrong:
        raise click.UsageError(f"no PubMed number: {', '.join(wrong)}")
    settings = _settings(corpus=corpus, index=index, library=library)
    applied = fetch_records(settings.corpus, [number for number in valid if number], _ncbi(settings))
    _tell(applied, settings, dry_run=False)
    if applied.missing:
        raise click.ClickException(f"{len(applied.missing)} of {len(numbers)} were not found in PubMed")


def _ncbi(settings: Settings) -> Ncbi:
    from ragqa.importers.ncbi import Ncbi

    key = settings.ncbi_api_key
    return Ncbi(settings.ncbi_url, settings.ncbi_email, key.get_secret_value() if key else None)


def _tell(applied: Applied, settings: Settings, dry_run: bool, unread: Sequence[Fault] = ()) -> None:
    """Say what was done and whom it touches, and take back what rests on a retraction."""
    from ragqa.notices import report

    for line in report(applied, dry_run=dry_run, answers=_resting_on(applied.ids, settings.library)):
        click.echo(" " * (len(line) - len(line.lstrip())) + _plain(line))
    if not dry_run:
        _take_back(settings)
    faults = [*unread, *applied.faults]
    _left_out(faults)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise click.ClickException(f"{count}; everything else was read")


def _resting_on(ids: Sequence[str], file: Path) -> dict[str, list[str]] | None:
    """Per source a line for each stored answer that rests on it; None where there is no library."""
    from ragqa.library import Library

    if not file.exists():
        return None
    with Library(file) as library:
        found = library.resting_on(ids)
    return {
        source: [f"{number} ({state.value}): {question}" for number, state, question in rows] for source, rows in found.items()
    }


@main.command()
@_folders
@click.option("--abstracts", type=click.Choice(["cited", "all"]), help="Index all abstracts, or those approved articles cite.")
def index(corpus: Path | None, index: Path | None, model: str | None, abstracts: str | None) -> None:
    """Build the index; only text never seen before is embedded. The old index answers until the new one is whole.

    \b
    Example:
      ragqa index --corpus corpus --index indexes/default
    """
    from ragqa.pipeline import build_index

    settings = _settings(corpus=corpus, index=index, model=model, abstracts=abstracts)
    with _progress() as progress:
        report = build_index(settings, progress)
    counts = report.manifest.counts
    state = "built" if report.fresh else "unchanged"
    click.echo(
        f"generation {report.manifest.generation} {state}: {counts['articles']} articles, {counts['abstracts']} abstracts, "
        f"{counts['passages']} passages ({report.embedded} embedded, {report.reused} reused), "
        f"{counts['excluded']} sources left out"
    )


@main.command()
@click.argument("query", required=False)
@_folders
@click.option("-k", type=click.IntRange(1, 10_000), help="Sources to return.  [default: 10, in a run 100]")
@click.option("--queries", type=click.Path(path_type=Path), help='JSON Lines of {"id","question"} or {"_id","text"}.')
@click.option("--run", "run_file", type=click.Path(path_type=Path), help="Write a TREC run here.")
@click.option("--explain", is_flag=True, help="Show how each score came about.")
def search(
    query: str | None,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
    k: int | None,
    queries: Path | None,
    run_file: Path | None,
    explain: bool,
) -> None:
    """Ranked sources for a query, or a TREC run for a file of queries.

    \b
    Examples:
      ragqa search "memantine in OCD"
      ragqa search --queries queries.jsonl --run run.trec -k 100
    """
    if bool(query) == bool(queries) or bool(queries) != bool(run_file):
        raise click.UsageError("give either QUERY, or --queries FILE with --run FILE")
    settings = _settings(corpus=corpus, index=index, model=model)
    if queries and run_file:
        _write_run(settings, queries, run_file, k or 100)
        return
    with _open(settings) as ragqa:
        for rank, hit in enumerate(ragqa.search(query or "", k or 10), start=1):
            record = ragqa.generation.record(hit.passage.source_id)
            scores = f"  similarity {hit.similarity:.3f}, BM25 {hit.bm25:.2f}" if explain else ""
            click.echo(f"{rank:3} {hit.score:.3f} {record.id}  {_plain(record.title or '')}{scores}")


@main.command()
@click.argument("question")
@_folders
@click.option("--article", help="Slug of the article being read; what it cites is preferred.")
@click.option("--conversation", type=click.Path(path_type=Path), help="JSON Lines of earlier turns; the new turn is appended.")
@click.option("--understood", help="The question as you mean it, where ragqa understood a follow-up wrongly.")
@click.option("--audience", type=click.Choice(["clinician", "patient"]))
@click.option("--format", "style", type=click.Choice(["text", "md", "html", "json"]), default="text", show_default=True)
@click.option("--explain", is_flag=True, help="Show on stderr how the answer came about.")
def ask(
    question: str,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
    article: str | None,
    conversation: Path | None,
    understood: str | None,
    audience: str | None,
    style: str,
    explain: bool,
) -> None:
    """Answer a question with citations, or say that the evidence here does not answer it.

    \b
    Example:
      ragqa ask "What dose of memantine in severe renal impairment?" --format md
    """
    from ragqa.conversation import add_turn, read_turns, turn_of
    from ragqa.render import explain as explanation
    from ragqa.render import render

    settings = _settings(corpus=corpus, index=index, model=model, audience=audience)
    history = read_turns(conversation) if conversation else []
    with _open(settings) as ragqa:
        answer = None if understood else _signed_off(ragqa, question, history, article)
        answer = answer or ragqa.ask(question, history, article, understood=understood)
    click.echo(render(answer, style), nl=False)
    if explain:
        click.echo(explanation(answer), err=True, nl=False)
    if conversation:
        add_turn(conversation, turn_of(answer))


def _signed_off(ragqa: Any, question: str, history: Any, article: str | None) -> Any:
    """The published answer to this very question, where there is a library that holds one which may still be shown."""
    if not ragqa.settings.library.exists():
        return None
    from ragqa.library import Library
    from ragqa.records import Asked
    from ragqa.regenerate import served

    with Library(ragqa.settings.library) as library:
        asked = Asked(question=question, history=tuple(history), article=article)
        return served(library, ragqa, asked, ragqa.settings.audience)


@main.command()
@_folders
@click.option("--article", help="Slug of the article being read; its topic and what it cites are preferred.")
@click.option("--conversation", type=click.Path(path_type=Path), help="JSON Lines to go on from and to add every turn to.")
@click.option("--audience", type=click.Choice(["clinician", "patient"]))
def chat(
    corpus: Path | None,
    index: Path | None,
    model: str | None,
    article: str | None,
    conversation: Path | None,
    audience: Any,
) -> None:
    """Ask follow-up questions in a conversation; /help shows what else can be typed.

    \b
    Example:
      ragqa chat --article memantine-first-line-bpd --conversation today.jsonl
    """
    from ragqa.chat import Chat

    settings = _settings(corpus=corpus, index=index, model=model, audience=audience)
    with _open(settings) as ragqa:
        talk = Chat(ragqa, conversation, None, audience, _stage)
        if article:
            click.echo("\n".join(talk.reply(f"/article {article}")))
        click.echo(f"{len(talk.turns)} earlier turns. " * bool(talk.turns) + "Ask, or /help. Leave with /quit or Ctrl-D.")
        for line in _lines("? "):
            if line.strip().lower() in ("/quit", "/exit"):
                return
            for place, paragraph in enumerate(talk.reply(line)):
                if place == 0 and sys.stderr.isatty():
                    click.echo(_WIPED, nl=False, err=True)
                click.echo(f"{paragraph}\n")


_WIPED = "\r\x1b[K"


def _stage(name: str) -> None:
    """What is being done: in a terminal one line that each stage writes over."""
    if sys.stderr.isatty():
        click.echo(f"{_WIPED}{name} ...", nl=False, err=True)
    else:
        click.echo(f"{name} ...", err=True)


def _lines(prompt: str) -> Iterator[str]:
    """What the reader types, with the line editing and history that the terminal's library offers."""
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - importing it is what gives input() a history
    while True:
        try:
            yield input(prompt)
        except (EOFError, KeyboardInterrupt):
            click.echo()
            return


@main.command()
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Answers, one JSON object a line.")
@_folders
@_workers
@click.option("--audience", type=click.Choice(["clinician", "patient"]))
def answer(
    questions: Path,
    output: Path,
    corpus: Path | None,
    index: Path | None,
    model: str | None,
    workers: int | None,
    audience: str | None,
) -> None:
    """Answer a file of questions. Stopped half-way, the same command goes on where it stopped; one that fails stops no other.

    \b
    Example:
      ragqa answer questions.jsonl -o answers.jsonl
    """
    from ragqa.evaluate import answer_batch, read_batch
    from ragqa.parallel import cores

    settings = _settings(corpus=corpus, index=index, model=model, audience=audience)
    batch = read_batch(questions)
    with _open(settings) as ragqa, _progress() as progress:
        counts = answer_batch(ragqa, batch, output, progress, workers or cores())
    click.echo(f"{output}: {len(batch)} questions, " + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())))
    if counts["failed"]:
        raise click.ClickException(
            f"{counts['failed']} questions failed, see {output}.failed.jsonl. Run the command again to retry"
        )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_folders
@click.option("--json", "as_json", is_flag=True, help="One JSON object a statement instead of lines.")
def verify(file: Path, corpus: Path | None, index: Path | None, model: str | None, as_json: bool) -> None:
    """Check each sentence of a cited text against its sources: an answer of ragqa, or what others wrote (docs/formats.md).

    Exit code 1 when any statement is not supported.

    \b
    Examples:
      ragqa ask "Does lithium prevent suicide?" --format json > answer.json
      ragqa verify answer.json
    """
    from dataclasses import asdict

    from ragqa.audit import audit, read_cited_texts

    texts = read_cited_texts(file)
    with _open(_settings(corpus=corpus, index=index, model=model)) as ragqa:
        checks = [check for text in texts for check in audit(text, ragqa)]
    for check in checks:
        if as_json:
            click.echo(json.dumps(asdict(check), ensure_ascii=False))
            continue
        cited = "".join(f"[{number}]" for number in check.citations)
        click.echo(f"{check.outcome.replace('_', ' ').upper():16} {_plain(check.text)} {cited}")
        click.echo(f"{'':16} {_plain(check.reason)}" + (f': "{_plain(check.quote)}"' if check.quote else ""))
    failed = sum(check.outcome != "supported" for check in checks)
    if failed:
        raise click.ClickException(f"{failed} of {len(checks)} statements are not supported by what they cite")
    click.echo(f"{len(checks)} statements, all supported by what they cite", err=as_json)


def _library_options(function: F) -> F:
    function = click.option(
        "--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]"
    )(function)
    return _folders(function)


@main.group()
def library() -> None:
    """Signed-off answers with their history: served again as long as what they cite stands."""


@library.command("add")
@click.argument("questions", type=click.Path(path_type=Path))
@_library_options
@_workers
@click.option("--audience", type=click.Choice(["clinician", "patient"]))
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
    from ragqa.evaluate import read_batch
    from ragqa.library import Library
    from ragqa.parallel import cores
    from ragqa.regenerate import propose

    settings = _settings(corpus=corpus, index=index, model=model, library=library, audience=audience)
    asked = [question.asked for question in read_batch(questions)]
    with _open(settings) as ragqa, Library(settings.library) as store, _progress() as progress:
        report = propose(store, ragqa, asked, settings.audience, workers or cores(), progress)
    click.echo(f"{report.looked_at} questions, {len(report.redone)} answered and waiting for sign-off")
    _failures(report)


@library.command("list")
@click.option("--state", type=click.Choice(["waiting", "published", "replaced", "rejected", "unpublished"]))
@click.option("--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]")
def library_list(state: str | None, library: Path | None) -> None:
    """Every stored answer, a line each, and how many are in which state.

    \b
    Example:
      ragqa library list --state unpublished
    """
    from ragqa.library import State

    with _library(library) as store:
        for version in store.versions(*([State(state)] if state else [])):
            decided = f" by {_plain(version.decided_by)}" if version.decided_by else ""
            why = f"  ({_plain(version.note or version.reason)})"
            click.echo(f"{version.number:6}  {version.state.value}{decided}  {_plain(version.answer.question)}{why}")
        counts = store.counts()
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()) or "empty")


@library.command("show")
@click.argument("answer_id")
@click.option("--format", "style", type=click.Choice(["text", "md", "html", "json"]), default="text", show_default=True)
@click.option("--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]")
def library_show(answer_id: str, style: str, library: Path | None) -> None:
    """One stored answer by its number or id, and on stderr the history of its question.

    \b
    Example:
      ragqa library show 12 --format md
    """
    from ragqa.library import State
    from ragqa.regenerate import APPROVED
    from ragqa.render import render

    with _library(library) as store:
        version = store.version(answer_id)
        state = APPROVED if version.state is State.PUBLISHED else version.state.value
        click.echo(render(version.answer.model_copy(update={"review_state": state}), style), nl=False)
        for other in store.history(version.key):
            decided = f", {other.decided_at} by {other.decided_by}" if other.decided_by else ""
            click.echo(
                _plain(f"{other.number}: made {other.made_at} ({other.severity}: {other.reason}), {other.state.value}{decided}"),
                err=True,
            )


@library.command("queue")
@click.option("--format", "style", type=click.Choice(["text", "md", "html"]), default="text", show_default=True)
@click.option("--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]")
def library_queue(style: str, library: Path | None) -> None:
    """What waits for sign-off, gravest first, with the difference to what is published.

    \b
    Example:
      ragqa library queue --format html > queue.html
    """
    from ragqa import difference
    from ragqa.regenerate import waiting
    from ragqa.render import render

    with _library(library) as store:
        queue = waiting(store)
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
@click.option("--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]")
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
@click.option("--library", type=click.Path(path_type=Path), help="File of signed-off answers.  [default: library.sqlite]")
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
    from ragqa.library import State

    if bool(numbers) == everything:
        raise click.UsageError("give the NUMBERs, or --all")
    with _library(library) as store:
        wanted = [version.number for version in store.versions(State.WAITING)] if everything else numbers
        for number in wanted:
            decide(store, number)
    click.echo(f"{len(wanted)} answers {done}")


def _library(file: Path | None) -> Any:
    from ragqa.errors import LibraryError
    from ragqa.library import Library

    wanted = _settings(library=file).library
    if not wanted.exists():
        raise LibraryError(f"no library at {wanted}: `ragqa library add QUESTIONS` begins one")
    return Library(wanted)


def _failures(report: Any) -> None:
    for entry, why in report.failed[:20]:
        click.echo(f"  failed: {_plain(entry.asked.question)}: {_plain(why)}", err=True)
    if report.failed:
        raise click.ClickException(
            f"{len(report.failed)} questions failed; the others are stored. Run the command again to retry"
        )


@main.command()
@_library_options
@_workers
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
    from ragqa.parallel import cores
    from ragqa.pipeline import Ragqa, build_index
    from ragqa.regenerate import affected, estimate
    from ragqa.regenerate import regenerate as redo

    settings = _settings(corpus=corpus, index=index, model=model, library=library)
    with _progress() as progress, _library(library) as store:
        built = build_index(settings, progress, live=not dry_run)
        with Ragqa.open(settings, progress, built.manifest.generation) as ragqa:
            if dry_run:
                entries, _, looked_at = affected(store, ragqa, progress)
                seconds = estimate(store, entries, workers or cores())
                for entry in entries:
                    click.echo(f"{entry.number:6}  {_plain(entry.asked.question)}\n          {_plain('; '.join(entry.reasons))}")
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


@main.command()
@click.argument("answer_id")
@_library_options
def replay(answer_id: str, corpus: Path | None, index: Path | None, model: str | None, library: Path | None) -> None:
    """Prove that a stored answer comes out the same from its stored generation, or say what differs (exit code 1).

    \b
    Example:
      ragqa replay 12
    """
    from ragqa.errors import LibraryError
    from ragqa.pipeline import Ragqa
    from ragqa.regenerate import replay as again

    settings = _settings(corpus=corpus, index=index, model=model, library=library)
    with _library(library) as store:
        version = store.version(answer_id)
        with Ragqa.open(settings, generation=version.generation) as ragqa:
            found = again(version, ragqa, store.asked(version.key))
    if found.differences:
        raise LibraryError(f"answer {version.number} does not come out the same: " + "; ".join(map(_plain, found.differences)))
    click.echo(
        f"answer {version.number}: the same, word for word, from generation {version.generation} ({version.basis.sha256[:12]})"
    )


@main.command()
@click.argument("slug")
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
@click.option("--audience", type=click.Choice(["clinician", "patient"]))
@click.option("--format", "style", type=click.Choice(["text", "md", "html", "json"]), default="text", show_default=True)
def article(slug: str, corpus: Path | None, audience: str | None, style: str) -> None:
    """Show an article as it stands in review, with a caution unless its present text is approved.

    \b
    Example:
      ragqa article memantine-first-line-bpd --format html > article.html
    """
    from ragqa.article_page import article_page, render_article
    from ragqa.corpus import load_corpus

    settings = _settings(corpus=corpus, audience=audience)
    page = article_page(load_corpus(settings.corpus), slug, settings.audience)
    click.echo(render_article(page, style), nl=False)


@main.group()
def review() -> None:
    """The review workflow of articles; each step is an event bound to the exact content."""


def _review_step(name: str, state: str) -> None:
    role = "demo-author" if name == "submit" else "demo-editor"
    example = f"Example: ragqa review {name} memantine-ocd --by {role}"

    @review.command(name, help=f"Record that an article is now {state.replace('_', ' ')}.\n\n{example}")
    @click.argument("slug")
    @click.option("--by", required=True, help="Role of whoever takes the step.")
    @click.option("--note")
    @click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
    def step(slug: str, by: str, note: str | None, corpus: Path | None) -> None:
        from ragqa.records import ReviewState
        from ragqa.review import record_step

        settings = _settings(corpus=corpus)
        event = record_step(settings.corpus, slug, ReviewState(state), by, note, two_person=settings.two_person)
        click.echo(f"{slug}: {event.state.value.replace('_', ' ')} (sha256 {event.sha256[:12]}, by {event.by})")
        if state in ("approved", "withdrawn"):
            click.echo("Answers follow with the next `ragqa regenerate`, or `ragqa index` without a library.")


for _name, _state in STEPS.items():
    _review_step(_name, _state)


@review.command("queue")
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
def review_queue(corpus: Path | None) -> None:
    """Where every article stands, those that wait for an editor first, and which steps are possible.

    \b
    Example:
      ragqa review queue
    """
    from ragqa.corpus import load_corpus
    from ragqa.records import ReviewState
    from ragqa.review import standings

    found = standings(load_corpus(_settings(corpus=corpus).corpus))
    width = max((len(one.article.slug) for one in found), default=0)
    for one in found:
        since = f"{one.last.state.value} {one.last.at:%Y-%m-%d} by {_plain(one.last.by)}" if one.last else "no step yet"
        edited = ", edited since" if one.edited else ""
        steps = ", ".join(name for name, state in STEPS.items() if ReviewState(state) in one.possible)
        click.echo(f"{one.article.slug:{width}}  {one.state.value.replace('_', ' '):12}  ({since}{edited})  next: {steps}")
    waiting = sum(one.state in (ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW) for one in found)
    click.echo(f"{waiting} of {len(found)} articles wait for an editor", err=True)


@review.command("diff")
@click.argument("slug")
@click.option("--format", "style", type=click.Choice(["text", "md", "html"]), default="text", show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
def review_diff(slug: str, style: str, corpus: Path | None) -> None:
    """What an article says now beside what was approved last, sentence by sentence, the gravest change first.

    \b
    Example:
      ragqa review diff memantine-ocd
    """
    from ragqa import difference
    from ragqa.article_page import changes_since_approval
    from ragqa.corpus import load_corpus
    from ragqa.errors import ReviewError

    folder = _settings(corpus=corpus).corpus
    loaded = load_corpus(folder)
    found = changes_since_approval(folder, loaded, slug)
    if found is None:
        raise ReviewError(f"no approved text of {slug} was kept to compare with: read it whole with `ragqa article {slug}`")
    title = loaded.articles[slug].title
    if style == "html":
        click.echo(difference.as_html([(title, found)], f"Changes to {slug} since its approval"), nl=False)
        return
    show = difference.as_text if style == "text" else difference.as_markdown
    click.echo(show(found, title), nl=False)


@review.command("log")
@click.argument("slug", required=False)
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
def review_log(slug: str | None, corpus: Path | None) -> None:
    """Show the review events, of one article or all, and that the log's chain holds.

    \b
    Example:
      ragqa review log memantine-ocd
    """
    from ragqa.reviewlog import read_log

    events = read_log(_settings(corpus=corpus).corpus)
    for event in events:
        if slug in (None, event.article):
            note = f"  {_plain(event.note)}" if event.note else ""
            click.echo(
                f"{event.at:%Y-%m-%d %H:%M}  {event.article}  {event.state.value}  {event.sha256[:12]}  {_plain(event.by)}{note}"
            )
    click.echo(f"{len(events)} events, chain intact")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@_library_options
def serve(host: str, port: int, corpus: Path | None, index: Path | None, model: str | None, library: Path | None) -> None:
    """Serve the pages, and the API under /api/v1, until stopped; docs/serving.md says how to run it for a hospital.

    \b
    Example:
      ragqa serve --port 8000
    """
    from ragqa.web.server import listen
    from ragqa.web.server import serve as run

    settings = _settings(corpus=corpus, index=index, model=model, library=library)
    with listen(host, port) as listening:
        address = listening.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        click.echo(f"ragqa at http://{shown}:{address[1]}, API at /api/v1. Stop with Ctrl-C.", err=True)
        run(settings, listening)


@main.group()
def users() -> None:
    """Who may sign in to `ragqa serve`; each role may do what those before it may: reader, editor, admin."""


_serving = click.option(
    "--serving", type=click.Path(path_type=Path), help="Folder of the server's own files.  [default: serving]"
)
_password = click.option(
    "--password-file", type=click.File(), help="Read the password from here, - for stdin, instead of asking for it."
)


@users.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(["reader", "editor", "admin"]), default="reader", show_default=True)
@_password
@_serving
def users_add(name: str, role: str, password_file: Any, serving: Path | None) -> None:
    """Add a user; a NAME that names a role in the house, not a person, is enough.

    \b
    Example:
      ragqa users add demo-editor --role editor
    """
    with _accounts(serving) as accounts:
        accounts.add(name, role, _read_password(password_file))
    click.echo(f"{name} may sign in, as {role}")


@users.command("list")
@_serving
def users_list(serving: Path | None) -> None:
    """Everybody who may sign in, with their roles.

    \b
    Example:
      ragqa users list
    """
    with _accounts(serving) as accounts:
        for user in accounts.users():
            click.echo(f"{user.name}  {user.role}")


@users.command("remove")
@click.argument("name")
@_serving
def users_remove(name: str, serving: Path | None) -> None:
    """Remove a user; sessions and API tokens end at once.

    \b
    Example:
      ragqa users remove demo-editor
    """
    with _accounts(serving) as accounts:
        accounts.remove(name)
    click.echo(f"{name} may not sign in any more")


@users.command("password")
@click.argument("name")
@_password
@_serving
def users_password(name: str, password_file: Any, serving: Path | None) -> None:
    """Change a user's password; sessions end at once.

    \b
    Example:
      ragqa users password demo-editor
    """
    with _accounts(serving) as accounts:
        accounts.set_password(name, _read_password(password_file))
    click.echo(f"{name} has a new password")


@users.command("token")
@click.argument("name")
@click.option("--label", default="api", show_default=True, help="What the token is for; one label may name several tokens.")
@click.option("--revoke", is_flag=True, help="Take back the user's tokens of this label.")
@_serving
def users_token(name: str, label: str, revoke: bool, serving: Path | None) -> None:
    """Print a new API token for a user; it is shown this once.

    \b
    Example:
      ragqa users token demo-editor --label nightly-import
    """
    with _accounts(serving) as accounts:
        if revoke:
            click.echo(f"{accounts.revoke(name, label)} tokens taken back")
        else:
            click.echo(accounts.issue(name, label))


def _accounts(serving: Path | None) -> Any:
    from contextlib import closing

    from ragqa.web.accounts import Accounts

    return closing(Accounts(_settings(serving=serving).serving / "accounts.sqlite"))


def _read_password(file: Any) -> str:
    if file is not None:
        return str(file.read()).rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@main.group("eval", invoke_without_command=True)
@click.pass_context
@click.option("--gold", type=click.Path(path_type=Path), default=Path("eval/gold"), show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the scorecard with every item here.")
@_folders
def eval_(
    ctx: click.Context, gold: Path, json_file: Path | None, corpus: Path | None, index: Path | None, model: str | None
) -> None:
    """Ask the gold set and print the scorecard.

    \b
    Examples:
      ragqa eval --json eval/results/scorecard.json
      ragqa eval retrieval ../shared/data/scifact
    """
    if ctx.invoked_subcommand:
        return
    from ragqa.evaluate import evaluate_gold, load_gold, report
    from ragqa.pipeline import build_index

    settings = _settings(corpus=corpus, index=index, model=model)
    items = load_gold(gold)
    with _progress() as progress:
        build_index(settings, progress)
        with _open(settings) as ragqa:
            scored = report(evaluate_gold(ragqa, items, progress), ragqa)
    _table({"dev": scored["splits"]["dev"], "test": scored["splits"]["test"], "all": scored["all"]})
    if json_file:
        _write_json(json_file, scored)


@eval_.command("retrieval")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--split", help="Name of the qrels file.  [default: the first]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the table here.")
@click.option("--index", type=click.Path(path_type=Path), help="The data set is indexed beside this folder.")
@click.option("--model", help="The packaged default, or a sentence-transformers name or folder.")
def eval_retrieval(dataset: Path, split: str | None, json_file: Path | None, index: Path | None, model: str | None) -> None:
    """Measure BM25, dense and fused retrieval on a BEIR folder, side by side.

    \b
    Example:
      ragqa eval retrieval ../shared/data/pubmedqa --split dev
    """
    from ragqa.benchmarks import evaluate_retrieval

    with _progress() as progress:
        found = evaluate_retrieval(dataset, _settings(index=index, model=model), split, progress)
    click.echo(
        f"{found['dataset']}: {found['queries']} queries, {found['counts']['passages']} passages, "
        f"{found['embedded']} embedded in {found['build_seconds']} s"
    )
    _table(found["configurations"])
    if json_file:
        _write_json(json_file, found)


@eval_.command("answers")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--documents", type=click.Path(path_type=Path), help="BEIR folder to answer from, where DATASET brings no documents."
)
@click.option("--limit", type=click.IntRange(1), help="Ask only this many questions, drawn with --seed.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the table and ten whole answers here.")
@click.option("--index", type=click.Path(path_type=Path), help="The documents are indexed beside this folder.")
@click.option("--model", help="The packaged default, or a sentence-transformers name or folder.")
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
    from ragqa.benchmarks import evaluate_answers

    with _progress() as progress:
        found = evaluate_answers(dataset, _settings(index=index, model=model), documents, limit, seed, progress)
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
@_folders
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
    from ragqa.dialogue import evaluate_dialogues, load_dialogues
    from ragqa.files import json_line, write_atomic
    from ragqa.pipeline import build_index

    settings = _settings(corpus=corpus, index=index, model=model)
    dialogues = load_dialogues(folder)
    with _progress() as progress:
        build_index(settings, progress)
        with _open(settings) as ragqa:
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


def _settings(**given: Any) -> Settings:
    from ragqa.settings import load_settings

    return load_settings(**given)


def _open(settings: Settings) -> Any:
    from ragqa.index import current_generation
    from ragqa.pipeline import Ragqa

    if current_generation(settings.index) is None:
        click.echo(f"No index in {settings.index} yet: building it once.", err=True)
        with _progress() as progress:
            return Ragqa.open(settings, progress)
    return Ragqa.open(settings)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
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


def _write_run(settings: Settings, queries: Path, run_file: Path, k: int) -> None:
    from ragqa.evaluate import read_questions, trec_lines
    from ragqa.files import write_atomic

    asked = list(read_questions(queries))
    with _open(settings) as ragqa, _progress() as progress:

        def lines() -> Iterator[str]:
            for number, (name, text) in enumerate(asked, start=1):
                yield trec_lines(name, ragqa.search(text, k))
                progress("searching", number, len(asked))

        write_atomic(run_file, lines())
    click.echo(f"{run_file}: {len(asked)} queries, up to {k} sources each")


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


def _plain(text: str) -> str:
    """Text from a source, without control characters, for one terminal line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


if __name__ == "__main__":
    sys.exit(main())
