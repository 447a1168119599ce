"""Hits to statements: which sentences of the retrieved passages answer the question, in what order, or none of them.

Extractive: every statement is a sentence of a source, word for word. A cross-encoder judges how well each candidate sentence
answers the question; ``suffice`` decides whether that is enough to answer at all. The kind of question decides which part of
the answer comes first. A sentence that says the same as a chosen one is not repeated: its source corroborates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ragqa.answer.appraisal import study_design
from ragqa.answer.contract import Draft, Quote
from ragqa.checking.support import CORROBORATES, uncorroborated
from ragqa.corpus.design import design_rank
from ragqa.corpus.passages import label_at, part_at, sentences, without_markers
from ragqa.corpus.records import Abstract, Article, Part, Passage
from ragqa.evidence.sufficiency import Sufficiency, Term, coverage, on_the_subjects, question_terms, sufficiency
from ragqa.index import Generation
from ragqa.language.concepts import Kind, Understanding
from ragqa.models import Embedder, Reranker, Vectors
from ragqa.retrieval.ranking import Hit

MOST_READ = 36
"""Candidate sentences that are embedded, beside those of an article on this very question."""
MOST_JUDGED = 20
"""Of these, the ones that the cross-encoder reads."""
LIMITS = {
    Part.RECOMMENDATION: 3,
    Part.EVIDENCE: 5,
    Part.SAFETY: 2,
    Part.UNCERTAINTY: 2,
    Part.KEY_POINT: 3,
}
"""Most statements of each part of an answer."""
LEAD_SHARE = 3
"""Most statements of one part from an article on this very question, so that studies have room beside it."""
SAME = 0.95
"""Cosine above which two sentences say the same thing to a reader."""
CORROBORATES_WITHIN = 5.0
"""A sentence of another source that corroborates must itself answer: at most this many logits below the best."""
FIRST = {
    Kind.SAFETY: Part.SAFETY,
    Kind.CONTRAINDICATION: Part.SAFETY,
    Kind.DOSE: Part.RECOMMENDATION,
    Kind.MECHANISM: Part.EVIDENCE,
    Kind.PROGNOSIS: Part.EVIDENCE,
}
"""The part that answers a kind of question directly, and so comes first and has most room; RECOMMENDATION otherwise."""
MORE_ROOM = 2
"""Statements more that this part may have."""


BETWEEN_SOURCES = 1.5
"""A source is cited when its best sentence is at most this many logits below the best sentence of all."""
BETWEEN_STUDIES = 3.0
"""The same where no approved article is among the hits: no editor has weighed the studies, so more of them are heard."""
CITED_BY_LEAD = 6.0
"""The same for a source that an article on this very question cites: its editors found it relevant already."""
WITHIN_SOURCE = 6.0
"""A sentence of such a source is used when it is at most this many logits below the source's best."""
ON_THE_QUESTION = 0.9
"""Cosine between the question and an article's title above which the article answers this very question: all of it counts."""

_SAFETY = re.compile(
    r"\b(?:adverse|side[- ]effects?|safety|tolerab\w+|toler(?:ated|ance)|weight gain|sedation|withdraw(?:n|als)? because|"
    r"mortality|toxic\w*|contraindicat\w*|caution|avoid(?:ed)?|drug interactions?|harms?|seizures?|serious events?)\b",
    re.IGNORECASE,
)
_UNCERTAIN = re.compile(
    r"\b(?:uncertain\w*|unclear|insufficient|limited|limitations?|low[- ]certainty|cannot be (?:drawn|concluded)|"
    r"further (?:research|studies|trials)|more (?:research|studies|trials)|inconclusive|risk of bias|underpowered|preliminary)\b",
    re.IGNORECASE,
)
_ADVICE = {"DOSAGE", "INDICATIONS", "RENAL IMPAIRMENT", "RECOMMENDATIONS"}
_LABEL = re.compile(
    r"(?:BACKGROUND|IMPORTANCE|INTRODUCTION|OBJECTIVES?|AIMS?|PURPOSE|CONTEXT|METHODS?|DESIGN|RESULTS|FINDINGS|MAIN RESULTS|"
    r"CONCLUSIONS?|INTERPRETATION|SETTING|PARTICIPANTS|LIMITATIONS?)(?: AND [A-Z]+)*[:.]?\s+(?=[A-Z0-9])"
)
"""A section label run into the text of an abstract."""
_AIM = re.compile(
    r"(?:(?:the|our) (?:aim|objective|purpose|goal)s? |(?:we|this (?:study|trial)) (?:aim|sought)|"
    r"to (?:determine|investigate|assess|evaluate|examine|compare|explore|test|study|identify|estimate|describe)\b)",
    re.IGNORECASE,
)
"""A sentence that says what a study wanted to know says nothing that was found."""
_SHORTEST = 4
"""Words; anything shorter is a heading or a fragment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Sentences chosen for an answer, none when the evidence is insufficient, and the measure of that."""

    drafts: tuple[Draft, ...]
    sufficiency: Sufficiency


@dataclass(slots=True, kw_only=True)
class _Candidate:
    text: str
    part: Part
    passage: Passage
    start: int
    end: int
    context: str
    near: float
    lead: bool
    rests_on: frozenset[str]
    design: int
    similarity: float = 0.0
    logit: float = 0.0


def compose(
    question: str,
    understanding: Understanding,
    hits: Sequence[Hit],
    generation: Generation,
    embedder: Embedder,
    reranker: Reranker,
    enough: float,
    asked: str = "",
    carried: bool = True,
) -> Composition:
    """Choose the sentences that answer the question: the part it asks for first, each part best evidence first.

    ``enough``: probability of being answerable below which nothing is chosen. ``asked``: a follow-up as it was asked, whose
    own words must be covered too; without ``carried`` only they count, not those taken over from the conversation.
    """
    query = embedder.embed([question])
    terms = question_terms(question, generation, reranker)
    new = question_terms(asked, generation, reranker) if asked else terms
    leads = _leads(query, hits, generation, embedder)
    candidates, vectors = _read(query, terms, _candidates(hits, leads, generation), generation, embedder)
    similarities = [candidate.similarity for candidate in candidates]
    measured = sufficiency(terms if carried else new, understanding, hits, similarities, generation, new)
    if not candidates or measured.hopeless(enough):
        return Composition(drafts=(), sufficiency=measured)
    candidates, vectors = _judged(question, candidates, vectors, reranker)
    measured = replace(measured, logit=candidates[0].logit)
    if measured.probability < enough:
        return Composition(drafts=(), sufficiency=measured)
    fitting = on_the_subjects(understanding, hits, generation)
    kept = [i for i, candidate in enumerate(candidates) if candidate.lead or candidate.passage.source_id in fitting]
    candidates, vectors = [candidates[i] for i in kept], vectors[kept]
    if not candidates:
        return Composition(drafts=(), sufficiency=measured)
    reach = BETWEEN_STUDIES if measured.studies_alone else BETWEEN_SOURCES
    chosen = _choose(candidates, vectors, FIRST.get(understanding.kind, Part.RECOMMENDATION), reach)
    drafts = tuple(_draft(candidates[i], _corroborating(i, chosen, candidates, vectors)) for i in chosen)
    return Composition(drafts=drafts, sufficiency=measured)


def _leads(query: Vectors, hits: Sequence[Hit], generation: Generation, embedder: Embedder) -> set[str]:
    """Articles among the hits whose title is this very question."""
    records = [generation.record(source) for source in dict.fromkeys(hit.passage.source_id for hit in hits)]
    articles = [record for record in records if isinstance(record, Article)]
    similarities = embedder.embed([article.title for article in articles]) @ query[0]
    return {article.id for article, same in zip(articles, similarities, strict=True) if same >= ON_THE_QUESTION}


def _candidates(hits: Sequence[Hit], leads: set[str], generation: Generation) -> list[_Candidate]:
    """Each sentence of the retrieved passages once, in retrieved order."""
    found: dict[str, _Candidate] = {}
    for hit in hits:
        record = generation.record(hit.passage.source_id)
        barred = _barred_markers(record, generation)
        for sentence in sentences(record.text, hit.passage.start, hit.passage.end):
            label = _LABEL.match(sentence.text)
            start = sentence.start + (label.end() if label else 0)
            text = without_markers(record.text[start : sentence.end])
            if len(text.split()) < _SHORTEST or _AIM.match(text) or barred.intersection(sentence.markers):
                continue
            candidate = _Candidate(
                text=text,
                part=_part(record, start, text),
                passage=hit.passage,
                start=start,
                end=sentence.end,
                context="" if isinstance(record, Article) else record.title or "",
                near=hit.similarity,
                lead=record.id in leads,
                rests_on=_cited(record, sentence.markers),
                design=design_rank(study_design(record)),
            )
            found.setdefault(text.casefold(), candidate)
    return list(found.values())


def _cited(record: Article | Abstract, numbers: Sequence[int]) -> frozenset[str]:
    """The sources that an article cites for a sentence."""
    if isinstance(record, Abstract):
        return frozenset()
    return frozenset(record.citations[number - 1] for number in numbers if 1 <= number <= len(record.citations))


def _barred_markers(record: Article | Abstract, generation: Generation) -> set[int]:
    """Numbers of an article's citations that the index left out: a sentence resting on a retracted paper is not evidence."""
    if isinstance(record, Abstract):
        return set()
    excluded = generation.excluded(record.citations)
    return {number for number, source in enumerate(record.citations, start=1) if source in excluded}


def _part(record: Article | Abstract, offset: int, text: str) -> Part:
    named = part_at(record, offset)
    if named is not None:
        return named
    label = label_at(record, offset) or ""
    if label in _ADVICE:
        return Part.RECOMMENDATION
    if label == "METHODS":
        return Part.EVIDENCE  # measuring adverse effects is not yet a finding about them
    if _SAFETY.search(text) or label.startswith(("ADVERSE", "SAFETY", "WARNING", "INTERACTION", "CONTRAINDICATION")):
        return Part.SAFETY
    if label == "LIMITATIONS" or _UNCERTAIN.search(text):
        return Part.UNCERTAINTY
    return Part.EVIDENCE


def _read(
    query: Vectors, terms: Sequence[Term], candidates: list[_Candidate], generation: Generation, embedder: Embedder
) -> tuple[list[_Candidate], Vectors]:
    """The candidates worth judging, nearest to the question first, and their vectors in the same order."""
    candidates = sorted(candidates, key=lambda c: -(c.near + coverage(terms, f"{c.context} {c.text}", generation)))
    candidates = _leads_and(candidates, MOST_READ)
    vectors = embedder.embed([candidate.text for candidate in candidates])
    for candidate, similarity in zip(candidates, (vectors @ query[0]).tolist(), strict=True):
        candidate.similarity = similarity
    place = {id(candidate): i for i, candidate in enumerate(candidates)}
    order = [place[id(c)] for c in _leads_and(sorted(candidates, key=lambda c: -c.similarity), MOST_JUDGED)]
    return [candidates[i] for i in order], vectors[order]


def _judged(
    question: str, candidates: Sequence[_Candidate], vectors: Vectors, reranker: Reranker
) -> tuple[list[_Candidate], Vectors]:
    """The candidates with their logits, best first, and their vectors in the same order."""
    texts = [f"{candidate.context} {candidate.text}".strip() for candidate in candidates]
    for candidate, logit in zip(candidates, reranker.score(question, texts), strict=True):
        candidate.logit = logit
    order = sorted(range(len(candidates)), key=lambda i: -candidates[i].logit)
    return [candidates[i] for i in order], vectors[order]


def _leads_and(ordered: Sequence[_Candidate], most: int) -> list[_Candidate]:
    """All sentences of an article on this very question, and the first ``most`` of the others."""
    return [c for c in ordered if c.lead] + [c for c in ordered if not c.lead][:most]


def _choose(candidates: Sequence[_Candidate], vectors: Vectors, first: Part, reach: float) -> list[int]:
    """Sentences of an article on this very question in its own order, then others by judgment, among the sources that answer.

    What says the same again, or finds no room in its part, is passed over.
    """
    floors = _answering_sources(candidates, reach)
    chosen: list[int] = []
    for i in sorted(range(len(candidates)), key=lambda i: _judged_order(candidates[i])):
        candidate = candidates[i]
        peers = [candidates[j] for j in chosen if candidates[j].part is candidate.part]
        room = LIMITS[candidate.part] + (MORE_ROOM if candidate.part is first else 0)
        full = len(peers) >= room or (candidate.lead and sum(p.lead for p in peers) >= LEAD_SHARE)
        if full or candidate.logit < floors.get(candidate.passage.source_id, np.inf):
            continue
        if any(_repeats(candidate, candidates[j], float(vectors[j] @ vectors[i])) for j in chosen):
            continue
        chosen.append(i)
    parts = sorted(Part, key=lambda part: part is not first)
    return sorted(chosen, key=lambda i: (parts.index(candidates[i].part), *_reading_order(candidates[i])))


def _repeats(candidate: _Candidate, chosen: _Candidate, near: float) -> bool:
    """Whether a sentence tells a reader of a chosen one nothing new; what an article's editors wrote stays as they wrote it."""
    if near > SAME:
        return True
    return not candidate.lead and near >= CORROBORATES and uncorroborated(chosen.text, candidate.text) is None


def _judged_order(candidate: _Candidate) -> tuple[bool, float]:
    return not candidate.lead, candidate.start if candidate.lead else -candidate.logit


def _reading_order(candidate: _Candidate) -> tuple[bool, int, float]:
    """The article on this question as its editors ordered it; then the strongest design, then the best judged."""
    strongest = -candidate.design if candidate.part is Part.EVIDENCE and not candidate.lead else 0
    lead, judged = _judged_order(candidate)
    return lead, strongest, judged


def _corroborating(i: int, chosen: Sequence[int], candidates: Sequence[_Candidate], vectors: Vectors) -> list[_Candidate]:
    """The best sentence of each other source that says what sentence ``i`` says, best judged first."""
    statement, near = candidates[i], vectors @ vectors[i]
    found: dict[str, _Candidate] = {}
    for j, other in enumerate(candidates):
        answers = other.logit >= candidates[0].logit - CORROBORATES_WITHIN
        if j in chosen or not answers or near[j] < CORROBORATES or other.passage.source_id == statement.passage.source_id:
            continue
        if uncorroborated(statement.text, other.text) is None:
            found.setdefault(other.passage.source_id, other)
    return list(found.values())


def _answering_sources(candidates: Sequence[_Candidate], reach: float) -> dict[str, float]:
    """Sources whose best sentence is close to the best of all, with the logit each further sentence of theirs must reach."""
    top = candidates[0].logit
    best: dict[str, float] = {}
    for candidate in candidates:
        best.setdefault(candidate.passage.source_id, candidate.logit)
    cited = {source for candidate in candidates if candidate.lead for source in candidate.rests_on}
    between = {source: CITED_BY_LEAD if source in cited else reach for source in best}
    floors = {source: logit - WITHIN_SOURCE for source, logit in best.items() if logit >= top - between[source]}
    return floors | {candidate.passage.source_id: -np.inf for candidate in candidates if candidate.lead}


def _draft(candidate: _Candidate, corroborating: Sequence[_Candidate]) -> Draft:
    return Draft(text=candidate.text, section=candidate.part, quotes=tuple(map(_quote, (candidate, *corroborating))))


def _quote(candidate: _Candidate) -> Quote:
    score = float(1 / (1 + np.exp(-candidate.logit)))
    return Quote(passage=candidate.passage, start=candidate.start, end=candidate.end, score=score)
