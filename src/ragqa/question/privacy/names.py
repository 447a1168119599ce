"""Names of persons."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ragqa.language.abbreviations import abbreviations
from ragqa.language.concepts import Role, mentions
from ragqa.language.lexicon import lexicon
from ragqa.language.sentence_ends import sentence_starts
from ragqa.question.privacy.eponyms import LISTS, is_eponym, is_eponymous, is_generic
from ragqa.question.privacy.spans import WORDS, Found, meets

LONGEST_PERSON = 60
"""Characters before a name that are looked at for a word for a person; by hand: the longest such word and some blanks."""
MOST_MORE = 2
"""Surnames that may follow a first name and a surname; by hand."""

_FIRST_NAMES = frozenset(LISTS["first_names"].entries)
_NO_NAMES = frozenset(
    word.lower()
    for group in (lexicon("language", "sentences")["openers"], WORDS["titles"], WORDS["titles_lower_case"])
    for word in group.entries
)
_SPECIES = frozenset(WORDS["species"].entries)
_PARTICLE = rf"(?:(?:{WORDS['particles'].pattern})\s|(?:al|el|El|Al)-)"
_WORD = r"[A-Z][A-Za-z'’]+"
_CAPITALISED = rf"{_WORD}(?:-{_WORD})?"
_SURNAME = rf"(?:{_PARTICLE}{{0,3}}{_CAPITALISED})"
_INITIAL = r"[A-Z]\b\.?"
_FIRST = r"(?<![\w.'’-])(?P<it>[A-Z][a-z'’]+(?:-[A-Z][a-z]+)?"
_FULL_NAME = re.compile(rf"{_FIRST}(?:\s{_INITIAL})?\s(?:{_SURNAME}|{_INITIAL}))")
_ANNOUNCED = re.compile(
    rf"\b(?!MR\b|PAT\b)(?:(?i:(?:{WORDS['announcing'].pattern})\b\.?)\s)"
    rf"(?:(?:{WORDS['titles'].pattern})\.?\s)?"
    rf"(?P<it>(?:(?i:{_PARTICLE}){{1,3}}{_CAPITALISED}|{_CAPITALISED}|[A-Z]\.)"
    rf"(?:\s(?:{_PARTICLE}{{0,3}}{_CAPITALISED}|{_INITIAL}))*)"
)
_TITLED = re.compile(rf"\b(?:{WORDS['titles'].pattern})\.?\s(?P<it>[A-Z](?![\w.-])(?:\s{_WORD})?)")
_LOWER_CASE = re.compile(rf"\b(?i:{WORDS['announcing_lower_case'].pattern})\s(?P<it>[a-z]+ [a-z]\b\.?|[a-z]+ [a-z]{{3,}}\b)")
_TWO_WORDS = re.compile(r"(?<![\w.'’-])(?<!^)(?P<it>[A-Z][a-z]+(?:-[A-Z][a-z]+)?(?:\s[A-Z]\.)?\s[A-Z][a-z]+(?:-[A-Z][a-z]+)?)\b")
_MORE = re.compile(rf"\s(?P<it>{_SURNAME})(?![\w'’-])")
_PERSON = re.compile(rf"\b(?:{WORDS['persons'].pattern})[\s,:(]+$", re.IGNORECASE)
_NO_NAME = re.compile(rf"\b(?:{WORDS['no_name'].pattern})\b")

_PARTED = re.compile(rf"{_FIRST}\s(?:{_PARTICLE}{{1,3}}{_CAPITALISED}|(?:O['’]|Mc|Mac)[A-Z][a-z]+))(?!\w)")
"""A surname with a particle, or of a form that only surnames have."""
_SEVERAL = re.compile(rf"(?<![\w.'’-])(?P<it>{_CAPITALISED}(?:\s(?:{_INITIAL}|{_SURNAME})){{1,3}})(?!\w)")
_INITIALS = re.compile(rf"(?<![\w.'’-])(?P<it>(?:[A-Z]\.\s?){{1,3}}{_SURNAME})(?!\w)(?!\set\sal)")
_ONLY_INITIALS = re.compile(rf"\b(?:{WORDS['persons'].pattern})[\s,:(]{{1,3}}(?P<it>(?-i:[A-Z]\.\s?[A-Z]\b\.?))", re.IGNORECASE)
_AFTER = rf"(?:{'|'.join(WORDS['after_names'].entries)})\b"
_TURNED = re.compile(rf"(?<![\w.'’-])(?P<it>{_CAPITALISED}, (?P<first>[A-Z][a-z'’]+))(?=\s?[(:;,.]|\s{_AFTER})")
_IN_CAPITALS = re.compile(
    r"(?<![\w.'’-])(?P<it>(?P<first>[A-Z]{3,})(?:\s[A-Z]\.?)?\s(?:[A-Z]['’])?[A-Z]{3,}(?:-[A-Z]+)?)(?![\w'’-])"
)
_IN_LOWER_CASE = re.compile(r"(?<![\w.'’-])(?P<it>[a-z]{3,20}\s[a-z]{3,20})(?![\w'’-])")
_TITLED_IN_CAPITALS = re.compile(rf"\bMR\.?\s(?P<it>[A-Z]{{3,}})(?=,|\s{_AFTER})")
_TITLED_IN_LOWER_CASE = re.compile(rf"\b(?:{WORDS['titles_lower_case'].pattern})\.?\s(?P<it>[a-z'’-]{{3,}})(?=,|\s{_AFTER})")
_WORDS_OF_NAMES = re.compile(r"[\w'’.,-]+")


def names(text: str, plain: str) -> Iterator[Found]:
    """A listed first name with a surname or an initial, any capitalised name after a word that announces one, and what has the
    form of a name and is no medicine: with accents or particles, in capitals, turned round, initials with a surname.

    ``plain`` is ``text`` without accents.
    """
    listed = [*_listed_or_announced(plain)]
    formed = [*_of_the_form_of_names(text, plain)]
    if not (listed or formed):
        return
    medical = _medical(plain)
    for found in listed:
        yield _whole(plain, found, medical)
    for start, end, least in formed:
        own = _own(plain, start, end, medical if least > 1 else ())
        if own and own[1] >= least and not _NO_NAME.search(plain, start, own[0].end):
            yield own[0]


def _whole(plain: str, found: Found, medical: Sequence[tuple[int, int]]) -> Found:
    """A name with the surnames that follow: Maria Garcia Lopez, Jan van der Berg."""
    for _ in range(MOST_MORE):
        more = _MORE.match(plain, found.end)
        if not more or not _own(plain, *more.span("it"), medical):
            break
        found = Found(found.start, more.end(), "name")
    return found


def _listed_or_announced(plain: str) -> Iterator[Found]:
    for pattern, listed in ((_FULL_NAME, True), (_ANNOUNCED, False), (_TITLED, False), (_LOWER_CASE, True)):
        for match in pattern.finditer(plain):
            known = not listed or _is_first_name(re.split(r"[\s.]", match["it"])[0])
            if known and not _NO_NAME.search(match["it"]) and not is_eponym(plain, *match.span("it")):
                yield Found(*match.span("it"), "name")


def _of_the_form_of_names(text: str, plain: str) -> Iterator[tuple[int, int, int]]:
    """Where words have the form of a name, and how many of them must be no other words."""
    for match in (*_PARTED.finditer(plain), *_accented(text, plain), *_with_initials(plain)):
        yield *match.span("it"), 2
    for match in (*_TURNED.finditer(plain), *_IN_CAPITALS.finditer(plain)):
        if _is_first_name(match["first"]):
            yield *match.span("it"), 2
    for match in (*_ONLY_INITIALS.finditer(plain), *_TITLED_IN_CAPITALS.finditer(plain), *_TITLED_IN_LOWER_CASE.finditer(plain)):
        yield *match.span("it"), 1


def _accented(text: str, plain: str) -> Iterator[re.Match[str]]:
    """Capitalised words of which one has an accent, and a listed first name in lower case before or with one."""
    if text == plain:
        return
    for match in (*_SEVERAL.finditer(plain), *_IN_LOWER_CASE.finditer(plain)):
        start, end = match.span("it")
        if text[start:end] != plain[start:end] and (match["it"][0].isupper() or _is_first_name(match["it"].split()[0])):
            yield match


def _with_initials(plain: str) -> Iterator[re.Match[str]]:
    """Initials and a surname between which no sentence ends, and no species."""
    found = [match for match in _INITIALS.finditer(plain) if match["it"].split()[-1].lower() not in _SPECIES]
    starts = [*sentence_starts(plain)] if found else []
    for match in found:
        after = bisect_right(starts, match.start("it"))
        if after == len(starts) or starts[after] >= match.end("it"):
            yield match


def _is_first_name(word: str) -> bool:
    return word.strip("'’").lower() in _FIRST_NAMES


def _own(plain: str, start: int, end: int, medical: Sequence[tuple[int, int]]) -> tuple[Found, int] | None:
    """Of these words those that may be a person's, from the first that is not everyday up to the next known one; their number."""
    kept: list[tuple[int, int]] = []
    for match in _WORDS_OF_NAMES.finditer(plain, start, end):
        word, first = match[0].rstrip(",."), match.start()
        if is_eponymous(word.removesuffix("'s")):
            return None
        everyday = is_generic(word) or word.lower() in _NO_NAMES
        if everyday and not kept:
            continue
        edges = (Found(at, at + 1, "name") for at in (first, first + max(len(word), 1) - 1))
        if everyday or word in abbreviations() or all(meets(medical, edge) for edge in edges):
            break
        kept.append(match.span())
    if not kept or is_eponym(plain, kept[0][0], kept[-1][1]):
        return None
    return Found(kept[0][0], kept[-1][1], "name"), len(kept)


def _medical(text: str) -> list[tuple[int, int]]:
    """What in a text is the name of something in medicine."""
    return [(mention.start, mention.end) for mention in mentions(text) if mention.role is not Role.NAME]


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
        medical = _medical(text)
        yield from (found for found in candidates if not meets(medical, found))
