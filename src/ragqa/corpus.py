"""The corpus on disk as records, with every fault found in one pass.

    corpus/articles/<slug>.md      front matter and Markdown
    corpus/abstracts/*.jsonl       one abstract a line
    corpus/reviews.jsonl           append-only review events, chained (``reviewlog``), and its copy
    corpus/approved/<slug>/<sha256>.md    every text that was approved, so that a later one can be compared with it

Only ``approved`` articles, and abstracts that one of them cites, may be indexed: ``citable`` is that gate.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ragqa.errors import CorpusError, Fault, InvalidRecord, printable_name
from ragqa.files import UNREADABLE, json_object, no_folder, open_stream, raw_lines, read_jsonl, read_text
from ragqa.records import (
    Abstract,
    Article,
    ArticleSpan,
    NoticeKind,
    Part,
    ReviewEvent,
    ReviewState,
    explain,
    source_id,
)
from ragqa.reviewlog import LOG, head_of, known_log

MARKER = re.compile(r"(?<!\s)\s*+\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
"""A citation marker, [1] or [1, 2], with the white space before it."""

RANGES = 12
"""Of line numbers, told of one file."""
LONGEST_ARTICLE = 64 * 1024
"""Bytes, some ten thousand words. The longest of the corpus has 3,500; the time that a page of it takes grows with them."""
FRONT_MATTER = 16 * 1024
"""Characters. The longest of the corpus has 900; reading YAML is slow, so a longer one is refused unread."""
_FRONT = re.compile(r"\A---\r?\n(.*?\n)---\r?\n", re.DOTALL)
_SPACE = re.compile(r"\s*")
_HEADING = re.compile(r"^(#{2,3}) ++(.*[^ \n]|(?<=  )) *+$", re.MULTILINE)
_PARTS = {
    "answer": Part.RECOMMENDATION,
    "recommendation": Part.RECOMMENDATION,
    "evidence": Part.EVIDENCE,
    "safety": Part.SAFETY,
    "uncertainty": Part.UNCERTAINTY,
    "key points": Part.KEY_POINT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """All records of one folder that are valid and cross-checked; ``faults`` name the others.

    ``set_aside``: for each article with a fault its faults. Nothing else of the corpus depends on such an article. What an
    article only lacks because a file of abstracts cannot be read is told once in ``faults``, as a fault of that file.
    """

    articles: dict[str, Article]
    abstracts: dict[str, Abstract]
    reviews: tuple[ReviewEvent, ...]
    states: dict[str, ReviewState]
    faults: tuple[Fault, ...] = ()
    set_aside: dict[str, tuple[Fault, ...]] = field(default_factory=dict)

    def knows(self, slug: str) -> bool:
        """Whether there is an article of this slug: whole, with faults, or only in the review log."""
        return slug in self.articles or slug in self.set_aside or any(event.article == slug for event in self.reviews)

    def approved(self) -> list[Article]:
        """Articles whose present content was approved, by slug."""
        return [article for slug, article in sorted(self.articles.items()) if self.states[slug] is ReviewState.APPROVED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citable:
    """What may be indexed, why each thing left out is left out, and the head of the review log that decided it."""

    articles: tuple[Article, ...]
    abstracts: tuple[Abstract, ...]
    excluded: dict[str, str]
    review_head: str | None = None

    def ids(self) -> set[str]:
        """Source ids that an answer may cite."""
        return {article.id for article in self.articles} | {abstract.id for abstract in self.abstracts}


def load_corpus(folder: Path) -> Corpus:
    """Read and cross-check a corpus folder.

    Raises:
        CorpusError: with every fault in every file, not only the first.
    """
    corpus = read_corpus(folder)
    raise_all(corpus.faults)
    return corpus


def read_corpus(folder: Path) -> Corpus:
    """As ``load_corpus``, with whatever has a fault set aside instead of refusing all of it.

    Raises:
        CorpusError: there is no such folder, or it holds nothing at all.
    """
    require_folder(folder)
    faults = folder_faults(folder, "articles", "approved")
    unread: list[Fault] = []
    missing: list[Fault] = []
    set_aside: dict[str, tuple[Fault, ...]] = {}
    parsed = _read_articles(folder, set_aside)
    faults += chain.from_iterable(set_aside.values())
    abstracts = _read_abstracts(folder, faults, unread)
    log = known_log(folder)
    if not (parsed or set_aside or abstracts or faults or unread or log.events):
        raise_all([empty(folder)])
    for slug, article in parsed.items():
        cited = list(citation_faults(article_file(folder, slug), article.citations, abstracts))
        marked = list(marker_faults(folder, article))
        missing += cited
        faults += marked
        if cited or marked:
            set_aside[slug] = (*cited, *marked)
    articles = {slug: article for slug, article in parsed.items() if slug not in set_aside}
    faults += [*filter(None, [log.fault]), *event_faults(folder, log.events), *once_a_file(unread, missing)]
    states = review_states({slug: article.sha256 for slug, article in articles.items()}, log.events)
    return Corpus(
        articles=articles,
        abstracts=abstracts,
        reviews=log.events,
        states=states,
        faults=tuple(in_order(faults)),
        set_aside=dict(sorted(set_aside.items())),
    )


def require_folder(folder: Path) -> None:
    """Raises CorpusError when there is no such corpus folder."""
    if not folder.is_dir():
        raise CorpusError([Fault(file=folder, line=None, message="no such folder; name a corpus with --corpus DIR")])


def folder_faults(folder: Path, *names: str) -> list[Fault]:
    """What is no folder of these names of a corpus, though it stands where one should."""
    message = "is no folder: `ragqa mend` says what to do"
    return [Fault(file=place, line=None, message=message) for name in names if no_folder(place := folder / name)]


def once_a_file(unread: Sequence[Fault], missing: Sequence[Fault]) -> list[Fault]:
    """One fault for each file of abstracts that cannot be read whole; where there is none, what no file holds is a fault.

    ``unread``: of lines or whole files; ``missing``: of citations. What is cited may stand where nothing could be read, so that
    it is no fault of the article as long as a file has one.
    """
    of_files: dict[Path, list[Fault]] = {}
    for fault in in_order(unread):
        of_files.setdefault(fault.file, []).append(fault)
    return [_of_file(faults, len(missing)) for faults in of_files.values()] or list(missing)


def _of_file(faults: Sequence[Fault], missing: int) -> Fault:
    first = faults[0]
    lines = [fault.line for fault in faults if fault.line is not None]
    more = f"; {len(lines)} lines hold no record: {_ranges(lines)}" if len(lines) > 1 else ""
    waiting = f"; it may hold what {missing} citations name" if missing else ""
    advice = f"{waiting}. Restore the file from a copy, or see what `ragqa mend` can put back"
    return Fault(file=first.file, line=first.line, message=first.message + more + advice)


def _ranges(numbers: Sequence[int]) -> str:
    """Rising numbers as "2, 5-52", up to RANGES of them."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    told = ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in found[:RANGES])
    return told + ", and others" * (len(found) > RANGES)


def unread_lines(folder: Path) -> list[Fault]:
    """Why each line, or file, of abstracts holds no record."""
    unread: list[Fault] = []
    _read_abstracts(folder, [], unread)
    return unread


def empty(folder: Path) -> Fault:
    """What is wrong with a corpus that holds nothing."""
    return Fault(file=folder, line=None, message="holds no article and no abstract; expected articles/*.md or abstracts/*.jsonl")


def raise_all(faults: Iterable[Fault]) -> None:
    """Raises CorpusError with these faults, by file, line and message; nothing where there are none."""
    if found := in_order(faults):
        raise CorpusError(found)


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Faults by file, line and message."""
    return sorted(faults, key=lambda fault: (str(fault.file), fault.line or 0, fault.message))


def approved_articles(folder: Path) -> list[Article]:
    """Approved articles by slug, whatever is wrong with other files: for reports, not for the gate."""
    reviews = known_log(folder).events
    return [
        article
        for _, article in sorted(_read_articles(folder, {}).items())
        if review_state(article, reviews) is ReviewState.APPROVED
    ]


def retracted_ids(folder: Path) -> list[str]:
    """Ids of all retracted records that can be read, whatever is wrong with others: a fault must not shield a retracted paper."""
    return sorted(frozenset().union(*map(retracted_in, (folder / "abstracts").glob("*.jsonl"))))


def retracted_in(file: Path) -> frozenset[str]:
    """Ids of the retracted records of one file, as far as it can be read; only lines that speak of a retraction are parsed."""
    found: set[str | None] = set()
    with suppress(*UNREADABLE), open_stream(file) as stream:
        for number, line in raw_lines(stream, file):
            if not isinstance(line, Fault) and NoticeKind.RETRACTION.value.encode() in line:
                row = json_object(line, file, number)
                found.update(_named_in(line) if isinstance(row, Fault) else [_retracted_id(row)])
    return frozenset(filter(None, found))


def _named_in(line: bytes) -> list[str]:
    """The first id in a line that is no JSON and speaks of a retraction: it may be the paper's."""
    named = re.search(rb'"id": ?"([^"\\\\]{1,200})"', line[:4096])
    return [named[1].decode("utf-8", "replace")] if named else []


def _retracted_id(row: dict[str, Any]) -> str | None:
    """The id of a row with a notice of retraction, whatever else is wrong with it."""
    try:
        if any(notice.get("kind") == NoticeKind.RETRACTION for notice in row.get("notices", ())):
            return source_id(row["id"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return None


def standing_of_text(sha256: str, events: Iterable[ReviewEvent]) -> ReviewState:
    """Where this very text of an article stands after the article's ``events``.

    A withdrawal takes back every text of the article. A newer text that waits, or was approved, leaves this one as it was.
    """
    standing = ReviewState.DRAFT
    for event in events:
        if event.state is ReviewState.WITHDRAWN or event.sha256 == sha256:
            standing = ReviewState(event.state)
    return standing


def review_state(article: Article, reviews: Iterable[ReviewEvent]) -> ReviewState:
    """Where an article stands. An approval holds for the exact bytes approved; after any edit it is *submitted* again."""
    return review_states({article.slug: article.sha256}, reviews)[article.slug]


def review_states(contents: Mapping[str, str], reviews: Iterable[ReviewEvent]) -> dict[str, ReviewState]:
    """As ``review_state`` for many articles: ``contents`` maps each slug to the sha256 of its file's bytes."""
    states = dict.fromkeys(contents, ReviewState.DRAFT)
    for event in reviews:
        if event.article in states:
            stale = event.state is ReviewState.APPROVED and event.sha256 != contents[event.article]
            states[event.article] = ReviewState.SUBMITTED if stale else event.state
    return states


def citable(corpus: Corpus, *, abstracts: str = "cited") -> Citable:
    """The gate: approved articles, and abstracts they cite (all abstracts with ``abstracts="all"``), never a retracted one."""
    articles = tuple(corpus.approved())
    cited = {source for article in articles for source in article.citations}
    excluded = {
        article.id: reason
        for slug, article in corpus.articles.items()
        if (reason := article_left_out(corpus.states[slug])) is not None
    }
    kept = []
    for abstract in corpus.abstracts.values():
        reason = abstract_left_out(retracted=abstract.retracted, cited=abstract.id in cited, abstracts=abstracts)
        if reason is None:
            kept.append(abstract)
        else:
            excluded[abstract.id] = reason
    return Citable(
        articles=articles,
        abstracts=tuple(sorted(kept, key=lambda record: record.id)),
        excluded=dict(sorted(excluded.items())),
        review_head=head_of(corpus.reviews) or None,
    )


def article_left_out(state: ReviewState) -> str | None:
    """Why an article in this state may not be indexed; None when it may."""
    return None if state is ReviewState.APPROVED else f"article is {state.value.replace('_', ' ')}"


def abstract_left_out(*, retracted: bool, cited: bool, abstracts: str) -> str | None:
    """Why an abstract may not be indexed; None when it may. ``cited``: by an approved article; ``abstracts`` as for
    ``citable``.
    """
    if retracted:
        return "retracted"
    return None if cited or abstracts == "all" else "cited by no approved article"


def approved_text(folder: Path, slug: str, reviews: Iterable[ReviewEvent]) -> Article | None:
    """The article as it was approved last, whatever its file says now.

    None when it never was approved, or when the text kept of that approval is missing or is not what was approved.
    """
    approvals = [event for event in reviews if event.article == slug and event.state is ReviewState.APPROVED]
    file = kept_file(folder, slug, approvals[-1].sha256) if approvals else None
    if file is None or not file.exists():
        return None
    article = parse_article(file, slug)
    return article if article.sha256 == approvals[-1].sha256 else None


def kept_file(folder: Path, slug: str, sha256: str) -> Path:
    """Where the text of an approval is kept; its name can be checked with ``sha256sum``."""
    return folder / "approved" / slug / f"{sha256}.md"


def parse_article(file: Path, slug: str | None = None) -> Article:
    """Read one ``articles/<slug>.md``, or a file that is named otherwise. Raises InvalidRecord with the line at fault."""
    try:
        return _parsed_article(file, slug)
    except CorpusError:
        raise
    except Exception as error:
        # A fault that nobody thought of is a fault of this file, and must not take the other articles down.
        raise InvalidRecord(file, None, f"cannot be read as an article ({type(error).__name__}: {error})") from error


def _parsed_article(file: Path, slug: str | None) -> Article:
    text, data = read_text(file)
    if len(data) > LONGEST_ARTICLE:
        raise InvalidRecord(file, None, f"larger than {LONGEST_ARTICLE // 1024} KiB: split it into articles of one question each")
    meta, body, offset = _front_matter(file, text)
    try:
        return Article(
            slug=slug or file.stem,
            text=body,
            spans=_article_spans(file, body, offset),
            sha256=hashlib.sha256(data).hexdigest(),
            **meta,
        )
    except ValidationError as error:
        raise InvalidRecord(file, 1, f"front matter: {explain(error)}") from error


def markers(text: str) -> list[int]:
    """Citation numbers of a stretch of article text, in order, each once."""
    numbers = (int(number) for match in MARKER.finditer(text) for number in match[1].split(","))
    return list(dict.fromkeys(numbers))


class _Text(yaml.SafeLoader):
    """YAML whose values are texts, lists and mappings, or nothing; pydantic reads dates from texts. Other tags are faults."""


_TAG = "tag:yaml.org,2002:"
_Text.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag == _TAG + "null"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Text.yaml_constructors = {
    tag: made
    for tag, made in yaml.SafeLoader.yaml_constructors.items()
    if tag in (None, *(_TAG + name for name in ("str", "null", "seq", "map")))
}


def _front_matter(file: Path, text: str) -> tuple[dict[str, Any], str, int]:
    """Metadata, body, and the number of lines before the body."""
    match = _FRONT.match(text, 0, FRONT_MATTER)
    if not match:
        within = f" within {FRONT_MATTER // 1024} Ki characters" if len(text) > FRONT_MATTER else ""
        raise InvalidRecord(file, 1, f"no front matter: the file must start with a line ---, YAML, and a line ---{within}")
    try:
        meta = yaml.load(match[1], _Text)
    except RecursionError:
        raise InvalidRecord(file, 1, "bad YAML: brackets within brackets without end") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark is not None else 1
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InvalidRecord(file, line, f"bad YAML: {reason[:200]}") from error
    if not isinstance(meta, dict) or not all(isinstance(key, str) for key in meta):
        raise InvalidRecord(file, 1, "front matter must be a mapping such as 'title: ...'")
    reserved = {"slug", "text", "spans", "sha256"} & meta.keys()
    if reserved:
        raise InvalidRecord(file, 1, f"front matter may not set {', '.join(sorted(reserved))}")
    space = _SPACE.match(text, match.end())
    start = space.end() if space else match.end()
    return meta, text[start:].rstrip(), text[:start].count("\n")


def _article_spans(file: Path, body: str, offset: int) -> tuple[ArticleSpan, ...]:
    headings = list(_HEADING.finditer(body))
    spans = []
    for heading, following in zip_longest(headings, headings[1:]):
        part = _PARTS.get(heading[2].lower())
        if part is None:
            line = offset + body[: heading.start()].count("\n") + 1
            raise InvalidRecord(file, line, f"unknown heading {heading[2]!r}; use one of {', '.join(_PARTS)}")
        start, end = heading.end(), following.start() if following else len(body)
        if body[start:end].strip():
            spans.append(ArticleSpan(part=part, start=start, end=end))
    names = {heading[2].lower() for heading in headings}
    for wanted in ("answer", "key points"):
        if wanted not in names:
            raise InvalidRecord(file, None, f"no section '## {wanted.capitalize()}'")
    return tuple(spans)


def _read_articles(folder: Path, set_aside: dict[str, tuple[Fault, ...]]) -> dict[str, Article]:
    articles = {}
    for file in sorted((folder / "articles").glob("*.md")):
        try:
            articles[file.stem] = parse_article(file)
        except InvalidRecord as error:
            set_aside[printable_name(file.stem)] = error.faults
    return articles


def _read_abstracts(folder: Path, faults: list[Fault], unread: list[Fault]) -> dict[str, Abstract]:
    """Records by id; ``unread`` takes lines and files that hold none, ``faults`` those that stand twice."""
    unread += folder_faults(folder, "abstracts")
    abstracts: dict[str, Abstract] = {}
    places: dict[str, str] = {}
    for file in sorted((folder / "abstracts").glob("*.jsonl")):
        for line, abstract in _parsed_lines(file, unread):
            if abstract.id in abstracts:
                faults.append(duplicate(file, line, abstract.id, places[abstract.id]))
                if not abstract.retracted:  # of two records of one paper the retracted one counts
                    continue
            abstracts[abstract.id] = abstract
            places[abstract.id] = f"{file.name}:{line}"
    return abstracts


def _parsed_lines(file: Path, unread: list[Fault]) -> Iterator[tuple[int, Abstract]]:
    line = 0
    try:
        for line, value in read_jsonl(file):
            abstract = abstract_of(value, file, line)
            if isinstance(abstract, Fault):
                unread.append(abstract)
            else:
                yield line, abstract
        if not line:
            unread.append(no_record(file))
    except InvalidRecord as error:  # what was read before that place stays
        unread.extend(error.faults)


def no_record(file: Path) -> Fault:
    """What is wrong with a file of abstracts that has no line: no import leaves such a file."""
    return Fault(file=file, line=None, message="holds no record; take it away if it should hold none")


def article_file(folder: Path, slug: str) -> Path:
    """Where the article of this slug stands."""
    return folder / "articles" / f"{slug}.md"


def abstract_of(value: dict[str, Any] | Fault, file: Path, line: int) -> Abstract | Fault:
    """The abstract that one line holds, or the Fault that says why it holds none."""
    if isinstance(value, Fault):
        return value
    try:
        return Abstract.model_validate(value)
    except ValidationError as error:
        return Fault(file=file, line=line, message=explain(error))


def duplicate(file: Path, line: int, source_id: str, first: str) -> Fault:
    """An id that stands a second time."""
    return Fault(file=file, line=line, message=f"duplicate id {source_id}, first at {first}")


def event_faults(folder: Path, reviews: Iterable[ReviewEvent]) -> Iterator[Fault]:
    """Articles that do not exist though review events speak of them, each once; one that cannot be read is told as that."""
    if no_folder(folder / "articles"):
        return
    first: dict[str, int] = {}
    for number, event in enumerate(reviews, start=1):
        first.setdefault(event.article, number)
    for slug, number in first.items():
        if not os.path.lexists(article_file(folder, slug)):
            message = f"event {number} speaks of the article {slug!r}, which does not exist"
            yield Fault(file=folder / LOG, line=number, message=message)


def citation_faults(file: Path, citations: Iterable[str], held: Container[str]) -> Iterator[Fault]:
    """Cited sources that the corpus does not hold."""
    for source in citations:
        if source not in held:
            yield Fault(file=file, line=None, message=f"cites {source}, which no file under abstracts/ holds")


def marker_faults(folder: Path, article: Article) -> Iterator[Fault]:
    """Markers that name no citation, and citations that no marker names."""
    file, used = article_file(folder, article.slug), set(markers(article.text))
    for number in sorted(used):
        if not 1 <= number <= len(article.citations):
            yield Fault(file=file, line=None, message=f"marker [{number}] names no entry of citations")
    for number, source in enumerate(article.citations, start=1):
        if number not in used:
            yield Fault(file=file, line=None, message=f"citation {number} ({source}) is never used in the text")
