"""Whether what was found was found in patients like the one asked about.

A stated clearance, stage or age is a place on a scale, and a sentence names bands of it. What is said of another band of organ
function is no answer; what was studied at another age may be told, with that said first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.evidence.candidates import Candidate
from ragqa.evidence.sources import Retrieved
from ragqa.language.scales import EXCLUDING, Band, Scale, Standing, bands, called, places, stands
from ragqa.question.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Suited:
    """The candidates on patients like the one asked about, and what a reader must know where there are none, in words."""

    candidates: list[Candidate]
    caveats: tuple[str, ...] = ()


def suited(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> Suited:
    """The candidates without those on another band of a scale that the question places its patient on."""
    kept, caveats = list(found), []
    asked = places(query.searched)
    for scale in EXCLUDING:
        on_scale = [place for place in asked if place.scale is scale]
        if not on_scale:
            continue
        standings = [_standing(on_scale, candidate, retrieved) for candidate in kept]
        if scale is Scale.AGE and "inside" not in standings and "outside" in standings:
            other = kept[standings.index("outside")]
            caveats.append(_told(on_scale[0], _bands(on_scale[0].scale, other, retrieved)))
        else:
            kept = [candidate for candidate, standing in zip(kept, standings, strict=True) if standing != "outside"]
            kept.sort(key=lambda candidate: stands(on_scale, bands(candidate.text)) != "inside")
    return Suited(candidates=kept, caveats=tuple(caveats))


def _standing(asked: Sequence[Band], candidate: Candidate, retrieved: Retrieved) -> Standing:
    return stands(asked, _bands(asked[0].scale, candidate, retrieved))


def _bands(scale: Scale, candidate: Candidate, retrieved: Retrieved) -> tuple[Band, ...]:
    """Whom a sentence speaks of; where it names no age, whom its record does."""
    text = retrieved.sources[candidate.source_id].record.text
    own = tuple(band for band in bands(candidate.text, text) if band.scale is scale)
    return own or (bands(text) if scale is Scale.AGE else ())


def _told(place: Band, found_in: Sequence[Band]) -> str:
    people = called(place) or place.text
    others = next(band.text for band in found_in if band.scale is place.scale)
    return f"No source searched is about {people} here ({place.text}): what follows was found in others ({others})."
