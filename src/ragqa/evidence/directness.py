"""How directly a sentence answers: whether it tells the value that is asked for, of all patients, and what was found or only done.

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
_DEGREE = re.compile(rf"\b({_WORDS['degrees'].pattern})(?:ly)?\b", re.IGNORECASE)
_METHODS = frozenset(_WORDS["methods_labels"].entries)
_VALUES = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), re.compile(told, re.IGNORECASE))
    for asked, (told,) in _WORDS["values"].table().items()
)


def directed(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> list[Candidate]:
    """The candidates with their directness: one up where a value is asked for by its name and told, one down where only some
    degree of an organ's function is spoken of and the question speaks of none, where only other degrees of a disease are spoken
    of than the one asked about, and where a study's methods are told and not asked for.
    """
    wanted = [told for asked, told in _VALUES if asked.search(query.searched)]
    of_all = not any(place.scale in ORGANS for place in places(query.searched))
    degrees = _degrees(query.searched)
    of_findings = not _OF_METHODS.search(query.searched)
    directed = []
    for candidate in found:
        record = retrieved.sources[candidate.source_id].record
        tells = any(told.search(candidate.text) for told in wanted)
        some = of_all and any(band.scale in ORGANS for band in bands(candidate.text, record.text))
        methods = of_findings and label_at(record, candidate.start) in _METHODS
        told_of = _degrees(candidate.text)
        others = bool(degrees and told_of) and degrees.isdisjoint(told_of)
        directed.append(replace(candidate, directness=candidate.directness + tells - some - others - methods))
    return directed


def _degrees(text: str) -> frozenset[str]:
    """How severe a text says that something is: "mild to moderate" is both."""
    return frozenset(degree.lower() for degree in _DEGREE.findall(text))
