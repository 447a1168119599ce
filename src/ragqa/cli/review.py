"""Articles and their review: ``article`` and the ``review`` commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragqa.cli.options import audience_option, corpus_option, plain, settings_from

if TYPE_CHECKING:
    from ragqa.corpus.folder import Corpus

STEPS = {"submit": "submitted", "start": "under_review", "approve": "approved", "withdraw": "withdrawn"}


def _corpus_of(folder: Path) -> Corpus:
    """The corpus, faulty articles set aside; a log that cannot be relied on is refused."""
    from ragqa.corpus.folder import read_corpus
    from ragqa.corpus.reviewlog import read_log

    read_log(folder)
    return read_corpus(folder)


@click.command()
@click.argument("slug")
@corpus_option
@audience_option
@click.option("--format", "style", type=click.Choice(["text", "md", "html", "json"]), default="text", show_default=True)
def article(slug: str, corpus: Path | None, audience: str | None, style: str) -> None:
    """Show an article as it stands in review, with a caution unless its present text is approved.

    \b
    Example:
      ragqa article memantine-first-line-bpd --format html > article.html
    """
    from ragqa.editorial.article_page import article_page, render_article
    from ragqa.editorial.review import check_slug

    check_slug(slug)
    settings = settings_from(corpus=corpus, audience=audience)
    page = article_page(_corpus_of(settings.corpus), slug, settings.audience)
    click.echo(render_article(page, style), nl=False)


@click.group()
def review() -> None:
    """The review workflow of articles; each step is an event bound to the exact content."""


def _review_step(name: str, state: str) -> None:
    role = "demo-author" if name == "submit" else "demo-editor"
    example = f"Example: ragqa review {name} memantine-ocd --by {role}"

    @review.command(name, help=f"Record that an article is now {state.replace('_', ' ')}.\n\n{example}")
    @click.argument("slug")
    @click.option("--by", required=True, help="Role of whoever takes the step.")
    @click.option("--note")
    @click.option("--sha256", help="Of the text that was read; a text edited since is refused.")
    @corpus_option
    def step(slug: str, by: str, note: str | None, sha256: str | None, corpus: Path | None) -> None:
        from ragqa.corpus.records import ReviewState
        from ragqa.editorial.review import record_step

        settings = settings_from(corpus=corpus)
        two_person = settings.two_person
        event = record_step(settings.corpus, slug, ReviewState(state), by, note, two_person=two_person, sha256=sha256)
        click.echo(f"{slug}: {event.state.value.replace('_', ' ')} (sha256 {event.sha256[:12]}, by {event.by})")
        if state == "withdrawn":
            click.echo("No answer quotes it from now on, also in a running server.")
        if state == "approved":
            click.echo("A running server answers from it shortly; otherwise run `ragqa regenerate`, or `ragqa index`.")


for _name, _state in STEPS.items():
    _review_step(_name, _state)


@review.command("restore")
@click.argument("slug")
@corpus_option
def review_restore(slug: str, corpus: Path | None) -> None:
    """Put back the text of an article that was approved last, where its file was edited or damaged since.

    What the file held stays beside it, as NAME.damaged-DATE-TIME. It is no step of the review: the article stands where it stood.

    \b
    Example:
      ragqa review restore memantine-ocd
    """
    from ragqa.editorial.review import restore_approved

    folder = settings_from(corpus=corpus).corpus
    aside = restore_approved(folder, slug)
    state = _corpus_of(folder).states[slug].value.replace("_", " ")
    left = f"; what was there is {aside.name}" if aside else ""
    click.echo(f"{slug}: its file holds the text approved last{left}. It is {state}.")
    if state == "approved":
        click.echo("A running server answers from it shortly; otherwise run `ragqa regenerate`, or `ragqa index`.")


@review.command("queue")
@corpus_option
def review_queue(corpus: Path | None) -> None:
    """Where every article stands, those that wait for an editor first, and which steps are possible.

    \b
    Example:
      ragqa review queue
    """
    from ragqa.corpus.records import ReviewState
    from ragqa.editorial.review import articles_in_review

    loaded = _corpus_of(settings_from(corpus=corpus).corpus)
    found = articles_in_review(loaded)
    width = max((len(one.article.slug) for one in found), default=0)
    for one in found:
        since = f"{one.last.state.value} {one.last.at:%Y-%m-%d} by {plain(one.last.by)}" if one.last else "no step yet"
        edited = ", edited since" if one.edited else ""
        steps = ", ".join(name for name, state in STEPS.items() if ReviewState(state) in one.possible)
        click.echo(f"{one.article.slug:{width}}  {one.state.value.replace('_', ' '):12}  ({since}{edited})  next: {steps}")
    for fault in loaded.faults:
        click.echo(f"set aside: {fault}", err=True)
    waiting = sum(one.state in (ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW) for one in found)
    click.echo(f"{waiting} of {len(found)} articles wait for an editor", err=True)


@review.command("diff")
@click.argument("slug")
@click.option("--format", "style", type=click.Choice(["text", "md", "html"]), default="text", show_default=True)
@corpus_option
def review_diff(slug: str, style: str, corpus: Path | None) -> None:
    """What an article says now beside what was approved last, sentence by sentence, the gravest change first.

    \b
    Example:
      ragqa review diff memantine-ocd
    """
    from ragqa.editorial import difference
    from ragqa.editorial.article_page import changes_since_approval
    from ragqa.editorial.review import check_slug
    from ragqa.errors import ReviewError

    check_slug(slug)
    folder = settings_from(corpus=corpus).corpus
    loaded = _corpus_of(folder)
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
@corpus_option
def review_log(slug: str | None, corpus: Path | None) -> None:
    """Show the review events, of one article or all, and that the log's chain holds.

    \b
    Example:
      ragqa review log memantine-ocd
    """
    from ragqa.corpus.reviewlog import read_log
    from ragqa.editorial.review import check_slug

    if slug is not None:
        check_slug(slug)
    events = read_log(settings_from(corpus=corpus).corpus)
    for event in events:
        if slug in (None, event.article):
            note = f"  {plain(event.note)}" if event.note else ""
            click.echo(
                f"{event.at:%Y-%m-%d %H:%M}  {event.article}  {event.state.value}  {event.sha256[:12]}  {plain(event.by)}{note}"
            )
    click.echo(f"{len(events)} events, chain intact")
