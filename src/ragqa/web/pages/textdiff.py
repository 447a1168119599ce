"""What changed in an article since it was approved, heading by heading and word by word."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from ragqa.difference import runs
from ragqa.passages import sentences
from ragqa.records import Article
from ragqa.render import HEADINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One place that changed: its runs are (" ", "-" or "+", words), in reading order."""

    place: str
    runs: tuple[tuple[str, str], ...]


def changes(before: Article, after: Article) -> list[Changed]:
    """Every changed field and sentence; none where the two say the same to a reader."""
    return [*_fields(before, after), *_text(before, after)]


def _fields(before: Article, after: Article) -> Iterator[Changed]:
    shown = {
        "Question": lambda article: article.title,
        "Last updated": lambda article: str(article.updated),
        "Topics": lambda article: ", ".join(article.topics),
        "Editorial policy": lambda article: article.editorial_policy or "",
        "Sources cited": lambda article: "\n".join(f"[{n}] {source}" for n, source in enumerate(article.citations, start=1)),
    }
    for name, read in shown.items():
        if read(before) != read(after):
            yield Changed(place=name, runs=tuple(runs(read(before), read(after))))


def _text(before: Article, after: Article) -> Iterator[Changed]:
    """Sentences under each heading; one that was only changed is told by its words, not as gone and come."""
    for part in dict.fromkeys(span.part for article in (before, after) for span in article.spans):
        old, new = (_sentences(article, part) for article in (before, after))
        for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            gone, come = old[a:b], new[c:d]
            paired = min(len(gone), len(come))
            for was, now in zip(gone[:paired], come[:paired], strict=True):
                yield Changed(place=HEADINGS[part], runs=tuple(runs(was, now)))
            for was in gone[paired:]:
                yield Changed(place=HEADINGS[part], runs=(("-", was),))
            for now in come[paired:]:
                yield Changed(place=HEADINGS[part], runs=(("+", now),))


def _sentences(article: Article, part: str) -> list[str]:
    """Sentences of a part, each with the numbers of its sources: a changed number is a change."""
    return [
        f"{sentence.text} {''.join(f'[{number}]' for number in sentence.markers)}".strip()
        for span in article.spans
        if span.part == part
        for sentence in sentences(article.text, span.start, span.end)
    ]
