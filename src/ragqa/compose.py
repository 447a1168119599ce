"""Hits to statements: which sentences of the retrieved passages answer the question, in what order, or none of them.

Extractive: every statement is a sentence of a source, word for word. A cross-encoder judges how well each candidate sentence
answers the question; how much of the question's own vocabulary the best source covers guards against the near miss
(right drug, wrong population), which a similarity alone waves through.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ragqa.answer import Draft
from ragqa.index import Generation
from ragqa.models import CrossEncoder, Embedder, Vectors
from ragqa.passages import label_at, part_at, sentences, without_markers
from ragqa.records import Abstract, Article, Part, Passage
from ragqa.retrieve import Hit

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

# Learned on the dev half of the gold set by `eval/calibrate.py`; see docs/decisions/0006-abstention.md.
ENOUGH = 0.5
"""Probability of being answerable below which ragqa abstains."""
ANSWERABLE = {"logit": 0.502, "coverage": 5.915, "similarity": 15.417, "bias": -19.651}
"""Logistic weights over the features of ``Sufficiency``."""
BETWEEN_SOURCES = 1.5
"""A source is cited when its best sentence is at most this many logits below the best sentence of all."""
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
TELLING = 0.4
"""Rarity from which a missing word is worth naming to the reader."""
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
_WORD = re.compile(r"\w+")
_OF_THE_TRADE = re.compile(
    r"(?:effective|efficacy|evidence|stud|trial|patient|adult|treat|therap|recommend|compar|placebo|random|clinical|dos(?:e|ing|age)|"
    r"symptom|medic|drug|diagnos)\w*",
    re.IGNORECASE,
)
"""Words every question and source of this field may hold; they tell no source from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sufficiency:
    """Whether the evidence answers the question: ``probability`` from three features, and the terms nothing covered.

    ``logit`` is the best cross-encoder judgment, ``coverage`` the rarity-weighted share of the question's terms in the best
    source, ``similarity`` the best cosine between question and sentence.
    """

    logit: float
    coverage: float
    similarity: float
    missing: tuple[str, ...]

    @property
    def probability(self) -> float:
        """Probability that a clinician would find the question answered here."""
        weights = ANSWERABLE
        total = (
            weights["logit"] * self.logit
            + weights["coverage"] * self.coverage
            + weights["similarity"] * self.similarity
            + weights["bias"]
        )
        return float(1 / (1 + np.exp(-total)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of the question: its index terms, and how rare it is in general English, 0..1."""

    word: str
    stems: tuple[str, ...]
    rarity: float


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
    hit: float
    lead: bool
    rests_on: frozenset[str]
    similarity: float = 0.0
    logit: float = 0.0


def compose(question: str, hits: Sequence[Hit], generation: Generation, embedder: Embedder, judge: CrossEncoder) -> Composition:
    """Choose the sentences that answer the question, ordered by part and then by how well they answer it."""
    query = embedder.embed([question])
    leads = _leads(query, hits, generation, embedder)
    candidates, vectors = _judged(question, query, _candidates(hits, leads, generation), generation, embedder, judge)
    sufficiency = _sufficiency(question_terms(question, generation, judge), hits, candidates, generation)
    if not candidates or sufficiency.probability < ENOUGH:
        return Composition(drafts=(), sufficiency=sufficiency)
    chosen = _choose(candidates, vectors)
    return Composition(drafts=tuple(_draft(candidate) for candidate in chosen), sufficiency=sufficiency)


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
                hit=hit.score,
                lead=record.id in leads,
                rests_on=_cited(record, sentence.markers),
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


def _judged(
    question: str,
    query: Vectors,
    candidates: list[_Candidate],
    generation: Generation,
    embedder: Embedder,
    judge: CrossEncoder,
) -> tuple[list[_Candidate], Vectors]:
    """The candidates worth judging, best first, with similarity and logit, and their vectors in the same order."""
    terms = question_terms(question, generation, judge)
    candidates = sorted(candidates, key=lambda c: -(c.hit + coverage(terms, f"{c.context} {c.text}", generation)))
    candidates = _leads_and(candidates, MOST_READ)
    vectors = embedder.embed([candidate.text for candidate in candidates])
    for candidate, similarity in zip(candidates, (vectors @ query[0]).tolist(), strict=True):
        candidate.similarity = similarity
    place = {id(candidate): i for i, candidate in enumerate(candidates)}
    order = [place[id(c)] for c in _leads_and(sorted(candidates, key=lambda c: -c.similarity), MOST_JUDGED)]
    texts = [f"{candidates[i].context} {candidates[i].text}".strip() for i in order]
    for i, logit in zip(order, judge.score(question, texts), strict=True):
        candidates[i].logit = logit
    order.sort(key=lambda i: -candidates[i].logit)
    return [candidates[i] for i in order], vectors[order]


def _leads_and(ordered: Sequence[_Candidate], most: int) -> list[_Candidate]:
    """All sentences of an article on this very question, and the first ``most`` of the others."""
    return [c for c in ordered if c.lead] + [c for c in ordered if not c.lead][:most]


def question_terms(question: str, generation: Generation, judge: CrossEncoder) -> list[Term]:
    """The question's words that a source should hold, each once."""
    words = dict.fromkeys(word for word in _WORD.findall(question) if not _OF_THE_TRADE.fullmatch(word))
    terms = (Term(word=word, stems=tuple(generation.terms(word)), rarity=judge.rarity(word)) for word in words)
    return [term for term in terms if term.stems]


def coverage(terms: Sequence[Term], text: str, generation: Generation) -> float:
    """Share of the terms' rarity found in a text, 0..1; 1 when the question has no such terms."""
    total = sum(term.rarity for term in terms)
    if not total:
        return 1.0
    held = set(generation.terms(text))
    return sum(term.rarity for term in terms if _holds(held, term)) / total


def _holds(held: set[str], term: Term) -> bool:
    """Each stem itself, or one that differs only in its ending (pregnant, pregnancy)."""
    return all(stem in held or _same_root(held, stem) for stem in term.stems)


def _same_root(held: set[str], stem: str) -> bool:
    root = stem[: max(5, round(0.7 * len(stem)))]
    return len(stem) > 5 and any(other.startswith(root) for other in held)


def _sufficiency(
    terms: Sequence[Term], hits: Sequence[Hit], candidates: Sequence[_Candidate], generation: Generation
) -> Sufficiency:
    sources: dict[str, str] = {}
    for hit in hits:
        source = hit.passage.source_id
        sources[source] = f"{sources.get(source) or generation.record(source).title or ''} {hit.passage.text}"
    best = max(sources.values(), key=lambda text: coverage(terms, text, generation), default="")
    held = set(generation.terms(best))
    return Sufficiency(
        logit=max((candidate.logit for candidate in candidates), default=-12.0),
        coverage=coverage(terms, best, generation),
        similarity=max((candidate.similarity for candidate in candidates), default=0.0),
        missing=tuple(term.word for term in terms if term.rarity >= TELLING and not _holds(held, term)),
    )


def _choose(candidates: Sequence[_Candidate], vectors: Vectors) -> list[_Candidate]:
    """Sentences of an article on this very question in its own order, then others by judgment, among the sources that answer.

    What says the same again, or finds no room in its part, is passed over.
    """
    floors = _answering_sources(candidates)
    chosen: list[int] = []
    for i in sorted(range(len(candidates)), key=lambda i: _reading_order(candidates[i])):
        candidate = candidates[i]
        peers = [candidates[j] for j in chosen if candidates[j].part is candidate.part]
        full = len(peers) >= LIMITS[candidate.part] or (candidate.lead and sum(p.lead for p in peers) >= LEAD_SHARE)
        if full or candidate.logit < floors.get(candidate.passage.source_id, np.inf):
            continue
        if chosen and float(np.max(vectors[chosen] @ vectors[i])) > SAME:
            continue
        chosen.append(i)
    parts = list(Part)
    return sorted((candidates[i] for i in chosen), key=lambda c: (parts.index(c.part), *_reading_order(c)))


def _reading_order(candidate: _Candidate) -> tuple[bool, float]:
    return not candidate.lead, candidate.start if candidate.lead else -candidate.logit


def _answering_sources(candidates: Sequence[_Candidate]) -> dict[str, float]:
    """Sources whose best sentence is close to the best of all, with the logit each further sentence of theirs must reach."""
    top = candidates[0].logit
    best: dict[str, float] = {}
    for candidate in candidates:
        best.setdefault(candidate.passage.source_id, candidate.logit)
    cited = {source for candidate in candidates if candidate.lead for source in candidate.rests_on}
    reach = {source: CITED_BY_LEAD if source in cited else BETWEEN_SOURCES for source in best}
    floors = {source: logit - WITHIN_SOURCE for source, logit in best.items() if logit >= top - reach[source]}
    return floors | {candidate.passage.source_id: -np.inf for candidate in candidates if candidate.lead}


def _draft(candidate: _Candidate) -> Draft:
    return Draft(
        text=candidate.text,
        section=candidate.part,
        passage=candidate.passage,
        start=candidate.start,
        end=candidate.end,
        score=float(1 / (1 + np.exp(-candidate.logit))),
    )
