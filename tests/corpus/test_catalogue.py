"""The catalogue: what it knows is what reading everything would find, and no edit escapes it."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLE, abstract, write_corpus, write_reviews

from ragqa.corpus.catalogue import Catalogue, reading, stamps
from ragqa.corpus.folder import citable, load_corpus
from ragqa.errors import CorpusError, InvalidRecord

pytestmark = pytest.mark.quick


def silent(stage: str, done: int, total: int) -> None:
    """Hears nothing."""


def read(catalogue: Catalogue) -> Catalogue:
    """Brought up to date."""
    catalogue.refresh(silent)
    return catalogue


@pytest.fixture
def catalogue(tmp_path: Path, small_corpus: Path) -> Iterator[Catalogue]:
    """The catalogue of the small corpus, not yet read."""
    with closing(Catalogue(tmp_path / "catalogue.sqlite", small_corpus)) as opened:
        yield opened


def assert_agrees(catalogue: Catalogue, corpus: Path) -> None:
    """The gate over the catalogue decides as the gate over the corpus read anew, and gives the same records."""
    for which in ("cited", "all"):
        allowed = citable(load_corpus(corpus), abstracts=which)
        decisions = list(catalogue.decisions(which))
        assert [decision.id for decision in decisions] == sorted(decision.id for decision in decisions)
        assert {decision.id: decision.reason for decision in decisions if decision.reason is not None} == allowed.excluded
        expected = {record.id: record for record in (*allowed.articles, *allowed.abstracts)}
        assert {s.id: catalogue.record(s.id) for s in decisions if s.reason is None} == expected
    assert catalogue.review_head == (load_corpus(corpus).reviews[-1].chain if load_corpus(corpus).reviews else None)


def change(moments: random.Random, files: dict[str, list[dict[str, Any]]], step: int) -> None:
    """One record added, edited, moved, retracted or deleted, or a new file with one; the two that the article cites stay."""
    name, other = moments.sample(sorted(files), 2)
    deed = moments.choice(["add", "edit", "move", "retract", "delete", "file"])
    free = [place for place, record in enumerate(files[name]) if record["id"] not in ("pmid:101", "pmid:102")]
    if deed == "file":
        files[f"c{step}"] = [abstract(300 + step)]
    elif deed == "add" or not free:
        files[name].insert(moments.randrange(len(files[name]) + 1), abstract(200 + step))
    elif deed in ("edit", "retract"):
        changes = {"title": f"Edited in step {step}"} if deed == "edit" else {"notices": [{"kind": "retraction"}]}
        files[name][moments.choice(free)] |= changes
    else:
        record = files[name].pop(moments.choice(free))
        files[other] += [record] if deed == "move" else []


def write_changed(corpus: Path, files: dict[str, list[dict[str, Any]]]) -> None:
    """Write the files that are not as they should be, and no others; one without a record is taken away."""
    for stem, records in files.items():
        text = "".join(json.dumps(record) + "\n" for record in records)
        file = corpus / "abstracts" / f"{stem}.jsonl"
        if not records:
            file.unlink(missing_ok=True)
        elif not file.exists() or file.read_text() != text:
            file.write_text(text)


def test_any_sequence_of_changes_leaves_it_as_if_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded: records added, edited, moved between files, retracted and deleted; articles edited, withdrawn and approved."""
    monkeypatch.setattr(stamps, "SETTLED", 0.0)
    moments = random.Random(5)
    files: dict[str, list[dict[str, Any]]] = {
        "a": [abstract(n) for n in range(101, 110)],
        "b": [abstract(n) for n in range(110, 115)],
    }
    corpus = write_corpus(tmp_path / "c", {"drug-a": ARTICLE}, [])
    events = [json.loads((corpus / "reviews.jsonl").read_text())]
    with closing(Catalogue(tmp_path / "catalogue.sqlite", corpus)) as catalogue:
        for step in range(25):
            change(moments, files, step)
            if moments.random() < 0.2:
                events.append(events[-1] | {"state": moments.choice(["approved", "withdrawn", "submitted"])})
            if moments.random() < 0.1:
                file = corpus / "articles" / "drug-a.md"
                file.write_text(file.read_text() + " ")
            write_changed(corpus, files)
            write_reviews(corpus, events)
            assert_agrees(read(catalogue), corpus)


def test_a_file_that_was_left_alone_is_not_opened(
    catalogue: Catalogue, small_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stamp is enough; adding a file opens that file only."""
    monkeypatch.setattr(stamps, "SETTLED", 0.0)
    read(catalogue)
    opened: list[str] = []
    lines = reading.lines

    def noting(file: Path, *rest: int) -> Any:
        opened.append(file.name)
        return lines(file, *rest)

    monkeypatch.setattr(reading, "lines", noting)
    (small_corpus / "abstracts" / "more.jsonl").write_text(json.dumps(abstract(104)) + "\n")
    assert_agrees(read(catalogue), small_corpus)
    assert set(opened) == {"more.jsonl"}


def test_an_edit_that_keeps_size_and_time_is_seen(
    catalogue: Catalogue, small_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of last modification can be set back by anyone; the change of status that this is cannot."""
    monkeypatch.setattr(stamps, "SETTLED", 0.0)
    read(catalogue)
    file = small_corpus / "abstracts" / "all.jsonl"
    before = file.stat()
    file.write_text(file.read_text().replace("enrolled 103 adults", "enrolled 301 adults"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert_agrees(read(catalogue), small_corpus)


def test_a_file_changed_a_moment_ago_is_compared_again(catalogue: Catalogue, small_corpus: Path) -> None:
    """Two changes within one step of the file system's clock leave the same stamp: a fresh one proves nothing."""
    read(catalogue)
    files = catalogue._sources.files()
    assert {stamp for name, (_, stamp) in files.items() if name.startswith("abstracts/")} == {""}
    assert_agrees(read(catalogue), small_corpus)


def test_a_line_added_at_the_end_is_the_only_one_parsed(
    catalogue: Catalogue, small_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines before it are compared by their SHA-256."""
    read(catalogue)
    parsed: list[int] = []
    parse = reading.abstract_of
    monkeypatch.setattr(reading, "abstract_of", lambda value, file, line: parsed.append(line) or parse(value, file, line))
    with (small_corpus / "abstracts" / "all.jsonl").open("a") as stream:
        stream.write("\n" + json.dumps(abstract(104)))
    read(catalogue)
    assert parsed == [5]
    assert_agrees(catalogue, small_corpus)


def test_a_line_that_only_moved_is_not_parsed(catalogue: Catalogue, small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when a line before it goes, nor when it goes to another file: what a line holds is decided by its bytes."""
    read(catalogue)
    monkeypatch.setattr(reading, "abstract_of", None)
    first, *others = (small_corpus / "abstracts" / "all.jsonl").read_text().splitlines(keepends=True)
    (small_corpus / "abstracts" / "all.jsonl").write_text("".join(others))
    (small_corpus / "abstracts" / "moved.jsonl").write_text(first)
    read(catalogue)
    monkeypatch.undo()
    assert_agrees(catalogue, small_corpus)


def test_all_faults_are_the_same_as_when_everything_is_read(tmp_path: Path) -> None:
    """Also those that an unchanged file makes with a changed one; and what was known before stays known."""
    corpus = write_corpus(tmp_path / "c", {"drug-a": ARTICLE}, [abstract(n) for n in (101, 102, 103)])
    with closing(Catalogue(tmp_path / "catalogue.sqlite", corpus)) as catalogue:
        before = list(read(catalogue).decisions("all"))
        files = {
            "abstracts/aaa.jsonl": "\n"
            + json.dumps(abstract(103))
            + "\n{\n"
            + json.dumps(abstract(104) | {"year": "soon"})
            + "\n",
            "abstracts/all.jsonl": "".join(json.dumps(abstract(n)) + "\n" for n in (101, 103, 103)),
            "articles/no-points.md": ARTICLE.split("## Key points")[0],
            "articles/out-of-range.md": ARTICLE.replace("B. [2]", "B. [7]"),
        }
        for name, text in files.items():
            (corpus / name).write_text(text)
        with (corpus / "reviews.jsonl").open("a") as log:
            log.write("{}\n")
        with pytest.raises(CorpusError) as all_read:
            load_corpus(corpus)
        with pytest.raises(CorpusError) as caught:
            catalogue.refresh(silent)
        assert str(caught.value) == str(all_read.value)
        assert list(catalogue.decisions("all")) == before


def test_a_record_changed_after_it_was_catalogued_is_refused(catalogue: Catalogue, small_corpus: Path) -> None:
    """A build that reads it at that moment stops; it does not index what the gate has not seen."""
    read(catalogue)
    file = small_corpus / "abstracts" / "all.jsonl"
    file.write_text(file.read_text().replace("enrolled 103 adults", "enrolled 301 adults"))
    with pytest.raises(InvalidRecord, match="pmid:103 was changed while the index was being built"):
        catalogue.record("pmid:103")
    article = small_corpus / "articles" / "drug-a.md"
    article.write_text(article.read_text() + " ")
    with pytest.raises(InvalidRecord, match="article:drug-a was changed"):
        catalogue.record("article:drug-a")


def test_gzipped_records_are_found_in_their_places(tmp_path: Path) -> None:
    """A packed file is told by its content, as everywhere."""
    corpus = write_corpus(tmp_path / "c", {"drug-a": ARTICLE}, [abstract(n) for n in (101, 102)])
    packed = "".join(json.dumps(abstract(n)) + "\n" for n in range(103, 140)).encode()
    (corpus / "abstracts" / "packed.jsonl").write_bytes(gzip.compress(packed))
    with closing(Catalogue(tmp_path / "catalogue.sqlite", corpus)) as catalogue:
        assert_agrees(read(catalogue), corpus)


@pytest.mark.parametrize("damage", [b"not a database at all", b""])
def test_a_damaged_catalogue_is_made_anew(tmp_path: Path, small_corpus: Path, damage: bytes) -> None:
    """All it says can be read again."""
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(file, small_corpus)) as catalogue:
        read(catalogue)
    file.write_bytes(damage)
    with closing(Catalogue(file, small_corpus)) as catalogue:
        assert_agrees(read(catalogue), small_corpus)


def test_progress_counts_the_bytes_that_may_have_changed(catalogue: Catalogue, small_corpus: Path) -> None:
    """From nothing to all."""
    told: list[tuple[str, int, int]] = []
    catalogue.refresh(lambda stage, done, total: told.append((stage, done, total)))
    total = sum(file.stat().st_size for file in small_corpus.glob("a*/*")) // 1000
    assert told[0] == ("reading kB", 0, total)
    assert told[-1] == ("reading kB", total, total)


@pytest.mark.parametrize("data", [b"", b"\n", b"{\n7\n", b'{"id": "pmid:101"'])
def test_a_damaged_file_is_one_fault_and_the_same_as_when_everything_is_read(tmp_path: Path, data: bytes) -> None:
    """Also that citations wait for it."""
    corpus = write_corpus(tmp_path / "c", {"drug-a": ARTICLE}, [abstract(n) for n in (101, 102)])
    (corpus / "abstracts" / "all.jsonl").write_bytes(data)
    with pytest.raises(CorpusError) as all_read:
        load_corpus(corpus)
    with closing(Catalogue(tmp_path / "catalogue.sqlite", corpus)) as catalogue, pytest.raises(CorpusError) as caught:
        catalogue.refresh(silent)
    assert len(caught.value.faults) == 1
    assert caught.value.faults == all_read.value.faults


def test_a_catalogue_that_may_not_be_read_is_used_again(tmp_path: Path, small_corpus: Path) -> None:
    """Its owner gets the permissions back."""
    file = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(file, small_corpus)) as catalogue:
        read(catalogue)
    file.chmod(0)
    with closing(Catalogue(file, small_corpus)) as catalogue:
        assert_agrees(read(catalogue), small_corpus)
    if os.geteuid():
        assert file.stat().st_mode & 0o600 == 0o600
