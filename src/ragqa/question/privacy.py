"""Patient identifiers in a question: found and taken out before anything is searched, stored or sent.

Rules over wording, first names (US Census 1990), cities (GeoNames, CC BY 4.0) and phone numbers (``phonenumbers``), tuned on
half of ASQ-PHI (``eval/measure/identifiers.py``). Years alone, ages, trials, eponyms and ids of publications identify nobody and
stay.
See docs/decisions/0010-identifiers.md.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from ragqa.language.abbreviations import abbreviations
from ragqa.language.concepts import Role, mentions
from ragqa.language.lexicon import lexicon

Identifier = Literal["name", "date", "number", "place", "phone", "email", "address"]


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A span of a text that could identify a patient."""

    start: int
    end: int
    kind: Identifier


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with every identifier replaced by its kind in brackets, and the kinds, each once, as they came."""

    text: str
    kinds: tuple[Identifier, ...] = ()


def redact(text: str) -> Redacted:
    """Replace what could identify a patient: "Anna S., seen May 3, 2024" becomes "[name], seen [date]"."""
    parts, at, found = [], 0, identifiers(text)
    for span in found:
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return Redacted("".join([*parts, text[at:]]), tuple(dict.fromkeys(span.kind for span in found)))


def without_heading(redacted: str) -> str:
    """A redacted text without the identifiers it opens with: "Mrs [name], born [date]: is it safe?" asks "is it safe?"."""
    return redacted[match.end() :] if (match := _HEADING.match(redacted)) else redacted


def identifiers(text: str) -> list[Found]:
    """Every identifier in a text, in order, none overlapping: claims on the same words become one, of the longer one's kind."""
    spared = [match.span() for match in _PUBLICATION.finditer(text)]
    claims = list(_claims(text))
    if claims:
        claims += _spans(text, "number", _CODES)
    claims += _unlisted_names(text, bool(claims))
    claims = [claim for claim in claims if not _meets(spared, claim.start, claim.end)]
    merged: list[Found] = []
    for claim in sorted(claims):
        if merged and claim.start < merged[-1].end:
            longer = max(merged[-1], claim, key=lambda f: f.end - f.start)
            claim = Found(merged[-1].start, max(merged.pop().end, claim.end), longer.kind)
        merged.append(claim)
    return merged


def _meets(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether one of these spans, in order and none overlapping, shares a character with ``start`` to ``end``."""
    before = bisect_left(spans, (end,))
    return before > 0 and spans[before - 1][1] > start


def _claims(text: str) -> Iterator[Found]:
    for kind, patterns in _PATTERNS.items():
        yield from _spans(text, kind, patterns)
    yield from _names(text)
    yield from _places(text)
    yield from _phones(text)


def _spans(text: str, kind: Identifier, patterns: Sequence[re.Pattern[str]]) -> Iterator[Found]:
    """Every match, or of a match the part that is called ``it``."""
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield Found(*match.span("it" if "it" in pattern.groupindex else 0), kind)


def _names(text: str) -> Iterator[Found]:
    """A listed first name with a surname or an initial, or any capitalised name after a word that announces one."""
    for pattern, listed in ((_FULL_NAME, True), (_ANNOUNCED, False), (_LOWER_NAME, True)):
        for match in pattern.finditer(text):
            first = re.split(r"[\s.]", match["it"])[0].lower()
            known = not listed or first in _FIRST_NAMES
            if known and not _NO_NAME.search(match["it"]) and not _eponym(text, *match.span("it")):
                yield Found(*match.span("it"), "name")


def _places(text: str) -> Iterator[Found]:
    """Named institutions, listed cities, and what a patient is said to come from or to be seen at."""
    for found in _spans(text, "place", _INSTITUTIONS):
        words = text[found.start : found.end]
        everyday = all(map(_generic, words.split())) or words.upper() in _WARDS or words in abbreviations()
        if not everyday and not _eponym(text, found.start, found.end):
            yield found
    for match in _CITY.finditer(text):
        if match[0] in _CITIES and not _eponym(text, *match.span()) and not _INSTRUMENT.match(text, match.end()):
            yield Found(*match.span(), "place")


def _unlisted_names(text: str, beside_others: bool) -> Iterator[Found]:
    """Two capitalised words that are no medicine: a name after a word for a person, or beside another identifier."""
    candidates = []
    for match in _TWO_WORDS.finditer(text):
        start, end = match.span("it")
        person = beside_others or _PERSON.search(text, max(start - LONGEST_PERSON, 0), start)
        words = match["it"].split()
        known = any(word in abbreviations() or word.isupper() for word in words)
        if person and not known and not _eponym(text, start, end) and not any(map(_generic, words)):
            candidates.append(Found(start, end, "name"))
    if candidates:
        medical = [(mention.start, mention.end) for mention in mentions(text) if mention.role is not Role.NAME]
        yield from (found for found in candidates if not _meets(medical, found.start, found.end))


def _generic(word: str) -> bool:
    return word.replace("’", "'").lower() in _GENERIC


def _eponym(text: str, start: int, end: int) -> bool:
    """Whether the words are, or go on into, the name of a disease, a test or a trial."""
    return bool(_EPONYM.search(f" {text[start:end]}")) or bool(_EPONYM.match(text, end))


def _phones(text: str) -> Iterator[Found]:
    hits = [match.span() for match in islice(_SIX_DIGITS.finditer(text), MOST_PHONES + 1)]
    if not hits:
        return
    if len(hits) > MOST_PHONES:
        yield from _spans(text, "phone", (_TEN_DIGITS,))
        return
    import phonenumbers  # 0.1 s that a question without such digits need not wait for

    for start, end in _around(hits, text):
        for region in ("US", "GB"):
            for match in phonenumbers.PhoneNumberMatcher(text[start:end], region, leniency=phonenumbers.Leniency.POSSIBLE):
                if len(_NO_DIGIT.sub("", match.raw_string)) >= SHORTEST_PHONE:
                    yield Found(start + match.start, start + match.end, "phone")


def _around(hits: Sequence[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """The stretches of a text around these spans, each from one blank to another, none overlapping."""
    stretches: list[tuple[int, int]] = []
    for start, end in hits:
        earliest, latest = max(start - LONGEST_PHONE, 0), min(end + LONGEST_PHONE, len(text))
        blank = text.rfind(" ", max(earliest - LONGEST_PHONE, 0), earliest + 1)
        first = blank + 1 if blank >= 0 else max(earliest - LONGEST_PHONE, 0)
        if stretches and first <= stretches[-1][1]:
            first = stretches.pop()[0]
        blank = text.find(" ", latest, latest + LONGEST_PHONE)
        stretches.append((first, blank if blank >= 0 else min(latest + LONGEST_PHONE, len(text))))
    return stretches


_WORDS = lexicon("question", "privacy")
_SIX_DIGITS = re.compile(r"\d{3}\D{0,3}\d{3}")
_TEN_DIGITS = re.compile(r"(?<!\w)[+(]?\d(?:[\s().+/-]{0,3}\d){9,}+")
_NO_DIGIT = re.compile(r"\D")
SHORTEST_PHONE, LONGEST_PHONE = 10, 40
"""Digits that a phone number has at least; characters that one may take with its extension. By hand: numbers of both countries
have ten digits, and shorter ones are doses and record numbers."""
MOST_PHONES = 6
"""Groups of digits that ``phonenumbers`` looks at; by hand: each takes about 3 ms. In a text of more, ten digits in a row are a
phone number."""
LONGEST_PERSON = 60
"""Characters before a name that are looked at for a word for a person; by hand: the longest such word and some blanks."""
_HEADING = re.compile(
    r"(?:(?:(?:mr|mrs|ms|miss|dr|pt|patient|my|re|name|mrn|nhs|number|no|id|dob|born|on|seen|at|from|tel|phone|address|e-?mail|is)"
    r"\b[.:]?\s*){0,3}\[(?:name|date|number|place|phone|email|address)\]\s*[,:;.]\s*)+(?=\S)",
    re.IGNORECASE,
)

_PUBLICATION = re.compile(
    r"\b(?:pmid|pmcid|nct|isrctn|eudract|doi|arxiv)\b[:\s#]*[\w./-]+|\bNCT\d{8}\b|\bPMC\d+\b|\b10\.\d{4,9}/\S+|https?://\S+",
    re.IGNORECASE,
)

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_YEAR = r"(?:(?:19|20)\d\d|['’]\d\d)"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_DATES = (
    rf"\b{_MONTH}\s+{_DAY}(?:\s*,)?(?:\s*{_YEAR})?(?!\s*(?:m?c?g|ml|%|mmol|units?|tablets?)\b)(?![\w-]*\d)",
    rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}(?:\s*,)?(?:\s*{_YEAR})?(?!\w)",
    rf"\b{_MONTH}(?:\s*+,)?\s++(?:of\s+)?{_YEAR}\b",
    r"(?<![\d./-])(?:(?:1[0-2]|0?[1-9])[/.-](?:3[01]|[12]\d|0?[1-9])|(?:3[01]|[12]\d|0?[1-9])[/.-](?:1[0-2]|0?[1-9]))"
    r"[/.-](?:(?:19|20)\d\d|\d\d)(?![\d./-]\d|\d)",
    r"(?<!\d)(?:19|20)\d\d[/.-](?:1[0-2]|0?[1-9])[/.-](?:3[01]|[12]\d|0?[1-9])(?!\d)",
    r"\b(?:on|dob:?|seen|visit(?:ed)?|admitted|since)\s+(?P<it>(?:1[0-2]|0?[1-9])/(?:3[01]|[12]\d|0?[1-9]))(?![\d/])",
    r"\b(?:dob|d\.o\.b\.?|date of birth|born(?: on| in)?)[:\s]+(?P<it>(?>[\w/.,'-]*\d)[\w/.'-]*+)",
)

_CODE = r"#?\s?(?=[\w-]{0,80}\d)(?=[\w-]{4})[A-Z0-9](?:[A-Z0-9-]|\s(?=\d{3})){0,80}[A-Z0-9]"
_NUMBERED = (
    r"(?:mrn|med(?:ical|\.)? rec(?:ord|\.)?(?: (?:number|no\.?|#))?|record(?: (?:number|no\.?|#))|chart(?: (?:number|no\.?|#))?|"
    r"(?:patient|pt|member|subscriber|beneficiary|case|encounter|visit|study|device|serial|policy|plan|health plan|insurance|"
    r"insurer|account|acct|nhs|hpbn|hpn|hpid|health id|licen[cs]e|certificate|vehicle|unique|uid|ref(?:erence)?|rx)"
    r"(?:\.|\b)(?:\s(?:beneficiary|plan|identifier|id|number|no\.?|num|#)){0,4}|\bid|ssn|hicn|"
    r"social security(?: (?:number|no\.?|#))?|passport(?: (?:number|no\.?))?)"
)
_NUMBERS = (
    rf"(?i:\b{_NUMBERED})\s*+(?:is|was|of|-)?[:#\s]*+(?P<it>(?i:{_CODE}))(?=[\s).,;:?!'\"\]]|$)",
    r"#\s?(?P<it>(?=[\w-]*\d{3})[A-Za-z0-9-]{4,})",
    r"(?<![\w.,/-])\d{8,}+[A-Z]{0,3}+(?![\w.,]*\d)\b",
    r"(?<![\w.-])\d{3}-\d{2}-\d{3,4}(?![\w-])",
    r"(?<![\w.-])\d{3}-\d{3}-\d{3}(?![\w-])",
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])",
)
_CODES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w.-])[A-Z]{1,5}-?\d{5,}[A-Z]{0,3}\b",
        r"(?<![\w.-])[A-Z]{2,5}-\d{4,}(?:-\d+)*\b",
        r"(?<![\w.,/-])\d{7,}+[A-Z]{0,3}+(?![\w.,]*\d)\b",
        r"(?<![\w.-])\d{4,5}-\d{4,5}(?:-\d{4})*(?![\w-])",
    )
)
"""Compounds under test are called so too (MK-1602): a number of a patient only beside another identifier."""

_CAP = r"[A-Z][A-Za-z'’]+"
_INITIAL = r"[A-Z]\b\.?"
_FULL_NAME = re.compile(
    rf"(?<![\w.'’-])(?P<it>[A-Z][a-z'’]+(?:-[A-Z][a-z]+)?(?:\s{_INITIAL})?\s(?:{_CAP}(?:-{_CAP})?|{_INITIAL}))"
)
_ANNOUNCED = re.compile(
    r"\b(?!MR\b)(?:(?i:(?:mr|mrs|ms|miss|mx|dr|drs|prof(?:essor)?|doctor|nurse|sister|named|name is|name:|called|initials|"
    r"ref\.?|re:|attn:?|signed|identified as|"
    r"(?:seen|treated|diagnosed|managed|referred|followed|evaluated|admitted|operated) by)\b\.?)\s)"
    r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.?\s)?"
    rf"(?P<it>(?:(?:{_CAP}|[A-Z]\.)(?:-{_CAP})?)(?:\s(?:{_INITIAL}|{_CAP}))*)"
)
_LOWER_NAME = re.compile(
    r"\b(?i:named|name is|called|patient|pt|mr\.?|mrs\.?|ms\.?)\s(?P<it>[a-z]+ [a-z]\b\.?|[a-z]+ [a-z]{3,}\b)"
)
_TWO_WORDS = re.compile(r"(?<![\w.'’-])(?<!^)(?P<it>[A-Z][a-z]+(?:-[A-Z][a-z]+)?(?:\s[A-Z]\.)?\s[A-Z][a-z]+(?:-[A-Z][a-z]+)?)\b")
_PERSON = re.compile(
    r"\b(?:patient|pt|male|female|man|woman|boy|girl|gentleman|lady|mother|father|son|daughter|child|client|resident|y/?o|"
    r"year[- ]old|regarding)[\s,:(]+$",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"\b(?:Vitamin|Hepatitis|Type|Class|Stage|Grade|Factor|Protein|Group|Table|Phase|Score|Hospital|Clinic|Cent(?:er|re)|"
    r"University|Health|Medical|has|had|have|is|was|with|who|and|for|on|in|to|of|taking|does|did|can|should|will)\b"
)
_EPONYM = re.compile(rf"['’]?s?['’]?(?-i:(?:\s[A-Z][a-z]+){{0,2}})\s(?:{_WORDS['eponyms'].pattern})\b", re.IGNORECASE)

_INSTRUMENT = re.compile(r"-[A-Z]|(?:\s[\w-]+){1,4}\s(?:scales?|scores?|index|inventory|questionnaire|criteria|classification)\b")
"""What follows the city in the name of a scale."""

_FACILITY = (
    r"(?:[Hh]ospitals?|Hosp\.?|[Cc]linics?|Infirmary|Hospice|Sanatorium|Presbyterian|Sinai|"
    r"Medical (?:[Cc]ent(?:er|re)|Ctr\.?|Group|School)|"
    r"Med\.? (?:[Cc]ent(?:er|re)|Ctr\.?)|Health(?:care)? (?:System|[Cc]ent(?:er|re)|Network|Services|Ctr\.?)|"
    r"Cent(?:er|re)|Ctr\.?|University|Univ\.?|Memorial|General|Mercy|Methodist|Hopkins|Institute|County)"
)
_NAMED = r"[A-Z][\w.'’&-]*"
_INSTITUTIONS = (
    re.compile(
        rf"(?<!\w)(?:(?:St\.?|Saint|Mt\.?|Mount)\s)?(?:[A-Z][\w.'’&-]{{0,60}}\s(?:&\s)?){{1,4}}{_FACILITY}(?:\s{_FACILITY})*"
        rf"(?:\s(?:of|in|at)\s[A-Z][a-z]+(?:\s[A-Z][a-z]+)*)?(?!['’\w])"
    ),
    re.compile(r"\b(?:St\.?|Saint|Mt\.?|Mount)\s[A-Z][a-z]+(?:['’]s?)?(?:\s[A-Z][a-z]+)*"),
    re.compile(r"\b(?:ward|room|bed)\s(?P<it>#?\d+[A-Z]?|[A-Z]?\d+)\b"),
    re.compile(
        r"\b(?:seen|admitted|treated|diagnosed|evaluated|observed|presented|presenting|visit|visited|visiting|managed|referred|hospitali[sz]ed|"
        r"discharged|transferred|consulted|operated|appt)\s(?:(?:\w+\s){0,2}?(?:at|to|from)\s)(?:the\s|our\s)?"
        rf"(?P<it>(?:{_NAMED}\s(?:&\s)?){{0,3}}[A-Z][\w.'’&-]*\w)(?<!Dr)"
    ),
    re.compile(rf"\b(?:visit(?:ed|ing|s)?|our)\s(?:the\s|our\s)?(?P<it>(?:{_NAMED}\s){{0,3}}[A-Z][\w'’&-]*\w(?:\s{_FACILITY})?)"),
    re.compile(rf"\bat\s(?:the\s|our\s)?(?P<it>(?:{_NAMED}\s(?:&\s)?){{0,3}}[A-Z][A-Za-z.'’&-]*[A-Za-z])"),
    re.compile(
        r"(?<!suffering )(?<!resulting )(?<!recovering )(?<!different )(?<!differ )(?<!died )(?<!recovered )(?<!data )"
        r"(?<!results )(?<!evidence )(?<!isolated )(?<!derived )(?<!extracted )(?<!suffers )"
        r"\b(?:from|lives? in|living in|resid\w+ (?:in|of|at)|resident of|located in|based in)\s"
        r"(?P<it>[A-Z][a-z'’]+(?:\s[A-Z][a-z]+)*(?:,\s[A-Z]{2}\b)?)"
    ),
)
_GENERIC = frozenset(_WORDS["everyday"].entries)
"""Words that make up no institution's own name."""
_WARDS = frozenset(_WORDS["wards"].entries)
_CITY = re.compile(r"\b[A-Z][a-z']+(?:\s[A-Z][a-z]+){0,2}\b|\b[A-Z][a-z']+\b")

_PATTERNS: dict[Identifier, tuple[re.Pattern[str], ...]] = {
    "email": (re.compile(r"[\w.+%-]{1,64}+@[\w-]++(?:\.[\w-]++)++"),),
    "address": (
        re.compile(
            r"\b\d{1,5}\s(?:[A-Z][\w.]*\s){1,3}(?:St(?:reet)?|Ave(?:nue)?|R(?:oa)?d|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way)\b\.?"
        ),
    ),
    "date": tuple(re.compile(pattern, re.IGNORECASE if "dob" in pattern else 0) for pattern in _DATES),
    "number": tuple(map(re.compile, _NUMBERS)),
}
_FIRST_NAMES = frozenset(_WORDS["first_names"].entries)
_CITIES = frozenset(_WORDS["cities"].entries)
