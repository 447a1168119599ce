"""What every retriever keeps to, the real one and a small one that counts shared words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from samples import abstract, write_corpus

from ragqa.index import Generation
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.question.query import Query
from ragqa.retrieval.retriever import Hit, Retriever
from ragqa.settings import Settings


class SharedWords:
    """Ranks every passage by the share of the question's words that it holds."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def retrieve(self, query: Query) -> list[Hit]:
        """Passages that share a word, the most first."""
        wanted = set(query.text.lower().split())
        hits = []
        for row in range(self._generation.manifest.counts["passages"]):
            passage = self._generation.passage(row)
            share = len(wanted & set(passage.text.lower().split())) / len(wanted)
            if share and passage.source_id not in self._generation.withheld:
                hits.append(Hit(passage=passage, score=share, similarity=share, bm25=0.0))
        return sorted(hits, key=lambda hit: (-hit.similarity, hit.passage.id))

    def search(self, query: Query, k: int) -> list[Hit]:
        """The first passage of each of the first sources."""
        best: dict[str, Hit] = {}
        for hit in self.retrieve(query):
            best.setdefault(hit.passage.source_id, hit)
        return list(best.values())[:k]


MADE: dict[str, Callable[[Ragqa], Retriever]] = {
    "hybrid": lambda ragqa: ragqa.retriever(),
    "shared words": lambda ragqa: SharedWords(ragqa.generation),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Twelve trials of one drug, without an article."""
    folder = tmp_path_factory.mktemp("retrievers")
    corpus = write_corpus(folder / "corpus", {}, [abstract(number) for number in range(101, 113)])
    settings = Settings(corpus=corpus, index=folder / "index", abstracts="all")
    build_index(settings)
    return settings


@pytest.fixture(params=MADE)
def retriever(request: pytest.FixtureRequest) -> Callable[[Ragqa], Retriever]:
    """Makes the retriever of an open index."""
    return MADE[str(request.param)]


def query(ragqa: Ragqa, text: str = "How many points did drug A lower the score compared with placebo?") -> Query:
    """A question, read."""
    return ragqa.reader().read(Asked(question=text))


def test_hits_are_passages_of_their_sources_nearest_first(small: Settings, retriever: Callable[[Ragqa], Retriever]) -> None:
    """Each passage once, word for word in its source."""
    with Ragqa.open(small) as ragqa:
        hits = retriever(ragqa).retrieve(query(ragqa))
        assert hits
        assert len({hit.passage.id for hit in hits}) == len(hits)
        assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)
        for hit in hits:
            text = ragqa.generation.record(hit.passage.source_id).text
            assert text[hit.passage.start : hit.passage.end] == hit.passage.text


def test_the_same_question_finds_the_same(small: Settings, retriever: Callable[[Ragqa], Retriever]) -> None:
    """By one retriever twice, and by two of the same index."""
    with Ragqa.open(small) as ragqa:
        one, other = retriever(ragqa), retriever(ragqa)
        asked = query(ragqa)
        assert one.retrieve(asked) == one.retrieve(asked) == other.retrieve(asked)
        assert one.search(asked, 5) == one.search(asked, 5) == other.search(asked, 5)


@pytest.mark.parametrize("k", [1, 5, 100])
def test_a_search_gives_each_source_once(small: Settings, retriever: Callable[[Ragqa], Retriever], k: int) -> None:
    """At most as many as asked for, best first."""
    with Ragqa.open(small) as ragqa:
        found = retriever(ragqa).search(query(ragqa), k)
        sources = [hit.passage.source_id for hit in found]
        assert len(sources) == len(set(sources)) == min(k, 12)
        assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_what_is_withheld_is_not_found(small: Settings, retriever: Callable[[Ragqa], Retriever]) -> None:
    """Whatever the generation still holds."""
    with Ragqa.open(small) as ragqa:
        first = retriever(ragqa).search(query(ragqa), 1)[0].passage.source_id
        ragqa.generation = ragqa.generation.without({first: "retracted"})
        found = [*retriever(ragqa).retrieve(query(ragqa)), *retriever(ragqa).search(query(ragqa), 100)]
        assert found
        assert first not in {hit.passage.source_id for hit in found}
