"""Word lists, each with its source, and patterns made of them.

A list is a file of groups in TOML. A group says where its entries come from, and holds them parted by white space (``words``) or
one a line (``lines``); a line may be a part of a regular expression, or several forms parted by semicolons:

    [drug_stems]
    source = "stems of international non-proprietary names"
    words = "azepam olol pril"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ragqa.files.packaged import packaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Entries of one kind, in the order of their file, and where they come from."""

    source: str
    entries: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """The entries as the alternatives of a regular expression; the first that matches wins."""
        return "|".join(self.entries)

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The forms of each entry, ``first; second; third``."""
        return tuple(tuple(form.strip() for form in entry.split(";")) for entry in self.entries)

    def table(self) -> dict[str, tuple[str, ...]]:
        """What stands for each name, ``name = first; second``."""
        pairs = (entry.partition(" = ") for entry in self.entries)
        return {name.strip(): tuple(form.strip() for form in forms.split(";")) for name, _, forms in pairs}


@lru_cache
def lexicon(room: str, name: str) -> Mapping[str, Group]:
    """The groups of ``ragqa/<room>/data/<name>.toml``, by name.

    Raises:
        PackageDamaged: the file is missing or not what it should be.
    """
    return packaged(room, f"{name}.toml", "the word list", groups)


def groups(text: str) -> dict[str, Group]:
    """The groups that a list in TOML holds.

    Raises:
        ValueError: it is not TOML, or a group lacks its source or its entries; the message names the line or the group.
    """
    return {name: _group(name, value) for name, value in tomllib.loads(text).items()}


def _group(name: str, value: object) -> Group:
    match value:
        case {"source": str(source), "words": str(words), **others} if not others:
            entries = words.split()
        case {"source": str(source), "lines": str(lines), **others} if not others:
            entries = [line.strip() for line in lines.splitlines() if line.strip()]
        case _:
            raise ValueError(f"the group [{name}] must hold two texts: its source, and its words or lines")
    if not (source.strip() and entries):
        raise ValueError(f"the group [{name}] must name its source and hold an entry")
    return Group(source=source, entries=tuple(entries))


def any_of(words: Iterable[str]) -> str:
    """A pattern of these words in which each letter is tried once: faster than one word after another."""
    rest: dict[str, set[str]] = {}
    for word in words:
        rest.setdefault(word[:1], set()).add(word[1:])
    parts = [re.escape(first) + any_of(rest[first]) for first in sorted(rest) if first]
    return f"(?:{'|'.join(parts)})" + "?" * ("" in rest) if parts else ""
