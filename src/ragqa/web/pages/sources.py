"""A source as a reader opens it: what it is, what was published about it since, and its text with the quoted passages marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from ragqa.answer.assembly import reference
from ragqa.answer.contract import Answer, Reference
from ragqa.answer.render import describe
from ragqa.checking.statements import Support
from ragqa.corpus.records import Abstract, Article, NoticeKind
from ragqa.corpus.study import design_rank
from ragqa.language.abbreviations import both_spellings
from ragqa.language.roots import root
from ragqa.language.sentences import sentences, without_markers
from ragqa.language.stop import OF_CARDS
from ragqa.web.pages.evidence import study_name

LEVELS = ("very low", "low", "moderate", "high")
SHARED = 0.34
"""Share of a sentence's telling words from which a source's sentence is shown as the one it rests on."""
ROOT = 7
"""Letters of a word that its forms share; by hand: one more than elsewhere, since sentences of one source are alike."""
CHANGED = "Quoted when the answer was given; the source has changed since"
Span = tuple[int, int]
Find = Callable[[str], Article | Abstract | None]
_WORD = re.compile(r"\w+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that a source card shows; None where the record does not say.

    ``sections``: (label, runs), a run being (whether it is quoted, text); joined, the runs are the record's own text.
    """

    number: int
    source_id: str
    name: str
    title: str | None
    line: str
    who: str
    design: str | None
    size: int | None
    year: int | None
    follow_up: str | None
    level: str | None
    summary: bool
    retracted: bool
    concerns: tuple[str, ...] = ()
    notice_notes: dict[str, str] = field(default_factory=dict)
    sections: tuple[tuple[str | None, tuple[tuple[bool, str], ...]], ...] = ()
    pmid: str | None = None
    pubmed: str | None = None
    doi_url: str | None = None
    url: str | None = None
    article: str | None = None
    page: str | None = None


def cards(answer: Answer, find: Find) -> list[Card]:
    """A card for each reference of an answer, with what the answer quotes of it marked."""
    quoted: dict[int, list[Support]] = {}
    for statement in answer.statements:
        for support in statement.support:
            quoted.setdefault(support.reference, []).append(support)
    return [_card(ref, find(ref.source_id), quoted.get(ref.number, [])) for ref in answer.references]


def _card(ref: Reference, record: Article | Abstract | None, quoted: Sequence[Support]) -> Card:
    """The card with its quotes marked; where the source says something else by now, what it said when it was quoted."""
    if record and all(record.text[support.start : support.end] == support.quote for support in quoted):
        return card(ref, record, [(support.start, support.end) for support in quoted])
    said = tuple(((True, without_markers(quote)),) for quote in dict.fromkeys(support.quote for support in quoted))
    return replace(card(ref, record), sections=tuple((CHANGED, runs) for runs in said))


def card(ref: Reference, record: Article | Abstract | None, spans: Sequence[Span] = ()) -> Card:
    """The card of a reference; ``record`` is None where the source has left the corpus since."""
    abstract = record if isinstance(record, Abstract) else None
    notices = abstract.notices if abstract else ()
    kinds = [notice.kind for notice in notices]
    told = [NoticeKind(kind) for kind in ref.notices] if not notices else kinds
    return Card(
        number=ref.number,
        source_id=ref.source_id,
        name=study_name(ref) if ref.kind == "abstract" else f"Approved article, {ref.year}",
        title=ref.title,
        line=describe(ref),
        who=_who(ref),
        design=ref.study_design if ref.kind == "abstract" else "approved article",
        size=ref.sample_size,
        year=ref.year,
        follow_up=ref.follow_up,
        level=LEVELS[design_rank(ref.study_design)] if ref.study_design else None,
        summary=ref.text_origin == "summary",
        retracted=NoticeKind.RETRACTION in told,
        concerns=tuple(kind.value for kind in told if kind is not NoticeKind.RETRACTION),
        notice_notes={notice.kind.value: notice.note for notice in notices if notice.note},
        sections=tuple(_sections(record, spans)) if record else (),
        pmid=ref.pmid,
        pubmed=f"https://pubmed.ncbi.nlm.nih.gov/{ref.pmid}/" if ref.pmid else None,
        doi_url=f"https://doi.org/{quote(ref.doi, safe='/():;._-')}" if ref.doi else None,
        url=ref.url if ref.url and ref.url.startswith("https://") else None,
        article=address(ref.source_id) if ref.kind == "article" else None,
        page=address(ref.source_id) if ref.kind == "abstract" else None,
    )


def address(source_id: str) -> str:
    """Where the page of a source is: an article's, or a record's."""
    if source_id.startswith("article:"):
        return f"/articles/{source_id.removeprefix('article:')}"
    return f"/sources/{quote(source_id, safe=':')}"


def numbered(record: Abstract, number: int, spans: Sequence[Span] = ()) -> Card:
    """The card of a record under a number of an article."""
    return card(reference(record).model_copy(update={"number": number}), record, spans)


def nearest(statement: str, record: Abstract) -> Span | None:
    """The sentence of a record that shares most of a statement's telling words; None where none shares enough.

    An article's sentence names its sources but no place in them, so the place shown is the nearest one, found by words alone.
    """
    words = _telling(statement)
    best: tuple[float, Span] | None = None
    for _, start, end in record.spans():
        for sentence in sentences(record.text, start, end):
            share = len(words & _telling(both_spellings(sentence.text))) / max(len(words), 1)
            if best is None or share > best[0]:
                best = (share, (sentence.start, sentence.end))
    return best[1] if best and best[0] >= SHARED else None


def _telling(text: str) -> set[str]:
    return {root(word, ROOT) for word in _WORD.findall(without_markers(text).casefold()) if word not in OF_CARDS}


def _who(ref: Reference) -> str:
    if ref.kind == "article":
        return f"Approved article of this corpus, {ref.year}"
    authors = ", ".join(ref.authors[:3]) + (", et al" if len(ref.authors) > 3 else "")
    parts = (authors.rstrip("."), ref.journal, str(ref.year) if ref.year else None)
    return ". ".join(part for part in parts if part)


def _sections(record: Article | Abstract, spans: Sequence[Span]) -> Iterator[tuple[str | None, tuple[tuple[bool, str], ...]]]:
    if isinstance(record, Article):
        for start, end in _joined(spans):
            yield None, ((True, without_markers(record.text[start:end])),)
        return
    for label, start, end in record.spans():
        yield label, tuple(_runs(record.text, start, end, spans))


def _runs(text: str, start: int, end: int, spans: Sequence[Span]) -> Iterator[tuple[bool, str]]:
    """``text[start:end]`` in runs, quoted or not."""
    at = start
    for left, right in _joined(spans):
        left, right = max(left, start), min(right, end)
        if left >= right:
            continue
        if at < left:
            yield False, text[at:left]
        yield True, text[left:right]
        at = right
    if at < end:
        yield False, text[at:end]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, overlapping ones made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
