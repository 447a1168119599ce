"""Names that a house adds to the vocabulary: ``vocabulary.toml`` beside its articles (docs/formats.md)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.errors import Fault, InvalidRecord
from ragqa.files import read_text
from ragqa.language.vocabulary import LONGEST, NOTHING, Addition, Concept, Kind, Vocabulary, compiled, concept, words

FILE = "vocabulary.toml"
MOST, LONGEST_NAME = 20_000, 100
"""Names that a house may add, and characters of one."""
_SECTIONS = {kind.value.replace(" ", "_"): kind for kind in Kind}
_MEMBERS, _NO_NAMES = "members", "no_names"
_TABLE = re.compile(r"\[ ?[\"']?([^\]\"']{1,200})[\"']? ?\]")
_KEY = re.compile(r"(?:\"((?:[^\"\\]|\\.){0,500})\"|'([^']{0,500})'|([\w-]{1,500})) ?=")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a house adds, and what is wrong with the rest of its file, which adds nothing."""

    added: Addition = NOTHING
    faults: tuple[Fault, ...] = ()


def house_vocabulary(folder: Path) -> House:
    """The names in a corpus folder's ``vocabulary.toml``; nothing where there is no such file."""
    file = folder / FILE
    if not file.exists():
        return House()
    try:
        text, _ = read_text(file)
        held = tomllib.loads(text)
    except InvalidRecord as error:
        return House(faults=error.faults)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        return House(faults=(Fault(file=file, line=int(line[1]) if line else None, message=f"no TOML: {error}"),))
    return _Reader(file, text).house(held)


class _Reader:
    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.lines = _lines(text)
        self.faults: list[Fault] = []
        self.names: list[tuple[str, Concept | None]] = []

    def house(self, held: dict[str, Any]) -> House:
        for section, rows in held.items():
            if section not in {*_SECTIONS, _MEMBERS, _NO_NAMES}:
                self._fault(section, "", f"no such section; one of {', '.join((*_SECTIONS, _MEMBERS, _NO_NAMES))}")
            elif not isinstance(rows, dict):
                self._fault(section, "", "must be a section of names, each with a list of what else it is called")
        for section, kind in _SECTIONS.items():
            for name, others in self._rows(held, section):
                what = _known(compiled(), name, kind) or concept(kind, " ".join(name.lower().split()))
                self.names += [(name, what), *((other, what) for other in others)]
        for _, others in self._rows(held, _NO_NAMES):
            self.names += [(other, None) for other in others]
        if len(self.names) > MOST:
            self.faults.append(Fault(file=self.file, line=None, message=f"{len(self.names)} names; {MOST} at most"))
            return House(faults=tuple(self.faults))
        named = compiled().with_added(Addition(names=tuple(self.names)))
        pairs = tuple(self._members(held, named))
        return House(added=Addition(names=tuple(self.names), broader=pairs), faults=tuple(self.faults))

    def _members(self, held: dict[str, Any], named: Vocabulary) -> Iterator[tuple[Concept, Concept]]:
        for name, others in self._rows(held, _MEMBERS):
            above = _known(named, name, Kind.DRUG_CLASS)
            if above is None:
                self._fault(_MEMBERS, name, f"{name!r} is no class of drugs; name it under [drug_class]")
                continue
            for other in others:
                below = _known(named, other, Kind.DRUG) or _known(named, other, Kind.DRUG_CLASS)
                if below:
                    yield below, above
                else:
                    self._fault(_MEMBERS, name, f"{other!r} is no drug that is known; name it under [drug]")

    def _rows(self, held: dict[str, Any], section: str) -> Iterator[tuple[str, list[str]]]:
        """The names of a section, each with what else it is called, without those that have a fault."""
        rows = held.get(section, {})
        for name, others in rows.items() if isinstance(rows, dict) else ():
            if not isinstance(others, list) or not all(isinstance(other, str) for other in others):
                self._fault(section, name, 'must be a list of names: ["...", "..."]')
            elif wrong := next((reason for one in (name, *others) if (reason := _unusable(one))), None):
                self._fault(section, name, wrong)
            else:
                yield name, others

    def _fault(self, section: str, name: str, message: str) -> None:
        place = f"[{section}]" + (f" {name[:LONGEST_NAME]!r}" if name else "")
        fault = Fault(file=self.file, line=self.lines.get((section, name)), message=f"{place}: {message}")
        if fault not in self.faults:
            self.faults.append(fault)


def _unusable(name: str) -> str | None:
    """Why a text can be no name; None when it can."""
    if len(name) > LONGEST_NAME or not name.isprintable():
        return f"a name has at most {LONGEST_NAME} characters, on one line"
    if not 1 <= len(words(name)) <= LONGEST or not any(letter.isalpha() for letter in name) or len(name.strip()) < 2:
        return f"a name has two letters at least and {LONGEST} words at most"
    return None


def _known(vocabulary: Vocabulary, name: str, kind: Kind) -> Concept | None:
    return next((meaning for meaning in vocabulary.meanings(name) if meaning.kind is kind), None)


def _lines(text: str) -> dict[tuple[str, str], int]:
    """The line of each section, and of each name in it."""
    section, found = "", dict[tuple[str, str], int]()
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if match := _TABLE.match(line):
            section = match[1].strip()
            found.setdefault((section, ""), number)
        elif match := _KEY.match(line):
            name = next(part for part in match.groups() if part is not None)
            found.setdefault((section, name), number)
            found.setdefault((name, ""), number)
    return found
