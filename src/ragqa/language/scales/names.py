"""Bands by their names: degrees of an impairment, stages and classes, ages; and the names of a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ragqa.language.scales.band import WORDS, Band, Scale, Stretch, any_word, fit, named, whole

ORGANS = {Scale.KIDNEY: "renal", Scale.LIVER: "hepatic"}
"""Scales whose names of bands a source may define."""
_DEGREES = {scale: named(f"{organ}_degrees") for scale, organ in ORGANS.items()}
_DEGREE = {scale: re.compile(rf"\b(?:{names.pattern})\b", re.IGNORECASE) for scale, names in _DEGREES.items()}
_HEAD = {scale: re.compile(rf"\b{any_word(f'{organ}_heads')}\b", re.IGNORECASE) for scale, organ in ORGANS.items()}
_NAMES = {Scale.KIDNEY: named("renal_names"), Scale.LIVER: named("hepatic_names"), Scale.AGE: named("ages")}
_NAME = {
    scale: re.compile(
        rf"(?<![\w-])(?:{names.pattern})(?!\w|['’]?s?[\s–-](?:pugh|turcotte|(?:class|grade)\s[a-c]\b))", re.IGNORECASE
    )
    for scale, names in _NAMES.items()
}
_JOINED = re.compile(
    r"\s*(?:\([^()]{0,60}\)\s*)?(?:[\s\d%.,/–-]|\b(?:and|or|to|in|with|for|those|patients|versus|vs)\b){1,24}", re.IGNORECASE
)
"""What may stand between two degrees of one impairment: "in mild, 60% in moderate and 115% in severe renal impairment"."""
_TO_HEAD = re.compile(r"\s*(?:\([^()]{0,60}\)\s*)?")
_BEFORE_HEAD = 150
"""Characters in which degrees that stand before an impairment are looked for; by hand."""
_TO = r"\s?(?:-|–|to|and|or|/)\s?"
_KIDNEY_STAGE = rf"G?([1-5][abd]?|iv|v|i{{1,3}})(?:{_TO}G?([1-5][abd]?|iv|v|i{{1,3}}))?"
_STAGE = {
    Scale.KIDNEY: re.compile(
        rf"\b(?:(?:CKD|chronic kidney disease)[\s,(-]{{0,2}}(?:(?:stages?|grade|category)\s?)?{_KIDNEY_STAGE}"
        rf"|(?:stages?|grade)\s?{_KIDNEY_STAGE}\s(?:CKD|(?:chronic )?(?:kidney|renal) disease)|G(3[ab]))(?![\w.%])",
        re.IGNORECASE,
    ),
    Scale.LIVER: re.compile(
        r"\b(?:Child['’]?s?(?:[\s–-]?Turcotte)?(?:[\s–-]?Pugh)?|CTP)[\s,(]{0,2}(?:(?:class|grade|stage|category|score)\s?)?"
        rf"([A-C])\d{{0,2}}(?:{_TO}([A-C]))?(?![\w'’])"
    ),
}
_STAGES = {scale: named(f"{organ}_stages") for scale, organ in ORGANS.items()}
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}


def names(text: str) -> list[Band]:
    """Bands by the definitions of their names: degrees of an impairment, impairments, ages."""
    found, graded = [], set()
    for scale in ORGANS:
        for head in _HEAD[scale].finditer(text):
            degrees = list(_degrees(text, scale, head))
            found += degrees
            graded |= {(scale, head.end())} if degrees else set()
    for scale, pattern in _NAME.items():
        found += [
            _by_name(text, scale, _NAMES[scale].of(match[0]), match[0], *match.span())
            for match in pattern.finditer(text)
            if (scale, match.end()) not in graded
        ]
    return found


def _degrees(text: str, scale: Scale, head: re.Match[str]) -> Iterator[Band]:
    """The degrees that stand before an impairment; the last takes its words along."""
    words = list(_DEGREE[scale].finditer(text, max(0, head.start() - _BEFORE_HEAD), head.start()))
    if not words or not _TO_HEAD.fullmatch(text, words[-1].end(), head.start()):
        return
    joined = [words[-1]]
    for earlier, later in reversed(list(pairwise(words))):
        if not _JOINED.fullmatch(text, earlier.end(), later.start()):
            break
        joined.append(earlier)
    for word in joined:
        beside = word is words[-1] and not text[word.end() : head.start()].strip()
        yield _by_name(text, scale, _DEGREES[scale].of(word[0]), word[0], word.start(), head.end() if beside else word.end())


def _by_name(text: str, scale: Scale, stretch: Stretch, name: str, start: int, end: int) -> Band:
    return Band(scale=scale, stretch=stretch, start=start, end=end, text=text[start:end], name=name.lower(), by_name=True)


def stages(text: str) -> list[Band]:
    """Stages of kidney disease (KDIGO) and classes of liver function (Child-Pugh), one or from one to another."""
    found = []
    for scale, pattern in _STAGE.items():
        for match in pattern.finditer(text):
            first, *others = (_STAGES[scale].of(_arabic(stage)) for stage in match.groups() if stage)
            stretch = first.widened(others[0]) if others else first
            found.append(Band(scale=scale, stretch=stretch, start=match.start(), end=match.end(), text=match[0]))
    return found


def _arabic(stage: str) -> str:
    return _ROMAN.get(stage.lower(), stage)


def _called(group: str, words: str) -> list[Band]:
    scale, table = Scale(words), WORDS[group].table().items()
    return [
        Band(scale=scale, stretch=whole(*figures), start=0, end=len(name), text=name, name=name, by_name=True)
        for name, figures in table
    ]


_CALLED = [
    *_called("called_kidneys", "kidney function"),
    *_called("called_livers", "liver function"),
    *_called("called_ages", "age"),
]


def called(place: Band) -> str:
    """What sources call a place: "moderate renal impairment", "adolescents"; "" where one name does not hold all of it."""
    return " or ".join(band.name for band in _CALLED if fit(place, band) == "inside")
