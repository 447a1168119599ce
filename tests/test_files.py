"""Files: faults name their line, and a write is all or nothing."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa import files
from ragqa.errors import Fault, InvalidRecord

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


def test_a_line_too_long_is_reported_and_never_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An over-long line costs one fault; the line after it is read under its right number."""
    monkeypatch.setattr(files, "LONGEST_LINE", 100)
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
        files.append_line(file, {"writer": writer, "number": number, "padding": "x" * 5000}, durable=False)


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
        files.cut_partial_line(file)
        assert file.read_bytes() == whole
