"""The suite: which case sets there are, on which corpus each is asked, and which are sealed.

A suite is a TOML file of ``[[set]]`` tables: ``name``, ``cases``, and where they differ from the default ``corpus``, and ``key``
for a set that is sealed. Paths are relative to the file.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragqa.corpus.catalogue import Progress
from ragqa.corpus.records import explain
from ragqa.errors import InvalidRecord, SettingsError
from ragqa.evaluation.cases import Case, parse_cases, read_cases
from ragqa.evaluation.judged import JudgedAnswer, ask_cases
from ragqa.evaluation.sealing import opened
from ragqa.evaluation.tally import tallies
from ragqa.files import read_text
from ragqa.files.appending import append_line
from ragqa.index.refresh import build_index, silent
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

OPENINGS = "openings.jsonl"
"""Beside a sealed set: one line each time it was asked, with what came of it."""


class CaseSet(BaseModel):
    """One set of cases; ``corpus`` where it is not the one of the settings, ``key`` where it is sealed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    cases: Path
    corpus: Path | None = None
    key: Path | None = None

    def beside(self, folder: Path) -> Self:
        """With paths that are relative to a folder."""
        paths = {name: folder / path for name in ("cases", "corpus", "key") if (path := getattr(self, name))}
        return self.model_copy(update=paths)

    def read(self) -> list[Case]:
        """The cases; a sealed set is opened.

        Raises:
            RagqaError: with every fault.
        """
        return parse_cases(opened(self.cases, self.key), self.cases) if self.key else read_cases(self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResult:
    """What came of a set: the tallies, and every answer where the set is not sealed."""

    name: str
    tallies: dict[str, Any]
    judged: Sequence[JudgedAnswer]


def read_suite(file: Path) -> tuple[CaseSet, ...]:
    """The sets of a suite, in its order.

    Raises:
        InvalidRecord: it cannot be read, is no suite, or gives a name twice.
    """
    try:
        sets = tomllib.loads(read_text(file)[0]).get("set", [])
        found = tuple(CaseSet.model_validate(one, strict=False).beside(file.parent) for one in sets)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRecord(file, None, f"is no TOML: {error}") from error
    except ValidationError as error:
        raise InvalidRecord(file, None, f"is no suite: {explain(error)}") from error
    if len({one.name for one in found}) < len(found) or not found:
        raise InvalidRecord(file, None, "needs [[set]] tables, each with a name of its own")
    return found


def chosen(sets: Sequence[CaseSet], names: Set[str], sealed: bool) -> tuple[CaseSet, ...]:
    """The sets of these names, all where none is named; sealed ones only if that is wanted, or one is named.

    Raises:
        SettingsError: no set has that name.
    """
    if unknown := names - {one.name for one in sets}:
        known = ", ".join(one.name for one in sets)
        raise SettingsError(f"no set is called {', '.join(sorted(unknown))}; the suite has {known}")
    return tuple(one for one in sets if (one.name in names if names else sealed or not one.key))


def ask_set(settings: Settings, one: CaseSet, progress: Progress = silent, workers: int = 1) -> SetResult:
    """Ask one set of the corpus it is about."""
    cases = one.read()
    own = settings
    if one.corpus:
        own = settings.model_copy(update={"corpus": one.corpus, "index": index_of(settings, one.corpus)})
        build_index(own)
    with Ragqa.open(own) as ragqa:
        judged = ask_cases(ragqa, cases, lambda _, done, total: progress(one.name, done, total), workers)
        generation = ragqa.generation.manifest.generation
    counted = tallies(judged)
    if one.key:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        append_line(
            one.cases.with_name(OPENINGS), {"set": one.name, "at": at, "generation": generation, "verdicts": counted["all"]}
        )
    return SetResult(name=one.name, tallies=counted, judged=() if one.key else judged)


def index_of(settings: Settings, corpus: Path) -> Path:
    """Where the index of a set's own corpus is kept: beside the one of the settings, a corpus each."""
    return settings.index.with_name(f"eval-{hashlib.sha256(str(corpus.resolve()).encode()).hexdigest()[:8]}")
