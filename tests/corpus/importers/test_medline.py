"""MEDLINE/nbib text: what is kept of a record, and what a broken one does."""

import gzip
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.corpus.importers import import_file
from ragqa.corpus.importers.medline import split_abstract
from ragqa.corpus.records import Abstract, NoticeKind
from ragqa.errors import Fault

pytestmark = pytest.mark.quick

Write = Callable[[str, bytes | str], Path]


@pytest.fixture
def records(fixtures: Path) -> dict[str, Abstract]:
    """The records of the invented file by id."""
    results = import_file(fixtures / "records.nbib")
    return {result.id: result for result in results if isinstance(result, Abstract)}


def test_metadata(records: dict[str, Abstract]) -> None:
    """Everything a citation shows is kept, wrapped lines joined by one space."""
    record = records["pmid:201"]
    assert record.title == "An invented trial of a treatment with a title that is continued on a second line."
    assert record.authors == ("Tester AB", "Mock C", "Invented Study Group")
    assert (record.journal, record.year, record.doi) == ("Invented journal", 2012, "10.5555/inv.201")
    assert record.publication_types == ("Journal Article", "Randomized Controlled Trial")
    assert record.mesh == ("Mice", "Invented Disease")
    assert record.url == "https://pubmed.ncbi.nlm.nih.gov/201/"
    assert (record.text_origin, record.source) == ("publisher", "medline: records.nbib")


def test_fallbacks(records: dict[str, Abstract]) -> None:
    """Full names, the short journal name, a season's year and a DOI before the PII serve where nothing better is given."""
    record = records["pmid:202"]
    assert (record.title, record.authors) == ("An invented translated title", ("Solo, Only Full",))
    assert (record.journal, record.year, record.doi) == ("Inv J", 1999, "10.5555/inv.202")


def test_sections(records: dict[str, Abstract]) -> None:
    """Labels split the abstract at sentence starts only: a ratio, a bracket or a phrase with a colon does not."""
    assert [(section.label, section.text) for section in records["pmid:201"].sections] == [
        ("OBJECTIVE", "To ask in mice (HIV: negative)."),
        ("DESIGN, SETTING, AND PARTICIPANTS", "Twenty invented mice."),
        ("RESULTS", "Ratio 1:2; the RNA: protein quotient rose."),
        ("CONCLUSION", "It works."),
    ]


def test_prose_is_not_split(records: dict[str, Abstract]) -> None:
    """An abstract that does not open with a label is one section, even with a gene and a colon in it."""
    assert [(section.label, section.text) for section in records["pmid:202"].sections] == [
        (None, "We studied a gene. DNA: none was found.")
    ]


def test_notices(records: dict[str, Abstract]) -> None:
    """Retraction, concern and erratum are kept with the notice that says so; CIN is a comment, not a correction."""
    assert [(notice.kind, notice.source_id, notice.note) for notice in records["pmid:201"].notices] == [
        (NoticeKind.RETRACTION, "pmid:901", "Inv J. 2014;2:3. doi: 10.5555/notice."),
        (NoticeKind.EXPRESSION_OF_CONCERN, "pmid:902", "Inv J. 2013;2:1."),
        (NoticeKind.CORRECTION, None, "Inv J. 2012;9:9"),
    ]


def test_retracted_by_type_alone(records: dict[str, Abstract]) -> None:
    """The publication type alone makes a paper retracted; the notice itself is not."""
    assert records["pmid:202"].retracted
    assert not records["pmid:901"].retracted


@pytest.mark.parametrize(
    "broken",
    [
        b"PMID- x\nTI  - t\n",
        b"PMID- 2\nno tag at all\nTI  - t\n",
        b"PMID- 2\nTI  - \xff\n",
        b"PMID- 2\nDP  - 2001\n",
        b"TI  - t\n",
    ],
)
def test_broken_record_costs_only_itself(write: Write, broken: bytes) -> None:
    """A record with a bad number, line, byte or without title and text is one fault; its neighbours are read."""
    if broken.startswith(b"PMID"):
        file = write("a.nbib", b"PMID- 1\nTI  - one\n\n" + broken + b"\nPMID- 3\nTI  - three\n")
        expected = [False, True, False]
    else:
        file = write("a.nbib", broken + b"\nPMID- 3\nTI  - three\n")
        expected = [True, False]
    assert [isinstance(result, Fault) for result in import_file(file)] == expected


def test_fault_names_the_line(write: Write) -> None:
    """The fault points at the line that is wrong, not at the record's first."""
    _, fault = import_file(write("a.nbib", "PMID- 1\nTI  - one\n\nPMID- 2\nTI  - two\nbroken\n"))
    assert isinstance(fault, Fault)
    assert fault.line == 6


def test_orphan_continuation(write: Write) -> None:
    """An indented line that continues nothing is a fault."""
    results = list(import_file(write("a.nbib", "      text\nPMID- 1\nTI  - one\n")))
    assert [isinstance(result, Fault) for result in results] == [True, False]


def test_windows_line_ends(write: Write) -> None:
    """CR LF reads like LF."""
    (record,) = import_file(write("a.nbib", "PMID- 1\r\nTI  - one\r\n      two\r\n"))
    assert isinstance(record, Abstract)
    assert record.title == "one two"


def test_truncated_gzip_drops_the_cut_record(write: Write) -> None:
    """The record cut in two is not shown: the lost half may be the line that says it is retracted."""
    whole = "".join(f"PMID- {n}\nTI  - {n * 7919**9}\nRIN - J. PMID: 9\n\n" for n in range(1, 3000))
    packed = gzip.compress(whole.encode())
    *records, fault = import_file(write("a.nbib.gz", packed[: len(packed) // 2]))
    assert len(records) > 500
    assert all(isinstance(record, Abstract) and record.retracted for record in records)
    assert isinstance(fault, Fault)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["AIM", "METHODS", "METHODS AND RESULTS", "PATIENTS & METHODS", "CONCLUSION(S)"]),
            st.from_regex(r"[a-z][a-z0-9 ,:]{0,20}[a-z]\.", fullmatch=True),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_sections_survive_being_joined(parts: list[tuple[str, str]]) -> None:
    """Sections written the way MEDLINE joins them come back as they were."""
    joined = " ".join(f"{label}: {text}" for label, text in parts)
    assert [(part["label"], part["text"]) for part in split_abstract(joined)] == parts


def test_nbib_loses_notices(fixtures: Path) -> None:
    """Why the tags are read by hand: nbib drops retraction, concern and erratum, and one bad line loses the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbib = pytest.importorskip("nbib")
    text = (fixtures / "records.nbib").read_text(encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = nbib.read(text)
    assert not any(notice in str(parsed[0]) for notice in ("901", "902", "2012;9:9"))
    with pytest.raises(Exception, match="broken"):
        nbib.read(text + "\nPMID- 3\nbroken\n")


def test_real_files(real: Path) -> None:
    """Six real records come through whole; four of them have labelled sections, two no DOI in the file."""
    files = sorted((real / "formats" / "pubmed").glob("biopython_pubmed_result*.txt"))
    found = [record for file in files for record in import_file(file)]
    records = [record for record in found if isinstance(record, Abstract)]
    assert len(records) == len(found) == 6
    assert all(record.title and record.journal and record.year and record.sections for record in records)
    assert [record.id for record in records if not record.doi] == ["pmid:12230038", "pmid:14630660"]
    assert [section.label for section in records[-1].sections] == ["PURPOSE", "METHODS", "RESULTS", "CONCLUSIONS"]
    assert sum(len(record.sections) > 1 for record in records) == 4
