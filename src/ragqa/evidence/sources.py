"""The sources among the hits, each read and stemmed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from ragqa.corpus.records import Abstract, Article
from ragqa.corpus.study import design_rank, study_design
from ragqa.index import Generation
from ragqa.language.about import NOTHING, NOTHING_NAMED, About, Concepts, about
from ragqa.question.terms import Stems, Vocabulary
from ragqa.retrieval.retriever import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A record that was retrieved, with the index terms of its title and its retrieved passages.

    ``about`` is what its title and topics name; ``design`` is GRADE's starting level for its study, 0 to 3; ``barred`` are
    the numbers of an article's citations that the index left out: what rests on a retracted paper is no evidence.
    """

    record: Article | Abstract
    held: Stems
    design: int
    barred: frozenset[int]
    about: About = NOTHING_NAMED

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """Hits, nearest first, and the source of each by id, that of the nearest hit first."""

    hits: tuple[Hit, ...]
    sources: Mapping[str, Source]

    @property
    def records(self) -> dict[str, Article | Abstract]:
        """What was retrieved, by source id."""
        return {id_: source.record for id_, source in self.sources.items()}

    @property
    def conditions(self) -> Concepts:
        """What the sources are about."""
        return NOTHING.union(*(source.about.conditions for source in self.sources.values()))

    @property
    def studies_alone(self) -> bool:
        """Whether no approved article is among the sources: the evidence is studies alone."""
        return not any(isinstance(record, Article) for record in self.records.values())

    @property
    def nearest_articles(self) -> list[str]:
        """Questions that articles among the sources answer, nearest first, three at most."""
        return [record.title for record in self.records.values() if isinstance(record, Article)][:3]


def expanded(hits: Sequence[Hit], generation: Generation, vocabulary: Vocabulary) -> Retrieved:
    """The hits with their sources, each read and stemmed once."""
    texts: dict[str, str] = {}
    for hit in hits:
        source = hit.passage.source_id
        texts[source] = f"{texts.get(source) or generation.record(source).title or ''} {hit.passage.text}"
    records = {source: generation.record(source) for source in texts}
    sources = {
        source: Source(
            record=record,
            held=vocabulary.held(f"{texts[source]} {_credits(record)}"),
            about=_about(record),
            design=design_rank(study_design(record)),
            barred=_barred(record, generation),
        )
        for source, record in records.items()
    }
    return Retrieved(hits=tuple(hits), sources=sources)


def _credits(record: Article | Abstract) -> str:
    """Who published it and when: how questions name a study."""
    return "" if isinstance(record, Article) else " ".join([*record.authors, str(record.year or "")])


def _about(record: Article | Abstract) -> About:
    named = [record.title or "", *(record.topics if isinstance(record, Article) else ())]
    return reduce(or_, map(about, named))


def _barred(record: Article | Abstract, generation: Generation) -> frozenset[int]:
    if isinstance(record, Abstract):
        return frozenset()
    excluded = generation.excluded(record.citations)
    return frozenset(number for number, source in enumerate(record.citations, start=1) if source in excluded)
