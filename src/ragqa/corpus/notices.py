"""What was published about a paper after it appeared, brought into the records of the corpus, and records brought up to date.

A notice is only ever added: a paper listed as reinstated is reported, and stays as it is until a person has looked
(docs/decisions/0013-notices.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragqa.corpus.folder import approved_articles, require_folder
from ragqa.corpus.importers.lists import Listed, listed, names
from ragqa.corpus.importers.ncbi import Ncbi
from ragqa.corpus.records import Abstract, Article, Notice, NoticeKind, explain
from ragqa.errors import Fault, NetworkError
from ragqa.files import json_line, json_object, write_atomic
from ragqa.files.reading import LONGEST_LINE

FETCHED = "pubmed.jsonl"
"""Where fetched records that the corpus did not hold are added."""

_BIBLIOGRAPHIC = ("title", "authors", "journal", "year", "doi", "url", "publication_types", "mesh")
_ONCE = (NoticeKind.RETRACTION, NoticeKind.EXPRESSION_OF_CONCERN)
_MEANING = {
    NoticeKind.RETRACTION: "RETRACTED: it supports no answer any more",
    NoticeKind.EXPRESSION_OF_CONCERN: "EXPRESSION OF CONCERN: the journal doubts it; it is still cited, with this warning",
    NoticeKind.CORRECTION: "CORRECTED: part of it was published wrongly; it is still cited, with this remark",
}

_WORDS = {
    NoticeKind.RETRACTION: ("retraction", "retractions"),
    NoticeKind.EXPRESSION_OF_CONCERN: ("expression of concern", "expressions of concern"),
    NoticeKind.CORRECTION: ("correction", "corrections"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A record that got notices it did not have, and the approved articles that cite it."""

    id: str
    title: str | None
    added: tuple[Notice, ...]
    retracted: bool
    cited_by: tuple[Article, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of applying notices. ``retracted`` in a ``Touched`` means that it was not retracted before."""

    touched: tuple[Touched, ...] = ()
    reinstated: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    refreshed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Source ids that got any notice."""
        return tuple(touched.id for touched in self.touched)

    @property
    def retracted(self) -> tuple[str, ...]:
        """Source ids that became retracted."""
        return tuple(touched.id for touched in self.touched if touched.retracted)


@dataclass(slots=True)
class _Change:
    """One record before and after."""

    before: Abstract
    row: dict[str, Any]
    added: tuple[Notice, ...] = ()
    refreshed: bool = False


@dataclass(slots=True)
class _Work:
    """What a run has done so far."""

    folder: Path
    dry_run: bool = False
    changes: list[_Change] = field(default_factory=list)
    reinstated: list[str] = field(default_factory=list)
    new: list[Abstract] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def apply_notices(folder: Path, lists: Iterable[Listed], *, dry_run: bool = False) -> Applied:
    """Add what is listed to the records of a corpus; other lines of their files stay as they are, byte for byte.

    A file that cannot be written keeps its old content, is a fault, and its records are not among those touched.

    Raises:
        CorpusError: there is no such corpus folder.
    """
    by_id = _by_id(lists)
    require_folder(folder)
    work = _Work(folder, dry_run)
    _rewrite(work, lambda record, row: _noticed(_Change(record, row), by_id, work.reinstated))
    return _applied(work)


def refresh_notices(folder: Path, client: Ncbi, *, dry_run: bool = False) -> Applied:
    """Ask PubMed for the notices of every record of the corpus that has a PubMed number.

    Raises:
        NetworkError: before anything was looked up; later it is a fault, and what was found till then is applied.
    """
    require_folder(folder)
    numbers: list[str] = []
    held = _Work(folder, dry_run=True)
    _rewrite(held, lambda record, _: numbers.append(record.pmid) if record.pmid else None)
    records, missing, faults = _look_up(client, numbers)
    applied = apply_notices(folder, map(listed, records), dry_run=dry_run)
    return _with(applied, missing, faults)


def fetch_records(folder: Path, numbers: Sequence[str], client: Ncbi) -> Applied:
    """Fetch PubMed records into the corpus.

    New ones are added to ``abstracts/pubmed.jsonl``. Of those held, a publisher's record gets its bibliographic fields anew, its
    text only where it had none; a summary stays as written. Both gain notices, and lose none.

    Raises:
        NetworkError: before anything was looked up; later it is a fault, and what was found till then is kept.
    """
    require_folder(folder)
    work = _Work(folder)
    records, missing, faults = _look_up(client, numbers)
    fetched = {record.id: record for record in records}
    by_id = _by_id(map(listed, records))
    held: set[str] = set()

    def change(record: Abstract, row: dict[str, Any]) -> _Change | None:
        held.add(record.id)
        begun = _refreshed(_Change(record, row), fetched.get(record.id))
        return _noticed(begun, by_id, work.reinstated)

    _rewrite(work, change)
    _add(work, [record for source, record in fetched.items() if source not in held])
    return _with(_applied(work), missing, faults)


def report(applied: Applied, *, dry_run: bool = False, answers: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """What was done, in lines for a reader who decides about patients, the gravest first.

    ``answers``: per source id a line for each stored answer that rests on it; None where there is no library.
    """
    lines: list[str] = []
    for touched in sorted(applied.touched, key=_gravity):
        lines += _told(touched)
        lines += [f"    answer {line}" for line in (answers or {}).get(touched.id, ())]
        if answers is not None and not answers.get(touched.id):
            lines.append("    no stored answer rests on it")
    for source in applied.reinstated:
        lines.append(
            f"{source} is listed as reinstated: nothing was changed; if that is right, take its notice out of the record"
        )
    lines += [f"pmid:{number} was not found in PubMed" for number in applied.missing]
    if applied.new or applied.refreshed:
        lines.append(f"{_count(len(applied.new), 'new record')}, {_count(len(applied.refreshed), 'record')} refreshed.")
    lines.append(_totals(applied))
    if dry_run:
        lines.append("Nothing was written.")
    elif applied.touched or applied.new or applied.refreshed:
        lines.append("Answers change when the index is built: `ragqa index`, or `ragqa regenerate` where answers were published.")
    return lines


def _by_id(lists: Iterable[Listed]) -> dict[str, list[Listed]]:
    by_id: dict[str, list[Listed]] = defaultdict(list)
    for item in lists:
        for source in item.ids if item.notices or item.reinstated else ():
            by_id[source].append(item)
    return by_id


def _noticed(change: _Change, by_id: dict[str, list[Listed]], reinstated: list[str]) -> _Change | None:
    """The change with what is listed added to it; None when nothing changes."""
    record = change.before
    found = [item for source in sorted(names(record)) for item in by_id.get(source, ())]
    if any(item.reinstated for item in found):
        reinstated.append(record.id)
    held = list(record.notices)
    for notice in (notice for item in found for notice in item.notices):
        if not _held(notice, held):
            held.append(notice)
    change.added = tuple(held[len(record.notices) :])
    if change.added:
        before = list(change.row.get("notices") or [])  # as written, whatever else they say
        added = [notice.model_dump(mode="json", exclude_none=True) for notice in change.added]
        change.row = change.row | {"notices": before + added}
    return change if change.added or change.refreshed else None


def _held(notice: Notice, held: Iterable[Notice]) -> bool:
    """Whether a record has this notice. A paper is retracted, or doubted, once: only a first name of the notice adds to that."""
    same = [one for one in held if one.kind is notice.kind]
    if notice.kind in _ONCE:
        return any(one.source_id or not notice.source_id for one in same)
    return any(one.source_id == notice.source_id if notice.source_id else one.note == notice.note for one in same)


def _refreshed(change: _Change, fetched: Abstract | None) -> _Change:
    """The change with the bibliographic fields PubMed gives now; what PubMed does not say stays."""
    if fetched is None or change.before.text_origin != "publisher":
        return change
    names = _BIBLIOGRAPHIC if change.before.sections else (*_BIBLIOGRAPHIC, "sections")
    given = fetched.model_dump(mode="json", include=set(names), exclude_defaults=True)
    row = change.row | {name: given[name] for name in names if name in given}
    change.refreshed = row != change.row
    change.row = row
    return change


def _rewrite(work: _Work, change: Callable[[Abstract, dict[str, Any]], _Change | None]) -> None:
    """Apply ``change`` to every record; only files in which one changes are written, each whole or not at all."""
    for file in sorted((work.folder / "abstracts").glob("*.jsonl")):
        try:
            changes = dict(_changes(file, change, work.faults))
            if changes and not work.dry_run:
                after = {line: json_line(one.row) for line, one in changes.items()}
                write_atomic(file, (after.get(line, line) for line in _lines(file)))
        except OSError as error:
            work.faults.append(_not_written(file, error))
            continue
        work.changes += changes.values()


def _changes(
    file: Path, change: Callable[[Abstract, dict[str, Any]], _Change | None], faults: list[Fault]
) -> Iterator[tuple[bytes, _Change]]:
    """Line and change of each record that changes; a line that is no record is a fault: a notice may be meant for it."""
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        record = _record(line, file, number)
        if isinstance(record, Fault):
            faults.append(record)
        elif (changed := change(*record)) is not None:
            yield line, changed


def _record(line: bytes, file: Path, number: int) -> tuple[Abstract, dict[str, Any]] | Fault:
    if len(line) > LONGEST_LINE:
        return Fault(file=file, line=number, message=f"line longer than {LONGEST_LINE // 2**20} MiB")
    row = json_object(line, file, number)
    if isinstance(row, Fault):
        return row
    try:
        return Abstract.model_validate(row), row
    except ValidationError as error:
        return Fault(file=file, line=number, message=explain(error))


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from stream


def _add(work: _Work, records: list[Abstract]) -> None:
    """New records, at the end of their file."""
    file = work.folder / "abstracts" / FETCHED
    lines = [json_line(one.model_dump(mode="json", exclude_defaults=True) | {"text_origin": one.text_origin}) for one in records]
    if not lines:
        return
    before = list(_lines(file)) if file.exists() else []
    if before and not before[-1].endswith(b"\n"):
        before.append(b"\n")
    try:
        write_atomic(file, [*before, *lines])
    except OSError as error:
        work.faults.append(_not_written(file, error))
        return
    work.new += records


def _not_written(file: Path, error: OSError) -> Fault:
    return Fault(file=file, line=None, message=f"not written, it is as it was: {error.strerror or error}; run the command again")


def _look_up(client: Ncbi, numbers: Sequence[str]) -> tuple[list[Abstract], list[str], list[Fault]]:
    """Records, numbers PubMed does not have, and faults; the network failing half-way does not lose the first half."""
    records: list[Abstract] = []
    missing: list[str] = []
    faults: list[Fault] = []
    done = 0
    try:
        for batch in client.batches(numbers):
            done += batch.asked
            records += batch.records
            missing += batch.missing
            faults += batch.faults
    except NetworkError as error:
        if not done:
            raise
        message = f"only {done} of {len(set(numbers))} records were looked up: {error}"
        faults.append(Fault(file=Path("PubMed"), line=None, message=message))
    return records, missing, faults


def _applied(work: _Work) -> Applied:
    citing: dict[str, list[Article]] = defaultdict(list)
    for article in approved_articles(work.folder):
        for source in article.citations:
            citing[source].append(article)
    noticed = [(change.before, change.added, not change.before.retracted) for change in work.changes if change.added]
    noticed += [(record, record.notices, True) for record in work.new if record.notices]
    touched = tuple(
        Touched(
            id=record.id,
            title=record.title,
            added=added,
            retracted=fresh and any(notice.kind is NoticeKind.RETRACTION for notice in added),
            cited_by=tuple(citing[record.id]),
        )
        for record, added, fresh in noticed
    )
    return Applied(
        touched=touched,
        reinstated=tuple(work.reinstated),
        new=tuple(record.id for record in work.new),
        refreshed=tuple(change.before.id for change in work.changes if change.refreshed),
        faults=tuple(work.faults),
    )


def _with(applied: Applied, missing: list[str], faults: list[Fault]) -> Applied:
    return replace(applied, missing=tuple(missing), faults=(*faults, *applied.faults))


def _gravity(touched: Touched) -> tuple[int, bool, str]:
    """Retractions first, and those an approved article cites before the others."""
    kinds = list(NoticeKind)
    return min(kinds.index(notice.kind) for notice in touched.added), not touched.cited_by, touched.id


def _told(touched: Touched) -> Iterator[str]:
    yield f"{touched.id}  {touched.title or '(no title)'}"
    for notice in touched.added:
        where = ", ".join(filter(None, (notice.source_id, notice.note)))
        yield f"    {_MEANING[notice.kind]}" + (f" ({where})" if where else "")
    for article in touched.cited_by:
        yield f"    cited by the approved article {article.slug}: {article.title}"
    if not touched.cited_by:
        yield "    cited by no approved article"


def _totals(applied: Applied) -> str:
    if not applied.touched:
        return "No record got a notice that it did not have."
    kinds = Counter(kind for touched in applied.touched for kind in {notice.kind for notice in touched.added})
    said = ", ".join(_count(kinds[kind], *_WORDS[kind]) for kind in NoticeKind if kinds[kind])
    articles = {article.slug for touched in applied.touched for article in touched.cited_by}
    records = _count(len(applied.touched), "record")
    return f"{records} with new notices ({said}), cited by {_count(len(articles), 'approved article')}."


def _count(number: int, noun: str, several: str | None = None) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"
