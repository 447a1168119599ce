"""How directly a sentence answers: whether it tells the value asked for, of all patients, and what was found or only done.

Among sentences on what was asked the direct ones are chosen and read first; none is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ragqa.corpus.passages import label_at
from ragqa.evidence.candidates import Candidate
from ragqa.evidence.sources import Retrieved
from ragqa.language.about import met_by
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import Quantity, masses, within
from ragqa.language.scales import bands, places
from ragqa.language.sentences import asking
from ragqa.question.query import ORGANS, Query
from ragqa.question.understanding import QuestionType

_WORDS = lexicon("evidence", "directness")
_DOSE = re.compile(rf"\b(?:{_WORDS['doses'].pattern})\b", re.IGNORECASE)
_OF_METHODS = re.compile(rf"\b(?:{_WORDS['of_methods'].pattern})\b", re.IGNORECASE)
_METHODS = frozenset(_WORDS["methods_labels"].entries)
_OF_A_STUDY = re.compile(rf"\b(?:{_WORDS['of_a_study'].pattern})\b", re.IGNORECASE)
_DEGREES, _FORMS = (
    {forms[0]: re.compile(rf"\b(?:{'|'.join(forms)})\b", re.IGNORECASE) for forms in _WORDS[group].rows()}
    for group in ("degrees", "forms")
)
"""Of a disease its degrees, of a drug its forms, by name: a sentence on one of them is on no other."""
_VALUES = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), re.compile(told, re.IGNORECASE))
    for asked, (told,) in _WORDS["values"].table().items()
)


def directed(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> list[Candidate]:
    """The candidates with their directness.

    One up where a value is asked for by its name and told; one up where the degree of a disease or the form of a drug that is
    asked about is spoken of, but not in another disease, one down where only another is; one down where a degree of an organ's
    function is spoken of and the question speaks of none, and where a study's methods are told and not asked for.
    """
    asked = query.searched
    wanted = [tells for asks, tells in _VALUES if asks.search(asked)]
    of_an_organ = any(place.scale in ORGANS for place in places(asked))
    told = asking(query.text)  # a brand's name may hold the form
    apply = ((_DEGREES, not of_an_organ), (_FORMS, query.of_a_drug))
    aspects = [(aspect, _named(aspect, told)) for aspect, applies in apply if applies]
    of_a_dose = query.understanding.question_type is QuestionType.DOSE and not of_an_organ
    stated = masses(asked)
    diseases = query.about(retrieved.conditions).conditions
    of_findings = not _OF_METHODS.search(asked)
    directed = []
    for candidate in found:
        record = retrieved.sources[candidate.source_id].record
        tells = any(value.search(candidate.text) for value in wanted)
        agrees = sum(_agreement(of, _named(aspect, candidate.text)) for aspect, of in aspects if of)
        agrees += of_a_dose and _tells_a_dose(candidate.text, stated)
        if candidate.about.conditions and not met_by(diseases, candidate.about.conditions):
            agrees = min(agrees, 0)
        some = not of_an_organ and any(band.scale in ORGANS for band in bands(candidate.text, record.text))
        methods = of_findings and label_at(record, candidate.start) in _METHODS and bool(_OF_A_STUDY.search(candidate.text))
        direct = candidate.named + tells + agrees - some - methods
        directed.append(replace(candidate, directness=direct, named=candidate.named or tells))
    return directed


def _tells_a_dose(text: str, stated: Sequence[Quantity]) -> bool:
    """Whether it tells a dose, or that none is told; of those that a question states one at least."""
    if not stated:
        return bool(_DOSE.search(text))
    return any(within(one, told) for told in masses(text) for one in stated)


def _named(aspect: Mapping[str, re.Pattern[str]], text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in aspect.items() if pattern.search(text))


def _agreement(asked: frozenset[str], told: frozenset[str]) -> int:
    """1 where what is asked about is spoken of, -1 where only another is, 0 where none is."""
    return 1 if asked & told else -bool(told)
