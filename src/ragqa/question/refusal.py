"""What becomes of a question, and why one is not searched for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Status(StrEnum):
    """What kind of answer this is; abstaining is an answer too."""

    ANSWERED = "answered"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    NEEDS_CLARIFICATION = "needs_clarification"
    URGENT = "urgent"
    OUT_OF_SCOPE = "out_of_scope"


SEARCHED = (Status.ANSWERED, Status.INSUFFICIENT_EVIDENCE)
"""What becomes of a question of medicine that is searched for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a question is not answered from sources, told to the reader; ``alternatives`` are questions to ask instead."""

    status: Status
    message: str
    alternatives: tuple[str, ...] = ()


Alarm = Literal["self_harm", "overdose", "emergency"]
"""What kind of emergency a question tells of."""

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
"""What a reader is told in an emergency."""
ANYWAY = ' If nobody is in danger now, say "not an emergency", alone or with the question, and it is searched for.'
"""What a clinician is told beside."""
CALM = (
    "Searched for because it was said to be no emergency. If somebody is in danger after all, call your local emergency number "
    "or activate your emergency team."
)
"""What a clinician is told before the answer to a question that was said to be no emergency."""
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
    "language": (
        "This reads as a question in another language; ragqa reads English and answers from sources in English. "
        "Ask again in English. In an emergency call your local emergency number."
    ),
    "other": (
        "This does not read as a medical question, and nothing in the approved articles answers it. "
        "ragqa answers questions about treatments, doses, safety and outcomes that its articles cover."
    ),
}
"""What a reader is told where a question is out of scope, by the reason."""
NOTHING_ASKED = Refusal(
    status=Status.OUT_OF_SCOPE,
    message="Nothing was asked, so nothing was searched for. Ask on whenever you like, about what was answered or anything else.",
)
"""What a reader is told who says thanks or ok, or writes no word."""
