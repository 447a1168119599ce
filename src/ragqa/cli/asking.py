"""Questions and what answers them: ``search``, ``ask``, ``chat``, ``answer``, ``verify``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragqa.cli.options import (
    audience_option,
    folder_options,
    kept,
    open_ragqa,
    plain,
    progress_bar,
    settings_from,
    workers_option,
)

if TYPE_CHECKING:
    from ragqa.settings import Settings


@click.command()
@click.argument("query", required=False)
@folder_options
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

    --explain shows the cosine, BM25 with rare words counting for more, and what in the score comes from the source being an
    approved article, from its named study design and from its year: never more than 0.05.

    \b
    Examples:
      ragqa search "memantine in OCD"
      ragqa search --queries queries.jsonl --run run.trec -k 100
    """
    if bool(query) == bool(queries) or bool(queries) != bool(run_file):
        raise click.UsageError("give either QUERY, or --queries FILE with --run FILE")
    settings = settings_from(corpus=corpus, index=index, model=model)
    if queries and run_file:
        _write_run(settings, queries, run_file, k or 100)
        return
    with open_ragqa(settings) as ragqa:
        for rank, hit in enumerate(ragqa.search(query or "", k or 10), start=1):
            record = ragqa.generation.record(hit.passage.source_id)
            scores = f"  similarity {hit.similarity:.3f}, BM25 {hit.bm25:.2f}, evidence +{hit.evidence:.3f}" if explain else ""
            click.echo(f"{rank:3} {hit.score:.3f} {record.id}  {plain(record.title or '')}{scores}")


def _write_run(settings: Settings, queries: Path, run_file: Path, k: int) -> None:
    from ragqa.evaluation.batches import read_questions, trec_lines
    from ragqa.files import write_atomic

    asked = list(read_questions(queries))
    with open_ragqa(settings) as ragqa, progress_bar() as progress:

        def lines() -> Iterator[str]:
            for number, (name, text) in enumerate(asked, start=1):
                yield trec_lines(name, ragqa.search(text, k))
                progress("searching", number, len(asked))

        write_atomic(run_file, lines())
    click.echo(f"{run_file}: {len(asked)} queries, up to {k} sources each")


@click.command()
@click.argument("question")
@folder_options
@click.option("--article", help="Slug of the article being read; what it cites is preferred.")
@click.option("--conversation", type=click.Path(path_type=Path), help="JSON Lines of earlier turns; the new turn is appended.")
@click.option("--understood", help="The question as you mean it, where ragqa understood a follow-up wrongly.")
@audience_option
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
    with kept():
        from ragqa.answer.render import explain as explanation
        from ragqa.answer.render import render
        from ragqa.conversation.turns import add_turn, read_turns, turn_of

    settings = settings_from(corpus=corpus, index=index, model=model, audience=audience)
    history = read_turns(conversation) if conversation else []
    with open_ragqa(settings) as ragqa:
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
    from ragqa.editorial.library import Library
    from ragqa.editorial.served import served
    from ragqa.errors import LibraryError
    from ragqa.question.asked import Asked

    try:
        with Library(ragqa.settings.library) as library:
            asked = Asked(question=question, history=tuple(history), article=article)
            return served(library, ragqa, asked, ragqa.settings.audience)
    except (LibraryError, OSError) as error:
        click.echo(f"Answered anew, the library of signed-off answers cannot be read: {error}", err=True)
        return None


@click.command()
@folder_options
@click.option("--article", help="Slug of the article being read; its topic and what it cites are preferred.")
@click.option("--conversation", type=click.Path(path_type=Path), help="JSON Lines to go on from and to add every turn to.")
@audience_option
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
    from ragqa.conversation.chat import Chat

    settings = settings_from(corpus=corpus, index=index, model=model, audience=audience)
    with open_ragqa(settings) as ragqa:
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


@click.command()
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Answers, one JSON object a line.")
@folder_options
@workers_option
@audience_option
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
    from ragqa.evaluation.batches import answer_batch, read_batch
    from ragqa.parallel import cores

    settings = settings_from(corpus=corpus, index=index, model=model, audience=audience)
    batch = read_batch(questions)
    with open_ragqa(settings) as ragqa, progress_bar() as progress:
        counts = answer_batch(ragqa, batch, output, progress, workers or cores())
    click.echo(f"{output}: {len(batch)} questions, " + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())))
    if counts["failed"]:
        raise click.ClickException(
            f"{counts['failed']} questions failed, see {output}.failed.jsonl. Run the command again to retry"
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@folder_options
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

    from ragqa.evaluation.audit import audit, read_cited_texts

    texts = read_cited_texts(file)
    with open_ragqa(settings_from(corpus=corpus, index=index, model=model)) as ragqa:
        checks = [check for text in texts for check in audit(text, ragqa)]
    for check in checks:
        if as_json:
            click.echo(json.dumps(asdict(check), ensure_ascii=False))
            continue
        cited = "".join(f"[{number}]" for number in check.citations)
        click.echo(f"{check.outcome.replace('_', ' ').upper():16} {plain(check.text)} {cited}")
        click.echo(f"{'':16} {plain(check.reason)}" + (f': "{plain(check.quote)}"' if check.quote else ""))
    failed = sum(check.outcome != "supported" for check in checks)
    if failed:
        raise click.ClickException(f"{failed} of {len(checks)} statements are not supported by what they cite")
    click.echo(f"{len(checks)} statements, all supported by what they cite", err=as_json)
