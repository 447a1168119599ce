"""A question in the names that sources use: brands by their preferred names, misspelt names as what they are near.

named("zyprexa in EUPD", uses).text == "olanzapine in borderline personality disorder"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragqa.language.abbreviations import abbreviations
from ragqa.language.concepts import Link, links, suggestions
from ragqa.language.roots import root
from ragqa.language.scales import places
from ragqa.question.replacing import replaced
from ragqa.question.studies import Credited, NamedStudy, Uses, named_studies, nobody

_WORD = re.compile(r"[^\W\d_]{5,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """A question by other names; ``guessed`` are misspelt words with the name that each was read as, ``studies`` those that it
    calls by name, which ``text`` does not.
    """

    text: str
    guessed: tuple[tuple[str, str], ...] = ()
    studies: tuple[NamedStudy, ...] = ()


def named(question: str, uses: Uses, credited: Credited = nobody) -> Naming:
    """The question in preferred names.

    A misspelt word, one that no source uses, is read as the one name of sources that it is near, and as nothing where there are
    several.
    """
    studies = named_studies(question, links(question), credited, uses)
    rest = replaced(question, [(study.start, study.end, " ") for study in studies])
    question = rest if _WORD.search(rest) else question  # of "Simpson 2013?" nothing would be left to ask
    guesses = list(_guesses(question, uses))
    text = replaced(question, guesses)
    figures = [place for place in places(text) if not place.by_name]  # "Child-Pugh B" by another name is no class any more
    preferred = [
        (link.start, link.end, link.concept.name)
        for link in links(text)
        if _called_otherwise(link) and not any(place.start < link.end and link.start < place.end for place in figures)
    ]
    asked = tuple((question[start:end], name) for start, end, name in guesses)
    return Naming(text=replaced(text, preferred), guessed=asked, studies=studies)


def _guesses(question: str, uses: Uses) -> Iterator[tuple[int, int, str]]:
    known = [link for link in links(question) if link.known]
    for word in _WORD.finditer(question):
        if any(link.start < word.end() and word.start() < link.end for link in known) or uses(word[0]):
            continue
        near = [name for name in suggestions(word[0]) if uses(name)]
        if len(near) == 1:
            yield word.start(), word.end(), near[0]


def _called_otherwise(link: Link) -> bool:
    """Whether a name shares no word with the preferred one and is no abbreviation that sources use as well."""
    if len(link.concepts) > 1 or link.text in abbreviations():
        return False
    own = {root(word) for word in link.text.casefold().split()}
    return own.isdisjoint(root(word) for word in link.concept.name.casefold().split())


def without_names(question: str) -> str:
    """A question without the names of drugs, conditions, people and outcomes in it."""
    return replaced(question, [(link.start, link.end, " ") for link in links(question)])
