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


def test_lines_that_hold_no_record_are_named_by_number(settings: Settings) -> None:
    """The first with its reason."""
    lines = [json.dumps(abstract(number)) for number in (101, 102, 103, 104, 105, 106)]
    for place in (1, 3, 4, 5):
        lines[place] = lines[place][:-5]
    (settings.corpus / RECORDS).write_text("\n".join(lines) + "\n")
    (line,) = told(lambda: load_corpus(settings.corpus))
    assert "all.jsonl:2: not JSON" in line
    assert line.endswith("(lines 4-6 hold no record either)")


def test_what_whole_files_do_not_hold_is_a_fault_of_the_article(tmp_path: Path) -> None:
    """An empty file beside others is no damage where nothing is missed."""
    corpus = write_corpus(tmp_path, {"drug-a": ARTICLE}, [abstract(101)])
    assert "drug-a.md: cites pmid:102, which no file under abstracts/ holds" in told(lambda: load_corpus(corpus))[0]
    (corpus / "abstracts" / "more.jsonl").write_text(json.dumps(abstract(102)) + "\n")
    (corpus / "abstracts" / "none.jsonl").write_text("")
    assert load_corpus(corpus).faults == ()


def test_an_article_that_cannot_be_read_is_one_line(settings: Settings) -> None:
    """Its review events do not speak of an article that is missing."""
    file = settings.corpus / "articles" / "drug-a.md"
    file.unlink()
    file.symlink_to(file.name)
    (line,) = told(lambda: load_corpus(settings.corpus))
    assert line.startswith(f"{file}: cannot be read")


def test_a_file_that_is_replaced_can_be_read_by_its_owner(tmp_path: Path) -> None:
    """Whatever the permissions of the one before were; other bits stay."""
    file = tmp_path / "CURRENT"
    for before, after in ((0o000, 0o600), (0o444, 0o644), (0o640, 0o640)):
        file.unlink(missing_ok=True)
        file.write_text("old")
        file.chmod(before)
        write_atomic(file, ["new"])
        assert (file.stat().st_mode & 0o777, file.read_text()) == (after, "new")


def test_an_import_that_brings_nothing_leaves_no_empty_file(small_corpus: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    """Records that another file holds are not written again, and a file without any would read as damaged."""
    (tmp_path / "again.jsonl").write_text(json.dumps({"_id": "101", "title": "t", "text": "Drug A was given."}) + "\n")
    shown = run("import", tmp_path / "again.jsonl", "--corpus", small_corpus, "--ids", "pmid")
    assert shown.exit_code == 0, shown.output
    assert [file.name for file in (small_corpus / "abstracts").iterdir()] == ["all.jsonl"]


def test_an_approved_text_that_was_changed_is_told_and_can_be_put_back(settings: Settings, run: Callable[..., Any]) -> None:
    """`check` names the command; what was there is kept, and the article is approved again."""
    where = ("--corpus", settings.corpus)
    file = settings.corpus / "articles" / "drug-a.md"
    for step, by in (("submit", "demo-author"), ("start", "demo-editor"), ("approve", "demo-editor")):
        assert run("review", step, "drug-a", "--by", by, *where).exit_code == 0
    approved = file.read_bytes()
    assert "review restore" not in run("check", *where).output
    file.write_bytes(approved.replace(b"8 weeks", b"9 weeks"))
    shown = run("check", *where)
    assert shown.exit_code == 0
    assert "drug-a.md: differs from the text approved on " in shown.output
    assert "`ragqa review restore drug-a`" in shown.output
    assert run("review", "restore", "drug-a", *where).exit_code == 0
    assert file.read_bytes() == approved
    (aside,) = file.parent.glob("drug-a.md.damaged-*")
    assert b"9 weeks" in aside.read_bytes()
    assert "differs" not in run("check", *where).output


def test_only_a_text_that_was_approved_and_kept_is_put_back(settings: Settings, run: Callable[..., Any]) -> None:
    """Otherwise nothing is touched."""
    before = (settings.corpus / "articles" / "drug-a.md").read_bytes()
    for slug, said in (("drug-a", "no approved text of drug-a was kept"), ("../x", "is no slug")):
        shown = run("review", "restore", slug, "--corpus", settings.corpus)
        assert shown.exit_code == 1
        assert said in shown.output
    assert (settings.corpus / "articles" / "drug-a.md").read_bytes() == before
