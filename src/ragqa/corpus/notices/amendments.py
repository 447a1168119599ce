"""What a list of notices, or a newer record of the same paper, changes in one record. A notice is only ever added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragqa.corpus.importers.listed import Listed, names
from ragqa.corpus.records import Abstract, Notice, NoticeKind

_BIBLIOGRAPHIC = ("title", "authors", "journal", "year", "doi", "url", "publication_types", "mesh")
_ONCE = (NoticeKind.RETRACTION, NoticeKind.EXPRESSION_OF_CONCERN)


@dataclass(slots=True)
class Amendment:
    """One record before, and the row of its line as it will be: with the notices ``added``, its fields ``refreshed`` or not."""

    before: Abstract
    row: dict[str, Any]
    added: tuple[Notice, ...] = ()
    refreshed: bool = False

    @property
    def changes(self) -> bool:
        """Whether the row is another than before."""
        return bool(self.added) or self.refreshed

    def refresh(self, fetched: Abstract) -> None:
        """Take the bibliographic fields that PubMed gives now; what PubMed does not say stays. A summary stays as written."""
        if self.before.text_origin != "publisher":
            return
        names = _BIBLIOGRAPHIC if self.before.sections else (*_BIBLIOGRAPHIC, "sections")
        given = fetched.model_dump(mode="json", include=set(names), exclude_defaults=True)
        row = self.row | {name: given[name] for name in names if name in given}
        self.refreshed = row != self.row
        self.row = row

    def add_notices(self, found: Iterable[Listed]) -> None:
        """Add what is listed of the paper and not yet known."""
        held = list(self.before.notices)
        for notice in (notice for item in found for notice in item.notices):
            if not _is_known(notice, held):
                held.append(notice)
        self.added = tuple(held[len(self.before.notices) :])
        if self.added:
            before = list(self.row.get("notices") or [])  # as written, whatever else they say
            added = [notice.model_dump(mode="json", exclude_none=True) for notice in self.added]
            self.row = self.row | {"notices": before + added}


def _is_known(notice: Notice, held: Iterable[Notice]) -> bool:
    """Whether a record has this notice. A paper is retracted, or doubted, once: only a first name of the notice adds to that."""
    same = [one for one in held if one.kind is notice.kind]
    if notice.kind in _ONCE:
        return any(one.source_id or not notice.source_id for one in same)
    return any(one.source_id == notice.source_id if notice.source_id else one.note == notice.note for one in same)


def by_paper(lists: Iterable[Listed]) -> dict[str, list[Listed]]:
    """All that is listed, by each source id that it names."""
    by_id: dict[str, list[Listed]] = defaultdict(list)
    for item in lists:
        for source in item.ids if item.notices or item.reinstated else ():
            by_id[source].append(item)
    return by_id


def listed_of(record: Abstract, by_id: Mapping[str, Sequence[Listed]]) -> list[Listed]:
    """What is listed of a record, under whichever of its ids."""
    return [item for source in sorted(names(record)) for item in by_id.get(source, ())]
