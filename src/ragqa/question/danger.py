"""Whether a message tells of somebody who is in danger now: a small grammar over word lists, read sentence by sentence.

    urgent  =  red  |  named + (amber | treated | today)  |  2 amber + today  |  3 amber + someone  |  4 amber

Red is a sign that is enough alone, a measured value out of all bounds, or groups that are red together. What is denied, past or
long-standing tells of no danger; nor does a sentence about a subject (research, policy, how often), unless it tells of someone
today. The lists, each with its source, are in ``data/triage.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ragqa.language.lexicon import any_of, lexicon
from ragqa.question.refusal import Alarm

_WORDS = lexicon("question", "triage")
_RED = tuple(name for name in _WORDS if name.startswith("red_"))
_AMBER = tuple(name for name in _WORDS if name.startswith("amber_"))
_KINDS: dict[str, Alarm] = {"red_self_harm": "self_harm", "red_means": "self_harm", "red_overdose": "overdose"}
_POISONED = frozenset({"taken", "harmful", "many", "swallowed"})
"""Groups of which a rule tells of something taken."""
_NEAR = 2
"""Words between "not" and what it denies, by hand; "no", "without" and "denies" deny all that follows in their clause."""
_SENTENCE = re.compile(r"[.?!](?=\s|$)|[;\n]")
_CLAUSE = re.compile(r"[,:()\u2013\u2014]|\s-\s|\bbut\b|\band now\b", re.IGNORECASE)
_ASKING = re.compile(rf"\s{{0,3}}(?:{_WORDS['opening'].pattern}){{0,3}}(?:{_WORDS['asking'].pattern})", re.IGNORECASE)
_OTHER_SCRIPTS = re.compile(_WORDS["other_scripts"].pattern)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a measured value: below ``low`` or above ``high`` it is red; below ``least`` or above ``most`` it is something else."""

    low: float
    high: float
    least: float
    most: float

    def exceeded(self, value: float) -> bool:
        """Whether a value is red; none is beyond a bound that is no number."""
        return self.least <= value <= self.most and (value < self.low or value > self.high)


_BOUNDS = {
    name: Bounds(*(float(limit.replace("-", "nan")) for limit in limits))
    for names, limits in _WORDS["values"].table().items()
    for name in names.split("|")
}
_VALUE = re.compile(
    rf"(?<![\w-])(?P<name>{any_of(_BOUNDS)})(?P<joint>[\s:=]{{0,3}}(?:(?:{_WORDS['joints'].pattern})\s?){{0,3}})"
    rf"(?P<value>\d[\d ]{{0,6}}(?:\.\d{{1,4}})?)(?!\.?\d|\w|-\d| ?(?:{_WORDS['not_a_value'].pattern})\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one sentence tells of danger: of its clauses those that are neither past nor long-standing."""

    clauses: tuple[str, ...]
    someone: bool
    today: bool

    def holds(self, name: str) -> bool:
        """Whether a clause has a word of this group, and does not deny it."""
        return any(_held(_words(name), clause) for clause in self.clauses)

    def holds_all(self, names: Iterable[str]) -> bool:
        """Whether all these groups are held."""
        return all(map(self.holds, names))


def danger(message: str) -> Alarm | None:
    """The danger that somebody is in now by a message, None where it tells of none; it takes no model."""
    if _words("other_tongues").search(message) or _OTHER_SCRIPTS.search(message):
        return "emergency"
    told = tuple(_sentences(_plain(message)))
    return next(filter(None, map(_red, told)), None) or ("emergency" if _adds_up(told) else None)


def is_quiet(message: str) -> bool:
    """Whether a message has what no emergency has: a figure of speech, a missed dose, or, where it tells of nothing today, a
    subject, the past or what is denied.
    """
    text = _plain(message)
    if _words("idiom").search(message) or _words("mishap").search(message):
        return True
    if _words("today").search(text):
        return False
    groups = ("topic", "past", "lasting", "denied", "denied_after", "quiet")
    return any(_words(name).search(text) for name in groups) or any(map(_ASKING.match, _SENTENCE.split(text)))


def tells_of_someone(message: str) -> bool:
    """Whether a message tells of somebody, or of today."""
    return _names_someone(message) or bool(_words("today").search(message))


def _names_someone(text: str) -> bool:
    return bool(_words("someone").search(_words("to_the_reader").sub(" ", text)))


@cache
def _words(name: str) -> re.Pattern[str]:
    """A group as whole words, compiled when it is first asked for: few questions need all."""
    return re.compile(rf"(?<![\w-])(?:{_WORDS[name].pattern})(?!\w)", re.IGNORECASE)


@cache
def _rules(name: str) -> tuple[tuple[str, ...], ...]:
    """The rules of a group, each the names of groups that must be held together."""
    return tuple(tuple(part.strip() for part in rule.split("+")) for rule in _WORDS[name].entries)


def _plain(message: str) -> str:
    """A message without figures of speech."""
    return _words("idiom").sub(" ", message.replace("’", "'"))


def _sentences(text: str) -> Iterator[Sentence]:
    """The sentences that may tell of danger."""
    for sentence in _SENTENCE.split(text):
        someone, today = _names_someone(sentence), bool(_words("today").search(sentence))
        asks = _words("topic").search(sentence) or _ASKING.match(sentence)
        measured = _critical(sentence)
        if asks and not ((someone and (today or measured)) or measured > 1 or _words("red_means").search(sentence)):
            continue
        if clauses := tuple(clause for clause in _CLAUSE.split(sentence) if clause.strip() and not _is_over(clause)):
            yield Sentence(clauses, someone, today)


def _is_over(clause: str) -> bool:
    """Whether a clause tells of what is past, or long-standing and not getting worse."""
    if _words("today").search(clause):
        return False
    return bool(_words("past").search(clause) or (_words("lasting").search(clause) and not _words("still").search(clause)))


def _red(sentence: Sentence) -> Alarm | None:
    for name in _RED:
        if sentence.holds(name):
            return _KINDS.get(name, "emergency")
    for rule in _rules("in_one_sentence"):
        if sentence.holds_all(rule):
            return "emergency" if _POISONED.isdisjoint(rule) else "overdose"
    return "emergency" if any(map(_critical, sentence.clauses)) else None


def _adds_up(told: tuple[Sentence, ...]) -> bool:
    """Whether signs that are not enough alone are, together."""
    someone, today = any(sentence.someone for sentence in told), any(sentence.today for sentence in told)
    ambers = sum(_hold(told, name) for name in _AMBER)
    if ambers > 3 or (ambers > 2 and someone) or (ambers > 1 and today):
        return True
    if any(all(_hold(told, part) for part in rule) for rule in _rules("in_one_message")):
        return True
    named = _hold(told, "named") or any(sentence.holds_all(rule) for rule in _rules("as_named") for sentence in told)
    return named and (ambers > 0 or today or _hold(told, "treated"))


def _hold(told: Iterable[Sentence], name: str) -> bool:
    return any(sentence.holds(name) for sentence in told)


def _held(pattern: re.Pattern[str], clause: str) -> bool:
    return any(not _is_denied(clause, match) for match in pattern.finditer(clause))


def _is_denied(clause: str, match: re.Match[str]) -> bool:
    before = clause[: match.start()]
    if _words("denied").search(before) or _words("denied_after").search(clause, match.end()):
        return True
    return any(len(before[near.end() :].split()) <= _NEAR for near in _words("denied_near").finditer(before))


def _critical(text: str) -> int:
    """How many values in a text are red."""
    return sum(_is_critical(match) for match in _VALUE.finditer(text))


def _is_critical(match: re.Match[str]) -> bool:
    apart = match["joint"] or "." in match["value"]  # T40 and K10 are names of something else
    return bool(apart) and _BOUNDS[match["name"].lower()].exceeded(float(match["value"].replace(" ", "")))
