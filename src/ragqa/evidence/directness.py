"""How directly a sentence answers: whether it tells the value asked for, of all patients, and what was found or only done.

Among sentences on what was asked the direct ones are chosen and read first; none is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ragqa.corpus.passages import label_at
from ragqa.evidence.candidates import Candidate
from ragqa.evidence.sources import Retrieved
from ragqa.language.lexicon import lexicon
from ragqa.language.scales import bands, places
from ragqa.question.query import ORGANS, Query

_WORDS = lexicon("evidence", "directness")
_OF_METHODS = re.compile(rf"\b(?:{_WORDS['of_methods'].pattern})\b", re.IGNORECASE)
_METHODS = frozenset(_WORDS["methods_labels"].entries)
_OF_A_STUDY = re.compile(rf"\b(?:{_WORDS['of_a_study'].pattern})\b", re.IGNORECASE)
_DEGREE = re.compile(rf"\b(?:{_WORDS['degrees'].pattern})\b", re.IGNORECASE)
_VALUES = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), re.compile(told, re.IGNORECASE))
    for asked, (told,) in _WORDS["values"].table().items()
)


def directed(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> list[Candidate]:
    """The candidates with their directness: one up where a value is asked for by its name and told, one up or down where a degree
    of a disease is asked about and it is the one spoken of or another; one down where only some degree of an organ's function is
    spoken of and the question speaks of none, and where a study's methods are told and not asked for.
    """
    asked = query.searched
    wanted = [told for asks, told in _VALUES if asks.search(asked)]
    of_an_organ = any(place.scale in ORGANS for place in places(asked))
    degrees = frozenset() if of_an_organ else _degrees(asked)
    of_findings = not _OF_METHODS.search(asked)
    directed = []
    for candidate in found:
        record = retrieved.sources[candidate.source_id].record
        tells = any(told.search(candidate.text) for told in wanted)
        some = not of_an_organ and any(band.scale in ORGANS for band in bands(candidate.text, record.text))
        methods = of_findings and label_at(record, candidate.start) in _METHODS and bool(_OF_A_STUDY.search(candidate.text))
        of_degree = _agree(degrees, _degrees(candidate.text)) if degrees else 0
        directed.append(replace(candidate, directness=candidate.directness + tells + of_degree - some - methods))
    return directed


def _degrees(text: str) -> frozenset[str]:
    """The degrees of a disease that a text names."""
    return frozenset(match[0].casefold() for match in _DEGREE.finditer(text))


def _agree(asked: frozenset[str], told: frozenset[str]) -> int:
    """1 where one of the degrees asked about is told of, -1 where only others are, 0 where none is."""
    return 1 if asked & told else -bool(told)
