"""What can be wrong with a corpus, and how it is told: one line for one cause."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from ragqa.corpus.abstracts import abstract_files
from ragqa.corpus.articles import article_file
from ragqa.corpus.records import Article, ReviewEvent
from ragqa.corpus.reviewlog import LOG
from ragqa.errors import CorpusError, Fault
from ragqa.files import UNREADABLE, open_stream, raw_lines
from ragqa.files.places import no_folder
from ragqa.language.sentences import MARKER, markers

RANGES = 12
"""Of line numbers, told of one file."""
_NUMBERS = re.compile(r"\[\s*+\d{1,3}(?:\s*+[-–,;]\s*+\d{1,3})*+\s*+\]")
"""Numbers in brackets, which a reader takes for a marker: as [1-3] it would name no citation, and be shown as text."""


class Repeated(Fault):
    """An id that stands a second time; no record is missing for it."""


class Unheld(Fault):
    """A cited source that no file of abstracts holds; where such a file is damaged, that is why."""


def empty(folder: Path) -> Fault:
    """What is wrong with a corpus that holds nothing."""
    return Fault(file=folder, line=None, message="holds no article and no abstract; expected articles/*.md or abstracts/*.jsonl")


def raise_all(faults: Sequence[Fault]) -> None:
    """Raises CorpusError with these faults; nothing where there are none."""
    if faults:
        raise CorpusError(list(faults))


def told(folder: Path, faults: Iterable[Fault]) -> list[Fault]:
    """Faults by file, line and message, one for each cause.

    A file of abstracts with lines that hold no record, that cannot be read, or that is empty where something is missed, is one
    fault. What is cited may stand there, so that citations which no file holds are then no faults of their articles.
    """
    ordered = sorted(faults, key=lambda fault: (str(fault.file), fault.line or 0, fault.message))
    unheld = [fault for fault in ordered if isinstance(fault, Unheld)]
    damaged = [fault for fault in ordered if _of_abstracts(folder, fault)]
    if unheld and not damaged:
        damaged = [Fault(file=file, line=None, message="holds no record") for file in _empty_files(folder)]
    if not damaged:
        return ordered
    others = [fault for fault in ordered if not isinstance(fault, Unheld) and not _of_abstracts(folder, fault)]
    by_file = groupby(damaged, key=lambda fault: fault.file)
    return sorted([*others, *(_of_file(list(found), len(unheld)) for _, found in by_file)], key=lambda fault: str(fault.file))


def _of_abstracts(folder: Path, fault: Fault) -> bool:
    """Whether it says that a file of abstracts holds less than it should; an id that stands twice does not."""
    return folder / "abstracts" in (fault.file, fault.file.parent) and not isinstance(fault, Repeated)


def _of_file(faults: Sequence[Fault], unheld: int) -> Fault:
    first, lines = faults[0], [fault.line for fault in faults if fault.line is not None]
    more = f"; {len(lines)} lines hold no record: {_ranges(lines)}" if len(lines) > 1 else ""
    waiting = f"; it may hold what {unheld} citations name" if unheld else ""
    advice = ". Restore the file from a copy, or see what `ragqa mend` can put back"
    return Fault(file=first.file, line=first.line, message=f"{first.message}{more}{waiting}{advice}")


def _ranges(numbers: Sequence[int]) -> str:
    """Rising numbers as "2, 5-52", up to RANGES of them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in runs[:RANGES])
    return shown + ", and others" * (len(runs) > RANGES)


def _empty_files(folder: Path) -> list[Path]:
    return [file for file in abstract_files(folder) if _is_empty(file)]


def _is_empty(file: Path) -> bool:
    try:
        with open_stream(file) as stream:
            return next(raw_lines(stream, file), None) is None
    except UNREADABLE:
        return False


def folder_faults(folder: Path) -> list[Fault]:
    """What is no folder of a corpus, though it stands where one should."""
    message = "is no folder: `ragqa mend` says what to do"
    places = (folder / name for name in ("articles", "abstracts", "approved"))
    return [Fault(file=place, line=None, message=message) for place in places if no_folder(place)]


def duplicate(file: Path, line: int, source_id: str, first: str) -> Fault:
    """An id that stands a second time."""
    return Repeated(file=file, line=line, message=f"duplicate id {source_id}, first at {first}")


def event_faults(folder: Path, reviews: Iterable[ReviewEvent]) -> Iterator[Fault]:
    """Articles that do not exist though review events speak of them, each once; one that cannot be read is told as that."""
    if no_folder(folder / "articles"):
        return
    first: dict[str, int] = {}
    for number, event in enumerate(reviews, start=1):
        first.setdefault(event.article, number)
    for slug, number in first.items():
        if not os.path.lexists(article_file(folder, slug)):
            message = f"event {number} speaks of the article {slug!r}, which does not exist"
            yield Fault(file=folder / LOG, line=number, message=message)


def citation_faults(file: Path, citations: Iterable[str], held: Container[str]) -> Iterator[Fault]:
    """Cited sources that the corpus does not hold."""
    for source in citations:
        if source not in held:
            yield Unheld(file=file, line=None, message=f"cites {source}, which no file under abstracts/ holds")


def marker_faults(folder: Path, article: Article) -> Iterator[Fault]:
    """Markers that name no citation or are not written as markers, and citations that no marker names."""
    file, used = article_file(folder, article.slug), set(markers(article.text))
    for number in sorted(used):
        if not 1 <= number <= len(article.citations):
            yield Fault(file=file, line=None, message=f"marker [{number}] names no entry of citations")
    for written in dict.fromkeys(_NUMBERS.findall(MARKER.sub("", article.text))):
        yield Fault(file=file, line=None, message=f"{written} is read as text: write a marker as [1][2] or [1, 2]")
    for number, source in enumerate(article.citations, start=1):
        if number not in used:
            yield Fault(file=file, line=None, message=f"citation {number} ({source}) is never used in the text")
