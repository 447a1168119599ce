"""What an answer was made from and with: the same provenance gives the same answer, whatever else the corpus holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version

from ragqa.corpus.records import Article
from ragqa.index import Generation
from ragqa.models import Embedder, Reranker
from ragqa.question.query import Query
from ragqa.retrieval.retriever import Hit
from ragqa.settings import Audience, Settings

DECIDES_RETRIEVAL = ("dense_weight", "candidates", "sources", "passages_per_source")
"""Settings that decide which passages are retrieved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """All that an answer was composed from: the same provenance gives the same answer, whatever else the corpus holds.

    ``made_with``: models and settings, by name; ``passages``: ids of what was retrieved, nearest first, once per reading of the
    question; ``sources``: sha256 of each record behind them, and of those that its articles cite; ``barred``: what they cite and
    may not be quoted, with the reason.
    """

    made_with: dict[str, str]
    passages: tuple[tuple[str, ...], ...]
    sources: dict[str, str]
    barred: dict[str, str]

    def to_json(self) -> str:
        """One line; equal provenances give equal lines."""
        return json.dumps([self.made_with, self.passages, self.sources, self.barred], sort_keys=True)

    @classmethod
    def from_json(cls, line: str) -> Provenance:
        """What ``to_json`` wrote."""
        made_with, passages, sources, barred = json.loads(line)
        return cls(made_with=made_with, passages=tuple(map(tuple, passages)), sources=sources, barred=barred)

    @property
    def sha256(self) -> str:
        """Names it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def made_with(settings: Settings, embedder: Embedder, reranker: Reranker, composer: str, audience: Audience) -> dict[str, str]:
    """What decides an answer beside the sources; ``composer`` is its fingerprint."""
    return {
        "ragqa": _release(),
        "embedder": embedder.fingerprint,
        "reranker": reranker.fingerprint,
        "composer": composer,
        "abstain_below": str(settings.abstain_below),
        "redact": str(settings.redact),
        "audience": audience,
    }


def provenance(
    found: Sequence[Sequence[Hit]], article: str | None, generation: Generation, made: Mapping[str, str]
) -> Provenance:
    """Of the hits of each reading that is tried, and of the article being read."""
    context = {f"article:{article}"} if article else set()
    sources = sorted({hit.passage.source_id for hits in found for hit in hits} | context)
    articles = [record for source in sources if isinstance(record := generation.record(source), Article)]
    behind = {source for article in articles for source in article.citations}
    held = {*sources, *(source for source in behind if generation.find(source))}
    return Provenance(
        made_with=dict(made),
        passages=tuple(tuple(hit.passage.id for hit in hits) for hits in found),
        sources={source: generation.digest(source) for source in sorted(held)},
        barred=generation.excluded(sorted(behind)),
    )


def digest(query: Query, generation: str, withheld: Mapping[str, str], made: Mapping[str, str], settings: Settings) -> str:
    """sha256 (hex) of all that decides an answer, everything a client sent already without identifiers."""
    parts = [
        generation,
        sorted(withheld),
        query.asked,
        asdict(query.reading),
        [turn.model_dump(mode="json") for turn in query.turns],
        query.article,
        query.wanted,
        made,
        {name: getattr(settings, name) for name in DECIDES_RETRIEVAL},
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def _release() -> str:
    """Read once: the package's metadata is a file to be parsed."""
    return version("ragqa")
