"""Which format a file has, read off its content: a file's name proves nothing. Everything streams: memory is one record.

Another format is a module that gives records, its mark in the first bytes here, and a line in ``import_file``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ragqa.corpus.importers.beir import read_beir
from ragqa.corpus.importers.medline import read_medline
from ragqa.corpus.importers.pubmed import read_pubmed
from ragqa.corpus.records import Abstract
from ragqa.errors import Fault, InvalidRecord, SettingsError
from ragqa.files import UNREADABLE, open_stream

_UNDERSTOOD = "PubMed XML (PubmedArticleSet), MEDLINE/nbib text (PMID- ...) and BEIR JSON Lines (_id, title, text)"
_HEAD = 64 * 1024
_PUBMED = re.compile(rb"\A\s*+(?=<).*?<Pubmed(Book)?Article(Set)?\b", re.DOTALL)
_MEDLINE = re.compile(rb"^PMID *- *\d", re.MULTILINE)
_BEIR = re.compile(rb'^[^\S\n]*+\{.*"_id"', re.MULTILINE)


def import_file(file: Path, ids: str = "doc") -> Iterator[Abstract | Fault]:
    """The records of one file in file order, a Fault in place of each that breaks its format.

    ``ids="pmid"`` declares that the ids of a BEIR file are PubMed numbers; other formats name their ids themselves.

    Raises:
        InvalidRecord: at once, when the file cannot be opened or its format is none of those understood.
        SettingsError: when ``ids`` is neither ``doc`` nor ``pmid``.
    """
    if ids not in ("doc", "pmid"):
        raise SettingsError(f"ids is {ids!r}; use 'doc' or 'pmid'")
    head = opening(file)
    if _PUBMED.match(head):
        return read_pubmed(file)
    if _MEDLINE.search(head):
        return read_medline(file)
    if _BEIR.search(head):
        return read_beir(file, ids)
    what = "of a format not understood" if head.strip() else "empty"
    raise InvalidRecord(file, None, f"the file is {what}; ragqa imports {_UNDERSTOOD}")


def is_pubmed(head: bytes) -> bool:
    """Whether a file that opens like this holds PubMed's own records, XML or MEDLINE text."""
    return bool(_PUBMED.match(head) or _MEDLINE.search(head))


def opening(file: Path) -> bytes:
    """The first 64 KiB, unzipped; without a byte order mark and NULs, so that UTF-16 reads like ASCII.

    Raises:
        InvalidRecord: the file cannot be read.
    """
    head = b""
    try:
        with open_stream(file) as stream:
            while len(head) < _HEAD and (piece := stream.read1(_HEAD)):
                head += piece
    except UNREADABLE as error:
        if not head:  # what a truncated file still holds is for its reader to tell
            raise InvalidRecord(file, None, f"cannot be read: {error}") from error
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")
