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

_SOMEONE = (
    r"\b(?:i|i'?m|i'?ve|my|me|he|she|they|pt|patient|baby|toddler|son|daughter|husband|wife|mum|mom|dad|mother|father|"
    r"friend|child|kid|yo|y/o)\b"
)
_GENERAL = re.compile(
    r"^(?:what (?:is|are|was|were|do|does) (?:the|known|we|known about)|does\b(?! (?:he|she))|do (?:patients|people|"
    r"trials|studies|any)|"
    r"how (?:is|are|effective|common|often|many|fast|quickly|soon)|which\b|is there (?:any )?(?:evidence|data|research|a link)|"
    r"are there (?:any )?(?:trials|studies)|"
    r"in (?:patients|people|adults|adolescents|trials)|evidence|who\b|why (?:is|are|do|does)|has\b|have (?:trials|"
    r"studies)|did\b|"
    r"can (?:dbt|lithium|therapy|ketamine|drugs?|psychotherapy)|(?:pooled|long-term|lifetime) |risk (?:of|factors)|history of)",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:now|right now|just|ago|tonight|today|this (?:morning|evening|minute|second)|currently|since|minutes?|mins?|"
    r"asap|urgent|help|"
    r"won'?t stop|not stopping|still|suddenly|on the floor|in front of me|next to me|found (?:him|her|my|them|unresponsive))\b",
    re.IGNORECASE,
)
_SELF_HARM = re.compile(
    r"\b(?:(?:kill|hurt|harm|hang|shoot|cut|cutting|drown|stab)(?:ing)? my ?self|(?:want|wanna|going|plan\w*|need|"
    r"wish(?:ed)?|ready) (?:i |to )?(?:to )?"
    r"(?:die|be dead|was dead|were dead|end (?:it|my life|things|everything))|end (?:it all|my life)|(?:do ?n.?t|"
    r"no longer) (?:want|wish) to "
    r"(?:live|be here|be alive|exist|wake up|go on)|better off (?:without me|dead|if i)|no (?:reason|point) (?:to|"
    r"in) (?:live|living|go on|going on)|"
    r"not worth living|(?:i'?m|i am|i feel|i have been|feeling) (?:\w+ )?suicidal|suicidal (?:thoughts )?(?:right )?now|"
    r"can'?t (?:go on|do this any ?more|take (?:it|this) any ?more)|"
    r"say(?:ing|s)? good ?bye to everyone|take my (?:own )?life|"
    r"(?:he|she|they|son|daughter|friend|partner|wife|husband|pt|patient|brother|sister|mum|mom|dad)\b.{0,60}"
    r"(?:(?:is |are |says? |threaten\w* )(?:\w+ ){0,4}(?:kill|hurt|hang|jump|end (?:it|his|her|their))|is suicidal|"
    r"(?:kill|hang|hurt|harm|cutting|cut) (?:him|her|them)sel(?:f|ves)|wants? to die|suicide note|with a (?:knife|rope|"
    r"gun|noose)|on (?:a|the) (?:bridge|roof|ledge)))",
    re.IGNORECASE,
)
_OVERDOSE = re.compile(
    r"\b(?:(?:took|taken|take[ns]?|swallowed|ingested|drank|drunk|eaten|ate|chewed|injected|had|given|gave)\b.{0,50}?"
    r"(?:\b\d+\s*(?:x|×|tabs?|tablets|pills|capsules|of (?:my|his|her|them))|\b(?:whole|entire|full) (?:bottle|pack|box|"
    r"strip|blister)|\bhandful|\btoo (?:many|much)|"
    r"\ball (?:of )?(?:my|his|her|the|their)\b.{0,20}(?:pills|tablets|meds|medication)|"
    r"\ball of (?:them|it)\b|\bbleach|\bantifreeze|\bbatter(?:y|ies)|"
    r"\b(?:double|triple|twice|ten times|10 times)\b.{0,20}\bdose|\b(?:pills|tablets|tabs|capsules)\b)|"
    r"overdosed|(?:has|have|had|after|taken|took|took an?|an?|acute|suspected|massive|intentional|"
    r"possible) (?:\w+ ){0,3}(?:overdose|od)\b)",
    re.IGNORECASE,
)
_SIGNS = re.compile(
    r"\b(?:(?:crushing|severe|sudden|tight|bad|central) chest (?:pain|tightness|pressure)|chest (?:pain|"
    r"tightness)\b.{0,80}\b(?:arm|jaw|sweat\w*|breath\w*|now|minutes|hour)|"
    r"(?:can'?t|cannot|can not|unable to|struggling to|trouble|difficulty|hard to) (?:breathe?|breathing)|(?:not|"
    r"stopped|isn'?t) breathing|no pulse|"
    r"(?:turning|turned|going|lips? (?:are )?|gone) blue|blue lips|unconscious|unresponsive|(?:not|won'?t|can'?t) (?:wak\w+|"
    r"respond\w*|rouse)|collapsed|"
    r"(?:face|mouth) (?:is |has |suddenly )?(?:droop\w*|gone droopy|dropped)|facial droop|slurr\w+ (?:speech|words|his|"
    r"her)|(?:speech|words) (?:is |are )?slurr\w+|"
    r"(?:one side|left (?:arm|side|leg)|right (?:arm|side|leg))\b.{0,30}\b(?:weak\w*|numb\w*|can'?t move|paraly\w+)|"
    r"(?:seizing|fitting|convulsi\w+|(?<!cause )(?<!causes )seizures?\b"
    r"(?! (?:disorders?|risks?|rates?|threshold|history|prophylaxis|before|in the past)))|"
    r"(?:throat|tongue|lips|face)\b.{0,20}\b(?:closing|swell\w*|swollen)|anaphyla\w+|"
    r"(?:bleed\w*|blood)\b.{0,40}\b(?:won'?t stop|not stopping|heavily|everywhere|soaking|pouring|a lot)|(?:vomiting|"
    r"coughing) (?:up )?blood|"
    r"worst headache|thunderclap|(?:fever|temp\w*|hot)\b.{0,60}\b(?:limp|floppy|rigid\w*|stiff|rash|confus\w+|clonus|drows\w+)|"
    r"(?:limp|floppy|rigid\w*|stiff|clonus)\b.{0,60}\b(?:fever\w*|febrile|temp\w*|hot|hyperthermi\w+|"
    r"\d\d(?:\.\d)?\s?°?c\b)|choking)",
    re.IGNORECASE,
)


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
    return bool(re.search(_SOMEONE, _I_MEANT.sub(" ", question), re.IGNORECASE))


def _probed_alarm(query: Vectors, fingerprint: str) -> Alarm | None:
    """The likeliest emergency, where the probe holds one of any kind for likelier than ``URGENT``."""
    scope = load_scope()
    if scope.fingerprint != fingerprint:
        return None
    found = scope.probabilities(query)
    kinds: tuple[Alarm, ...] = ("self_harm", "overdose", "emergency")
    likeliest = max(kinds, key=lambda kind: found[kind])
    return likeliest if sum(found[kind] for kind in kinds) >= URGENT else None


_TO_THE_MACHINE = re.compile(
    r"\b(?:(?:ignore|disregard|forget|override|bypass) (?:\w+ ){0,4}(?:instructions?|rules?|prompts?|guidelines|sources|"
    r"restrictions)|"
    r"(?:your|the) (?:system )?prompt|system prompt|(?:what|which) (?:language |ai )?model are you|are you (?:chatgpt|"
    r"gpt|an? ai|a bot|human)|"
    r"who (?:made|built|trained) you|jailbreak|you are now|pretend (?:to be|you)|act as (?:if|an?)|developer mode|"
    r"reveal your|print your|repeat (?:your|the words above))\b",
    re.IGNORECASE,
)


_TASK = re.compile(
    r"^(?:please |can you |could you )?(?:draft|translate|book|compose|schedule|type up|fill in|rewrite|"
    r"write (?:me |a |an |the |up )|send)\b",
    re.IGNORECASE,
)
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

    Learned by ``eval/train_scope.py``; holds only for the embedding model it names.
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
"""Probability of telling of an emergency, of any kind, from which a question does; set on dev."""
OUTSIDE = 0.9
"""Probability of not being a medical question from which one is out of scope; set on dev."""


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
    """Stop an emergency and what is no question of information; None when the question may be searched for.

    ``query`` is the embedding of the question as understood, shape (1, dimension), by the model with this ``fingerprint``.
    In a follow-up the probe counts only beside someone and a moment or a sign: after talk about a drug "suicide?" asks about
    an outcome, and "cannot wake him" is no less urgent.
    """
    reason = outside(question, query, fingerprint, follows)
    probed = reason != "task" and (not follows or (_names_someone(question) and _tells(question)))
    if found := alarm(question, follows) or (_probed_alarm(query, fingerprint) if probed else None):
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
