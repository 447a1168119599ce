"""References for a reference manager: RIS (Research Information Systems) and BibTeX. Fields that a record lacks are left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from ragqa.answer.contract import Reference
from ragqa.answer.render import printable

_SPECIAL = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    sign: "\\" + sign for sign in "#$%&_"
}
_ET_AL = re.compile(r"et al\.?", re.IGNORECASE)


def as_ris(references: Sequence[Reference]) -> str:
    """One record a reference; lines end in CR LF, as the format wants."""
    return "".join("".join(f"{tag}  - {value}\r\n" for tag, value in _ris(ref)) + "\r\n" for ref in references)


def as_bibtex(references: Sequence[Reference]) -> str:
    """One entry a reference, keyed by first author, year and number in the answer."""
    return "\n".join(map(_entry, references))


def _ris(ref: Reference) -> Iterator[tuple[str, str]]:
    yield "TY", "JOUR" if ref.journal else "GEN"
    for author in _authors(ref):
        yield "AU", author
    if ref.title:
        yield "TI", _line(ref.title)
    if ref.journal:
        yield "JO", _line(ref.journal)
    if ref.year:
        yield "PY", str(ref.year)
    if ref.doi:
        yield "DO", _line(ref.doi)
    if ref.pmid:
        yield "AN", ref.pmid
        yield "DB", "PubMed"
    if ref.url and ref.url.startswith("https://"):
        yield "UR", _line(ref.url)
    for note in _notes(ref):
        yield "N1", note
    yield "ID", _line(ref.source_id)
    yield "ER", ""


def _entry(ref: Reference) -> str:
    fields = {
        "author": " and ".join([_tex(author) for author in _authors(ref)] + (["others"] if _more(ref) else [])),
        "title": f"{{{_tex(ref.title)}}}" if ref.title else "",
        "journal": _tex(ref.journal or ""),
        "year": str(ref.year or ""),
        "doi": _tex(ref.doi or ""),
        "url": _tex(ref.url or "") if (ref.url or "").startswith("https://") else "",
        "eprint": ref.pmid or "",
        "eprinttype": "pubmed" if ref.pmid else "",
        "note": _tex("; ".join(_notes(ref))),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@{'article' if ref.journal else 'misc'}{{{_key(ref)},\n{lines}}}\n"


def _authors(ref: Reference) -> list[str]:
    """Names as "Family, Initials"; "et al" names nobody and is left to ``_more``."""
    named = [_line(author) for author in ref.authors if not _ET_AL.fullmatch(author.strip())]
    return [", ".join(name.rsplit(" ", 1)) if re.search(r" [A-Z]{1,4}$", name) else name for name in named]


def _more(ref: Reference) -> bool:
    return any(_ET_AL.fullmatch(author.strip()) for author in ref.authors)


def _notes(ref: Reference) -> list[str]:
    notes = ["Approved article"] if ref.kind == "article" else []
    notes += ["Cited from a summary written for this corpus"] if ref.text_origin == "summary" else []
    return notes + [f"{notice.replace('_', ' ').capitalize()} published" for notice in ref.notices]


def _key(ref: Reference) -> str:
    who = ref.authors[0].rsplit(" ", 1)[0] if ref.authors else ref.kind
    plain = unicodedata.normalize("NFKD", who).encode("ascii", "ignore").decode()
    return f"{re.sub('[^A-Za-z]+', '', plain).lower() or 'source'}{ref.year or ''}-{ref.number}"


def _line(text: str) -> str:
    """On one line: a line break would begin another field."""
    return printable(" ".join(text.split()))


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in _line(text))
