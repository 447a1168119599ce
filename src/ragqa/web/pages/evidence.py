"""The evidence table of an answer: one row a study, each cell in the study's own words or a dash.

Population, intervention and comparator (Richardson et al., ACP J Club 1995;123:A12) are read from the methods, then from the
title, by rules that only ever cut: a cell is a slice of its record, never a paraphrase.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ragqa.answer.contract import Answer, Reference
from ragqa.corpus.passages import label_at
from ragqa.corpus.records import Abstract, Article
from ragqa.language.concepts import Role, mentions
from ragqa.language.lexicon import any_of, lexicon
from ragqa.language.sentences import sentences

_LISTS = lexicon("web", "evidence")
_WHO, _KIND = (f"(?:{_LISTS[name].pattern})" for name in ("participants", "described_as"))
_CUT = (
    r"(?=\s?[,;:()]|\.(?!\d)|$|\s(?:over|during|compared|versus|vs|and graded|according|received|taking|covered|tested|at \d|"
    r"in \d|recruited|and measured|for (?:\w+ )?(?:weeks?|months?|years?|\d))\b)"
)
_POPULATION = re.compile(
    rf"\b(?:{_KIND} ){{0,4}}{_WHO}(?: and (?:\d+ )?{_WHO})? (?:of all ages )?(?:with|aged|who (?:had|have|were)) "
    rf".{{1,300}}?{_CUT}",
    re.IGNORECASE,
)
_AMOUNT = r"^(?:(?:one|two|three|twelve|\d+)\s)?(?:(?:years?|months?|weeks?|infusions?|sessions?)\sof\s)"
_STOP = rf"(?=[\s,;:(.]|$)(?=\s?[,;:(]|\.(?!\d)|$|\s(?:{any_of(_LISTS['stops'].entries)}|to (?:prevent|treat|\d+))\b)"
_WORDS = r"(?:[^.;]|\.\d){1,120}?"
"""Within one sentence; a decimal point ends none."""
_COMPARED = re.compile(
    rf"\bcompared (?P<one>{_WORDS})(?:\s?\([^)]{{0,200}}\))? (?:with|to) (?P<other>{_WORDS}){_STOP}", re.IGNORECASE
)
_WAS_COMPARED = re.compile(rf"\b(?:were|was)(?: each)? compared with (?P<other>{_WORDS}){_STOP}", re.IGNORECASE)
_VERSUS = re.compile(
    rf"\b(?P<one>(?:[\w-]{{1,40}} ){{0,3}}?[\w-]{{1,40}}) (?:versus|vs\.?|compared (?:with|to)) (?P<other>{_WORDS}){_STOP}",
    re.IGNORECASE,
)
_TESTED = re.compile(
    rf"\b(?:tested|added|evaluated|assigned to|gave) (?P<one>{_WORDS})"
    r"(?=\s?[,;(]|\.(?!\d)|$|\s(?:in|(?<!up )to|for|against|over|or|versus|while|among|with)\b)"
    rf"(?:[^.;]{{0,200}}?\b(?:against|versus) (?P<other>{_WORDS})(?=\s?[,;(]|\.(?!\d)|$|\s(?:for|in|over)\b))?",
    re.IGNORECASE,
)
_PLACEBO = re.compile(r"\b(?:oral )?placebo\b", re.IGNORECASE)
_NO_TREATMENT = re.compile(
    rf"^(?:{_LISTS['no_treatment'].pattern})\b|\b(?:{_LISTS['no_treatment_end'].pattern})$|\bforms of\b", re.IGNORECASE
)
MOST_TREATMENTS = 2
"""Treatments named in the methods beyond which none is the one that was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One study; None where its record does not say."""

    number: int
    study: str
    design: str | None
    size: int | None
    year: int | None
    population: str | None
    intervention: str | None
    comparator: str | None
    results: tuple[str, ...]


COLUMNS = ("study", "design", "n", "population", "intervention", "comparator", "result")
_ORDER: dict[str, Callable[[Row], object]] = {
    "study": lambda row: (row.study.casefold(), row.number),
    "design": lambda row: (row.design is None, row.design or "", row.number),
    "n": lambda row: (row.size is None, -(row.size or 0), row.number),
    "population": lambda row: (row.population is None, (row.population or "").casefold(), row.number),
    "intervention": lambda row: (row.intervention is None, (row.intervention or "").casefold(), row.number),
    "comparator": lambda row: (row.comparator is None, (row.comparator or "").casefold(), row.number),
}
SORTABLE = tuple(_ORDER)


def table(answer: Answer, find: Callable[[str], Article | Abstract | None], sort: str = "") -> list[Row]:
    """The studies an answer cites, by their number there or by a column; the largest study first, what is not said last."""
    rows = [
        _row(reference, record, answer)
        for reference in answer.references
        if isinstance(record := find(reference.source_id), Abstract)
    ]
    order = _ORDER.get(sort)
    return sorted(rows, key=order) if order else rows  # type: ignore[arg-type] # each key is a tuple of one shape


def study_name(reference: Reference) -> str:
    """Who and when: "Kulkarni 2018"; the title's first words where no author is known."""
    who = reference.authors[0].rsplit(" ", 1)[0] if reference.authors else None
    words = (reference.title or reference.source_id).split()
    name = who or " ".join(words[:6]) + ("…" if len(words) > 6 else "")
    return f"{name} {reference.year}" if reference.year else name


def population(record: Abstract) -> str | None:
    """Who was studied, as the record words it."""
    for text in (_methods(record), record.title or ""):
        if found := _POPULATION.search(text):
            return _clean(found[0])
    held = sorted((m for m in mentions(record.title or "") if m.role in (Role.CONDITION, Role.POPULATION)), key=lambda m: m.role)
    return held[0].text if held else None


def intervention(record: Abstract) -> str | None:
    """What was tried, as the record words it; None where it is one of many."""
    one, _ = _arms(record)
    if one:
        return one
    for text in (record.title or "", _methods(record)):
        held = dict.fromkeys(m.text for m in mentions(text) if m.role is Role.TREATMENT and _treatment(m.text))
        if 0 < len(held) <= MOST_TREATMENTS:
            return next(iter(held))
    return None


def comparator(record: Abstract) -> str | None:
    """What it was compared with, as the record words it."""
    _, other = _arms(record)
    if other:
        return other
    found = next((match for text in (_methods(record), record.title or "") if (match := _PLACEBO.search(text))), None)
    return found[0] if found else None


def _row(reference: Reference, record: Abstract, answer: Answer) -> Row:
    return Row(
        number=reference.number,
        study=study_name(reference),
        design=reference.study_design,
        size=reference.sample_size,
        year=reference.year,
        population=population(record),
        intervention=intervention(record),
        comparator=comparator(record),
        results=_results(reference.number, record, answer),
    )


def _results(number: int, record: Abstract, answer: Answer) -> tuple[str, ...]:
    """What this answer quotes of the study's findings; else the first sentence of its results."""
    supports = [support for statement in answer.statements for support in statement.support if support.reference == number]
    found = [s.quote for s in supports if label_at(record, s.start) in (None, "RESULTS", "CONCLUSIONS", "FINDINGS")]
    if not found:
        for label, start, end in record.spans():
            if (label or "").upper() in ("RESULTS", "FINDINGS", "CONCLUSIONS"):
                found = [sentence.text for sentence in sentences(record.text, start, end) if sentence.is_whole][:1]
                break
    return tuple(dict.fromkeys(found))


def _arms(record: Abstract) -> tuple[str | None, str | None]:
    """Both sides of the study's comparison, from the first place that words one."""
    one = other = None
    for text in (_methods(record), record.title or ""):
        for pattern in (_COMPARED, _VERSUS, _TESTED, _WAS_COMPARED):
            for found in pattern.finditer(text):
                sides = found.groupdict()
                one = one or _treatment(sides.get("one"))
                other = other or _treatment(sides.get("other"))
        if one and other:
            break
    return one, other


def _treatment(words: str | None) -> str | None:
    """The words, where they name something that can be given and nobody who takes it."""
    if not words:
        return None
    text = re.sub(r"(?: up| \d+)$", "", _clean(re.sub(_AMOUNT, "", words.strip(), flags=re.IGNORECASE)))
    roles = {mention.role for mention in mentions(text)}
    if (
        len(text) > 90
        or not text
        or _NO_TREATMENT.search(text)
        or (roles & {Role.CONDITION, Role.POPULATION} and Role.TREATMENT not in roles)
    ):
        return None
    return text


def _clean(words: str) -> str:
    return words.strip(" ,;:.")


def _methods(record: Abstract) -> str:
    return next((section.text for section in record.sections if (section.label or "").upper() in ("METHODS", "DESIGN")), "")
