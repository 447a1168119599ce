"""Names of persons."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.language.abbreviations import abbreviations
from ragqa.language.concepts import Role, mentions
from ragqa.question.privacy.eponyms import LISTS, is_eponym, is_generic
from ragqa.question.privacy.spans import WORDS, Found, meets

LONGEST_PERSON = 60
"""Characters before a name that are looked at for a word for a person; by hand: the longest such word and some blanks."""

_FIRST_NAMES = frozenset(LISTS["first_names"].entries)
_CAPITALISED = r"[A-Z][A-Za-z'’]+"
_INITIAL = r"[A-Z]\b\.?"
_FULL_NAME = re.compile(
    r"(?<![\w.'’-])(?P<it>[A-Z][a-z'’]+(?:-[A-Z][a-z]+)?"
    rf"(?:\s{_INITIAL})?\s(?:{_CAPITALISED}(?:-{_CAPITALISED})?|{_INITIAL}))"
)
_ANNOUNCED = re.compile(
    rf"\b(?!MR\b)(?:(?i:(?:{WORDS['announcing'].pattern})\b\.?)\s)"
    rf"(?:(?:{WORDS['titles'].pattern})\.?\s)?"
    rf"(?P<it>(?:(?:{_CAPITALISED}|[A-Z]\.)(?:-{_CAPITALISED})?)(?:\s(?:{_INITIAL}|{_CAPITALISED}))*)"
)
_LOWER_CASE = re.compile(rf"\b(?i:{WORDS['announcing_lower_case'].pattern})\s(?P<it>[a-z]+ [a-z]\b\.?|[a-z]+ [a-z]{{3,}}\b)")
_TWO_WORDS = re.compile(r"(?<![\w.'’-])(?<!^)(?P<it>[A-Z][a-z]+(?:-[A-Z][a-z]+)?(?:\s[A-Z]\.)?\s[A-Z][a-z]+(?:-[A-Z][a-z]+)?)\b")
_PERSON = re.compile(rf"\b(?:{WORDS['persons'].pattern})[\s,:(]+$", re.IGNORECASE)
_NO_NAME = re.compile(rf"\b(?:{WORDS['no_name'].pattern})\b")


def names(text: str) -> Iterator[Found]:
    """A listed first name with a surname or an initial, or any capitalised name after a word that announces one."""
    for pattern, listed in ((_FULL_NAME, True), (_ANNOUNCED, False), (_LOWER_CASE, True)):
        for match in pattern.finditer(text):
            first = re.split(r"[\s.]", match["it"])[0].lower()
            known = not listed or first in _FIRST_NAMES
            if known and not _NO_NAME.search(match["it"]) and not is_eponym(text, *match.span("it")):
                yield Found(*match.span("it"), "name")


def unlisted_names(text: str, beside_others: bool) -> Iterator[Found]:
    """Two capitalised words that are no medicine: a name after a word for a person, or beside another identifier."""
    candidates = []
    for match in _TWO_WORDS.finditer(text):
        start, end = match.span("it")
        person = beside_others or _PERSON.search(text, max(start - LONGEST_PERSON, 0), start)
        words = match["it"].split()
        known = any(word in abbreviations() or word.isupper() for word in words)
        if person and not known and not is_eponym(text, start, end) and not any(map(is_generic, words)):
            candidates.append(Found(start, end, "name"))
    if candidates:
        medical = [(mention.start, mention.end) for mention in mentions(text) if mention.role is not Role.NAME]
        yield from (found for found in candidates if not meets(medical, found))
