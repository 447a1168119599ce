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

_GIVEN = re.compile(r"[A-Z][A-Z.-]{0,4}|Jr\.?|Sr\.?|2nd|3rd|II|III")
"""What stands behind a family name: initials, a suffix."""
_NOBODY = frozenset({"et al", "et al."})
_GROUP = re.compile(r"(?<!\w)[A-Z][A-Z*-]{2,20}(?!\w)")
"""An acronym in the name of a group or of a journal."""
_SPOKEN_OF = frozenset({"Cochrane"})
"""First words by which journals are called that have more of them."""


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
        family = _family(author)
        if family != author:
            yield family
            yield from family.split("-") if "-" in family else ()
        yield from _GROUP.findall(family)
    journal = (record.journal or "").split()
    if len(journal) == 1 or _SPOKEN_OF.intersection(journal[:1]):
        yield journal[0]
    yield from _GROUP.findall(" ".join(journal))


def _family(author: str) -> str:
    """A name without what is given: what stands behind a comma, and initials and suffixes at its end."""
    words = author.partition(",")[0].split()
    while len(words) > 1 and _GIVEN.fullmatch(words[-1]):
        words.pop()
    return " ".join(words)
