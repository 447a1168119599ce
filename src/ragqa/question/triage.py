"""What comes before any search: an emergency, a request that is no medical question, a question that cannot be understood.

Emergencies are recognised first, by wording or by a learned probe, whichever sees one: a miss costs more than a false alarm.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import numpy as np

from ragqa.language.lexicon import lexicon
from ragqa.models import Vectors, softmax
from ragqa.question.refusal import Refusal, Status

Alarm = Literal["self_harm", "overdose", "emergency"]

HELP: dict[Alarm, str] = {
    "self_harm": (
        "If you or someone with you may be about to harm themselves, call your local emergency number or a crisis line now, stay "
        "with the person, and keep means of harm out of reach. You do not have to manage this alone."
    ),
    "overdose": (
        "If someone has taken too much of a medicine or a poison, call your local emergency number or poison centre now, even if "
        "they seem well. Keep the packaging, note the time, and do not make them vomit unless told to."
    ),
    "emergency": (
        "What is described can be life-threatening: call your local emergency number or activate your emergency team now, and "
        "follow their instructions."
    ),
}
NO_SEARCH = " ragqa does not search its articles in an emergency: it looks up evidence and cannot assess anyone."

_WORDS = lexicon("question", "triage")
_SOMEONE = re.compile(rf"\b(?:{_WORDS['someone'].pattern})\b", re.IGNORECASE)
_GENERAL = re.compile(rf"^(?:{_WORDS['general'].pattern})", re.IGNORECASE)
_NOW = re.compile(rf"\b(?:{_WORDS['now'].pattern})\b", re.IGNORECASE)
_SELF_HARM = re.compile(rf"\b(?:{_WORDS['self_harm'].pattern})", re.IGNORECASE)
_OVERDOSE = re.compile(rf"\b(?:{_WORDS['overdose'].pattern})", re.IGNORECASE)
_SIGNS = re.compile(rf"\b(?:{_WORDS['signs'].pattern})", re.IGNORECASE)


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


_I_MEANT = re.compile(r"\bi (?:actually )?meant?\b", re.IGNORECASE)


def _tells(question: str) -> bool:
    """Whether a follow-up tells of this moment, or of a sign of danger without asking about it."""
    asks = question.rstrip().endswith("?") or _GENERAL.match(question.strip())
    return bool(_NOW.search(question) or (not asks and (_SIGNS.search(question) or _OVERDOSE.search(question))))


def _names_someone(question: str) -> bool:
    return bool(_SOMEONE.search(_I_MEANT.sub(" ", question)))


def _probed_alarm(query: Vectors, fingerprint: str) -> Alarm | None:
    """The likeliest emergency, where the probe holds one of any kind for likelier than ``URGENT``."""
    scope = load_scope()
    if scope.fingerprint != fingerprint:
        return None
    found = scope.probabilities(query)
    kinds: tuple[Alarm, ...] = ("self_harm", "overdose", "emergency")
    likeliest = max(kinds, key=lambda kind: found[kind])
    return likeliest if sum(found[kind] for kind in kinds) >= URGENT else None


_TO_THE_MACHINE = re.compile(rf"\b(?:{_WORDS['to_the_machine'].pattern})\b", re.IGNORECASE)
_TASK = re.compile(rf"^(?:please |can you |could you )?(?:{_WORDS['task'].pattern})\b", re.IGNORECASE)
_FORGERY = re.compile(
    r"\b(?:invent|fabricate|falsif\w+|forge|fake|make up)\b.{0,60}\b(?:data|scores?|results?|values?|"
    r"notes?|certificates?|records?|patients?)\b|"
    r"\b(?:poison\w*|sedat\w+|drug)\b.{0,60}\b(?:undetect\w*|unnoticed|nobody notic\w*|"
    r"without (?:her|him|them|anyone)|autopsy|secretly)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A linear probe on the question's embedding: a medical question of information, a harmful request, an emergency, or none.

    Learned by ``eval/learn/train_scope.py``; holds only for the embedding model it names.
    """

    fingerprint: str
    classes: tuple[str, ...]
    weights: Vectors
    bias: Vectors

    def probabilities(self, query: Vectors) -> dict[str, float]:
        """Probability of each class for one unit vector of shape (1, dimension)."""
        shares = softmax(query[0] @ self.weights + self.bias)
        return dict(zip(self.classes, shares.tolist(), strict=True))


URGENT = 0.6
"""Probability of telling of an emergency, of any kind, from which a question does; by hand, from the shares that
`eval/learn/train_scope.py` prints of the gold set's development half: a miss costs more than a false alarm."""
OUTSIDE = 0.9
"""Probability of not being a medical question from which one is out of scope; by hand, from the shares that
`eval/learn/train_scope.py` prints of the gold set's development half: high, as an odd question of medicine must not be turned
away."""


@lru_cache(maxsize=1)
def load_scope() -> Scope:
    """The probe shipped with the package."""
    stored = json.loads(resources.files("ragqa.question").joinpath("data/scope.json").read_text(encoding="utf-8"))
    return Scope(
        fingerprint=stored["fingerprint"],
        classes=tuple(stored["classes"]),
        weights=np.array(stored["weights"], np.float32),
        bias=np.array(stored["bias"], np.float32),
    )


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


REFUSALS = {
    "instruction": (
        "ragqa answers clinical questions from approved articles; it takes no instructions and has no conversation of its own. "
        "Ask about a drug, a condition or a treatment."
    ),
    "harmful": (
        "This reads as a request for help with something unsafe or unethical, which ragqa does not give. "
        "If it is a clinical question about evidence, ask it as one: drug or treatment, condition, population, outcome."
    ),
    "task": (
        "ragqa looks up evidence; it does not write, translate, book or send anything. "
        "Ask the clinical question behind the task: drug or treatment, condition, population, outcome."
    ),
    "other": (
        "This does not read as a medical question, and nothing in the approved articles answers it. "
        "ragqa answers questions about treatments, doses, safety and outcomes that its articles cover."
    ),
}
