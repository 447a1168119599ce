"""Which file is read as what."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from ragqa.corpus import importers
from ragqa.corpus.importers import import_file
from ragqa.corpus.records import Abstract
from ragqa.errors import Fault, InvalidRecord, SettingsError

pytestmark = pytest.mark.quick

Write = Callable[[str, bytes | str], Path]


@pytest.mark.parametrize(
    ("content", "source"),
    [
        (
            "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>T</ArticleTitle>"
            "</Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
            "pubmed xml",
        ),
        ("\n\nPMID- 1\nTI  - T\n", "medline"),
        ('{"_id": "1", "title": "T", "text": "<PubmedArticleSet>"}\n', "beir jsonl"),
        ('not json\n{"_id": "1", "title": "T"}\n', "beir jsonl"),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_content_decides(write: Write, content: str, source: str, mark: bytes, packed: bool) -> None:
    """The format is read off the content, gzipped or not, byte order mark or not, whatever the name says."""
    data = mark + content.encode()
    file = write("misleading.csv", gzip.compress(data) if packed else data)
    records = [record for record in import_file(file) if isinstance(record, Abstract)]
    assert [(record.title, record.source) for record in records] == [("T", f"{source}: misleading.csv")]


@pytest.mark.parametrize(
    "content",
    ["hello", "TY  - JOUR\nER  - \n", '{"id": "doc:1"}', "[1]", "<eSearchResult/>", "\x1f", "PMID is 12"],
)
def test_unknown_format_is_refused(write: Write, content: str) -> None:
    """A file of another format is refused at once, with a list of what is understood."""
    with pytest.raises(InvalidRecord, match=r"PubMed XML .* MEDLINE/nbib .* BEIR"):
        import_file(write("file", content))


@pytest.mark.parametrize("content", [b"", b" \n\n", gzip.compress(b"", mtime=0)])
def test_empty_file_is_refused(write: Write, content: bytes) -> None:
    """An empty file is called empty."""
    with pytest.raises(InvalidRecord, match="the file is empty"):
        import_file(write("file.xml", content))


def test_unreadable_file_is_refused(tmp_path: Path, write: Write) -> None:
    """A missing file, a folder and bytes that only pretend to be gzip are refused at once."""
    for file in (tmp_path / "absent.xml", tmp_path, write("false.gz", b"\x1f\x8bnothing")):
        with pytest.raises(InvalidRecord, match="cannot be read"):
            import_file(file)


def test_unknown_ids_are_refused(write: Write) -> None:
    """The kind of ids is doc or pmid; anything else is the caller's mistake."""
    with pytest.raises(SettingsError, match="'doc' or 'pmid'"):
        import_file(write("a.jsonl", '{"_id": "1", "text": "a"}'), ids="doi")


def test_all_names_what_is_public() -> None:
    """One function is the whole of it."""
    assert importers.__all__ == ["import_file"]


def test_every_file_of_the_real_folder(real: Path) -> None:
    """Of the real PubMed files, XML and MEDLINE are read without a fault and all others are refused."""
    counts = {"read": 0, "refused": 0}
    for file in sorted((real / "formats" / "pubmed").rglob("*")):
        if file.is_file():
            try:
                results = list(import_file(file))
            except InvalidRecord:
                counts["refused"] += 1
                assert b"<PubmedArticle>" not in file.read_bytes()
                continue
            counts["read"] += 1
            assert not [result for result in results if isinstance(result, Fault)]
    assert counts == {"read": 175, "refused": 18}
