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


@main.command()
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
def check(corpus: Path | None) -> None:
    """Validate the corpus: every fault at once, with file and line.

    \b
    Example:
      ragqa check --corpus corpus
    """
    from ragqa.corpus import citable, load_corpus

    loaded = load_corpus(_settings(corpus=corpus).corpus)
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
def retractions(files: tuple[Path, ...], online: bool, dry_run: bool, corpus: Path | None) -> None:
    """Apply retractions, expressions of concern and corrections to the corpus, from lists or from PubMed itself.

    A FILE is PubMed XML or MEDLINE, a Retraction Watch CSV, JSON Lines of {"pmid" or "doi"}, or PubMed numbers one a line;
    .gz too. Nothing is ever taken back: a reinstatement is only reported.

    \b
    Examples:
      ragqa retractions retraction_watch.csv --dry-run
      ragqa retractions --online
    """
    from ragqa.importers.lists import read_lists
    from ragqa.notices import apply_notices, refresh_notices

    if bool(files) == online:
        raise click.UsageError("give either FILE, or --online")
    settings = _settings(corpus=corpus)
    if online:
        _tell(refresh_notices(settings.corpus, _ncbi(settings), dry_run=dry_run), dry_run)
        return
    listed, faults = read_lists(files)
    _tell(apply_notices(settings.corpus, listed, dry_run=dry_run), dry_run, faults)


@main.command()
@click.argument("numbers", nargs=-1, required=True, metavar="PMID...")
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
def fetch(numbers: tuple[str, ...], corpus: Path | None) -> None:
    """Fetch records from PubMed into the corpus, or refresh those it holds. A summary keeps its text.

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
    settings = _settings(corpus=corpus)
    applied = fetch_records(settings.corpus, [number for number in valid if number], _ncbi(settings))
    _tell(applied, dry_run=False)
    if applied.missing:
        raise click.ClickException(f"{len(applied.missing)} of {len(numbers)} were not found in PubMed")


def _ncbi(settings: Settings) -> Ncbi:
    from ragqa.importers.ncbi import Ncbi

    key = settings.ncbi_api_key
    return Ncbi(settings.ncbi_url, settings.ncbi_email, key.get_secret_value() if key else None)


def _tell(applied: Applied, dry_run: bool, unread: Sequence[Fault] = ()) -> None:
    from ragqa.notices import report

    for line in report(applied, dry_run=dry_run):
        click.echo(" " * (len(line) - len(line.lstrip())) + _plain(line))
    faults = [*unread, *applied.faults]
    _left_out(faults)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise click.ClickException(f"{count}; everything else was read")


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
        answer = ragqa.ask(question, history, article, understood=understood)
    click.echo(render(answer, style), nl=False)
    if explain:
        click.echo(explanation(answer), err=True, nl=False)
    if conversation:
        add_turn(conversation, turn_of(answer))


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
        talk = Chat(ragqa, conversation, None, audience, lambda stage: click.echo(f"{stage} ...", err=True))
        if article:
            click.echo("\n".join(talk.reply(f"/article {article}")))
        click.echo(f"{len(talk.turns)} earlier turns. " * bool(talk.turns) + "Ask, or /help. Leave with /quit or Ctrl-D.")
        for line in _lines("? "):
            if line.strip().lower() in ("/quit", "/exit"):
                return
            for paragraph in talk.reply(line):
                click.echo(f"{paragraph}\n")


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
@click.option("--audience", type=click.Choice(["clinician", "patient"]))
def answer(
    questions: Path, output: Path, corpus: Path | None, index: Path | None, model: str | None, audience: str | None
) -> None:
    """Answer a file of questions. Stopped half-way, the same command goes on where it stopped.

    \b
    Example:
      ragqa answer questions.jsonl -o answers.jsonl
    """
    from ragqa.evaluate import answer_batch, read_batch

    settings = _settings(corpus=corpus, index=index, model=model, audience=audience)
    batch = read_batch(questions)
    with _open(settings) as ragqa, _progress() as progress:
        counts = answer_batch(ragqa, batch, output, progress)
    click.echo(f"{output}: {len(batch)} answers, " + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())))


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


@main.group()
def review() -> None:
    """The review workflow of articles; each step is an event bound to the exact content."""


def _review_step(name: str, state: str) -> None:
    example = f"Example: ragqa review {name} memantine-ocd --by demo-editor"

    @review.command(name, help=f"Record that an article is now {state.replace('_', ' ')}.\n\n{example}")
    @click.argument("slug")
    @click.option("--by", required=True, help="Role of whoever takes the step.")
    @click.option("--note")
    @click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
    def step(slug: str, by: str, note: str | None, corpus: Path | None) -> None:
        from ragqa.records import ReviewState
        from ragqa.review import record_step

        event = record_step(_settings(corpus=corpus).corpus, slug, ReviewState(state), by, note)
        click.echo(f"{slug}: {event.state.value.replace('_', ' ')} (sha256 {event.sha256[:12]}, by {event.by})")


for _name, _state in STEPS.items():
    _review_step(_name, _state)


@review.command("log")
@click.argument("slug", required=False)
@click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpus]")
def review_log(slug: str | None, corpus: Path | None) -> None:
    """Show the review events, of one article or all.

    \b
    Example:
      ragqa review log memantine-ocd
    """
    from ragqa.review import read_log

    for event in read_log(_settings(corpus=corpus).corpus):
        if slug in (None, event.article):
            note = f"  {_plain(event.note)}" if event.note else ""
            click.echo(
                f"{event.at:%Y-%m-%d %H:%M}  {event.article}  {event.state.value}  {event.sha256[:12]}  {_plain(event.by)}{note}"
            )


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
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the tables and every turn here.")
@_folders
def eval_conversations(
    folder: Path, split: str | None, json_file: Path | None, corpus: Path | None, index: Path | None, model: str | None
) -> None:
    """Measure follow-up questions turn by turn, beside simpler ways to read them and the human rewrite.

    \b
    Example:
      ragqa eval conversations --split test
    """
    from ragqa.dialogue import evaluate_dialogues, load_dialogues
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
