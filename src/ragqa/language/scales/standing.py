"""Where the patient of a question stands, whom a sentence speaks of, and whether the one is among the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from ragqa.language.scales.band import Band, Scale, fit
from ragqa.language.scales.figures import figures
from ragqa.language.scales.names import ORGANS, names, stages
from ragqa.language.scales.vignettes import ages

Standing = Literal["inside", "outside", "silent"]
"""Whether a sentence speaks of the patient asked about: one of its bands holds the place, all exclude it, or neither."""
EXCLUDING = (Scale.KIDNEY, Scale.LIVER, Scale.AGE, Scale.WEIGHT, Scale.MASS_INDEX)
"""Scales on which patients stand; how long a study lasted excludes nobody."""
_BESIDE = re.compile(r"[\s(\[,:;-]*+(?:i\.e\.|defined as|that is|with|who are|who have)?[\s,(]*+", re.IGNORECASE)
"""What stands between a name and the figures that say what it means there."""
_AFTER = re.compile(r"[\s(\[-]*")
"""What stands between figures and the name that they say the meaning of."""


@lru_cache(maxsize=256)
def places(question: str) -> tuple[Band, ...]:
    """Where the patient of a question stands, in order: figures, stages and names, also in the shorthand of vignettes."""
    said = figures(question, asked=True)
    written = {band.start for band in said if band.scale is Scale.AGE}
    short = [age for age in ages(question) if age.start not in written]
    kept = [band for band in said if not any(band.start < age.end and age.start < band.end for age in short)]
    return _merged(question, [*kept, *short, *stages(question), *names(question)])


@lru_cache(maxsize=1024)
def bands(sentence: str, source: str = "") -> tuple[Band, ...]:
    """Whom a sentence speaks of, in order. Figures beside a name stand in its place; so do those that ``source``, the text the
    sentence is from, gives for a degree of impairment anywhere.
    """
    found = _merged(sentence, [*figures(sentence), *stages(sentence), *names(sentence)])
    defined = {(band.scale, band.name): band for band in _defined(source)} if source else {}
    return tuple(_as_defined(band, defined.get((band.scale, band.name))) for band in found)


def standing(question: str, sentence: str, source: str = "") -> Standing:
    """Whether a sentence speaks of the patient of a question; "outside" only where every band on one of the scales excludes
    every place. ``source`` as for ``bands``.
    """
    asked = places(question)
    return stands(asked, bands(sentence, source)) if asked else "silent"


def stands(asked: Sequence[Band], said: Sequence[Band]) -> Standing:
    """As ``standing``, of places and bands that were read before."""
    inside = False
    for scale in EXCLUDING:
        fits = {fit(place, band) for place in asked for band in said if place.scale is band.scale is scale}
        if fits == {"outside"}:
            return "outside"
        inside = inside or "inside" in fits
    return "inside" if inside else "silent"


def _merged(text: str, found: Sequence[Band]) -> tuple[Band, ...]:
    """All bands in order; figures that stand beside a name take its place and keep it."""
    kept: list[Band] = []
    for scale in Scale:
        last: Band | None = None
        for band in sorted((band for band in found if band.scale is scale), key=lambda band: (band.start, -band.end)):
            joined = _joined(text, last, band) if last else None
            if joined:
                kept[-1] = joined
            else:
                kept.append(band)
            last = kept[-1]
    return tuple(sorted(kept, key=lambda band: band.start))


def _joined(text: str, last: Band, band: Band) -> Band | None:
    """Two neighbours as one, where one is the figures of the other's name; None where each stands for itself."""
    between = (last.end, max(last.end, band.start))
    if last.by_name and not band.by_name and _BESIDE.fullmatch(text, *between):
        return replace(band, name=last.name)
    if band.by_name and not last.by_name and _AFTER.fullmatch(text, *between):
        return replace(last, name=last.name or band.name)
    return None


@lru_cache(maxsize=256)
def _defined(source: str) -> tuple[Band, ...]:
    """What a text says that degrees of an impairment mean in it, the widest where it says several things."""
    widest: dict[tuple[Scale, str], Band] = {}
    for band in bands(source):
        if band.name and not band.by_name and band.scale in ORGANS:
            known = widest.setdefault((band.scale, band.name), band)
            widest[band.scale, band.name] = replace(known, stretch=known.stretch.widened(band.stretch))
    return tuple(widest.values())


def _as_defined(band: Band, known: Band | None) -> Band:
    """A band by its name, with the figures that the source gives for the name; others as they are."""
    return replace(band, stretch=known.stretch, by_name=False) if known and band.by_name else band
