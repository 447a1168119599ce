"""One damage, one line: what only follows from a damaged file is not told, and what it means is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLE, abstract, write_corpus

from ragqa.corpus.folder import load_corpus
from ragqa.errors import CorpusError
from ragqa.files import write_atomic
from ragqa.index.refresh import build_index
from ragqa.settings import Settings

RECORDS = Path("abstracts") / "all.jsonl"
DAMAGES: dict[str, Callable[[Path], Any]] = {
    "folder": lambda file: (file.unlink(), file.mkdir()),
    "pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "link to itself": lambda file: (file.unlink(), file.symlink_to(file.name)),
    "empty": lambda file: file.write_bytes(b""),
    "torn": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "another encoding": lambda file: file.write_bytes(file.read_text().encode("utf-16")),
    "other content": lambda file: file.write_text('[1]\n{"id": 7}\n{"id": 8}\n'),
}


def told(work: Callable[[], object]) -> list[str]:
    """The faults that a corpus is refused with."""
    with pytest.raises(CorpusError) as caught:
        work()
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_of_abstracts_is_one_line(settings: Settings, damage: Callable[[Path], Any]) -> None:
    """Not one for every citation it held; read whole and built from, it is told alike."""
    build_index(settings)
    damage(settings.corpus / RECORDS)
    for work in (lambda: load_corpus(settings.corpus), lambda: build_index(settings)):
        (line,) = told(work)
        assert line.startswith(str(settings.corpus / RECORDS))


def test_what_whole_files_do_not_hold_is_a_fault_of_the_article(tmp_path: Path) -> None:
    """An empty file beside others is no damage where nothing is missed."""
    corpus = write_corpus(tmp_path, {"drug-a": ARTICLE}, [abstract(101)])
    assert "drug-a.md: cites pmid:102, which no file under abstracts/ holds" in told(lambda: load_corpus(corpus))[0]
    (corpus / "abstracts" / "more.jsonl").write_text(json.dumps(abstract(102)) + "\n")
    (corpus / "abstracts" / "none.jsonl").write_text("")
    assert load_corpus(corpus).faults == ()


def test_a_file_that_is_replaced_can_be_read_by_its_owner(tmp_path: Path) -> None:
    """Whatever the permissions of the one before were; other bits stay."""
    file = tmp_path / "CURRENT"
    for before, after in ((0o000, 0o600), (0o440, 0o440), (0o640, 0o640)):
        file.unlink(missing_ok=True)
        file.write_text("old")
        file.chmod(before)
        write_atomic(file, ["new"])
        assert (file.stat().st_mode & 0o777, file.read_text()) == (after, "new")
