"""The server and who may sign in to it: ``serve`` and the ``users`` commands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ragqa.cli.options import folder_and_library_options, plain, serving_option, settings_from


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@folder_and_library_options
def serve(host: str, port: int, corpus: Path | None, index: Path | None, model: str | None, library: Path | None) -> None:
    """Serve the pages, and the API under /api/v1, until stopped; docs/serving.md says how to run it for a hospital.

    \b
    Example:
      ragqa serve --port 8000
    """
    from ragqa.corpus.folder import require_folder
    from ragqa.index import current_generation, nothing_live
    from ragqa.web.server import listen
    from ragqa.web.server import serve as run

    settings = settings_from(corpus=corpus, index=index, model=model, library=library)
    require_folder(settings.corpus)
    with listen(host, port) as listening:
        address = listening.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        if current_generation(settings.index) is None:
            click.echo(f"{nothing_live(settings.index)}: building it once.", err=True)
        run(settings, listening, lambda: _announce(f"http://{shown}:{address[1]}"))


def _announce(address: str) -> None:
    click.echo(f"ragqa at {address}, API at /api/v1. Stop with Ctrl-C.", err=True)


@click.group()
def users() -> None:
    """Who may sign in to `ragqa serve`; each role may do what those before it may: reader, editor, admin."""


_password = click.option(
    "--password-file", type=click.File(), help="Read the password from here, - for stdin, instead of asking for it."
)


@users.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(["reader", "editor", "admin"]), default="reader", show_default=True)
@_password
@serving_option
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
@serving_option
def users_list(serving: Path | None) -> None:
    """Everybody who may sign in, with their roles, and the API tokens that have not ended.

    \b
    Example:
      ragqa users list
    """
    with _accounts(serving) as accounts:
        tokens = accounts.tokens()
        for user in accounts.users():
            click.echo(f"{user.name}  {user.role}")
            for token in tokens:
                if token.name == user.name:
                    click.echo(f"  token {plain(token.label)}, until {datetime.fromtimestamp(token.until, UTC):%Y-%m-%d}")


@users.command("remove")
@click.argument("name")
@serving_option
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
@serving_option
def users_password(name: str, password_file: Any, serving: Path | None) -> None:
    """Change a user's password; sessions and API tokens end at once.

    \b
    Example:
      ragqa users password demo-editor
    """
    with _accounts(serving) as accounts:
        accounts.set_password(name, _read_password(password_file))
    click.echo(f"{name} has a new password; sessions and API tokens of before have ended")


@users.command("token")
@click.argument("name")
@click.option("--label", default="api", show_default=True, help="What the token is for; one label may name several tokens.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long the token lasts.  [default: the setting token_days, 90]")
@click.option("--revoke", is_flag=True, help="Take back the user's tokens of this label.")
@serving_option
def users_token(name: str, label: str, days: int | None, revoke: bool, serving: Path | None) -> None:
    """Print a new API token for a user; it is shown this once, and ends by itself.

    \b
    Example:
      ragqa users token demo-editor --label nightly-import
    """
    with _accounts(serving) as accounts:
        if revoke:
            click.echo(f"{accounts.revoke(name, label)} tokens taken back")
        else:
            click.echo(accounts.issue(name, label, days))


def _accounts(serving: Path | None) -> Any:
    from contextlib import closing

    from ragqa.web.accounts import Accounts

    settings = settings_from(serving=serving)
    return closing(Accounts(settings.serving / "accounts.sqlite", settings.token_days))


def _read_password(file: Any) -> str:
    if file is not None:
        return str(file.read()).rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
