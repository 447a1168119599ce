"""What a text is about: the treatments, conditions and outcomes it names, and of treatments in which part.

Being mentioned is not being about: what a drug was added to, compared with or tried after is named, and nothing is told of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

from ragqa.language.concepts import Link, broader, links, members
from ragqa.language.lexicon import lexicon
from ragqa.language.sentences import asking
from ragqa.language.vocabulary import Concept, Kind

_WORDS = lexicon("language", "about")
_BETWEEN = r"(?:[\s(]+[\w-]+){0,3}[\s(]*\Z"
"""Words that may stand between what tells a treatment's part and its name ("added to stable sertraline"); by hand."""
_PARTS = {
    part: re.compile(rf"\b(?:{_WORDS[part].pattern}){_BETWEEN}", re.IGNORECASE) for part in ("beside", "history", "compared")
}
_ACROSS = {
    part: re.compile(rf"\b(?:{_WORDS[group].pattern}){_BETWEEN}", re.IGNORECASE)
    for part, group in (("beside", "beside_another"), ("compared", "compared_with_another"))
}
_FAILED = re.compile(rf"(?:{_WORDS['failed'].pattern})\b", re.IGNORECASE)
_JOINT = re.compile(rf"(?<!\s)\s*+(?:{_WORDS['joints'].pattern})\s*+", re.IGNORECASE)
_OPENING = re.compile(rf"(?:\A|[.!?:;]\s)(?:{_WORDS['openers'].pattern})\b[^.!?:;]*\Z", re.IGNORECASE)
_GIVEN_AS_ONE = re.compile(rf"(?:{_WORDS['combined'].pattern})\b", re.IGNORECASE)
_AFTER = re.compile(rf"\bafter{_BETWEEN}", re.IGNORECASE)
_OPEN = re.compile(rf"\b(?:{_WORDS['open'].pattern})\b", re.IGNORECASE)
_FOR = re.compile(r"\bfor\s+(?:the\s+)?\Z")
_PLACED = frozenset(_WORDS["placed"].entries)
REACH = 60
"""Characters before a treatment in which its part is looked for; by hand."""

Concepts = frozenset[Concept]
NOTHING: Concepts = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The concepts that a text names.

    ``treatments`` are those it tells something of, ``beside`` those they are given with, ``history`` those tried before,
    ``compared`` those they are held against; ``first`` is the treatment that is named before any other; ``aims`` are the
    conditions and outcomes that something is for, ``joined`` those that are one together.
    """

    treatments: Concepts = NOTHING
    beside: Concepts = NOTHING
    history: Concepts = NOTHING
    compared: Concepts = NOTHING
    first: Concepts = NOTHING
    conditions: Concepts = NOTHING
    outcomes: Concepts = NOTHING
    populations: Concepts = NOTHING
    aims: Concepts = NOTHING
    joined: Concepts = NOTHING

    @property
    def all_treatments(self) -> Concepts:
        """Every treatment named, whatever its part."""
        return self.treatments | self.beside | self.history | self.compared

    @property
    def asked(self) -> Concepts:
        """Of a question what its answer must be about."""
        return self.treatments | self.conditions | self.outcomes | self.states

    @property
    def states(self) -> Concepts:
        """The populations that are no place on a scale and no sex: pregnant women, veterans."""
        return frozenset(population for population in self.populations if population.name not in _PLACED)

    def __or__(self, other: About) -> About:
        return About(**{field.name: getattr(self, field.name) | getattr(other, field.name) for field in fields(self)})


def about(text: str, within: Concepts = NOTHING) -> About:
    """What a text is about, and what it names beside that; a name of several meanings has those that its source, which is about
    ``within``, has."""
    found = [_meant(link, within) for link in links(text)]
    named: dict[str, set[Concept]] = {field.name: set() for field in fields(About)}
    for part, link in _parts(text, found):
        named["first"].update(() if named["first"] else link.concepts)
        named[part].update(link.concepts)
    for link in found:
        for concept in link.concepts:
            if name := _NAMES.get(concept.kind):
                named[name].add(concept)
                if _FOR.search(text, max(0, link.start - REACH), link.start):
                    named["aims"].add(concept)
    for link, following in pairwise(found):
        if _are_one(text, link, following):
            named["joined"].update(link.concepts, following.concepts)
    for part in _PARTS:  # what a text tells something of is not in another part elsewhere in it
        named[part] -= named["treatments"]
    return About(**{name: frozenset(found) for name, found in named.items()})


def _are_one(text: str, link: Link, following: Link) -> bool:
    """Whether two names together name one thing: one disease ("post-stroke depression"), or two drugs in one ("A/B capsule")."""
    kinds, between = {link.concept.kind, following.concept.kind}, text[link.end : following.start].strip()
    if kinds == {Kind.CONDITION}:
        return not between.strip("-")
    return kinds == {Kind.DRUG} and between in _STROKES and bool(_GIVEN_AS_ONE.match(text, following.end + 1))


_STROKES = frozenset("/+-")
NOTHING_NAMED = About()
_TREATMENTS = frozenset({Kind.DRUG, Kind.DRUG_CLASS, Kind.THERAPY})
_NAMES = {Kind.CONDITION: "conditions", Kind.OUTCOME: "outcomes", Kind.POPULATION: "populations"}


def _meant(link: Link, within: Concepts) -> Link:
    """A link with one meaning: that which its source has, else the likeliest."""
    meant = next((concept for concept in link.concepts if concept in within), link.concept)
    return replace(link, concepts=(meant,))


def _parts(text: str, found: Iterable[Link]) -> Iterable[tuple[str, Link]]:
    """The treatments of a text in order, each with its part; one that is joined to another has the other's part."""
    part, begun, end = "treatments", 0, 0
    named = [link for link in found if any(concept.kind in _TREATMENTS for concept in link.concepts)]
    for at, link in enumerate(named):
        if not (end and _JOINT.fullmatch(text, end, link.start)) or _opened(text, named[at - 1 : at + 2]):
            around = text[max(0, link.start - REACH) : link.start]
            before = text[max(end, link.start - REACH) : link.start]  # what stands before another treatment is said of that one
            itself = text[begun : link.start] if end else ""  # unless that one is the word that tells it: "augmentation of X"
            part = _told_by(_PARTS, before) or _told_by(_ACROSS, around) or _opened_by(_PARTS, itself) or "treatments"
        if _FAILED.match(text, link.end):
            part = "history"
        yield part, link
        begun, end = link.start, link.end


def _told_by(cues: Mapping[str, re.Pattern[str]], before: str) -> str | None:
    return next((part for part, cue in cues.items() if cue.search(before)), None)


def _opened_by(cues: Mapping[str, re.Pattern[str]], text: str) -> str | None:
    return next((part for part, cue in cues.items() if len(text) <= REACH and cue.match(text)), None)


def _opened(text: str, named: Sequence[Link]) -> bool:
    """Whether the comma between the first two treatments ends a clause that opens its sentence ("Compared with A, B lowered
    it"); in "Compared with A, B and C, D lowered it" it parts a list."""
    first, second, *more = named
    if text[first.end : second.start].strip() != "," or not _OPENING.search(text, max(0, first.start - 2 * REACH), first.start):
        return False
    listed = more and _JOINT.fullmatch(text, second.end, more[0].start)
    return not (listed and "," in (text[second.end], text[more[0].end : more[0].end + 1]))


def asked_about(text: str, within: Concepts = NOTHING) -> About:
    """What a question is about: what the sentences that ask name; treatments, conditions and people that these leave out are
    those of the story told before. Beside the treatments asked about are all others of that story that were not tried before;
    where a patient takes the only ones named, these are asked about, unless the question is what else there is; and so is what
    came before, where it is asked what came after it."""
    question = asking(text)
    own, whole = about(question, within), about(text, within)
    others = (whole.treatments | whole.beside) - own.all_treatments - whole.history - whole.compared
    treatments = own.treatments or whole.treatments - own.all_treatments
    beside, conditions = own.beside | (others - treatments), own.conditions or whole.conditions
    return replace(
        own,
        treatments=treatments
        or (NOTHING if conditions and _OPEN.search(question) else beside or _followed(question, own.history)),
        beside=beside,
        conditions=conditions,
        populations=own.populations or whole.populations,
    )


def _followed(question: str, history: Concepts) -> Concepts:
    """The treatments after which something is asked for, "the weight after a year of X", and that did not fail."""
    if "fail" in question.lower():
        return NOTHING
    after = [link for link in links(question) if _AFTER.search(question, max(0, link.start - REACH), link.start)]
    return history & NOTHING.union(*(link.concepts for link in after))


def met_by(asked: Concepts, held: Concepts) -> Concepts:
    """Those of the concepts asked for that are among those held, or of which a kind or a class is."""
    ids = {concept.id for concept in held}
    return itself(asked, held) | frozenset(one for one in asked if not ids.isdisjoint(_kin(one)))


def itself(asked: Concepts, held: Concepts) -> Concepts:
    """Those that are among those held, alone or combined with others; a combination where all its drugs are."""
    ids = {concept.id for concept in held}.union(*map(_combined, held))
    return frozenset(one for one in asked if one.id in ids or (_combined(one) and _combined(one) <= ids))


def _combined(of: Concept) -> frozenset[str]:
    """Ids of the drugs that a combination combines."""
    return frozenset(id_ for id_ in broader(of) if id_.startswith(_DRUG)) if of.kind is Kind.DRUG else frozenset()


def _kin(of: Concept) -> frozenset[str]:
    """Ids of the kinds of a concept, which are told of when it is asked about; of a drug those of its classes, since a salt or an
    enantiomer is another drug. What is found in a wider group was not found in the narrower one that is asked about."""
    return frozenset(id_ for id_ in broader(of) if not id_.startswith(_DRUG)) if of.kind is Kind.DRUG else members(of)


_DRUG = f"{Kind.DRUG}:"
