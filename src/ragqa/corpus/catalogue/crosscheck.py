"""What only all files of a corpus together show, and whether anything approved depends on what is wrong."""

from __future__ import annotations

from pathlib import Path

from ragqa.corpus.articles import article_file
from ragqa.corpus.catalogue.findings import Faults
from ragqa.corpus.catalogue.sources import Sources
from ragqa.corpus.faults import citation_faults, empty, event_faults, folder_faults
from ragqa.corpus.gate import review_states
from ragqa.corpus.records import ReviewState
from ragqa.corpus.reviewlog import Log


def is_blocking(corpus: Path, sources: Sources, log: Log, faults: Faults) -> bool:
    """Add what only all files show to ``faults``; whether anything approved depends on a fault, or faults leave nothing."""
    any_source = sources.any()
    if not (any_source or faults.by_file):
        faults.add("", [empty(corpus)])
    of_folders = folder_faults(corpus)
    faults.add("", [*filter(None, [log.fault]), *event_faults(corpus, log.events), *of_folders])
    articles = sources.articles()
    states = review_states({article.slug: article.sha256 for article in articles}, log.events)
    blocking = not any_source or bool(of_folders) or (log.fault is not None and not log.torn)
    whole = 0
    for article in articles:
        name = f"articles/{article.slug}.md"
        faults.add(name, citation_faults(article_file(corpus, article.slug), article.citations, sources))
        faulty = name in faults.by_file or not faults.ambiguous.isdisjoint(article.citations)
        approved = states[article.slug] is ReviewState.APPROVED
        blocking = blocking or (faulty and approved)
        whole += approved and not faulty
    emptied = any(name.endswith(".md") for name in faults.by_file) and not whole
    return blocking or emptied


def set_faulty_aside(sources: Sources, faults: Faults) -> None:
    """Articles with a fault are no sources; files with one are read again next time."""
    known = sources.files()
    for name in filter(None, faults.by_file):
        if name.endswith(".md") and name in known:
            sources.forget_sources(known[name][0])
        sources.unstamp(name)
