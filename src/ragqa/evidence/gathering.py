"""Hits to evidence: the sentences worth quoting, judged, and whether they are enough to answer.

    evidence = gather(query, expanded(hits, generation, vocabulary), embedder, reranker, abstain_below=0.6)
    if evidence.closed: ...  # the gate that closed, with its figure and its bound

The reranker, the dearest step, reads only what could still decide something: nothing where not even the best judgment would
open the gate, and of the rest the sentences nearest to the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragqa.corpus.records import Article, Record
from ragqa.evidence.candidates import Candidate, candidates
from ragqa.evidence.coverage import coverage
from ragqa.evidence.directness import directed
from ragqa.evidence.fitting import Fitting, fitting, tells_something
from ragqa.evidence.patients import suited
from ragqa.evidence.sources import Retrieved
from ragqa.evidence.sufficiency import HIGHEST, HOPELESS, Sufficiency, sufficiency
from ragqa.language.about import NOTHING, met_by
from ragqa.models import Embedder, Reranker, Vectors
from ragqa.question.query import Query

MOST_READ = 36
"""Candidate sentences that are embedded, beside those of an article on this very question; by hand: each costs milliseconds."""
MOST_JUDGED = 20
"""Of these, the ones that the reranker reads; by hand: it is the dearest step, and fewer than before made no figure of
`ragqa eval` worse."""
ON_THE_QUESTION = 0.9
"""Cosine between the question and an article's title above which the article answers this very question and all of it counts; by
hand."""


CALLED = 0.25
"""Share of ``abstain_below`` that is needed where a question calls a study by name and it is there: what else could be meant; by
hand."""
NOT_ABOUT = "about what is asked"
"""The gate where no sentence is about what was asked."""


class Gate(Record):
    """Why the evidence is not enough: what was measured, how much there is, and how much there would have to be."""

    name: str
    figure: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What the sources say on a question: candidates best judged first, the measure of their sufficiency, the gate that closed.

    With a gate ``closed`` there are no candidates.
    """

    retrieved: Retrieved
    sufficiency: Sufficiency
    lacking: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    closed: Gate | None = None


def gather(query: Query, retrieved: Retrieved, embedder: Embedder, reranker: Reranker, abstain_below: float) -> Evidence:
    """Read and judge what was retrieved.

    ``abstain_below``: probability of being answerable below which the evidence is not enough.
    """
    vector = query.vector[0] if query.point == query.searched else embedder.embed([query.point])[0]
    found = candidates(retrieved, _leads(vector, retrieved, embedder))
    on_it = _of_called(query, fitting(query, found, retrieved), found, retrieved)
    on_patients = suited(query, on_it.candidates, retrieved)
    read = _nearest(query, vector, directed(query, on_patients.candidates, retrieved), embedder)
    measured = sufficiency(query, retrieved, [candidate.similarity for candidate in read], on_it.met, on_it.lacking)
    if not read:
        return _closed(retrieved, measured, NOT_ABOUT, 0, 1, (*on_it.lacking, *on_patients.lacking))
    if measured.hopeless(abstain_below):
        reach = replace(measured, logit=HIGHEST).probability
        return _closed(retrieved, measured, "within reach", reach, HOPELESS * abstain_below)
    judged = _judged(query, read, reranker)
    measured = replace(measured, logit=judged[0].logit)
    abstain_below *= CALLED if query.called & retrieved.sources.keys() else 1
    if measured.probability < abstain_below:
        return _closed(retrieved, measured, "answerable", measured.probability, abstain_below)
    return Evidence(
        retrieved=retrieved,
        sufficiency=measured,
        lacking=on_it.lacking,
        caveats=(*on_it.caveats, *on_patients.caveats),
        candidates=tuple(judged),
    )


def _of_called(query: Query, on_it: Fitting, found: Sequence[Candidate], retrieved: Retrieved) -> Fitting:
    """Of a question that calls studies by name what fits of them and of what rests on them, of several that a name may mean those
    on most of what is asked; of a single one all that it tells itself, as the most direct.
    """
    called = query.called & retrieved.sources.keys()
    if not called:
        return on_it
    asked = query.about(NOTHING).asked
    on = {id_: len(met_by(asked, retrieved.sources[id_].about.asked)) for id_ in called}
    meant = {id_ for id_, number in on.items() if number == max(on.values())}
    of_them = [one for one in on_it.candidates if one.source_id in meant or not meant.isdisjoint(one.rests_on)]
    if len(meant) == 1 or not of_them:
        fits = {one.text for one in of_them}
        most = max((one.met for one in of_them), default=0)
        own = [
            replace(one, met=most + (one.text in fits), named=True)
            for one in found
            if one.source_id in meant and tells_something(query, one)
        ]
        of_them = own + [one for one in of_them if one.source_id not in meant]
    told = NOTHING.union(*(one.about.asked | retrieved.sources[one.source_id].about.asked for one in of_them))
    lacking = dict.fromkeys((*on_it.lacking, *query.wording(asked - met_by(asked, told))))
    return replace(on_it, candidates=of_them, lacking=tuple(lacking))


def _closed(
    retrieved: Retrieved, measured: Sufficiency, name: str, figure: float, bound: float, lacking: tuple[str, ...] = ()
) -> Evidence:
    gate = Gate(name=name, figure=figure, bound=bound)
    return Evidence(retrieved=retrieved, sufficiency=measured, lacking=lacking, closed=gate)


def _leads(question: Vectors, retrieved: Retrieved, embedder: Embedder) -> set[str]:
    """Articles among the sources whose title is this very question."""
    articles = [record for record in retrieved.records.values() if isinstance(record, Article)]
    similarities = embedder.embed([article.title for article in articles]) @ question
    return {article.id for article, same in zip(articles, similarities, strict=True) if same >= ON_THE_QUESTION}


def _nearest(query: Query, question: Vectors, found: list[Candidate], embedder: Embedder) -> list[Candidate]:
    """The candidates worth judging, with their vectors: those that answer directly, then the nearest to the question."""
    held = query.vocabulary.held
    nearness = [candidate.near + coverage(query.terms, held(candidate.words)) for candidate in found]
    order = sorted(range(len(found)), key=lambda i: (-max(found[i].directness, 0), -nearness[i]))
    found = [found[i] for i in order]
    found = _leads_and(found, MOST_READ)
    vectors = embedder.embed([candidate.text for candidate in found])
    similarities: Vectors = vectors @ question
    read = [
        replace(candidate, vector=vector, similarity=similarity)
        for candidate, vector, similarity in zip(found, vectors, similarities.tolist(), strict=True)
    ]
    return _leads_and(sorted(read, key=lambda candidate: (-max(candidate.directness, 0), -candidate.similarity)), MOST_JUDGED)


def _judged(query: Query, read: Sequence[Candidate], reranker: Reranker) -> list[Candidate]:
    """The candidates with their logits, best first."""
    logits = reranker.score(query.point, [candidate.words.strip() for candidate in read])
    judged = [replace(candidate, logit=logit) for candidate, logit in zip(read, logits, strict=True)]
    return sorted(judged, key=lambda candidate: -candidate.logit)


def _leads_and(ordered: Sequence[Candidate], most: int) -> list[Candidate]:
    """All sentences of an article on this very question, and the first ``most`` of the others."""
    return [c for c in ordered if c.lead] + [c for c in ordered if not c.lead][:most]
