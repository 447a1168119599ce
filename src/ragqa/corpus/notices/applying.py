"""Notices from lists and from PubMed itself applied to the records of a corpus, and records fetched and brought up to date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragqa.corpus.folder import approved_articles, require_folder
from ragqa.corpus.importers.listed import Listed, listed
from ragqa.corpus.importers.ncbi import Ncbi
from ragqa.corpus.notices.amendments import Amendment, by_paper, listed_of
from ragqa.corpus.notices.rewriting import Work, add_records, rewrite
from ragqa.corpus.records import Abstract, Article, Notice, NoticeKind
from ragqa.errors import Fault, NetworkError


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


def apply_notices(folder: Path, lists: Iterable[Listed], *, dry_run: bool = False) -> Applied:
    """Add what is listed to the records of a corpus; other lines of their files stay as they are, byte for byte.

    A file that cannot be written keeps its old content, is a fault, and its records are not among those touched.

    Raises:
        CorpusError: there is no such corpus folder.
    """
    by_id = by_paper(lists)
    require_folder(folder)
    work = Work(folder, dry_run)
    rewrite(work, lambda record, row: _noticed(Amendment(record, row), by_id, work))
    return _applied(work)


def _noticed(amendment: Amendment, by_id: Mapping[str, Sequence[Listed]], work: Work) -> Amendment:
    """The amendment with what is listed of its record; one listed as reinstated is noted, not changed."""
    found = listed_of(amendment.before, by_id)
    if any(item.reinstated for item in found):
        work.reinstated.append(amendment.before.id)
    amendment.add_notices(found)
    return amendment


def refresh_notices(folder: Path, client: Ncbi, *, dry_run: bool = False) -> Applied:
    """Ask PubMed for the notices of every record of the corpus that has a PubMed number.

    Raises:
        NetworkError: before anything was looked up; later it is a fault, and what was found till then is applied.
    """
    require_folder(folder)
    numbers: list[str] = []

    def look(record: Abstract, row: dict[str, Any]) -> Amendment:
        if record.pmid:
            numbers.append(record.pmid)
        return Amendment(record, row)

    rewrite(Work(folder, dry_run=True), look)
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
    work = Work(folder)
    records, missing, faults = _look_up(client, numbers)
    fetched = {record.id: record for record in records}
    by_id = by_paper(map(listed, records))
    held: set[str] = set()

    def amended(record: Abstract, row: dict[str, Any]) -> Amendment:
        held.add(record.id)
        amendment = Amendment(record, row)
        if record.id in fetched:
            amendment.refresh(fetched[record.id])
        return _noticed(amendment, by_id, work)

    rewrite(work, amended)
    add_records(work, [record for source, record in fetched.items() if source not in held])
    return _with(_applied(work), missing, faults)


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


def _applied(work: Work) -> Applied:
    citing: dict[str, list[Article]] = defaultdict(list)
    for article in approved_articles(work.folder):
        for source in article.citations:
            citing[source].append(article)
    noticed = [(one.before, one.added, not one.before.retracted) for one in work.amendments if one.added]
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
        refreshed=tuple(one.before.id for one in work.amendments if one.refreshed),
        faults=tuple(work.faults),
    )


def _with(applied: Applied, missing: list[str], faults: list[Fault]) -> Applied:
    return replace(applied, missing=tuple(missing), faults=(*faults, *applied.faults))
