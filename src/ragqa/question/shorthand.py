"""A question as a source would word it: shorthand written out, figures of a patient beside the name of their band, of a long
story the part that asks.

expanded("memantine 20mg od if CrCl 18?") == "memantine 20 mg once daily if CrCl 18 (severe renal impairment)?"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from ragqa.language.concepts import Role, mentions
from ragqa.language.lexicon import lexicon
from ragqa.language.scales import called, places
from ragqa.language.sentences import sentences
from ragqa.question.replacing import replaced
from ragqa.question.understanding import QuestionType, understand

_WORDS = lexicon("question", "shorthand")
STORY = 60
"""Words from which a question is a story, most of which no source holds; by hand."""
OF_DRUGS = frozenset({QuestionType.DOSE, QuestionType.SAFETY, QuestionType.MONITORING, QuestionType.CONTRAINDICATION})
"""What is asked of a drug whatever it is given for."""
_Words = Callable[[re.Match[str]], str]
_Rule = tuple[str, _Words]
"""A pattern, and what is written where it is found."""


@lru_cache(maxsize=256)
def expanded(question: str) -> str:
    """A question with its shorthand written out and, behind each figure that places its patient, what sources call the place."""
    text = written_out(question)
    asking = _asking(text)
    if asking:
        names = dict.fromkeys(name for place in places(text) if (name := called(place)))
        return f"{asking} ({', '.join(names)})" if names else asking
    figures = [place for place in places(text) if not place.by_name]
    return replaced(text, [(place.end, place.end, f" ({name})") for place in figures if (name := called(place))])


def _asking(text: str) -> str:
    """What a long story asks, "" where the story is needed: where its question names no treatment, or asks for an effect, which
    depends on the condition, and names none.
    """
    if len(text.split()) < STORY:
        return ""
    asking = " ".join(sentence.text for sentence in sentences(text, 0, len(text)) if sentence.text.endswith("?"))
    roles = {mention.role for mention in mentions(asking)}
    whatever_for = understand(asking).question_type in OF_DRUGS or Role.CONDITION in roles
    return asking if Role.TREATMENT in roles and whatever_for else ""


def written_out(question: str) -> str:
    """A question with its shorthand written out where its meaning is clear, each rule tried in turn."""
    text = question
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return _named_so(text)


def _any(group: str) -> str:
    return f"(?:{_WORDS[group].pattern})"


_DOSE = rf"\d\s?{_any('dose_units')}(?:\s{_any('forms')})?[\s,]{{1,2}}"
_AND = r"\s?(?:or|vs?\.?|versus|and|to|/|then)\s?"
_EYE = re.compile(rf"\b{_any('eye')}\b", re.IGNORECASE)


def _spaced(match: re.Match[str]) -> str:
    return f"{match['number']} {match['unit']}"


def _always(words: str) -> _Words:
    return lambda match: words


def _rule(short: str, words: str, before: str = "", in_small_letters: bool = False) -> _Rule:
    """For a form of shorthand that is no part of a word; ``before`` is a pattern of what stands before it, and stays."""
    end, gap = ("", " ") if short.endswith("/") else (r"(?![\w/-])", "")
    case = "" if in_small_letters else "i"
    source = rf"(?{case}:(?P<kept>{before})(?<![\w/.-]){short}{end}(?P<space>\s?))"
    return source, lambda match: f"{match['kept']}{words}{match['space'] or gap}"


def _rules(group: str, before: str = "", in_small_letters: bool = False) -> list[_Rule]:
    return [_rule(short, words, before, in_small_letters) for short, (words,) in _WORDS[group].table().items()]


def _parts(part: int, unit: str, before: str, after: str = "") -> _Rule:
    """For a number of days, weeks or months as a part of a week or a year."""
    source = rf"(?i:(?P<kept>{before})(?<![\w/.-])(?P<number>\d{{1,2}})/{part}(?![\d/]){after})"
    return source, lambda match: f"{match['kept']}{match['number']} {unit}{'s' * (match['number'] != '1')}"


_NEAR = _any("spans")
_FREQUENCY = _any("frequencies")
_RULES = tuple(
    (re.compile(source), words)
    for source, words in (
        (rf"(?<![\w.,])(?P<number>\d{{1,4}}(?:\.\d{{1,3}})?)(?P<unit>{_any('dose_units')})(?!\w)", _spaced),
        *(_parts(part, unit, rf"\b{_NEAR}\s?") for part, unit in ((7, "day"), (12, "month"))),
        *(_parts(part, unit, "", rf"(?=\s{_NEAR}\b)") for part, unit in ((7, "day"), (12, "month"))),
        _parts(52, "week", ""),
        *((f"(?i:{short})", _always("overdose")) for short in _WORDS["overdose"].entries),
        *_rules("before_a_dose"),
        *_rules("beside_a_dose", before=_DOSE),
        _rule("od", "once daily", before=rf"\b{_FREQUENCY}{_AND}"),
        _rule(rf"od(?={_AND}{_FREQUENCY}\b)", "once daily"),
        *_rules("prescribing"),
        *_rules("in_small_letters", in_small_letters=True),
        *_rules("notes"),
        (r"(?<![\w?])\?(?=[A-Za-z])", _always("possible ")),
    )
)


def _named_so(text: str) -> str:
    """The text with an od that is left: behind the name of a treatment once daily, beside words of the eye the right one."""
    if _EYE.search(text):
        return _OD.sub("right eye", text)
    if not _SMALL_OD.search(text):
        return text
    ends = {mention.end for mention in mentions(text) if mention.role is Role.TREATMENT}
    return _SMALL_OD.sub(lambda match: " once daily" if match.start() in ends else match[0], text)


_OD, _SMALL_OD = re.compile(r"\bOD\b"), re.compile(r" od\b")
