"""Files: faults name their line, and a write is all or nothing."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import stat
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ragqa import files
from ragqa.errors import Fault, InvalidRecord, PackageDamaged
from ragqa.files.appending import append_line, cut_partial_line
from ragqa.files.aside import set_aside
from ragqa.files.packaged import packaged
from ragqa.files.reading import LONGEST_LINE

pytestmark = pytest.mark.quick

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
JSON = st.dictionaries(TEXT, st.one_of(st.none(), st.integers(), TEXT, st.lists(TEXT)))


@given(rows=st.lists(JSON))
def test_lines_written_are_the_lines_read(rows: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any JSON objects without NUL survive a write and a read, in order, line breaks inside strings included."""
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    files.write_atomic(file, (files.json_line(row) for row in rows))
    assert [row for _, row in files.read_jsonl(file)] == rows


def test_each_bad_line_is_a_fault_with_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    """Wrong encoding, broken JSON, a list instead of an object and deep nesting are four faults; good lines still come."""
    file = tmp_path / "mixed.jsonl"
    lines = [b'{"a": 1}', b'{"a": "\xff"}', b"{", b"[1]", b"", b"[" * 100_000, b'{"a": 2}']
    file.write_bytes(b"\n".join(lines))
    found = list(files.read_jsonl(file))
    assert [value for _, value in found if not isinstance(value, Fault)] == [{"a": 1}, {"a": 2}]
    assert [number for number, value in found if isinstance(value, Fault)] == [2, 3, 4, 6]


def test_a_text_too_large_is_refused_and_a_small_one_takes_little_memory(tmp_path: Path) -> None:
    """CURRENT is read at every look at the index: a few bytes, which must not take the memory of the longest text allowed."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_text("a few words", encoding="utf-8")
    large.touch()
    os.truncate(large, LONGEST_LINE + 1)
    with pytest.raises(InvalidRecord, match="larger than 16 MiB"):
        files.read_text(large)
    tracemalloc.start()
    try:
        assert files.read_text(small) == ("a few words", b"a few words")
        assert tracemalloc.get_traced_memory()[1] < LONGEST_LINE / 4
    finally:
        tracemalloc.stop()


def test_a_line_too_long_is_reported_and_never_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An over-long line costs one fault; the line after it is read under its right number."""
    monkeypatch.setattr("ragqa.files.jsonl.LONGEST_LINE", 100)
    file = tmp_path / "long.jsonl"
    file.write_bytes(b'{"a": "' + b"x" * 1000 + b'"}\n{"a": 2}\n')
    (first, fault), (second, row) = files.read_jsonl(file)
    assert (first, second, row) == (1, 2, {"a": 2})
    assert isinstance(fault, Fault)
    assert "line longer than" in fault.message


def test_gzip_is_recognised_by_content_and_damage_is_reported(tmp_path: Path) -> None:
    """A packed file reads like a plain one whatever its name; cut short, it is one clear error."""
    file = tmp_path / "packed.jsonl"
    data = gzip.compress(json.dumps({"a": "b" * 1000}).encode() + b"\n")
    file.write_bytes(data)
    assert [row for _, row in files.read_jsonl(file)] == [{"a": "b" * 1000}]
    file.write_bytes(data[:-10])
    with pytest.raises(InvalidRecord, match="cannot be read"):
        list(files.read_jsonl(file))


def test_a_write_that_fails_leaves_the_old_file_and_no_leftover(tmp_path: Path) -> None:
    """An error while lines are being made keeps the old content, and no temporary file stays behind."""
    file = tmp_path / "kept.txt"
    files.write_atomic(file, ["old"])

    def broken() -> Iterator[str]:
        yield "new"
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        files.write_atomic(file, broken())
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def _append_many(file: Path, writer: int) -> None:
    for number in range(50):
        append_line(file, {"writer": writer, "number": number, "padding": "x" * 5000}, durable=False)


def test_concurrent_writers_never_mix_or_lose_a_line(tmp_path: Path) -> None:
    """Four processes append fifty large lines each; all two hundred come back whole."""
    file = tmp_path / "shared.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append_many, args=(file, writer)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    rows = [row for _, row in files.read_jsonl(file)]
    assert len(rows) == 200
    assert {(row["writer"], row["number"]) for row in rows} == {(w, n) for w in range(4) for n in range(50)}


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=40), max_size=5), st.integers(0, 200_000))
def test_only_a_line_without_its_end_is_cut_off(lines: list[str], rest: int) -> None:
    """Whole lines stay byte for byte, however long the piece after them."""
    whole = "".join(f"{line}\n" for line in lines).encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines.jsonl"
        file.write_bytes(whole + b"x" * rest)
        cut_partial_line(file)
        assert file.read_bytes() == whole


@given(st.one_of(st.binary(max_size=300), st.text(st.characters()).map(lambda text: json.dumps({"a": text}).encode())))
@example(rb'{"":"\u0000"}')
@example(rb'{"\u0000":[]}')
def test_any_bytes_are_an_object_that_can_be_kept_or_a_fault(line: bytes) -> None:
    """What is accepted can be written as UTF-8, and holds no NUL."""
    value = files.json_object(line, Path("lines.jsonl"), 1)
    if not isinstance(value, Fault):
        assert "\0" not in json.dumps(value, ensure_ascii=False).encode("utf-8").decode("unicode_escape", "replace")


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": NaN}',
        b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}",
    ],
)
def test_what_no_file_could_keep_is_a_fault(line: bytes) -> None:
    """Half a surrogate pair, a number without end, NaN and brackets without end are named, and cost nothing later."""
    assert isinstance(files.json_object(line, Path("lines.jsonl"), 1), Fault)


def test_letters_beyond_the_first_plane_are_no_half_pairs() -> None:
    """A whole pair of escapes is a letter."""
    assert files.json_object(rb'{"a": "\ud83d\ude00"}', Path("lines.jsonl"), 1) == {"a": "\U0001f600"}


@pytest.mark.parametrize("kind", ["pipe", "folder", "circle", "device"])
def test_what_is_no_file_is_never_waited_for(tmp_path: Path, kind: str) -> None:
    """A pipe that nobody writes to, a folder, a link to itself and a device are one fault each, at once."""
    file = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("/dev/zero" if kind == "device" else "file")
    for read in (files.read_text, lambda one: list(files.read_jsonl(one))):
        with pytest.raises(InvalidRecord, match="cannot be read"):
            read(file)


def test_a_link_to_a_file_is_read_and_written_through(tmp_path: Path) -> None:
    """The link stays a link, and what it names changes."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    files.write_atomic(link, [files.read_text(link)[0], " and new"])
    assert link.is_symlink()
    assert target.read_text() == "old and new"


def test_a_file_that_is_written_again_keeps_its_permissions(tmp_path: Path) -> None:
    """A secret does not become readable by being renewed."""
    file = tmp_path / "secret"
    files.write_atomic(file, ["old"], mode=0o600)
    files.write_atomic(file, ["new"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_set_aside_keeps_its_bytes_and_its_journal(tmp_path: Path) -> None:
    """Twice within a second gives two names."""
    for content in ("one", "two"):
        (tmp_path / "data.sqlite").write_text(content)
        (tmp_path / "data.sqlite-wal").write_text(f"journal of {content}")
        aside = set_aside(tmp_path / "data.sqlite")
        assert aside.read_text() == content
        assert aside.with_name(f"{aside.name}-wal").read_text() == f"journal of {content}"
    assert len(list(tmp_path.iterdir())) == 4


def test_permissions_that_keep_everybody_out_are_not_kept(tmp_path: Path) -> None:
    """What is written anew can be read by its owner."""
    file = tmp_path / "CURRENT"
    files.write_atomic(file, ["old"], mode=0)
    files.write_atomic(file, ["new"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("damaged", ["{", "[]", "{}", '{"fingerprint": 1}'])
def test_a_damaged_file_of_the_package_is_one_message(damaged: str) -> None:
    """With its name and what to do, whatever the reader makes of it."""
    with pytest.raises(PackageDamaged, match=r"the probe .*scope\.json cannot be used: .*install ragqa again"):
        packaged("question", "scope.json", "the probe", lambda text: json.loads(damaged)["weights"])
