"""The bundled corpus in a folder of its own, where it can be edited, damaged and killed in; and what an editor does there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from ragqa.corpus.records import ReviewState
from ragqa.editorial.library import Library, State
from ragqa.editorial.regenerate import Report, propose
from ragqa.editorial.review import record_step
from ragqa.parallel import cores
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import Settings, load_settings


def copied(folder: Path, corpus: Path | None = None, **changes: object) -> Settings:
    """Copy the corpus of the settings in force, or another; settings that keep index, library and server's folder beside it."""
    shutil.copytree(corpus or load_settings().corpus, folder / "corpus")
    places = {"corpus": "corpus", "index": "index", "library": "library.sqlite", "serving": "serving"}
    return load_settings(**{name: folder / place for name, place in places.items()}, **changes)


def publish(library: Library, ragqa: Ragqa, asked: Sequence[Asked]) -> Report:
    """Answer each question and sign every answer off; the report of the answering."""
    report = propose(library, ragqa, asked, "clinician", cores())
    for version in library.versions(State.WAITING):
        library.sign_off(version.number, "demo-editor")
    return report


def edit(corpus: Path, slug: str, *changes: tuple[str, str]) -> None:
    """Change an article's text, each first place that says so, and have it approved again."""
    file = corpus / "articles" / f"{slug}.md"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        if old not in text:
            raise click.ClickException(f"{slug} does not say {old!r}")
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    approve(corpus, slug)


def approve(corpus: Path, slug: str) -> None:
    """Take an edited article the whole way, by two roles."""
    record_step(corpus, slug, ReviewState.SUBMITTED, "demo-author")
    record_step(corpus, slug, ReviewState.UNDER_REVIEW, "demo-editor")
    record_step(corpus, slug, ReviewState.APPROVED, "demo-editor")
