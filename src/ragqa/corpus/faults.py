"""What can be wrong with a corpus, and how it is told: one line for one cause."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragqa.corpus.articles import article_file
from ragqa.corpus.records import Abstract, Article, ReviewEvent, explain
from ragqa.corpus.reviewlog import LOG
from ragqa.errors import CorpusError, Fault
from ragqa.language.sentences import markers


class NoRecord(Fault):
    """A line of a file of abstracts that holds no record."""


class Repeated(Fault):
    """An id that stands a second time; no record is missing for it."""


class Unheld(Fault):
    """A cited source that no file of abstracts holds; where such a file is damaged, that is why."""


def empty(folder: Path) -> Fault:
    """What is wrong with a corpus that holds nothing."""
    return Fault(file=folder, line=None, message="holds no article and no abstract; expected articles/*.md or abstracts/*.jsonl")


def raise_all(folder: Path, faults: Iterable[Fault]) -> None:
    """Raises CorpusError with these faults, as they are told; nothing where there are none."""
    if found := told(folder, faults):
        raise CorpusError(found)


def told(folder: Path, faults: Iterable[Fault]) -> list[Fault]:
    """Faults by file, line and message, one for each cause.

    The lines of a file that hold no record are one fault. Where a file of abstracts is at fault, or empty, citations that no
    file holds are not told: they only follow from it.
    """
    ordered = sorted(faults, key=lambda fault: (str(fault.file), fault.line or 0, fault.message))
    unheld = [fault for fault in ordered if isinstance(fault, Unheld)]
    whole = not any(fault.file.parent == folder / "abstracts" and not isinstance(fault, Repeated) for fault in ordered)
    emptied = [_emptied(file, len(unheld)) for file in _empty_files(folder)] if unheld and whole else []
    kept = ordered if whole and not emptied else [fault for fault in ordered if not isinstance(fault, Unheld)]
    by_file = groupby([*emptied, *kept], key=lambda fault: (fault.file, isinstance(fault, NoRecord)))
    return [one for (_, lines), group in by_file for one in (_as_one(list(group)) if lines else group)]


def _as_one(lines: list[Fault]) -> list[Fault]:
    first, *others = lines
    if not others:
        return [first]
    numbers = _ranges([fault.line or 0 for fault in others])
    return [NoRecord(file=first.file, line=first.line, message=f"{first.message} (lines {numbers} hold no record either)")]


def _ranges(numbers: list[int]) -> str:
    """2, 5-52 for 2, 5, 6, ... 52."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return ", ".join("-".join(map(str, run)) for run in runs)


def _empty_files(folder: Path) -> list[Path]:
    return [file for file in sorted((folder / "abstracts").glob("*.jsonl")) if file.is_file() and not file.stat().st_size]


def _emptied(file: Path, unheld: int) -> Fault:
    waiting = "1 citation is" if unheld == 1 else f"{unheld} citations are"
    return Fault(file=file, line=None, message=f"holds no record, and {waiting} held by no file: restore it, or import it again")


def abstract_of(value: dict[str, Any] | Fault, file: Path, line: int) -> Abstract | Fault:
    """The abstract that one line holds, or the Fault that says why it holds none."""
    if isinstance(value, Fault):
        return NoRecord(file=value.file, line=value.line, message=value.message)
    try:
        return Abstract.model_validate(value)
    except ValidationError as error:
        return NoRecord(file=file, line=line, message=explain(error))


def duplicate(file: Path, line: int, source_id: str, first: str) -> Fault:
    """An id that stands a second time."""
    return Repeated(file=file, line=line, message=f"duplicate id {source_id}, first at {first}")


def event_faults(folder: Path, reviews: Iterable[ReviewEvent]) -> Iterator[Fault]:
    """Review events of articles that do not exist."""
    for number, event in enumerate(reviews, start=1):
        if not os.path.lexists(article_file(folder, event.article)):
            message = f"event {number} speaks of the article {event.article!r}, which does not exist"
            yield Fault(file=folder / LOG, line=number, message=message)


def citation_faults(file: Path, citations: Iterable[str], held: Container[str]) -> Iterator[Fault]:
    """Cited sources that the corpus does not hold."""
    for source in citations:
        if source not in held:
            yield Unheld(file=file, line=None, message=f"cites {source}, which no file under abstracts/ holds")


def marker_faults(folder: Path, article: Article) -> Iterator[Fault]:
    """Markers that name no citation, and citations that no marker names."""
    file, used = article_file(folder, article.slug), set(markers(article.text))
    for number in sorted(used):
        if not 1 <= number <= len(article.citations):
            yield Fault(file=file, line=None, message=f"marker [{number}] names no entry of citations")
    for number, source in enumerate(article.citations, start=1):
        if number not in used:
            yield Fault(file=file, line=None, message=f"citation {number} ({source}) is never used in the text")
