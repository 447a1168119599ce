"""Studies that a question calls by their authors, year, group, journal or register number ("Simpson 2013", "the Crawford trial").

named_studies("Crawford lamotrigine RCT - adherence", generation.credited) == (NamedStudy(text="Crawford", ids=(...), ...),)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.corpus.records import SOURCE_ID
from ragqa.language.concepts import Link
from ragqa.language.lexicon import lexicon
from ragqa.language.vocabulary import vocabulary

Credited = Callable[[str], Sequence[tuple[str, int | None]]]
"""Id and year of the records that go by a name."""

_WORDS = lexicon("question", "studies")
_SECOND = r"(?:\s?(?:,|and|&|/)\s?(?P<second>[^\W\d_][\w'’-]{2,30}))?"
_ET_AL = rf"(?P<others>,?\s(?:{_WORDS['and_others'].pattern}))?"
_NAMED = re.compile(
    rf"(?<![\w@.-])(?:(?P<before>(?:19|20)\d\d)\s)?(?P<name>[^\W\d_][\w*'’-]{{2,40}}?)(?:['’]s)?{_SECOND}{_ET_AL}"
    rf"(?:,?\s\(?(?P<year>(?:19|20)\d\d)\b\)?)?(?![\w-])"
)
_AFTER = re.compile(rf"\s?(?:[\w'’-]{{1,40}}\s){{0,3}}?(?:{_WORDS['studies'].pattern})\b", re.IGNORECASE)
_NEXT = re.compile(rf"\s(?:{_WORDS['studies'].pattern})\b", re.IGNORECASE)
_REGISTERED = re.compile(r"\bNCT\d{8}\b|\b(?:pmid|doi)[:\s]\s?[\w./()-]{1,200}[\w)]", re.IGNORECASE)
_OFF_BY = 1
"""Years between what appeared first and its printed issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStudy:
    """Words of a question that call a study, and the ids of the records that they call; none where none of it is held."""

    start: int
    end: int
    text: str
    ids: tuple[str, ...]


Uses = Callable[[str], bool]
"""Whether the sources use a word."""


def nobody(name: str) -> Sequence[tuple[str, int | None]]:
    """Knows no author."""
    return ()


def named_studies(question: str, links: Sequence[Link], credited: Credited, uses: Uses) -> tuple[NamedStudy, ...]:
    """The studies that a question calls by name, in order; ``links`` are the names of other things in it.

    A name alone calls a study where a record goes by it and the word is no English one, or a year or "et al" follows; one that no
    record goes by only where a year or "et al" leaves no doubt, or no source ``uses`` an acronym before "trial".
    """
    found = list(_registered(question))
    for match in _NAMED.finditer(question):
        if not (_is_sure(match) or _AFTER.match(question, match.end())):
            continue
        if any(link.start < match.end("name") and match.start() < link.end for link in links):
            continue
        if any(study.start < match.end() and match.start() < study.end for study in found):
            continue
        records = credited(match["name"].rstrip("'’-")) or credited(match["second"] or "")
        if study := _study(match, records, uses):
            found.append(study)
    return tuple(sorted(found, key=lambda study: study.start))


def _is_sure(match: re.Match[str]) -> bool:
    """Whether a year or "et al" stands by a name."""
    return bool(match["year"] or match["before"] or match["others"])


def _registered(question: str) -> Iterator[NamedStudy]:
    for match in _REGISTERED.finditer(question):
        kind, _, number = re.sub(r"[:\s]\s?", ":", match[0], count=1).rpartition(":")
        id_ = f"{kind.lower()}:{number}" if kind else f"nct:{number.upper()}"
        if SOURCE_ID.fullmatch(id_):
            yield NamedStudy(start=match.start(), end=match.end(), text=match[0], ids=(id_,))


def _study(match: re.Match[str], records: Sequence[tuple[str, int | None]], uses: Uses) -> NamedStudy | None:
    name, sure = match["name"], _is_sure(match)
    if records:
        a_name = not _is_english(name) or (not name.islower() and match.start() > 0)
        calls = sure or (a_name and _AFTER.match(match.string, match.end()))
    elif name.isupper():
        calls = bool(_NEXT.match(match.string, match.end())) and not uses(name)
    else:
        calls = sure and name.istitle() and not _is_english(name)
    ids = _of_year(records, int(match["year"] or match["before"] or 0))
    return NamedStudy(start=match.start(), end=match.end(), text=match[0], ids=ids) if calls else None


def _of_year(records: Sequence[tuple[str, int | None]], year: int) -> tuple[str, ...]:
    exact = tuple(id_ for id_, published in records if not year or published == year)
    return exact or tuple(id_ for id_, published in records if published and abs(published - year) <= _OFF_BY)


def _is_english(name: str) -> bool:
    return vocabulary().english(name.casefold())
