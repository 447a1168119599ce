"""The names that a published study goes by: its first authors', its group's, its journal's.

credits(record) == {"simpson", "jama"} of Simpson HB, et al. in JAMA Psychiatry
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ragqa.corpus.records import Abstract

FIRST = 3
"""Authors by whom a study is called; by hand: it is spoken of by the first, or by two or three together."""

_GIVEN = re.compile(r"(?:,.*|(?:\s[A-Z][A-Z.-]{0,4}| (?:Jr|Sr|I{2,3}|2nd|3rd)\.?)+)$")
"""What stands behind a family name: a comma with the given name, initials, a suffix."""
_NOBODY = frozenset({"et al", "et al."})
_GROUP = re.compile(r"\b[A-Z][A-Z*-]{2,}\w*")
"""An acronym in the name of a group or of a journal."""
_SPOKEN_OF = re.compile(r"Cochrane\b|[A-Z]\w+$")
"""A journal that is called by its first word, or has no other."""


def credits(record: Abstract) -> frozenset[str]:
    """Names by which a question may call a record, folded."""
    return frozenset(folded(name) for name in _names(record))


def folded(name: str) -> str:
    """A name without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))


def _names(record: Abstract) -> Iterator[str]:
    for author in record.authors[:FIRST]:
        if author.casefold() in _NOBODY:
            continue
        family = _GIVEN.sub("", author)
        if family != author:
            yield family
            yield from family.split("-") if "-" in family else ()
        yield from _GROUP.findall(family)
    journal = record.journal or ""
    if spoken_of := _SPOKEN_OF.match(journal):
        yield spoken_of[0]
    yield from _GROUP.findall(journal)
