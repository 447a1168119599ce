"""TEMPORARY adapter until the vocabulary is there."""
from __future__ import annotations
from dataclasses import dataclass
from enum import StrEnum
from ragqa.language.concepts import Role, mentions
from ragqa.language.abbreviations import known_abbreviations

class Kind(StrEnum):
    DRUG = "drug"
    DRUG_CLASS = "drug class"
    THERAPY = "therapy"
    CONDITION = "condition"
    POPULATION = "population"
    OUTCOME = "outcome"

@dataclass(frozen=True, slots=True)
class Concept:
    id: str
    kind: Kind
    name: str

@dataclass(frozen=True, slots=True)
class Link:
    start: int
    end: int
    text: str
    concepts: tuple[Concept, ...]

_OUT = "suicid cost employ missed bladder weight sleep anger mortality admission quality-of-life self-harm remission response"
import re
_O = re.compile(r"\b(suicid\w*|costs?|employ\w*|missed dose|bladder|weight|sleep\w*|anger|mortality|admission|quality of life|self-harm|agranulocytosis|seizures?)\b", re.I)
_K = {Role.TREATMENT: Kind.DRUG, Role.CONDITION: Kind.CONDITION, Role.POPULATION: Kind.POPULATION}

def links(text):
    out = []
    for m in mentions(text):
        if m.role in _K:
            t = m.text.lower()
            k = known_abbreviations(m.text)
            if k: t = next(iter(k.values()))[0].lower()
            t = re.sub(r"^(mild|moderate|severe|refractory|treatment-resistant|to|major) ", "", t)
            t = re.sub(r"s$", "", t)
            out.append(Link(m.start, m.end, m.text, (Concept(f"{_K[m.role].value}:{t}", _K[m.role], t),)))
    for o in _O.finditer(text):
        if not any(l.start < o.end() and o.start() < l.end for l in out):
            t = o[0].lower()[:6]
            out.append(Link(*o.span(), o[0], (Concept("outcome:" + t, Kind.OUTCOME, o[0].lower()),)))
    return tuple(sorted(out, key=lambda l: l.start))

def members(id_):
    return frozenset()

def kin(id_):
    """Ids that name the same thing more widely or narrowly."""
    k, _, n = id_.partition(":")
    out = {id_}
    if n.endswith("depression"): out |= {"condition:depression", "condition:major depression","condition:treatment-resistant depression","condition:major depressive disorder"}
    if n.endswith("depressive disorder"): out |= {"condition:depression"}
    if "alzheimer" in n or n == "dementia": out |= {"condition:dementia", "condition:alzheimer's disease", "condition:alzheimer's"}
    if "schizophrenia" in n: out |= {"condition:schizophrenia", "condition:treatment-resistant schizophrenia","condition:treatment-refractory schizophrenia"}
    if "mood disorder" in n or "bipolar" in n: out |= {"condition:mood disorder","condition:bipolar disorder", "condition:bipolar"}
    if "personality" in n: out |= {"condition:borderline personality disorder", "condition:borderline personality", "condition:borderline"}
    return frozenset(out)
