"""The command line: parse, call one function, print. Exit codes: 0 answered or abstained, 2 usage, 1 any other failure.

Each module holds one family of commands; what they share is in ``options``. A command imports what it calls only when it
runs, so that no command waits for another's libraries.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import click

from ragqa.cli import asking, corpus, evaluation, library, mend, rating, review, serving
from ragqa.errors import CorpusError, InvalidRecord, RagqaError
from ragqa.files.databases import is_damage


class _Group(click.Group):
    """Errors as one message on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RagqaError as error:
            raise click.ClickException(str(error) + _next(error)) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(
                f"{where}{error.strerror or error}. Check the disk and the file, or see what `ragqa mend` finds, then try again."
            ) from error
        except sqlite3.Error as error:
            if is_damage(error):
                raise click.ClickException(f"a database is damaged ({error}): run `ragqa mend`") from error
            raise click.ClickException(f"{error}. Nothing was changed; check the disk and the file, then try again.") from error


def _next(error: RagqaError) -> str:
    """What to do about faults of the corpus, each of which says what is wrong."""
    several = isinstance(error, CorpusError) and not isinstance(error, InvalidRecord) and error.faults[0].file.exists()
    return "\nMend what is named, or see what `ragqa mend` can put back." if several else ""


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ragqa")
def main() -> None:
    """Cited answers from approved medical articles and the abstracts they cite.

    \b
    Example:
      ragqa ask "Is memantine effective as a first-line treatment for borderline personality disorder?"
    """


for _command in (  # in the order docs/cli.md shows them
    corpus.check,
    corpus.import_,
    corpus.retractions,
    corpus.fetch,
    corpus.index,
    mend.mend,
    asking.search,
    asking.ask,
    asking.chat,
    asking.answer,
    asking.verify,
    library.library,
    library.regenerate,
    library.replay,
    review.article,
    review.review,
    serving.serve,
    serving.users,
    evaluation.eval_,
    rating.rating,
):
    main.add_command(_command)
