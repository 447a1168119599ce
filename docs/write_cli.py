"""Write docs/cli.md from the commands' own help; ``--check`` fails when the file is not what it would write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ragqa.cli import main

TARGET = Path(__file__).parent / "cli.md"


def pages(command: click.Command, path: str) -> Iterator[str]:
    """The help of a command and of all below it."""
    context = click.Context(command, info_name=path, terminal_width=100, max_content_width=100)
    yield f"## {path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from pages(child, f"{path} {name}")


if __name__ == "__main__":
    text = "# Commands\n\nWritten by `make docs` from the commands' own help.\n\n" + "\n".join(pages(main, "ragqa"))
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.exists() and TARGET.read_text() == text else "docs/cli.md is out of date: run `make docs`")
    TARGET.write_text(text)
