"""PubMed XML: what is kept of a record, and what a broken or hostile file does."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from ragqa.corpus.importers import import_file
from ragqa.corpus.records import Abstract, NoticeKind
from ragqa.errors import Fault

pytestmark = pytest.mark.quick

Write = Callable[[str, bytes | str], Path]


def article(number: int, title: str = "T", extra: str = "") -> str:
    """A small record of one line."""
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{number}</PMID><Article><ArticleTitle>{title}</ArticleTitle>{extra}"
        "</Article></MedlineCitation></PubmedArticle>\n"
    )


def article_set(*articles: str, prolog: str = "") -> str:
    """A file of these records; the first stands on line 2."""
    return f"{prolog}<PubmedArticleSet>\n{''.join(articles)}</PubmedArticleSet>\n"


def outline(file: Path) -> list[str | int | None]:
    """Ids of the records and lines of the faults, in file order."""
    return [result.line if isinstance(result, Fault) else result.id for result in import_file(file)]


@pytest.fixture
def records(fixtures: Path) -> dict[str, Abstract]:
    """The records of the invented file by id."""
    results = import_file(fixtures / "articles.xml")
    return {result.id: result for result in results if isinstance(result, Abstract)}


def test_metadata(records: dict[str, Abstract]) -> None:
    """Everything a citation shows is kept, as its publisher wrote it."""
    record = records["pmid:101"]
    assert record.title == "Effect of Testococcus load above 10⁹/L on CO2 in 20 invented mice."
    assert record.authors == ("Tester AB", "Mock C Jr", "Invented Study Group")
    assert record.journal == "Journal of Invented Trials"
    assert record.year == 2019
    assert record.url == "https://pubmed.ncbi.nlm.nih.gov/101/"
    assert record.publication_types == ("Journal Article", "Randomized Controlled Trial")
    assert record.mesh == ("Mice", "Invented Disease")
    assert (record.text_origin, record.source) == ("publisher", "pubmed xml: articles.xml")
    assert record.notices == ()


def test_sections(records: dict[str, Abstract]) -> None:
    """Sections keep their labels, UNLABELLED is no label, an empty section and the other-language abstract go."""
    assert [(section.label, section.text) for section in records["pmid:101"].sections] == [
        ("BACKGROUND", "Nobody had asked."),
        ("RESULTS", "Load fell to 3×10⁻² (p<0.05), titre 10^4.5, on the 19th day."),
        (None, "Closing remark."),
    ]


def test_fallbacks(records: dict[str, Abstract]) -> None:
    """A short journal name, a date in words and a bracketed title serve where nothing better is given."""
    record = records["pmid:102"]
    assert (record.title, record.journal, record.year) == ("A translated title", "Inv J", 1998)
    assert records["pmid:103"].title == "Ein erfundener Titel"


def test_missing_metadata_is_none(records: dict[str, Abstract]) -> None:
    """What a record does not say stays unknown."""
    record = records["pmid:103"]
    assert (record.journal, record.year, record.doi, record.authors, record.sections) == (None, None, None, (), ())


def test_doi(records: dict[str, Abstract]) -> None:
    """The DOI is this article's valid one, PIIs around it or not, and never one from its reference list."""
    assert {name: record.doi for name, record in records.items()} == {
        "pmid:101": "10.5555/inv.101",
        "pmid:102": "10.5555/inv.102",
        "pmid:103": None,
        "pmid:901": None,
        "pmid:105": None,
    }


def test_notices(records: dict[str, Abstract]) -> None:
    """Retraction, concern and corrections are kept with the notice that says so; a comment is none of them."""
    assert [(notice.kind, notice.source_id, notice.note) for notice in records["pmid:102"].notices] == [
        (NoticeKind.RETRACTION, "pmid:901", "Inv J. 2003;5:1"),
        (NoticeKind.EXPRESSION_OF_CONCERN, None, "Inv J. 2002;4:1"),
        (NoticeKind.CORRECTION, "pmid:903", "Inv J. 2001;3:1"),
        (NoticeKind.CORRECTION, "pmid:904", "Inv J. 2001;3:9"),
    ]


def test_retracted_by_type_alone(records: dict[str, Abstract]) -> None:
    """The publication type alone makes a paper retracted."""
    assert records["pmid:103"].retracted
    assert records["pmid:103"].notices[0].source_id is None


def test_the_notice_itself_is_not_retracted(records: dict[str, Abstract]) -> None:
    """A retraction notice retracts another paper, not itself."""
    assert not records["pmid:901"].retracted


@pytest.mark.parametrize("kind", ["PartialRetractionIn", "RetractedandRepublishedIn"])
def test_every_kind_of_retraction_counts(write: Write, kind: str) -> None:
    """A partial retraction does not say which part fell, so the whole paper counts as retracted."""
    link = f'<CommentsCorrections RefType="{kind}"><PMID>not known</PMID></CommentsCorrections>'
    xml = article_set(article(1)).replace("</Article>", f"</Article><CommentsCorrectionsList>{link}</CommentsCorrectionsList>")
    (record,) = import_file(write("a.xml", xml))
    assert isinstance(record, Abstract)
    assert record.retracted


def test_book_chapter(records: dict[str, Abstract]) -> None:
    """A chapter has its authors, not the book's editors, and the book in the journal's place."""
    record = records["pmid:105"]
    assert (record.title, record.journal, record.year) == ("Invented disease", "The Invented Handbook", 2021)
    assert (record.authors, record.text) == (("Writer W",), "A chapter about nothing real.")


def test_broken_record_costs_only_itself(fixtures: Path) -> None:
    """A record without a number is a fault at its line; those around it are read; DeleteCitation is nothing."""
    assert outline(fixtures / "articles.xml") == ["pmid:101", "pmid:102", "pmid:103", "pmid:901", 102, "pmid:105"]


def test_record_without_title_and_text_is_a_fault(write: Write) -> None:
    """There is nothing to cite in a record with neither title nor abstract."""
    assert outline(write("a.xml", article_set(article(1, title=""), article(2)))) == [2, "pmid:2"]


@pytest.mark.parametrize("cut", [60, 100, 150])
def test_truncated_file(write: Write, cut: int) -> None:
    """A file that breaks off gives what came before and one fault with a line."""
    xml = article_set(article(1), article(2), article(3))
    *read, fault = import_file(write("a.xml", xml[:-cut]))
    assert [record.id for record in read if isinstance(record, Abstract)] == ["pmid:1", "pmid:2"]
    assert isinstance(fault, Fault)
    assert fault.line == 4


def test_truncated_gzip(write: Write) -> None:
    """A gzip file that breaks off gives whole records only, then one fault."""
    packed = gzip.compress(article_set(*(article(n, title=f"{n * 7919**9}") for n in range(1, 3000))).encode())
    results = list(import_file(write("a.xml.gz", packed[: len(packed) // 2])))
    assert len(results) > 1000
    assert [index for index, result in enumerate(results) if isinstance(result, Fault)] == [len(results) - 1]
    assert "breaks off" in str(results[-1])


def test_reading_is_lazy(write: Write) -> None:
    """The first record is there before the rest of the file is read."""
    file = write("a.xml", article_set(*(article(n) for n in range(1, 20_000))) + "<<<")
    first = next(iter(import_file(file)))
    assert isinstance(first, Abstract)
    assert first.id == "pmid:1"


def test_entity_bomb(write: Write) -> None:
    """Entities that expand a billionfold are not expanded; the file ends in a fault."""
    levels = "".join(f'<!ENTITY {name} "{f"&{below};" * 10}">' for below, name in zip("abcdefghi", "bcdefghij", strict=True))
    prolog = f'<!DOCTYPE PubmedArticleSet [<!ENTITY a "lol">{levels}]>'
    first, fault, *rest = import_file(write("a.xml", article_set(article(1), article(2, "&j;"), prolog=prolog)))
    assert isinstance(first, Abstract)
    assert isinstance(fault, Fault)
    assert not rest


@pytest.mark.parametrize("declaration", ['<!ENTITY x SYSTEM "{secret}">', '<!ENTITY x "inner">'])
def test_entity_is_never_expanded(write: Write, declaration: str) -> None:
    """A record that refers to a file, or to any text from elsewhere, is a fault and shows nothing of it."""
    secret = write("secret.txt", "SECRET")
    prolog = f"<!DOCTYPE PubmedArticleSet [{declaration.format(secret=secret.as_uri())}]>"
    file = write("a.xml", article_set(article(1), article(2, "&x;"), article(3), prolog=prolog))
    assert outline(file) == ["pmid:1", 3, "pmid:3"]
    assert "SECRET" not in str(list(import_file(file)))


def test_undefined_entity(write: Write) -> None:
    """An entity nobody defined is named in the fault."""
    *_, fault = import_file(write("a.xml", article_set(article(1), article(2, "&beta;-blockers"))))
    assert isinstance(fault, Fault)
    assert fault.line == 3
    assert "beta" in fault.message


def test_script_stays_text(write: Write) -> None:
    """Escaped markup in a title is text like any other; whoever shows it must escape it."""
    (record,) = import_file(write("a.xml", article_set(article(1, "&lt;script&gt;alert(1)&lt;/script&gt;"))))
    assert isinstance(record, Abstract)
    assert record.title == "<script>alert(1)</script>"


def test_comments_and_instructions_are_no_text(write: Write) -> None:
    """XML comments and processing instructions are not part of what a paper says."""
    (record,) = import_file(write("a.xml", article_set(article(1, "A<!-- hidden --><?app hidden?>B"))))
    assert isinstance(record, Abstract)
    assert record.title == "AB"


def test_wrong_encoding(write: Write) -> None:
    """Bytes that are not in the encoding declared end the file in a fault; no character is guessed."""
    file = write("a.xml", article_set(article(1), article(2, "\u00e9")).encode("latin-1"))
    assert outline(file) == ["pmid:1", 3]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_declared_encoding(write: Write, encoding: str) -> None:
    """Another encoding is read when the file declares it."""
    prolog = f'<?xml version="1.0" encoding="{encoding}"?>'
    (record,) = import_file(write("a.xml", article_set(article(1, "caf\u00e9"), prolog=prolog).encode(encoding)))
    assert isinstance(record, Abstract)
    assert record.title == "caf\u00e9"


def test_publishers_spaces_stay(write: Write) -> None:
    """Indentation is folded, but a thin space inside a number is the publisher's."""
    (record,) = import_file(write("a.xml", article_set(article(1, "10\u2009000\n   mice"))))
    assert isinstance(record, Abstract)
    assert record.title == "10\u2009000 mice"


def test_pubmed_parser_loses_doi_and_notices(fixtures: Path, write: Write) -> None:
    """Why lxml is used directly: pubmed_parser drops a DOI followed by a PII and tells of no notice."""
    pubmed_parser = pytest.importorskip("pubmed_parser")
    text = (fixtures / "articles.xml").read_text(encoding="utf-8")
    complete = text.partition('<PubmedArticle>\n  <MedlineCitation>\n    <PMID Version="1">103')[0] + "</PubmedArticleSet>"
    parsed = list(pubmed_parser.parse_medline_xml(str(write("a.xml.gz", gzip.compress(complete.encode())))))
    assert [record["doi"] for record in parsed] == ["", "10.5555/withdrawn"]
    assert not any("901" in str(value) for value in parsed[1].values())


def test_real_files(real: Path) -> None:
    """173 real records come through with their title, and all but the one trimmed by hand with journal and year."""
    files = sorted((real / "formats" / "pubmed").rglob("*.xml"))
    found = [
        record
        for file in files
        if b"<PubmedArticleSet>" in file.read_bytes()
        for record in import_file(file)
        if isinstance(record, Abstract)
    ]
    assert len(found) == sum(file.read_bytes().count(b"<PubmedArticle>") for file in files) == 173
    assert all(record.title for record in found)
    assert [record.id for record in found if not (record.journal and record.year)] == ["pmid:9500320"]
    assert sum(bool(record.sections) for record in found) == 153
    assert sum(bool(record.doi) for record in found) == 171


def test_real_retraction(real: Path) -> None:
    """The best known retracted paper is retracted, with its notice and the concern."""
    (record,) = import_file(real / "formats" / "pubmed" / "retracted_9500320_trimmed.xml")
    assert isinstance(record, Abstract)
    assert [(notice.kind.value, notice.source_id) for notice in record.notices] == [
        ("retraction", "pmid:20137807"),
        ("expression_of_concern", "pmid:21971344"),
    ]


def test_agrees_with_pubmed_parser_on_titles_and_mesh(real: Path, tmp_path: Path) -> None:
    """On real records pubmed_parser, where it can, reads the same title, journal, year and number of MeSH headings."""
    pubmed_parser = pytest.importorskip("pubmed_parser")
    for file in sorted((real / "formats" / "pubmed" / "metapub_xml").glob("*.xml"))[:60]:
        packed = tmp_path / "a.xml.gz"
        packed.write_bytes(gzip.compress(file.read_bytes()))
        for mine, theirs in zip(import_file(file), pubmed_parser.parse_medline_xml(str(packed)), strict=True):
            assert isinstance(mine, Abstract)
            assert (mine.pmid, mine.journal, str(mine.year)) == (theirs["pmid"], theirs["journal"], theirs["pubdate"])
            assert len(mine.mesh) == len([term for term in theirs["mesh_terms"].split("; ") if term])
            if "sup" not in file.read_text(encoding="utf-8") and not theirs["title"].startswith("["):
                assert mine.title == " ".join(theirs["title"].split())
