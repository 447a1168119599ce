"""Hits to candidate sentences: each sentence of the retrieved passages once, with what part of an answer it would be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from ragqa.corpus.parts import Part
from ragqa.corpus.passages import label_at, part_at, quotable
from ragqa.corpus.records import Abstract, Article, Passage
from ragqa.evidence.sources import Retrieved, Source
from ragqa.language.about import NOTHING_NAMED, About, about
from ragqa.language.lexicon import lexicon
from ragqa.language.sentences import without_markers
from ragqa.models import Vectors
from ragqa.retrieval.retriever import Hit

_WORDS = lexicon("evidence", "parts")
_SAFETY = re.compile(rf"\b(?:{_WORDS['safety'].pattern})\b", re.IGNORECASE)
_UNCERTAIN = re.compile(rf"\b(?:{_WORDS['uncertainty'].pattern})\b", re.IGNORECASE)
_ADVICE_LABELS = frozenset(_WORDS["advice_labels"].entries)
_SAFETY_LABELS = _WORDS["safety_labels"].entries
_AIM = re.compile(rf"(?:{_WORDS['aims'].pattern})", re.IGNORECASE)
"""A sentence that says what a study wanted to know says nothing that was found."""
SHORTEST = 4
"""Words; by hand: anything shorter is a heading or a fragment."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A sentence that may be quoted: ``source.text[start:end]`` says ``text``, citation markers apart.

    ``about`` is what it names, ``met`` how many of the concepts asked about it is about; ``context`` is read with it by the
    reranker; ``near`` is the cosine of its passage with the question; ``lead``: it stands in an article on this very
    question; ``rests_on`` are the sources that an article cites for it; ``design`` is GRADE's starting level, 0 to 3;
    ``directness`` is higher the more directly it answers (``directed``), ``named``: the question names the value that it tells
    or the study that it is of. ``vector``, ``similarity`` (cosine) and ``logit`` (of the reranker) are set once it was read and
    judged.
    """

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
    about: About = NOTHING_NAMED
    met: int = 0
    directness: int = 0
    named: bool = False
    vector: Vectors = field(default_factory=lambda: np.empty(0, np.float32))
    similarity: float = 0.0
    logit: float = 0.0

    @property
    def source_id(self) -> str:
        """Whose sentence it is."""
        return self.passage.source_id

    @property
    def words(self) -> str:
        """What is read: the title of the study, then the sentence."""
        return f"{self.context} {self.text}"


def candidates(retrieved: Retrieved, leads: set[str]) -> list[Candidate]:
    """Each sentence of the retrieved passages once, in retrieved order; ``leads`` are articles on this very question."""
    found: dict[str, Candidate] = {}
    for hit in retrieved.hits:
        source = retrieved.sources[hit.passage.source_id]
        for candidate in _of_passage(hit, source, source.id in leads):
            found.setdefault(candidate.text.casefold(), candidate)
    return list(found.values())


def _of_passage(hit: Hit, source: Source, lead: bool) -> list[Candidate]:
    record, found = source.record, []
    for start, sentence in quotable(record.text, hit.passage):
        text = without_markers(record.text[start : sentence.end])
        if not sentence.is_whole or _tells_nothing(text) or source.barred.intersection(sentence.markers):
            continue
        found.append(
            Candidate(
                text=text,
                about=about(text, source.about.conditions),
                part=_part(record, start, text),
                passage=hit.passage,
                start=start,
                end=sentence.end,
                context="" if isinstance(record, Article) else record.title or "",
                near=hit.similarity,
                lead=lead,
                rests_on=frozenset(record.cited(sentence.markers)) if isinstance(record, Article) else frozenset(),
                design=source.design,
            )
        )
    return found


def _tells_nothing(text: str) -> bool:
    """Whether it is a heading or a fragment, a question, or says what a study wanted to know."""
    return len(text.split()) < SHORTEST or text.rstrip(" .").endswith("?") or bool(_AIM.match(text))


def _part(record: Article | Abstract, offset: int, text: str) -> Part:
    named = part_at(record, offset)
    if named is not None:
        return named
    label = label_at(record, offset) or ""
    if label in _ADVICE_LABELS:
        return Part.RECOMMENDATION
    if label == "METHODS":
        return Part.EVIDENCE  # measuring adverse effects is not yet a finding about them
    if _SAFETY.search(text) or label.startswith(_SAFETY_LABELS):
        return Part.SAFETY
    if label == "LIMITATIONS" or _UNCERTAIN.search(text):
        return Part.UNCERTAINTY
    return Part.EVIDENCE
