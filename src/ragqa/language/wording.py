"""Rewordings that can be proven to say the same: abbreviations spelled out, and plain language for patients.

Every rewording here can be undone by rule: ``same_words`` brings two texts to one common form and compares them, so a
statement that was reworded is still checked against its source, word for word, and all of it: a part of a sentence may say what
the whole does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ragqa.language.abbreviations import known_abbreviations
from ragqa.language.effects import may_show_no_effect
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import quantities
from ragqa.language.sentences import without_markers

_BRACKET = re.compile(r"(?<!\s)\s*+[(\[]([^()\[\]]*)[)\]]")
_WORDS = lexicon("language", "wording")
_STATISTIC = re.compile(
    rf"\b(?:{_WORDS['statistics'].pattern})\b\s*[=<>]?|(?<!\d)\d++(?:\.\d++)?\s?%\s*(?:CI|CrI)|\bversus\b|\bvs\b"
)
_ONLY_FIGURES = re.compile(rf"^(?:[\d\s.,;:%=<>≤≥±/–−-]|{_WORDS['beside_figures'].pattern})+$")
_WORD = re.compile(r"(?:(?<![\w.,])\.(?=\d))?\w+(?:[.,]\d+)*|[-−–](?=\.?\d)|[<>≤≥=≈~±+%/°×^?]")
"""A word, or a sign that is a fact like the figure beside it: a minus, a bound, per cent."""
_JOINTS = (
    (re.compile(r"; (?:and )?(?=[a-zA-Z])"), ". "),
    (re.compile(r", but (?=[a-z])"), ". But "),
    (re.compile(r", because (?=[a-z])"), ". This is because "),
    (re.compile(r", (?:whereas|while) (?=[a-z])"), ". In contrast, "),
    (re.compile(r", although (?=[a-z])"), ". However, "),
    (re.compile(rf", and (?=(?:[\w-]+ ){{1,7}}(?:{_WORDS['clause_verbs'].pattern})\b)"), ". And "),
)
"""Where a sentence may be cut, and what then begins the next one; ``_JOINED`` takes each back."""
_JOINED = (
    (re.compile(r"\bthis is because\b", re.IGNORECASE), "because"),
    (re.compile(r"\bin contrast\b|\bwhile\b", re.IGNORECASE), "whereas"),
    (re.compile(r"\bhowever\b", re.IGNORECASE), "although"),
    (re.compile(r"[;.] and\b", re.IGNORECASE), ";"),
    (re.compile(r", and\b", re.IGNORECASE), ","),
)


def spell_out(text: str, source: str, seen: set[str]) -> str:
    """Each abbreviation not yet ``seen``, written out before itself where it first stands: "heart failure (HF)".

    Only where the ``source`` itself spells it that way, so that a second meaning cannot slip in; ``seen`` is added to.
    """
    folded = source.lower()
    for short, meanings in known_abbreviations(text).items():
        if short in seen:
            continue
        seen.add(short)
        meaning = next((m for m in meanings if m.lower() in folded), None)
        if meaning and meaning.lower() not in text.lower() and f"({short})" not in text:
            text = re.sub(rf"(?<![\w-]){re.escape(short)}(?![\w-])", f"{meaning} ({short})", text, count=1)
    return text


def plain(text: str) -> str:
    """A sentence in plain language: jargon replaced by the glossary, bracketed figures left out, long sentences cut.

    A figure that shows no effect is never left out: without it the sentence would claim more.
    """
    told = _plain_words(_without_figures(text))
    for joint, start in _JOINTS:
        told = joint.sub(start, told)
    return re.sub(r"(^|[.?!] )([a-z])", lambda start: start[1] + start[2].upper(), told)


def same_words(text: str, quote: str) -> bool:
    """Whether a text says all that a quote says, word for word, once both are in the common form: plain words, no expansions.

    Of the quote only figures that plain language may leave out can be missing; those that are there stand where they stood.
    """
    said = [word for words, _ in _common(text) for word in words]
    reached = {0}
    for words, may_be_missing in _common(quote):
        after = {at + len(words) for at in reached if said[at : at + len(words)] == words}
        reached = after | reached if may_be_missing else after
    return bool(said) and len(said) in reached


def _common(text: str) -> Iterator[tuple[list[str], bool]]:
    """The words of a text in the common form, in stretches, each with whether it is a bracket that may be left out."""
    told, at = collapsed(without_markers(text)), 0
    for bracket in _BRACKET.finditer(told):
        if _may_be_left_out(bracket[1]):
            yield _words(told[at : bracket.start()]), False
            yield _words(bracket[1]), True
            at = bracket.end()
    yield _words(told[at:]), False


def _words(text: str) -> list[str]:
    told = _plain_words(text)
    for cut, joint in _JOINED:
        told = cut.sub(joint, told)
    return [word.casefold() for word in _WORD.findall(told)]


def collapsed(text: str) -> str:
    """A text without the expansions that ``spell_out`` put before abbreviations."""
    for short, meanings in known_abbreviations(text).items():
        forms = {form for meaning in meanings for form in (meaning, _plain_words(meaning))}
        for form in sorted(forms, key=lambda form: (-len(form), form)):  # one meaning may be the end of a longer one
            text = re.sub(rf"{re.escape(form)} \({re.escape(short)}\)", short, text, flags=re.IGNORECASE)
    return text


def _without_figures(text: str) -> str:
    return _BRACKET.sub(lambda bracket: "" if _may_be_left_out(bracket[1]) else bracket[0], text)


def _may_be_left_out(inside: str) -> bool:
    """A statistic with nothing beside its figures, none of which may show that there was no effect."""
    return (
        re.search(r"\d", inside) is not None
        and _ONLY_FIGURES.match(inside) is not None
        and _STATISTIC.search(inside) is not None
        and not any(may_show_no_effect(quantity) for quantity in quantities(inside))
    )


def _plain_words(text: str) -> str:
    glossary, pattern = _glossary()
    return pattern.sub(lambda term: _cased(term[0], glossary[term[0].lower()]), text)


def _cased(term: str, words: str) -> str:
    return words[0].upper() + words[1:] if term[0].isupper() and not term.isupper() else words


@lru_cache(maxsize=1)
def _glossary() -> tuple[dict[str, str], re.Pattern[str]]:
    table = {term: plain for term, (plain,) in lexicon("language", "glossary")["glossary"].table().items()}
    longest_first = sorted(table, key=len, reverse=True)
    return table, re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])", re.IGNORECASE)


def glossary_terms() -> dict[str, str]:
    """Technical term to plain words."""
    return dict(_glossary()[0])
