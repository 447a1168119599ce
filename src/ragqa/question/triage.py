"""What comes before any search: an emergency, a request that is no medical question, a question that cannot be understood.

Emergencies are recognised first, by wording or by a learned probe, whichever sees one: a miss costs more than a false alarm.
"""

from __future__ import annotations

import re

from ragqa.language.lexicon import lexicon
from ragqa.models import Vectors
from ragqa.question.refusal import HELP, NO_SEARCH, REFUSALS, Alarm, Refusal, Status
from ragqa.question.scope import load_scope

_WORDS = lexicon("question", "triage")
_SOMEONE = re.compile(rf"\b(?:{_WORDS['someone'].pattern})\b", re.IGNORECASE)
_GENERAL = re.compile(rf"^(?:{_WORDS['general'].pattern})", re.IGNORECASE)
_NOW = re.compile(rf"\b(?:{_WORDS['now'].pattern})\b", re.IGNORECASE)
_SELF_HARM = re.compile(rf"\b(?:{_WORDS['self_harm'].pattern})", re.IGNORECASE)
_OVERDOSE = re.compile(rf"\b(?:{_WORDS['overdose'].pattern})", re.IGNORECASE)
_SIGNS = re.compile(rf"\b(?:{_WORDS['signs'].pattern})", re.IGNORECASE)
_EXPLAINING = re.compile(rf"\b(?:{_WORDS['explaining'].pattern})\b", re.IGNORECASE)
_TO_THE_MACHINE = re.compile(rf"\b(?:{_WORDS['to_the_machine'].pattern})\b", re.IGNORECASE)
_TASK = re.compile(rf"^(?:(?:{_WORDS['politeness'].pattern}) )?(?:{_WORDS['task'].pattern})\b", re.IGNORECASE)
_FORGERY = re.compile(_WORDS["forgery"].pattern, re.IGNORECASE)

URGENT = 0.6
"""Probability of telling of an emergency, of any kind, from which a question does; by hand, from the shares that
`eval/learn/train_scope.py` prints of the gold set's development half: a miss costs more than a false alarm."""
OUTSIDE = 0.9
"""Probability of not being a medical question from which one is out of scope; by hand, from the shares that
`eval/learn/train_scope.py` prints of the gold set's development half: high, as an odd question of medicine must not be turned
away."""


def alarm(question: str, follows: bool = False) -> Alarm | None:
    """The emergency a question tells of, None when it asks for information about one; ``follows``: it is a follow-up."""
    general = bool(_GENERAL.match(question.strip()))
    someone, now = _names_someone(question) or (follows and _tells(question)), bool(_NOW.search(question))
    if _SELF_HARM.search(question) and not (general and not now):
        return "self_harm"
    if general and not (someone and now):
        return None
    if _OVERDOSE.search(question) and (someone or now):
        return "overdose"
    if _SIGNS.search(question) and (someone or now):
        return "emergency"
    return None


def _tells(question: str) -> bool:
    """Whether a follow-up tells of this moment, or of a sign of danger without asking about it."""
    asks = question.rstrip().endswith("?") or _GENERAL.match(question.strip())
    return bool(_NOW.search(question) or (not asks and (_SIGNS.search(question) or _OVERDOSE.search(question))))


def _names_someone(question: str) -> bool:
    return bool(_SOMEONE.search(_EXPLAINING.sub(" ", question)))


def _probed_alarm(query: Vectors, fingerprint: str) -> Alarm | None:
    """The likeliest emergency, where the probe holds one of any kind for likelier than ``URGENT``."""
    scope = load_scope()
    if scope.fingerprint != fingerprint:
        return None
    found = scope.probabilities(query)
    kinds: tuple[Alarm, ...] = ("self_harm", "overdose", "emergency")
    likeliest = max(kinds, key=lambda kind: found[kind])
    return likeliest if sum(found[kind] for kind in kinds) >= URGENT else None


def outside(question: str, query: Vectors, fingerprint: str, follows: bool = False) -> str | None:
    """Why a question is out of scope: "instruction", "task", "harmful" or "other"; None when it is a medical question.

    ``query`` is its embedding by the model with this ``fingerprint``; with another model than the probe's only the
    wording is judged. A follow-up that ``follows`` is not outside for sounding like an emergency: ``refuse`` judges that.
    """
    if _TO_THE_MACHINE.search(question):
        return "instruction"
    if _FORGERY.search(question):
        return "harmful"
    if _TASK.match(question):
        return "task"
    scope = load_scope()
    if scope.fingerprint != fingerprint:
        return None
    found = scope.probabilities(query)
    reasons = ("harmful", "other")
    if found["medical"] > 1 - OUTSIDE or (follows and max(found, key=lambda name: found[name]) not in reasons):
        return None
    return max(reasons, key=lambda name: found[name])


def refuse(question: str, query: Vectors, fingerprint: str, follows: bool = False) -> Refusal | None:
    """Stop what is no question of information, and an emergency that its wording alone does not tell of, as ``emergency``;
    None when the question may be searched for.

    ``query`` is the embedding of the question as understood, shape (1, dimension), by the model with this ``fingerprint``.
    In a follow-up the probe counts only beside someone and a moment or a sign: after talk about a drug "suicide?" asks about
    an outcome, and "cannot wake him" is no less urgent.
    """
    reason = outside(question, query, fingerprint, follows)
    probed = reason != "task" and (not follows or (_names_someone(question) and _tells(question)))
    if probed and (found := _probed_alarm(query, fingerprint)):
        return _urgent(found)
    if reason in ("instruction", "harmful", "task"):
        return Refusal(status=Status.OUT_OF_SCOPE, message=REFUSALS[reason])
    return None


def emergency(question: str, follows: bool = False) -> Refusal | None:
    """Stop a question whose wording alone tells of an emergency, as ``alarm``: it takes no model, so it can always be had."""
    found = alarm(question, follows)
    return _urgent(found) if found else None


def _urgent(found: Alarm) -> Refusal:
    return Refusal(status=Status.URGENT, message=HELP[found] + NO_SEARCH)
