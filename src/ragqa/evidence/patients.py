"""Whether what was found was found in patients like the one asked about.

A stated clearance, stage or age is a place on a scale, and a sentence names bands of it. What is said of another band of organ
function is no answer; what was studied at another age may be told, with that said first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragqa.evidence.candidates import Candidate
from ragqa.evidence.sources import Retrieved
from ragqa.language.scales import EXCLUDING, Band, Scale, Standing, bands, called, places, stands
from ragqa.question.query import ORGANS, Query

OF_AGE = 18
"""Years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suited:
    """The candidates on patients like the one asked about; what a reader must know where there are none, in words; and the
    question's words for a stage of organ function that no candidate speaks of."""

    candidates: list[Candidate]
    caveats: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A candidate, the bands of a scale that it speaks of, and whether the patient asked about is among them."""

    candidate: Candidate
    bands: tuple[Band, ...]
    standing: Standing


def suited(query: Query, found: Sequence[Candidate], retrieved: Retrieved) -> Suited:
    """The candidates without those on another band of a scale that the question places its patient on.

    One on its band of organ function is about one more thing that was asked. Where there is none the reader is told, and those
    whose band reaches to the patient are kept, else all; of organ function at least one must name a band.
    """
    asked = places(query.searched)
    suits = Suited(candidates=list(found))
    for scale in EXCLUDING:
        on_scale = [place for place in asked if place.scale is scale]
        if scale in ORGANS:
            on_scale = _closest(on_scale)
        if on_scale and suits.candidates:
            suits = _on_scale(on_scale, suits, retrieved)
    return suits


def _closest(told: Sequence[Band]) -> list[Band]:
    """Of places on one scale those without another inside: a clearance says more than that there is dialysis."""
    return [place for place in told if all(one.stretch == place.stretch or not one.stretch.within(place.stretch) for one in told)]


def _on_scale(asked: Sequence[Band], found: Suited, retrieved: Retrieved) -> Suited:
    """Those that suit the places of one scale, too."""
    placed = _placed(asked, found.candidates, retrieved)
    more = asked[0].scale in ORGANS
    on_it = [replace(one.candidate, met=one.candidate.met + more) for one in placed if one.standing == "inside"]
    if on_it:
        return replace(found, candidates=on_it + [one.candidate for one in placed if one.standing == "silent"])
    beside = [one.bands for one in placed if one.standing == "outside"]
    touching = [one.bands for one in placed if one.bands and one.standing == "silent"]
    if (asked[0].scale in ORGANS and not touching) or _only_of_adults(asked, [*beside, *touching]):
        named = dict.fromkeys((*found.lacking, *map(_named, asked)))
        return replace(found, candidates=[], lacking=tuple(named))
    if beside:
        kept = [one.candidate for one in placed if not touching or one.standing == "silent"]
        return replace(found, candidates=kept, caveats=(*found.caveats, _told(asked[0], touching, beside)))
    if asked[0].scale is Scale.AGE and (others := _others(asked, touching)):
        caveat = _told(asked[0], (), [others])
        return replace(found, candidates=[one.candidate for one in placed], caveats=(*found.caveats, caveat))
    return replace(found, candidates=[one.candidate for one in placed])


def _placed(asked: Sequence[Band], found: Sequence[Candidate], retrieved: Retrieved) -> list[_Placed]:
    """The candidates on a scale; of an adult without those on children alone, where there are others."""
    said = [(candidate, _bands(asked[0].scale, candidate, retrieved)) for candidate in found]
    placed = [_Placed(candidate, bands, stands(asked, bands)) for candidate, bands in said]
    if any(map(_is_childs, asked)):
        return placed
    return [one for one in placed if not (one.bands and all(map(_is_childs, one.bands)))] or placed


def _bands(scale: Scale, candidate: Candidate, retrieved: Retrieved) -> tuple[Band, ...]:
    """Whom a sentence speaks of; where it names no age, whom its record does."""
    record = retrieved.sources[candidate.source_id].record
    own = tuple(band for band in bands(candidate.text, record.text) if band.scale is scale)
    if own or scale is not Scale.AGE:
        return own
    told = [band for band in bands(f"{record.title or ''}. {record.text}") if band.scale is scale]
    return tuple(band for band in told if not (_is_childs(band) and band.by_name and band.start > len(record.title or "")))


def _is_childs(band: Band) -> bool:
    """Whether nobody of age is in it: a text on adults says of children too that nothing is known of them."""
    return band.scale is Scale.AGE and band.stretch.high <= OF_AGE


def _only_of_adults(asked: Sequence[Band], told: Sequence[Sequence[Band]]) -> bool:
    """Whether a child is asked about and whoever is told of is of age: a child is treated neither with a part of an adult's dose
    nor on an adult's evidence."""
    bands_told = [band for bands_of in told for band in bands_of]
    return bool(bands_told) and all(map(_is_childs, asked)) and not any(map(_is_childs, bands_told))


def _others(asked: Sequence[Band], touching: Sequence[Sequence[Band]]) -> tuple[Band, ...]:
    """The bands that only touch those asked about, as "adults" do "adolescents"; none where one of all lies within them."""
    found = [band for bands_of in touching for band in bands_of]
    if any(band.stretch.within(place.stretch) for band in found for place in asked):
        return ()
    return tuple(band for band in found if not any(place.stretch.within(band.stretch) for place in asked))


def _named(place: Band) -> str:
    """A place in the question's words; of an age whom it makes somebody, too."""
    people = called(place) if place.scale is Scale.AGE and not place.by_name else None
    return f"{people} ({place.text})" if people else place.text


def _told(place: Band, touching: Sequence[Sequence[Band]], beside: Sequence[Sequence[Band]]) -> str:
    asked = place.text if touching else f"{called(place) or 'such patients'} ({place.text})"
    return f"No source searched is about {asked}: what follows is about others ({(touching or beside)[0][0].text})."
