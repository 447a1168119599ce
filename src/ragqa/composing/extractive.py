"""Evidence to drafts, word for word: which of the candidate sentences answer the question, and in what order.

Every draft is a sentence of a source. The kind of question decides which part of the answer comes first. A sentence that says
the same as a chosen one is not repeated: its source corroborates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragqa.composing.draft import Draft, Quote
from ragqa.corpus.parts import Part
from ragqa.evidence.candidates import Candidate
from ragqa.evidence.gathering import Evidence
from ragqa.language.corroboration import CORROBORATES, uncorroborated
from ragqa.models import Vectors, sigmoid
from ragqa.question.query import Query
from ragqa.question.understanding import QuestionType

CONCLUSIONS = (Part.RECOMMENDATION, Part.KEY_POINT)
"""What the editors of an article conclude; chosen before the rest of it."""
LEAD_SHARE, MOST_OF_LEAD = 2, 5
"""Most statements of one part, and of all together, from an article on this very question; by hand: so that studies have room
beside it."""
SAME = 0.95
"""Cosine above which two sentences say the same thing to a reader; by hand."""
CORROBORATES_WITHIN = 5.0
"""A sentence of another source that corroborates must itself answer: at most this many logits below the best; by hand."""
FIRST = {
    QuestionType.SAFETY: Part.SAFETY,
    QuestionType.CONTRAINDICATION: Part.SAFETY,
    QuestionType.DOSE: Part.RECOMMENDATION,
    QuestionType.MECHANISM: Part.EVIDENCE,
    QuestionType.PROGNOSIS: Part.EVIDENCE,
}
"""The part that answers a kind of question directly, and so comes first and has most room; RECOMMENDATION otherwise."""
MOST = 8
"""Statements of an answer; by hand: a clinician reads no more between two patients."""
LEAST = 3
"""Statements for each of several questions that share an answer, whatever their number; by hand."""
MORE_ROOM = 2
"""Statements more that this part may have; by hand."""
BETWEEN_SOURCES = 1.5
"""A source is cited when its best sentence is at most this many logits below the best sentence of all; by hand, like the three
below, on answers to the development half of the gold set (docs/decisions/0006-abstention.md)."""
BETWEEN_STUDIES = 3.0
"""The same where no approved article is among the hits: no editor has weighed the studies, so more of them are heard."""
CITED_BY_LEAD = 6.0
"""The same for a source that an article on this very question cites: its editors found it relevant already."""
WITHIN_SOURCE = 6.0
"""A sentence of such a source is used when it is at most this many logits below the source's best."""


class ExtractiveComposer:
    """Chooses sentences; needs no model."""

    fingerprint = "extractive"

    def compose(self, query: Query, evidence: Evidence) -> tuple[Draft, ...]:
        """The part that the question asks for first, each part best evidence first."""
        if not evidence.candidates:
            return ()
        candidates = evidence.candidates
        vectors: Vectors = np.stack([candidate.vector for candidate in candidates])
        reach = BETWEEN_STUDIES if evidence.sufficiency.studies_alone else BETWEEN_SOURCES
        first = FIRST.get(query.understanding.question_type, Part.RECOMMENDATION)
        chosen = _choose(candidates, vectors, first, reach, max(MOST // query.share, LEAST))
        return tuple(_draft(candidates[i], _corroborating(i, chosen, candidates, vectors)) for i in chosen)


def _choose(candidates: Sequence[Candidate], vectors: Vectors, first: Part, reach: float, most: int) -> list[int]:
    """Sentences of an article on this very question in its own order, then others by judgment, among the sources that answer.

    What says the same again, or finds no room in its part, is passed over.
    """
    floors = _answering_sources(candidates, reach)
    chosen: list[int] = []
    for i in sorted(range(len(candidates)), key=lambda i: _choosing_order(candidates[i])):
        candidate = candidates[i]
        peers = [candidates[j] for j in chosen if candidates[j].part is candidate.part]
        room = candidate.part.most + (MORE_ROOM if candidate.part is first else 0)
        leads = sum(candidates[j].lead for j in chosen)
        full = len(peers) >= room or (candidate.lead and (sum(p.lead for p in peers) >= LEAD_SHARE or leads >= MOST_OF_LEAD))
        if full or (candidate.logit < floors.get(candidate.source_id, np.inf) and not _is_asked_for(candidate, candidates[0])):
            continue
        if any(_repeats(candidate, candidates[j], float(vectors[j] @ vectors[i])) for j in chosen):
            continue
        chosen.append(i)
        if len(chosen) == most:
            break
    best = {part: max((_answers(candidates[i]) for i in chosen if candidates[i].part is part), default=(0, 0)) for part in Part}
    parts = sorted(Part, key=lambda part: (*(-figure for figure in best[part]), part is not first))
    return sorted(chosen, key=lambda i: (parts.index(candidates[i].part), *_reading_order(candidates[i])))


def _is_asked_for(candidate: Candidate, best: Candidate) -> bool:
    """Whether it is quoted even below the floor of its source: the question names it, or an article answers directly with it and
    not much worse than the best."""
    direct = candidate.directness > 0 and not candidate.context
    return candidate.named or (direct and candidate.logit >= best.logit - CITED_BY_LEAD)


def _answers(candidate: Candidate) -> tuple[int, int]:
    """How much of the question it is about, and how directly it answers it."""
    return candidate.met, candidate.directness


def _repeats(candidate: Candidate, chosen: Candidate, near: float) -> bool:
    """Whether a sentence tells a reader of a chosen one nothing new; what an article's editors wrote stays as they wrote it."""
    if near > SAME:
        return True
    return not candidate.lead and near >= CORROBORATES and uncorroborated(chosen.text, candidate.text) is None


def _judged_order(candidate: Candidate) -> tuple[bool, float]:
    return not candidate.lead, candidate.start if candidate.lead else -candidate.logit


def _choosing_order(candidate: Candidate) -> tuple[int, bool, bool, float]:
    """The direct ones first; of an article on this question what its editors conclude."""
    lead, judged = _judged_order(candidate)
    return -candidate.directness, lead, candidate.lead and candidate.part not in CONCLUSIONS, judged


def _reading_order(candidate: Candidate) -> tuple[int, int, bool, int, float]:
    """What answers most, and most directly; the article on this question as its editors ordered it; then the strongest design,
    then the best judged.
    """
    strongest = -candidate.design if candidate.part is Part.EVIDENCE and not candidate.lead else 0
    lead, judged = _judged_order(candidate)
    return -candidate.met, -candidate.directness, lead, strongest, judged


def _corroborating(i: int, chosen: Sequence[int], candidates: Sequence[Candidate], vectors: Vectors) -> list[Candidate]:
    """The best sentence of each other source that says what sentence ``i`` says, best judged first."""
    statement, near = candidates[i], vectors @ vectors[i]
    found: dict[str, Candidate] = {}
    for j, other in enumerate(candidates):
        answers = other.logit >= candidates[0].logit - CORROBORATES_WITHIN
        if j in chosen or not answers or near[j] < CORROBORATES or other.source_id == statement.source_id:
            continue
        if uncorroborated(statement.text, other.text) is None:
            found.setdefault(other.source_id, other)
    return list(found.values())


def _answering_sources(candidates: Sequence[Candidate], reach: float) -> dict[str, float]:
    """Sources whose best sentence is close to the best of all, with the logit each further sentence of theirs must reach."""
    top = candidates[0].logit
    best: dict[str, float] = {}
    for candidate in candidates:
        best.setdefault(candidate.source_id, candidate.logit)
    cited = {source for candidate in candidates if candidate.lead for source in candidate.rests_on}
    between = {source: CITED_BY_LEAD if source in cited else reach for source in best}
    floors = {source: logit - WITHIN_SOURCE for source, logit in best.items() if logit >= top - between[source]}
    return floors | {candidate.source_id: -np.inf for candidate in candidates if candidate.lead}


def _draft(candidate: Candidate, corroborating: Sequence[Candidate]) -> Draft:
    return Draft(text=candidate.text, section=candidate.part, quotes=tuple(map(_quote, (candidate, *corroborating))))


def _quote(candidate: Candidate) -> Quote:
    return Quote(passage=candidate.passage, start=candidate.start, end=candidate.end, score=sigmoid(candidate.logit))
