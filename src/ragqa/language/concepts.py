"""What a question asks: its kind, population, intervention, comparator and outcome.

Read from wording by rules that can be looked at: what they find is shown (``--explain``), orders the answer, and names what
a source must hold before it may answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources


class Kind(StrEnum):
    """What sort of answer is wanted."""

    CONTRAINDICATION = "contraindication"
    DOSE = "dose"
    MONITORING = "monitoring"
    SAFETY = "safety"
    DIAGNOSIS = "diagnosis"
    MECHANISM = "mechanism"
    COMPARISON = "comparison"
    PROGNOSIS = "prognosis"
    EFFECTIVENESS = "effectiveness"
    GENERAL = "general"


_KINDS: dict[Kind, str] = {
    Kind.CONTRAINDICATION: r"contra-?indicat\w*|(?:must|should) not (?:be )?(?:take|taken|given|us\w+|prescribed)|"
    r"who should avoid",
    Kind.MONITORING: r"monitor\w*|how often should .{3,60}(?:check|measur|test)\w*|"
    r"(?:serum|plasma|blood) levels? (?:target|check)\w*",
    Kind.DOSE: r"dos(?:e|es|ed|age|ing)|titrat\w*|how much(?! (?:more|less|better|worse))|(?:\d+ ?)?m?c?g|maximum daily",
    Kind.SAFETY: r"safe(?:ty|ly)?|side[- ]effects?|adverse|tolera\w+|toxic\w*|harms?|harmful|interact\w*|drawbacks?|"
    r"drop(?:ped|ping)?[- ]?outs?|discontinu\w*|weight (?:gain|change|effect)|teratogen\w*|overdose|mortality",
    Kind.DIAGNOSIS: r"diagnos(?:is|e|tic)|screen(?:ing|ed)?|distinguish\w*|differentiat\w*|rule out|red flags?",
    Kind.MECHANISM: r"mechanisms?|how do(?:es)? \S+(?: \S+)? (?:work|act)|receptors?|pathways?|mode of action|pathophysiolog\w*",
    Kind.COMPARISON: r"versus|vs\.?|compar(?:e|es|ed|ison)|(?:better|worse|safer|more effective|superior|inferior) (?:than|to)|"
    r"superior|outperform\w*|beats?|which (?:\w+ ){0,4}(?:best|better|most effective|first)|head[- ]to[- ]head",
    Kind.PROGNOSIS: r"prognos\w*|long[- ]term (?:course|outcome)|remission|recover\w*|relapse|"
    r"recurren\w*|survival|predict\w*|years on",
    Kind.EFFECTIVENESS: r"effective(?:ness)?|efficacy|helps?|works?|benefits?|first[- ]line|recommend\w*|improv\w*|reduc\w*|"
    r"prevent\w*|useful|worth|treat(?:s|ed|ment)?|lower|add(?:ed|ing)?|evidence for|role of|respond|effect of|effect on",
}
_KIND = {kind: re.compile(rf"\b(?:{pattern})(?!\w)", re.IGNORECASE) for kind, pattern in _KINDS.items()}
_VERB = r"(?:is|are|was|were|do|does|did|can|could|should|has|have|had|will|would|may|might|am)\b"
_POLAR = re.compile(rf"\A(?!(?:what|which|who|how|when|why|where)\b)(?:.*(?:[:;.,—]|--)\s*)?{_VERB}", re.IGNORECASE)
"""An auxiliary at the start of the question or of one of its clauses, unless a question word opens it."""
_YES_OR_NO = re.compile(r"\byes\s+or\s+no\W*$", re.IGNORECASE)
_CHOICE = re.compile(
    r"\A(?=.*\bor\b).*\b(?:better|worse|best|safer|prefer\w*|choose|recommend\w*|first[- ]line|(?:more|less) \w+|"
    r"should (?:i|we))\b",
    re.IGNORECASE,
)
"""An "or" beside words of comparing asks which of two; any other "or" joins what is asked about."""
AUXILIARY = re.compile(rf"^{_VERB} (?:there )?", re.IGNORECASE)
"""What most yes/no questions begin with."""


def any_of(words: str) -> str:
    """A pattern of these words, given with blanks between, in which each letter is tried once: faster than one after another."""
    return _endings(words.split())


def _endings(words: Iterable[str]) -> str:
    rest: dict[str, set[str]] = {}
    for word in words:
        rest.setdefault(word[:1], set()).add(word[1:])
    parts = [re.escape(first) + _endings(rest[first]) for first in sorted(rest) if first]
    return f"(?:{'|'.join(parts)})" + "?" * ("" in rest) if parts else ""


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
_COMPARATOR = re.compile(
    r"\b(?:versus|vs\.?|compared (?:with|to)|than|rather than|instead of|over|against)\s+(?:with |the |a |an )*"
    r"([\w'-]+(?:\s[\w'-]+){0,3}?)(?=\s(?:in|for|on|at|after|when|with|among|is|are|to|if|\w+(?:uce|ove|ent|wer|ease)s?)\b|[?.,;]|$)",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"\b(?:reduc\w+|improv\w+|increas\w+|prevent\w*|lower\w*|decreas\w+|affects?|raise[sd]?|shorten\w*|slow\w*|"
    r"effects? (?:of \S+ )?on|"
    r"stops?|predicts?)\s+(?:the |a |an )?([\w'-]+(?:\s[\w'-]+){0,3}?)(?=\s(?:in|for|among|with|compared|versus|than|or|and|"
    r"of|over|when)\b|[?.,;]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What was read from a question. Every text is a part of it; empty where it states none."""

    kind: Kind
    conditions: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    comparator: str | None = None
    outcome: str | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the question is about: a source that lacks one of them answers another question."""
        return tuple(dict.fromkeys((*self.conditions, *self.populations, *self.interventions)))

    def as_words(self) -> dict[str, str]:
        """What was found, by name, for a reader; what the question does not state is left out."""
        found = {
            "kind": self.kind.value,
            "population": ", ".join((*self.populations, *self.conditions)),
            "intervention": ", ".join(self.interventions),
            "comparator": self.comparator or "",
            "outcome": self.outcome or "",
        }
        return {name: text for name, text in found.items() if text}


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


def understand(question: str) -> Understanding:
    """Kind and PICO elements (Richardson et al., ACP J Club 1995;123:A12) as the question words them."""
    kind = next((kind for kind, pattern in _KIND.items() if pattern.search(question)), Kind.GENERAL)
    populations = _found(_POPULATION, question)
    known = known_abbreviations(question)
    conditions = [text for text in _found(_CONDITION, question) if text not in populations]
    comparator, outcome = _COMPARATOR.search(question), _OUTCOME.search(question)
    return Understanding(
        kind=kind,
        conditions=tuple(dict.fromkeys([*conditions, *(short for short in known if _names_condition(known[short][0]))])),
        populations=populations,
        interventions=tuple(
            dict.fromkeys(
                [*_found(_DRUG, question), *_found(_THERAPY, question), *_found(_LETTERED, question), *_therapies(known)]
            )
        ),
        comparator=comparator[1].strip() if comparator else None,
        outcome=outcome[1].strip() if outcome else None,
    )


def is_polar(question: str) -> bool:
    """Whether a question asks for a yes or a no."""
    return bool(_YES_OR_NO.search(question) or (_POLAR.match(question) and not _CHOICE.match(question)))


def claim_of(question: str) -> str:
    """What the answer yes to a yes/no question claims."""
    return AUXILIARY.sub("", _YES_OR_NO.sub("", question)).rstrip("?,;: ") + "."


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


@lru_cache(maxsize=1)
def abbreviations() -> dict[str, tuple[str, ...]]:
    """Medical abbreviations with their meanings, the likeliest first."""
    table = json.loads(resources.files("ragqa.language").joinpath("data/abbreviations.json").read_text(encoding="utf-8"))
    return {short: tuple(meanings) for short, meanings in table.items()}


_SYNONYMS = (
    ("renal", "kidney"),
    ("hepatic", "liver"),
    ("cardiac", "heart"),
    ("adolescents", "teenagers", "teens"),
    ("children", "paediatric", "pediatric"),
    ("older", "elderly", "geriatric", "late-life"),
    ("inpatients", "hospitalised", "hospitalized"),
    ("adverse", "side effects", "drawbacks", "harms", "tolerated", "tolerability"),
    ("dropped out", "drop-out", "dropout", "withdrew", "discontinued", "discontinuation"),
    ("mortality", "deaths", "died"),
    ("titrated", "titration", "weekly steps", "increments", "raised by"),
    ("impairment", "disease", "insufficiency", "failure"),
    ("behavior", "behaviour", "behavioral", "behavioural"),
    ("meta-analysis", "pooled"),
    ("extended-release", "XR", "ER"),
    ("tablets", "oral"),
)
"""Words that clinicians use for one another; a source that holds one of a group holds them all."""


@lru_cache(maxsize=1024)
def both_spellings(text: str) -> str:
    """The text, with what else its words are called: abbreviations spelled out, full names abbreviated, synonyms."""
    folded = text.lower()
    alike = [word for group in _SYNONYMS if any(word in folded for word in group) for word in group]
    spelled = [meanings[0] for meanings in known_abbreviations(text).values()]
    short = [short for short, meanings in abbreviations().items() if any(meaning.lower() in folded for meaning in meanings)]
    return " ".join([text, *spelled, *short, *alike])


def known_abbreviations(text: str) -> dict[str, tuple[str, ...]]:
    """The abbreviations a text uses (plural s allowed), with their meanings."""
    table = abbreviations()
    found = {}
    for word in re.findall(r"[A-Za-z][\w-]*(?:/[A-Za-z]\w*)?", text):
        for part in word.split("/"):
            short = part if part in table else part.removesuffix("s")
            if short in table:
                found[short] = table[short]
    return found
