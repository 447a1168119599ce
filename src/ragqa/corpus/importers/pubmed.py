"""PubMed XML to records: efetch results (``PubmedArticleSet``) and the yearly baseline and update files.

Format: https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/. Shape of what is read::

    PubmedArticle/MedlineCitation/{PMID, Article, MeshHeadingList, CommentsCorrectionsList}
    PubmedArticle/PubmedData/ArticleIdList
    PubmedBookArticle/BookDocument/{PMID, Book, ArticleTitle, Abstract}

Read with lxml, not with pubmed_parser 0.5.1: that returns an empty DOI when a PII follows it, and no retraction,
concern or erratum link at all. ``test_pubmed_parser_loses_doi_and_notices`` in tests/corpus/importers/test_pubmed.py shows it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lxml import etree

from ragqa.corpus.importers.fields import (
    first_year,
    fold,
    notice,
    once,
    plain_title,
    pubmed_number,
    pubmed_url,
    record_or_fault,
    section,
    with_retraction,
)
from ragqa.corpus.importers.streams import streamed
from ragqa.corpus.records import Abstract, Notice, NoticeKind
from ragqa.errors import Fault

_NOTICES = {
    "RetractionIn": NoticeKind.RETRACTION,
    "RetractedandRepublishedIn": NoticeKind.RETRACTION,
    # The record does not say which part was withdrawn, so none of it may be quoted.
    "PartialRetractionIn": NoticeKind.RETRACTION,
    "ExpressionOfConcernIn": NoticeKind.EXPRESSION_OF_CONCERN,
    "ErratumIn": NoticeKind.CORRECTION,
    "CorrectedandRepublishedIn": NoticeKind.CORRECTION,
    "RepublishedIn": NoticeKind.CORRECTION,
}
_EXPONENT = re.compile(r"[0-9+\-−–]+")
_DECIMAL_EXPONENT = re.compile(r"[+\-−–]?[0-9]{1,20}\.[0-9]+")
_RAISED = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")


def read_pubmed(file: Path) -> Iterator[Abstract | Fault]:
    """The articles of one XML file; where it stops being well-formed, a last Fault names the line."""
    return streamed(file, lambda stream: _records(stream, file))


def parse_pubmed(data: bytes, name: str) -> Iterator[Abstract | Fault]:
    """The articles of XML that came over the network; ``name`` says where from."""
    return _records(io.BufferedReader(io.BytesIO(data)), Path(name))


def _records(stream: io.BufferedReader, file: Path) -> Iterator[Abstract | Fault]:
    # read1 hands over what a truncated gzip still held, where read would lose it.
    elements = etree.iterparse(
        SimpleNamespace(read=stream.read1),
        tag=("PubmedArticle", "PubmedBookArticle"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in elements:
            yield _record(element, file)
            _forget(element)
    except etree.XMLSyntaxError as error:
        last = elements.error_log.last_error  # says more than the error itself when an entity was the cause
        line, reason = (last.line, last.message) if last else (error.lineno, error.msg)
        message = f"not well-formed XML: {reason}; only what came before was read"
        yield Fault(file=file, line=line or None, message=message)


def _forget(element: Any) -> None:
    """Free the element and all before it; without this the whole tree stays in memory."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _record(element: Any, file: Path) -> Abstract | Fault:
    entity = next(element.iter(etree.Entity), None)
    if entity is not None:
        return Fault(file=file, line=element.sourceline, message=f"refers to {entity.text}; entities are not expanded")
    _raise_exponents(element)
    citation = element.find("MedlineCitation" if element.tag == "PubmedArticle" else "BookDocument")
    number = pubmed_number(_text(citation, "PMID")) if citation is not None else None
    if number is None:
        return Fault(file=file, line=element.sourceline, message="no PubMed number (PMID) in this record")
    fields = _book(citation) if citation.tag == "BookDocument" else _article(element, citation)
    fields |= {
        "id": f"pmid:{number}",
        "url": pubmed_url(number),
        "text_origin": "publisher",
        "source": f"pubmed xml: {file.name}",
    }
    return record_or_fault(file, element.sourceline, fields)


def _article(element: Any, citation: Any) -> dict[str, Any]:
    types = _texts(citation, "Article/PublicationTypeList/PublicationType")
    return {
        "title": _title(citation, "Article/ArticleTitle") or _title(citation, "Article/VernacularTitle"),
        "authors": _authors(citation, "Article/AuthorList"),
        "journal": _text(citation, "Article/Journal/Title") or _text(citation, "Article/Journal/ISOAbbreviation"),
        "year": _year(citation, "Article/Journal/JournalIssue/PubDate"),
        "doi": _doi(citation, "Article/ELocationID") or _doi(element, "PubmedData/ArticleIdList/ArticleId"),
        "publication_types": types,
        "mesh": _texts(citation, "MeshHeadingList/MeshHeading/DescriptorName"),
        "sections": _sections(citation, "Article/Abstract/AbstractText"),
        "notices": with_retraction(_notices(citation), types),
    }


def _book(document: Any) -> dict[str, Any]:
    """A book, or a chapter with the book in the journal's place. Books carry no notices and no MeSH headings."""
    book = _title(document, "Book/BookTitle")
    chapter = _title(document, "ArticleTitle")
    return {
        "title": chapter or book,
        "authors": _authors(document, "AuthorList[@Type='authors']") or _authors(document, "Book/AuthorList[@Type='authors']"),
        "journal": book if chapter else None,
        "year": _year(document, "Book/PubDate"),
        "doi": _doi(document, "ArticleIdList/ArticleId"),
        "publication_types": _texts(document, "PublicationType"),
        "sections": _sections(document, "Abstract/AbstractText"),
    }


def _raise_exponents(element: Any) -> None:
    """Keep exponents apart from their base: 10<sup>9</sup> becomes 10⁹, 10<sup>4.5</sup> 10^4.5; never 109 or 104.5."""
    for raised in element.iter("sup"):
        text = raised.text or ""
        if len(raised) == 0 and _EXPONENT.fullmatch(text):
            raised.text = text.translate(_RAISED)
        elif len(raised) == 0 and _DECIMAL_EXPONENT.fullmatch(text):
            raised.text = f"^{text}"


def _text(parent: Any, path: str) -> str | None:
    """All text below the first element at ``path``, inline markup such as <i> dropped; None when there is none."""
    found = parent.find(path)
    return None if found is None else fold("".join(found.itertext())) or None


def _texts(parent: Any, path: str) -> tuple[str, ...]:
    return once(fold("".join(found.itertext())) for found in parent.iterfind(path))


def _title(parent: Any, path: str) -> str | None:
    return plain_title(_text(parent, path))


def _authors(parent: Any, path: str) -> tuple[str, ...]:
    """``Kulkarni J``, or a group's name; spellings NLM has marked as wrong are left out."""
    authors = parent.iterfind(f"{path}/Author")
    return once(_name(author) for author in authors if author.get("ValidYN") != "N")


def _name(author: Any) -> str:
    parts = [_text(author, "LastName"), _text(author, "Initials") or _text(author, "ForeName"), _text(author, "Suffix")]
    return _text(author, "CollectiveName") or " ".join(part for part in parts if part)


def _year(parent: Any, path: str) -> int | None:
    return first_year(_text(parent, f"{path}/Year")) or first_year(_text(parent, f"{path}/MedlineDate"))


def _doi(parent: Any, path: str) -> str | None:
    """The first valid DOI among sibling identifiers, whatever else stands before or after it."""
    for found in parent.iterfind(path):
        if "doi" in (found.get("EIdType"), found.get("IdType")) and found.get("ValidYN") != "N":
            value = fold("".join(found.itertext()))
            if value:
                return value
    return None


def _sections(parent: Any, path: str) -> list[dict[str, str | None]]:
    found = ((fold(part.get("Label", "")), fold("".join(part.itertext()))) for part in parent.iterfind(path))
    return [section(label, text) for label, text in found if text]


def _notices(citation: Any) -> list[Notice]:
    """What was published about this article. A record that *is* a notice has links such as RetractionOf: no notices."""
    return [
        notice(_NOTICES[link.get("RefType")], _text(link, "PMID"), _text(link, "RefSource"))
        for link in citation.iterfind("CommentsCorrectionsList/CommentsCorrections")
        if link.get("RefType") in _NOTICES
    ]
