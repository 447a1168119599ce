"""Lists of notices in every format, and what becomes of their damage."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragqa.corpus.importers.listed import Listed
from ragqa.corpus.importers.lists import read_list, read_lists
from ragqa.errors import Fault, InvalidRecord

pytestmark = pytest.mark.quick

Write = Callable[[str, bytes | str], Path]

HEADER = (
    "Record ID,Title,RetractionDate,RetractionDOI,RetractionPubMedID,"
    "OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature,Notes"
)


def table(*rows: str) -> str:
    """A CSV as Retraction Watch lays it out."""
    return "".join(f"{line}\n" for line in (HEADER, *rows))


def told(file: Path) -> list[Any]:
    """Of each entry the ids, and kind, source and note of what is said; of a fault its line."""
    return [
        item.line if isinstance(item, Fault) else (sorted(item.ids), [(n.kind.value, n.source_id, n.note) for n in item.notices])
        for item in read_list(file)
    ]


def test_pubmed_xml(fixtures: Path) -> None:
    """PubMed's own records, by number and DOI, with the notices the importer reads; broken ones are faults."""
    found = [item for item in read_list(fixtures / "articles.xml") if isinstance(item, Listed) and item.notices]
    assert sorted(found[0].ids) == ["doi:10.5555/inv.102", "pmid:102"]
    assert [notice.kind.value for notice in found[0].notices] == [
        "retraction",
        "expression_of_concern",
        "correction",
        "correction",
    ]
    assert told(fixtures / "articles.xml").count(102) == 1


def test_medline_text(fixtures: Path) -> None:
    """MEDLINE text, which hospitals' librarians export, is read as well."""
    assert any(item.notices for item in read_list(fixtures / "records.nbib") if isinstance(item, Listed))


def test_retraction_watch(write: Write) -> None:
    """Every nature; the notice by PubMed number before DOI; unknown ids as the data set writes them; a date as ISO."""
    rows = table(
        '1,"Title, with ""quotes""",5/24/2024 0:00,10.5555/N.1,901,10.5555/P.1,101,Retraction,',
        '2,t,1/2/2020 0:00,10.5555/N.2,0,https://doi.org/10.5555/P.2,0,Expression of concern,"two\nlines"',
        "3,t,2020,unavailable,,,103,Correction,",
        "4,t,,,,,104,Reinstatement,",
        "5,t,,10.5555/P.5,,10.5555/p.5,Unavailable,Retraction,",
        "6,t,,,,unavailable,0,Retraction,",
    )
    assert told(write("rw.csv", "\ufeff" + rows)) == [
        (["doi:10.5555/p.1", "pmid:101"], [("retraction", "pmid:901", "dated 2024-05-24")]),
        (["doi:10.5555/p.2"], [("expression_of_concern", "doi:10.5555/n.2", "dated 2020-01-02")]),
        (["pmid:103"], [("correction", None, "dated 2020")]),
        (["pmid:104"], []),
        (["doi:10.5555/p.5"], [("retraction", None, None)]),
        ([], [("retraction", None, None)]),
    ]
    assert [item.reinstated for item in read_list(write("rw.csv", rows)) if isinstance(item, Listed)][3]


def test_a_damaged_table_loses_only_the_damaged_rows(write: Write) -> None:
    """Wrong nature, wrong number of columns, no id, an id in another encoding and a huge line are faults at their lines.

    A title in another encoding is none: only ids are read.
    """
    rows = table(
        "1,t,,,,,101,Retraction,", "2,t,,,,,102,Gone,", "3,t,,,,103,Retraction,", "4,t,,,,see below,x,Retraction,"
    ).encode()
    rows += b"5,t,,,,10.5555/\xe9,,Retraction,\n6,caf\xe9,,,,,106,Retraction,\n"
    rows += b"7," + b"x" * (17 * 2**20) + b",,,,,107,Retraction,\n8,t,,,,,108,Retraction,\n"
    found = told(write("rw.csv", rows))
    assert [item if isinstance(item, int) else item[0][0] for item in found] == [
        "pmid:101", 3, 4, 5, 6, "pmid:106", 8, "pmid:108",
    ]  # fmt: skip


@pytest.mark.parametrize("rest", [10, 20_000])
def test_a_quote_that_never_closes_is_a_fault_with_the_lines_it_took(write: Write, rest: int) -> None:
    """It must not swallow retractions in silence, near the end of the file or far from it."""
    rows = ["1,t,,,,,101,Retraction,", '2,t,,,,,102,Retraction,"open', *["3,t,,,,,103,Retraction,"] * rest]
    found = list(read_list(write("rw.csv", table(*rows))))
    assert isinstance(found[0], Listed)
    assert isinstance(found[1], Fault)
    assert found[1].line == 3
    assert "lines 3 to" in found[1].message
    assert len(found) == 2 if rest == 10 else len(found) > 10_000


def test_json_lines(write: Write) -> None:
    """Number or DOI, whichever is there, as text or number; without a kind, a retraction; a date tells nothing of the notice."""
    rows = [{"pmid": "101", "date": "1999-03-18"}, {"doi": "DOI:10.5555/P.1", "kind": "expression_of_concern"}, {"pmid": 103}]
    packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    assert told(write("list.jsonl.gz", packed)) == [
        (["pmid:101"], [("retraction", None, "listed in list.jsonl.gz")]),
        (["doi:10.5555/p.1"], [("expression_of_concern", None, "listed in list.jsonl.gz")]),
        (["pmid:103"], [("retraction", None, "listed in list.jsonl.gz")]),
    ]


def test_damaged_json_lines(write: Write) -> None:
    """Each bad line is a fault with its number; the others are read."""
    bad = [b'{"pmid": "\xff"}', b"{", b"[1]", b'{"pmid": true}', b'{"pmid": "101", "kind": "gone"}', b'{"doi": "11.1/x"}']
    lines = [b'{"pmid": "1"}', *bad, b'{"pmid": ' + b" " * (17 * 2**20) + b"7}", b'{"pmid": "2"}']
    found = told(write("list.jsonl", b"\n".join(lines)))
    assert [item if isinstance(item, int) else item[0][0] for item in found] == ["pmid:1", 2, 3, 4, 5, 6, 7, 8, "pmid:2"]


def test_plain_numbers(write: Write) -> None:
    """One id a line; blank lines, blanks and Windows line ends do no harm, anything else is a fault."""
    found = told(write("list.txt", b"\xef\xbb\xbf101\r\n\r\n  pmid:102 \n10.5555/P.3\n12a\n0\n\xff\n-5"))
    assert [item if isinstance(item, int) else item[0][0] for item in found] == [
        "pmid:101", "pmid:102", "doi:10.5555/p.3", 5, 6, 7, 8,
    ]  # fmt: skip


def test_one_bad_file_does_not_stop_the_others(write: Write, tmp_path: Path) -> None:
    """Empty, missing, of an unknown format, without the needed columns, broken off: each one fault, and the good list is read."""
    packed = gzip.compress(b"".join(b"%d\n" % (n * 7919) for n in range(1, 30_000)))
    bad = [
        write("empty.txt", ""),
        tmp_path / "missing.txt",
        write("page.html", "<html><body>not found</body></html>"),
        write("other.csv", "OriginalPaperPubMedID,Reason\n101,x\n"),
        write("cut.txt.gz", packed[: len(packed) // 2]),
    ]
    found, faults = read_lists([*bad, write("good.txt", "101\n")])
    assert found[-1].ids == {"pmid:101"}
    assert [fault.file for fault in faults] == bad
    assert "expected the columns RetractionNature" in faults[3].message
    with pytest.raises(InvalidRecord, match="empty"):
        read_list(bad[0])


def test_real_lists(real: Path) -> None:
    """4,552 retracted papers, the short lists, and the best known retraction are read without a fault."""
    folder = real / "retractions"
    found, faults = read_lists([folder / "retracted_pmid.jsonl.gz", *sorted(folder.glob("retracted_in_*.txt"))])
    assert (len(found), faults) == (4557, [])
    (paper,) = read_list(real / "formats" / "pubmed" / "retracted_9500320_trimmed.xml")
    assert isinstance(paper, Listed)
    assert len(paper.notices) == 2
