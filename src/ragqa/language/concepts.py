"""What words name: treatments, conditions and populations, and where in a text they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ragqa.language.abbreviations import known_abbreviations
from ragqa.language.lexicon import any_of

_STOP = any_of(
    """
    a an the of in on for with without to by at from and or as is are was were be been do does did can could should will would
    may might has have had what which who how when why any some this that these those my our your his her their its it i we
    you patients patient people adults adult treating treated treats treatment treat improve improves improving reduce reduces
    reducing prevents preventing prevent helps helping help effective severe mild moderate moderate-to-severe moderate-severe
    chronic acute resistant treatment-resistant refractory unspecified also than versus vs compared after before during about
    against using given between core symptoms symptom new newly diagnosed first risk other primary persistent late-life
    recurrent not really long-term adding add dose major beats beat outperforms outperform tested studied examined
    investigated trials trial study studies stable whose where whether if but much extra more additional further
    """
)
_MODIFIER = rf"(?:(?!{_STOP}\b)[A-Za-z][\w'’-]{{0,60}}\s+)"
_CONDITION = re.compile(
    rf"\b{_MODIFIER}{{0,3}}(?:disorders?|diseases?|dementias?|syndromes?|cancers?|tumou?rs?)\b|"
    rf"\b{_MODIFIER}{{1,3}}(?:impairment|failure|infections?|injur(?:y|ies)|deficiency)\b|"
    r"\b(?:depression|schizophrenia|psychosis|mania|anxiety|autism|insomnia|epilepsy|migraine|stroke|bulimia|anorexia|"
    r"diabetes|asthma|"
    r"hypertension|obesity|"
    r"sepsis|pneumonia|delirium|alzheimer'?s?|parkinson'?s?|bipolar|\w{4,}(?:itis|osis|a?emia|pathy|algia|plegia|uria|"
    r"penia))\b",
    re.IGNORECASE,
)
_DRUG = re.compile(
    r"\b(?!byzantine\b|quarantine\b|saline\b)(?:\w+(?:azepam|azolam|azepine|azine|apine|idone|azole|pram|oxetine|faxine|oxamine|triptyline|zodone|mab|nib|"
    r"olol|pril|sartan|"
    r"statin|formin|gliptin|gliflozin|glutide|mycin|cillin|cycline|oxacin|ivir|parin|xaban|gatran|trexone|orphan|"
    r"barbital|gabalin|"
    r"pentin|trigine|iramate|tidine|prazole|setron|triptan|dipine|semide|thiazide|lukast|solone|antine|etamine|epezil|stigmine|"
    r"antamine|promazine|peridol|prazole|bupropion|tazapine|oxin|phylline|codone|morphine|fentanyl|dopa|clonidine|"
    r"facine|afinil|spirone|tocin|razosin|citinide|aline|ropion|idate|oquine|tadine|olone|setine)|"
    r"lithium|valpro(?:ate|ic)\w*|warfarin|aspirin|insulin|methadone|melatonin|omega-3|cannabis|psilocybin|mdma|"
    r"clozapine|vortioxetine|"
    r"memantine|buprenorphine|acetaminophen|paracetamol|ibuprofen|dexamethasone|prednisone|heparin|digoxin|tamoxifen|"
    r"levothyroxine|"
    r"antidepressants?|antipsychotics?|mood stabili[sz]ers?|stimulants?|opioids?|benzodiazepines?|antibiotics?|"
    r"anticonvulsants?|"
    r"anticoagulants?|corticosteroids?|steroids|vaccines?|probiotics?|[A-Z]{0,2}S[RN]RIs?|cholinesterase inhibitors?|"
    r"inhibitors?)\b",
    re.IGNORECASE,
)
_THERAPY = re.compile(
    rf"\b{_MODIFIER}{{1,3}}(?:therapy|therapies|psychotherapy|training|intervention|surgery|stimulation|counsell?ing|"
    rf"program(?:me)?|apps?|plan)\b",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"\b(?!there\b|this\b|that\b|what\b|with\b|from\b)[a-z]{4,} [A-HJ-Z]\d{0,2}\b")
"""What a letter tells apart: vitamin D, hepatitis C, drug A."""
_NAME = re.compile(r"(?<![.?!] )(?<!^)\b(?:[A-Z][\w'*&-]++(?:\s(?:of|the|and|de|&)\s(?=[A-Z]))?\s?)+(?<!\s)")
"""Capitalised inside a sentence: a trial, a scale, a person."""
_POPULATION = re.compile(
    r"\b(?:\d{1,3}[- ](?:year|yr|month|week)s?[- ]olds?|\d{1,3} to \d{1,3}(?: year)?[- ]olds?|child(?:ren)?|paediatric|"
    r"pediatric|adolescents?|"
    r"teen(?:ager)?s?|neonat\w+|newborns?|infants?|older (?:adults|people|patients)|elderly|geriatric|late-life|"
    r"pregnan\w+|breast-?feeding|"
    r"lactat\w+|postpartum|perinatal|veterans|inpatients?|outpatients?|women|men|females?|males?|athletes|prisoners|"
    r"(?:renal|kidney|hepatic|liver) (?:impairment|failure|disease|dysfunction)|dialysis|child-pugh(?: [a-c])?)\b",
    re.IGNORECASE,
)
_AGE = re.compile(r"(\d{1,3})[- ](?:year|yr)s?[- ]olds?", re.IGNORECASE)


class Role(StrEnum):
    """What a mention names."""

    TREATMENT = "treatment"
    CONDITION = "condition"
    POPULATION = "population"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a text that name something, and where they stand."""

    start: int
    end: int
    text: str
    role: Role


def mentions(text: str) -> tuple[Mention, ...]:
    """Treatments, conditions and populations in a text, in order, none overlapping: the longer one stands, a mere name last."""
    found: list[Mention] = []
    for match in _SHORT.finditer(text):
        if known := known_abbreviations(match[0]):
            role = Role.TREATMENT if _therapies(known) else Role.CONDITION if _names_conditions(known) else None
            found += [Mention(*match.span(), match[0], role)] if role else []
    found += [
        Mention(*match.span(), match[0], role)
        for role, patterns in _ROLES.items()
        for pattern in patterns
        for match in pattern.finditer(text)
        if match[0].lower() not in _UNNAMED
    ]
    kept: list[Mention] = []
    taken = bytearray(len(text))  # a mark for each character, so that many mentions cost no more each than few
    for mention in sorted(found, key=lambda m: (m.role is Role.NAME, m.start - m.end)):
        if not any(taken[mention.start : mention.end]):
            kept.append(mention)
            taken[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
    return tuple(sorted(kept, key=lambda m: m.start))


def populations(text: str) -> tuple[str, ...]:
    """Whom a text speaks of: age groups, pregnancy, organ function; each once, in order."""
    return _found(_POPULATION, text)


def conditions(text: str) -> tuple[str, ...]:
    """Conditions in a text, each once: those written out, then those abbreviated. What names a population is none."""
    known, people = known_abbreviations(text), populations(text)
    spelled = (found for found in _found(_CONDITION, text) if found not in people)
    return tuple(dict.fromkeys([*spelled, *(short for short in known if _names_condition(known[short][0]))]))


def interventions(text: str) -> tuple[str, ...]:
    """Drugs, then therapies, then what a letter tells apart, then abbreviated treatments in a text, each once."""
    found = (name for pattern in (_DRUG, _THERAPY, _LETTERED) for name in _found(pattern, text))
    return tuple(dict.fromkeys([*found, *_therapies(known_abbreviations(text))]))


def names(text: str) -> tuple[str, ...]:
    """Drugs, drug classes and stated ages in a text: what may not be exchanged for anything else."""
    return tuple(dict.fromkeys((*_found(_DRUG, text), *(match[0] for match in _AGE.finditer(text)))))


def age_group(population: str) -> str | None:
    """Words a source would use for a stated age: "children", "adolescents" or None for adults and anything else."""
    stated = _AGE.search(population)
    if not stated:
        return None
    years = int(stated[1])
    return "children" if years < 12 else "adolescents" if years < 18 else None


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(match[0].split()) for match in pattern.finditer(text)))


def _names_condition(words: str) -> bool:
    return bool(_CONDITION.search(words))


def _names_conditions(known: dict[str, tuple[str, ...]]) -> bool:
    return any(_names_condition(meanings[0]) for meanings in known.values())


_DEGREE = (
    r"(?:(?:mild|moderate|severe|major|minor|acute|chronic|refractory|(?:treatment-)?resistant|unipolar|postpartum|late-life|end-stage|"
    r"older|younger|to|borderline|moderate-to-severe|primary|secondary)\s+){0,5}"
)
_ROLES = {
    Role.POPULATION: (re.compile(rf"\b{_DEGREE}(?:{_POPULATION.pattern}|\badults\b|\bover[- ]?\d\ds?\b)", re.IGNORECASE),),
    Role.CONDITION: (
        re.compile(rf"\b{_DEGREE}(?:{_CONDITION.pattern})", re.IGNORECASE),
        re.compile(r"\bborderline (?:personality|PD)\b(?! disorder)", re.IGNORECASE),
    ),
    Role.TREATMENT: (
        _DRUG,
        _THERAPY,
        _LETTERED,
        re.compile(r"\b(?:selective )?(?:serotonin|noradrenaline|norepinephrine)(?: \w+)? reuptake inhibitors?\b", re.IGNORECASE),
        re.compile(r"\bjoint crisis plans?\b", re.IGNORECASE),
        re.compile(r"\b[\w-]{1,40}-(?:based|focused|oriented) (?:treatment|therapy|psychotherapy)\b", re.IGNORECASE),
        re.compile(r"\bexposure (?:and|with) (?:ritual|response) prevention\b", re.IGNORECASE),
    ),
    Role.NAME: (_NAME,),
}
_UNNAMED = frozenset(
    f"{degree}{word}"
    for degree in ("", "mild ", "moderate ", "severe ", "chronic ", "acute ", "the ")
    for word in ("disease", "diseases", "disorder", "disorders", "syndrome", "inhibitor", "inhibitors")
)
_SHORT = re.compile(r"\b[A-Z][A-Za-z-]*[A-Z]s?\b")


def _therapies(known: dict[str, tuple[str, ...]]) -> list[str]:
    return [
        short
        for short, meanings in known.items()
        if re.search(r"therap|treatment|inhibitor|drug|antidepressant|stimulation|MDMA", meanings[0] + short)
    ]
