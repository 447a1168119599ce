"""The corpus on disk as records, with every fault found in one pass.

    corpus/articles/<slug>.md      front matter and Markdown
    corpus/abstracts/*.jsonl       one abstract a line
    corpus/reviews.jsonl           append-only review events, chained (``reviewlog``), and its copy
    corpus/approved/               every text that was approved (``articles``)
    corpus/vocabulary.toml         names that the house adds (``vocabulary``)

What of it may be cited, ``gate`` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from ragqa.corpus.abstracts import abstract_files, abstract_of
from ragqa.corpus.articles import article_file, article_files, parse_article
from ragqa.corpus.faults import (
    Repeated,
    citation_faults,
    duplicate,
    empty,
    event_faults,
    folder_faults,
    marker_faults,
    raise_all,
    told,
)
from ragqa.corpus.gate import Gate, review_states
from ragqa.corpus.records import Abstract, Article, NoticeKind, ReviewEvent, ReviewState, source_id
from ragqa.corpus.reviewlog import known_log
from ragqa.corpus.vocabulary import house_vocabulary
from ragqa.errors import CorpusError, Fault, InvalidRecord, printable_name
from ragqa.files import UNREADABLE, json_object, open_stream, raw_lines, read_jsonl


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """All records of one folder that are valid and cross-checked; ``faults`` name the others.

    ``articles`` and their ``states`` by slug, ``abstracts`` by id. ``set_aside``: by slug the faults of each article that has
    any; nothing else of the corpus depends on such an article.
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
    """What may be cited, by slug and by id, and of every other source, by its id, why it may not."""

    articles: tuple[Article, ...]
    abstracts: tuple[Abstract, ...]
    excluded: dict[str, str]

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
    faults: list[Fault] = []
    set_aside: dict[str, tuple[Fault, ...]] = {}
    parsed = _read_articles(folder, set_aside)
    abstracts = _read_abstracts(folder, faults)
    log = known_log(folder)
    if not (parsed or set_aside or abstracts or faults or log.events):
        raise_all([empty(folder)])
    for slug, article in parsed.items():
        if found := (*citation_faults(article_file(folder, slug), article.citations, abstracts), *marker_faults(folder, article)):
            set_aside[slug] = found
    articles = {slug: article for slug, article in parsed.items() if slug not in set_aside}
    faults += [*filter(None, [log.fault]), *event_faults(folder, log.events), *chain.from_iterable(set_aside.values())]
    faults += [*folder_faults(folder), *house_vocabulary(folder).faults]
    states = review_states({slug: article.sha256 for slug, article in articles.items()}, log.events)
    return Corpus(
        articles=articles,
        abstracts=abstracts,
        reviews=log.events,
        states=states,
        faults=tuple(told(folder, faults)),
        set_aside=dict(sorted(set_aside.items())),
    )


def require_folder(folder: Path) -> None:
    """Raises CorpusError when there is no such corpus folder."""
    if not folder.is_dir():
        raise CorpusError([Fault(file=folder, line=None, message="no such folder; name a corpus with --corpus DIR")])


def citable(corpus: Corpus, *, abstracts: str = "cited") -> Citable:
    """A corpus as its gate decides on it; ``abstracts`` as for ``Gate``."""
    citations = {slug: article.citations for slug, article in corpus.articles.items()}
    gate = Gate(corpus.states, citations, abstracts)
    reasons = {article.id: gate.article(slug) for slug, article in corpus.articles.items()}
    reasons |= {one.id: gate.abstract(one.id, retracted=one.retracted) for one in corpus.abstracts.values()}
    return Citable(
        articles=tuple(article for _, article in sorted(corpus.articles.items()) if reasons[article.id] is None),
        abstracts=tuple(abstract for _, abstract in sorted(corpus.abstracts.items()) if reasons[abstract.id] is None),
        excluded={source: reason for source, reason in sorted(reasons.items()) if reason is not None},
    )


def unread_lines(folder: Path) -> list[Fault]:
    """Why each line, or file, of abstracts holds no record, where that is so."""
    faults: list[Fault] = []
    _read_abstracts(folder, faults)
    return [fault for fault in faults if not isinstance(fault, Repeated)]


def approved_articles(folder: Path) -> list[Article]:
    """Approved articles by slug, whatever is wrong with other files: for reports, not for the gate."""
    articles = dict(sorted(_read_articles(folder, {}).items()))
    states = review_states({slug: article.sha256 for slug, article in articles.items()}, known_log(folder).events)
    return [article for slug, article in articles.items() if states[slug] is ReviewState.APPROVED]


def retracted_ids(folder: Path) -> list[str]:
    """Ids of all retracted records that can be read, whatever is wrong with others: a fault must not shield a retracted paper."""
    return sorted(frozenset().union(*map(retracted_in, abstract_files(folder))))


def retracted_in(file: Path) -> frozenset[str]:
    """Ids of the retracted records of one file, as far as it can be read; only lines that speak of a retraction are parsed.

    Raises nothing for what the file holds, nor where it is missing.
    """
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


def _read_articles(folder: Path, set_aside: dict[str, tuple[Fault, ...]]) -> dict[str, Article]:
    articles = {}
    for file in article_files(folder):
        try:
            articles[file.stem] = parse_article(file)
        except InvalidRecord as error:
            set_aside[printable_name(file.stem)] = error.faults
    return articles


def _read_abstracts(folder: Path, faults: list[Fault]) -> dict[str, Abstract]:
    abstracts: dict[str, Abstract] = {}
    places: dict[str, str] = {}
    for file in abstract_files(folder):
        for line, abstract in _parsed_lines(file, faults):
            if abstract.id in abstracts:
                faults.append(duplicate(file, line, abstract.id, places[abstract.id]))
                if not abstract.retracted:  # of two records of one paper the retracted one counts
                    continue
            abstracts[abstract.id] = abstract
            places[abstract.id] = f"{file.name}:{line}"
    return abstracts


def _parsed_lines(file: Path, faults: list[Fault]) -> Iterator[tuple[int, Abstract]]:
    try:
        for line, value in read_jsonl(file):
            abstract = abstract_of(value, file, line)
            if isinstance(abstract, Fault):
                faults.append(abstract)
            else:
                yield line, abstract
    except InvalidRecord as error:  # what was read before that place stays
        faults.extend(error.faults)
