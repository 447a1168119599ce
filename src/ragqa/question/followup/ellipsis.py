"""Ellipsis: whether a question names what it is about, and what it takes over from the thread where it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ragqa.language.concepts import Mention, Role
from ragqa.question.followup.mentions import (
    ASKING,
    JOINT,
    WORDS,
    identities,
    kind_of_people,
    mentions,
    subjects,
    texts_of,
    without_end,
)
from ragqa.question.followup.thread import Thread
from ragqa.question.understanding import QuestionType, understand

MOST_QUALIFIERS = 2
"""Names and numbers of a trial taken over; by hand: the name and one number find it, more would outweigh the question."""
LONGEST_REMARK = 4
"""Telling words beside what a question names, from which they are a question of their own; by hand;
`ragqa eval conversations --split dev` shows what another one costs."""
LONGEST_LEANING = 7
"""Telling words from which a question that names its treatment or condition says enough; by hand;
`ragqa eval conversations --split dev` shows what another one costs."""

_ON_ORGANS = (QuestionType.DOSE, QuestionType.GENERAL)
"""Question types that kidneys and liver matter to: what a dose depends on does not narrow another question."""
_BARE_COMPARATIVE = re.compile(rf"\b(?:{WORDS['comparative'].pattern})\b(?!.{{0,200}}\bthan\b)", re.IGNORECASE)
_OF_A_STUDY = re.compile(WORDS["of_a_study"].pattern, re.IGNORECASE)
_OF_A_DRUG = re.compile(rf"\b(?:{WORDS['of_a_drug'].pattern})\b", re.IGNORECASE)
"""Facts of a drug that are the same whatever it is taken for."""
_OF_ANY_PEOPLE = re.compile(rf"\b(?:{WORDS['of_any_people'].pattern})\b", re.IGNORECASE)
_QUALIFIER = re.compile(
    rf"\b(?:(?:{WORDS['arms'].pattern})-\w+|"
    rf"\d\w*(?:[.,-]\w+)*(?: ?(?:{WORDS['dose_units'].pattern})(?:/\w+)?)?|[\w-]{{0,40}}\d\b)"
)


def stands_alone(question: str, said: str, own: Sequence[Mention], rest: Sequence[str], thread: Thread) -> bool:
    """Whether a question names what it is about.

    ``said`` is the question without what it opens with, ``own`` are its mentions, ``rest`` its other telling words.
    """
    own = subjects(said, own)
    treatments, conditions = texts_of(Role.TREATMENT, own), texts_of(Role.CONDITION, own)
    if not treatments and not ASKING.search(said):
        return not conditions and len(rest) >= LONGEST_LEANING
    if _BARE_COMPARATIVE.search(said) and len(treatments) < 2:
        return bool(conditions) and len(rest) >= LONGEST_REMARK
    if (treatments and conditions) or (texts_of(Role.NAME, own) and not (thread.of(Role.TREATMENT) or thread.of(Role.CONDITION))):
        return True
    if said != question or not rest:
        return False
    known = identities(" | ".join(text for role in (Role.TREATMENT, Role.CONDITION) for text in thread.of(role)))
    return any(not identities(text) <= known for text in [*treatments, *conditions]) or len(rest) >= LONGEST_LEANING


def is_of_a_study(said: str) -> bool:
    """Whether a question asks what one study did: then the study's names and numbers matter."""
    return bool(_OF_A_STUDY.search(said))


def completed(text: str, thread: Thread, with_population: bool = True, of_a_study: bool = False) -> str:
    """The text with the thread's treatment, population and condition where it names none.

    ``of_a_study``: it asks about one study, whose names and numbers it takes over too.
    """
    added = [_as_told(role, carried) for role, carried in _taken_over(text, thread, with_population)]
    if of_a_study and (thread.clinical or thread.topic) and (qualifiers := _qualifiers(thread.question, text)):
        added.append(f"({', '.join(qualifiers)})")
    return f"{without_end(text)} {' '.join(added)}?" if added else text


def _as_told(role: Role, carried: Sequence[str]) -> str:
    """What is taken over, with its joint: people of an age whose organs are told of are both at once."""
    both = len({kind_of_people(text) for text in carried}) > 1 if role is Role.POPULATION else False
    return f"{JOINT[role]} {(f' {JOINT[role]} ' if both else ' or ').join(carried)}"


def _taken_over(text: str, thread: Thread, with_population: bool) -> Iterator[tuple[Role, list[str]]]:
    """What the thread has of each role that the text names nothing of and could mean."""
    held = subjects(text, mentions(text))
    on_organs = understand(text).question_type in _ON_ORGANS
    left_out = {*_left_out(text, texts_of(Role.POPULATION, held)), *(() if with_population else (Role.POPULATION,))}
    for role in (Role.TREATMENT, Role.POPULATION, Role.CONDITION):
        if role in left_out or texts_of(role, held):
            continue
        carried = thread.carried(role)
        if carried and (on_organs or not any(kind_of_people(people) == "organ" for people in carried)):
            yield role, carried


def _left_out(text: str, people: Sequence[str]) -> Iterator[Role]:
    """What a question does not take over: a dose for kidneys or liver and such facts of a drug as its half-life depend on no
    condition that is treated, and interactions on nobody who takes it.
    """
    of_a_drug = bool(_OF_A_DRUG.search(text)) and not is_of_a_study(text)
    if of_a_drug or any(kind_of_people(population) == "organ" for population in people):
        yield Role.CONDITION
    if of_a_drug and _OF_ANY_PEOPLE.search(text):
        yield Role.POPULATION


def _qualifiers(question: str, text: str) -> list[str]:
    """Names and numbers that say which trial, dose or setting was spoken of."""
    named = [mention.text for mention in mentions(question) if mention.role is Role.NAME]
    numbered = [match[0] for match in _QUALIFIER.finditer(question)]
    said = text.casefold()
    return [words for words in dict.fromkeys([*named, *numbered]) if words.casefold() not in said][:MOST_QUALIFIERS]
