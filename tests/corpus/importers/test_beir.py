"""BEIR JSON Lines: the text is kept to the letter, and a bad line costs only itself."""

import gzip
import json
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.corpus.importers import import_file
from ragqa.corpus.importers.beir import document_id
from ragqa.corpus.records import SOURCE_ID, Abstract
from ragqa.errors import Fault

pytestmark = pytest.mark.quick

Write = Callable[[str, bytes | str], Path]

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def lines(*values: object) -> str:
    """One JSON line for each value."""
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def test_document(write: Write) -> None:
    """Id, title and text are kept; other keys are left out."""
    file = write("c.jsonl", lines({"_id": "4983", "title": "A title", "text": "A text.", "metadata": {"a": 1}}))
    (record,) = import_file(file)
    assert isinstance(record, Abstract)
    assert (record.id, record.title, record.text, record.url) == ("doc:4983", "A title", "A text.", None)
    assert [section.label for section in record.sections] == [None]
    assert (record.text_origin, record.source) == ("publisher", "beir jsonl: c.jsonl")


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), TEXT, TEXT), min_size=1))
def test_round_trip_keeps_the_text(documents: list[tuple[str, str, str]]) -> None:
    """Whatever the text is made of, the record's is the same but for white space around it; the title's where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "c.jsonl")
        file.write_text(lines(*({"_id": name, "title": title, "text": text} for name, title, text in documents)), "utf-8")
        results = list(import_file(file))
    for (name, title, text), result in zip(documents, results, strict=True):
        if not (title.strip() or text.strip()):
            assert isinstance(result, Fault)
            continue
        assert isinstance(result, Abstract)
        assert result.id == document_id(name)
        words = text if text.strip() else title
        assert result.text in words
        assert result.text.strip() == words.strip()
        assert (result.title or "").strip() == title.strip()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(min_size=1))
def test_ids_are_valid_and_never_collide(name: str, other: str) -> None:
    """Every name makes a source id, and two names make two."""
    assert SOURCE_ID.fullmatch(document_id(name))
    assert (document_id(name) == document_id(other)) == (name == other)


def test_white_space_in_an_id(write: Write) -> None:
    """White space in an id is percent-encoded."""
    (record,) = import_file(write("c.jsonl", lines({"_id": "a b", "text": "x"})))
    assert isinstance(record, Abstract)
    assert record.id == "doc:a%20b"


def test_ids_as_pubmed_numbers(write: Write) -> None:
    """With ids="pmid" a number becomes a PubMed id with its page; anything else is a fault at its line."""
    names = ["16083", "PMC12", "0", "12 3", 31]
    file = write("c.jsonl", lines(*({"_id": name, "text": "x"} for name in names)))
    results = list(import_file(file, ids="pmid"))
    assert [result.line if isinstance(result, Fault) else result.id for result in results] == [
        "pmid:16083",
        2,
        3,
        4,
        "pmid:31",
    ]
    assert isinstance(results[0], Abstract)
    assert results[0].url == "https://pubmed.ncbi.nlm.nih.gov/16083/"


def test_empty_title_is_none(write: Write) -> None:
    """An empty title is no title."""
    for title in ("", "  ", None):
        (record,) = import_file(write("c.jsonl", lines({"_id": "1", "title": title, "text": "x"})))
        assert isinstance(record, Abstract)
        assert record.title is None


def test_title_alone_is_a_record_without_sections(write: Write) -> None:
    """A document without text is kept for its title, and is a fault when it has none."""
    rows = [{"_id": "1", "title": "T", "text": " "}, {"_id": "2", "title": "T"}, {"_id": "3", "title": "", "text": ""}]
    titled, missing, nothing = import_file(write("c.jsonl", lines(*rows)))
    assert isinstance(titled, Abstract)
    assert isinstance(missing, Abstract)
    assert titled.sections == missing.sections == ()
    assert titled.text == missing.text == "T"
    assert isinstance(nothing, Fault)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"not json", "JSON"),
        (b'["_id"]', "object"),
        (b'{"text": "x"}', "_id"),
        (b'{"_id": "", "text": "x"}', "_id"),
        (b'{"_id": "1", "text": 5e}', "JSON"),
        (b'{"_id": "1", "text": ["x"]}', "text"),
        (b'{"_id": "1", "text": "\xff"}', "unicode"),
        (b'{"_id": "1", "text": "\\ud800"}', "JSON"),
        (b'{"_id": "1", "text": "cut off', "JSON"),
        (b'{"_id": "1", "deep": ' + b"[" * 100_000, "recursion"),
    ],
)
def test_bad_line_costs_only_itself(write: Write, line: bytes, message: str) -> None:
    """A line that is no document is a fault with its number; its neighbours are read."""
    good = lines({"_id": "1", "text": "x"}).encode()
    first, fault, last = import_file(write("c.jsonl", good + line + b"\n" + good))
    assert isinstance(first, Abstract)
    assert isinstance(last, Abstract)
    assert isinstance(fault, Fault)
    assert fault.line == 2
    assert message in fault.message


def test_wrong_encoding(write: Write) -> None:
    """UTF-16 is not guessed at; its lines are faults."""
    results = list(import_file(write("c.jsonl", lines({"_id": "1", "text": "x"}).encode("utf-16"))))
    assert results
    assert all(isinstance(result, Fault) for result in results)


def test_script_stays_text(write: Write) -> None:
    """Markup in a title or text is text like any other; whoever shows it must escape it."""
    hostile = "<script>alert(1)</script>"
    (record,) = import_file(write("c.jsonl", lines({"_id": "1", "title": hostile, "text": hostile})))
    assert isinstance(record, Abstract)
    assert record.title == record.text == hostile


def test_truncated_gzip(write: Write) -> None:
    """A gzip file that breaks off gives whole documents only, then one fault."""
    packed = gzip.compress(lines(*({"_id": str(n), "text": str(n * 7919**9)} for n in range(5000))).encode())
    *records, fault = import_file(write("c.jsonl.gz", packed[: len(packed) // 2]))
    assert len(records) > 1000
    assert all(isinstance(record, Abstract) and record.text == str(int(record.id[4:]) * 7919**9) for record in records)
    assert isinstance(fault, Fault)
    assert "breaks off" in fault.message


def test_a_large_corpus_is_streamed(write: Write) -> None:
    """A record is handed on before the next line is read: what is held at once does not grow with the file."""
    row = lines({"_id": "1", "title": "A title", "text": "Some words of an abstract. " * 40})
    file = write("c.jsonl", row * 20_000)
    tracemalloc.start()
    try:
        assert sum(isinstance(record, Abstract) for record in import_file(file)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < file.stat().st_size / 10
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("folder", "ids", "count"),
    [
        ("scifact", "pmid", 5183),
        ("pubmedqa", "pmid", 1000),
        ("bioasq_7b_11b", "pmid", 13121),
        ("evidence_inference", "doc", 3260),
        ("medquad", "doc", 16373),
    ],
)
def test_real_corpora(real: Path, folder: str, ids: str, count: int) -> None:
    """Every document of the real corpora comes through, its text unchanged; its title where it has no text."""
    file = real / folder / "corpus.jsonl.gz"
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    originals = [row["text"].strip() or row["title"].strip() for row in rows]
    records = [record for record in import_file(file, ids) if isinstance(record, Abstract)]
    assert [record.text for record in records] == originals
    assert len(records) == count
