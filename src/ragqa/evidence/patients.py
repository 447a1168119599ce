"""Whether what was found was found in patients like the one asked about.

A stated clearance, stage or age is a place on a scale, and a sentence names bands of it. What is said of another band of organ
function is no answer; what was studied at another age may be told, with that said first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.evidence.candidates import Candidate
from ragqa.evidence.sources import Retrieved
from ragqa.language.scales import EXCLUDING, Band, Scale, bands, called, places, stands
from ragqa.question.query import ORGANS, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Suited:
    """The candidates on patients like the one asked about; what a reader must know where there are none, in words; and the
    question's words for a stage of organ function that no candidate speaks of."""

    candidates: list[Candidate]
    caveats: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def suited(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> Suited:
    """The candidates without those on another band of a scale that the question places its patient on.

    Where all are on another band they are kept, and the reader is told; of organ function at least one must name a band.
    """
    kept, caveats, lacking = list(found), [], []
    asked = places(query.searched)
    for scale in EXCLUDING:
        on_scale = [place for place in asked if place.scale is scale]
        if not (on_scale and kept):
            continue
        said = [_bands(scale, candidate, retrieved) for candidate in kept]
        standings = [stands(on_scale, found) for found in said]
        if "inside" in standings:
            ordered = sorted(zip(standings, kept, strict=True), key=lambda pair: pair[0] != "inside")
            kept = [candidate for standing, candidate in ordered if standing != "outside"]
        elif "outside" in standings:
            caveats.append(_told(on_scale[0], said[standings.index("outside")]))
        elif scale is Scale.AGE and (others := _others(on_scale, said)):
            caveats.append(_told(on_scale[0], others))
        elif scale in ORGANS and not any(said):
            lacking += [place.text for place in on_scale]
            kept = []
    return Suited(candidates=kept, caveats=tuple(caveats), lacking=tuple(dict.fromkeys(lacking)))


def _bands(scale: Scale, candidate: Candidate, retrieved: Retrieved) -> tuple[Band, ...]:
    """Whom a sentence speaks of; where it names no age, whom its record does."""
    record = retrieved.sources[candidate.source_id].record
    own = tuple(band for band in bands(candidate.text, record.text) if band.scale is scale)
    if own or scale is not Scale.AGE:
        return own
    return tuple(band for band in bands(f"{record.title or ''}. {record.text}") if band.scale is scale)


def _others(asked: Sequence[Band], said: Sequence[Sequence[Band]]) -> list[Band]:
    """The bands that only touch those asked about, as "adults" do "adolescents"; none where one of all lies within them."""
    found = [band for bands_of in said for band in bands_of]
    if any(band.stretch.within(place.stretch) for band in found for place in asked):
        return []
    return [band for band in found if not any(place.stretch.within(band.stretch) for place in asked)]


def _told(place: Band, found_in: Sequence[Band]) -> str:
    people = called(place) or "such patients"
    return f"No source searched is about {people} ({place.text}): what follows is about others ({found_in[0].text})."
