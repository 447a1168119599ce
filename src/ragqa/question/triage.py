"""What comes before any search: an emergency, a request that is no medical question, a question that cannot be understood.

Emergencies are recognised first, by wording or by a learned probe, whichever sees one. The probe is not asked about what only
tells of a subject, of the past or of what is denied. A clinician may say that it is none.
"""

from __future__ import annotations

import re

from ragqa.language.lexicon import lexicon
from ragqa.models import Vectors
from ragqa.question.danger import danger, is_quiet, tells_of_someone
from ragqa.question.refusal import ANYWAY, HELP, NO_SEARCH, REFUSALS, Alarm, Refusal, Status
from ragqa.question.scope import load_scope
from ragqa.settings import Audience

_WORDS = lexicon("question", "triage")
_TO_THE_MACHINE = re.compile(rf"\b(?:{_WORDS['to_the_machine'].pattern})\b", re.IGNORECASE)
_TASK = re.compile(rf"^(?:(?:{_WORDS['politeness'].pattern}) )?(?:{_WORDS['task'].pattern})\b", re.IGNORECASE)
_FORGERY = re.compile(_WORDS["forgery"].pattern, re.IGNORECASE)
_AROUND = r"[\s,;:.!()\u2013\u2014-]{0,4}"
_NO_EMERGENCY = re.compile(rf"{_AROUND}\b(?:{_WORDS['no_emergency'].pattern}){_AROUND}", re.IGNORECASE)

URGENT = 0.6
"""Probability of telling of an emergency, of any kind, from which a question does; by hand, from the shares that
`eval/learn/train_scope.py` prints of the gold set's development half: a miss costs more than a false alarm."""
OUTSIDE = 0.9
"""Probability of not being a medical question from which one is out of scope; by hand, from the shares that
`eval/learn/train_scope.py` prints of the gold set's development half: high, as an odd question of medicine must not be turned
away."""


def alarm(question: str) -> Alarm | None:
    """The emergency a question tells of by its wording, None when it asks for information about one."""
    return danger(question)


def searchable(question: str) -> str | None:
    """A question without the words by which a clinician says that it is no emergency; None where nobody says so."""
    without, times = _NO_EMERGENCY.subn(" ", question)
    return without.strip() if times else None


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


def refuse(
    question: str, query: Vectors, fingerprint: str, follows: bool = False, audience: Audience = "clinician", calm: bool = False
) -> Refusal | None:
    """Stop what is no question of information, and an emergency that its wording alone does not tell of, as ``emergency``;
    None when the question may be searched for.

    ``query`` is the embedding of the question as understood, shape (1, dimension), by the model with this ``fingerprint``.
    The probe counts only where somebody or today is told of: after talk about a drug "suicide?" asks about an outcome.
    ``calm``: a clinician said that it is no emergency.
    """
    reason = outside(question, query, fingerprint, follows)
    probed = not calm and reason not in ("task", "harmful") and tells_of_someone(question) and not is_quiet(question)
    if probed and (found := _probed_alarm(query, fingerprint)):
        return _urgent(found, audience)
    if reason in ("instruction", "harmful", "task"):
        return Refusal(status=Status.OUT_OF_SCOPE, message=REFUSALS[reason])
    return None


def emergency(question: str, audience: Audience = "clinician") -> Refusal | None:
    """Stop a question whose wording alone tells of an emergency, as ``alarm``: it takes no model, so it can always be had."""
    found = alarm(question)
    return _urgent(found, audience) if found else None


def _urgent(found: Alarm, audience: Audience) -> Refusal:
    return Refusal(status=Status.URGENT, message=HELP[found] + NO_SEARCH + (ANYWAY if audience == "clinician" else ""))
