"""What a question asks: its type, population, intervention, comparator and outcome.

Read from wording by rules that can be looked at: what they find is shown (``--explain``), orders the answer, and names what
a source must hold before it may answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ragqa.language.concepts import conditions, interventions, populations
from ragqa.language.lexicon import lexicon


class QuestionType(StrEnum):
    """What sort of answer is wanted."""

    CONTRAINDICATION = "contraindication"
    DOSE = "dose"
    MONITORING = "monitoring"
    SAFETY = "safety"
    DIAGNOSIS = "diagnosis"
    MECHANISM = "mechanism"
    COMPARISON = "comparison"
    PROGNOSIS = "prognosis"
    EFFECTIVENESS = "effectiveness"
    GENERAL = "general"


_TYPE = {
    QuestionType(name): re.compile(rf"\b(?:{group.pattern})(?!\w)", re.IGNORECASE)
    for name, group in lexicon("question", "question_types").items()
}
"""In the order in which they are tried."""
_WORDS = lexicon("question", "pico")
_VERB = rf"(?:{_WORDS['auxiliaries'].pattern})\b"
_POLAR = re.compile(rf"\A(?!(?:{_WORDS['question_words'].pattern})\b)(?:.*(?:[:;.,—]|--)\s*)?{_VERB}", re.IGNORECASE)
"""An auxiliary at the start of the question or of one of its clauses, unless a question word opens it."""
_YES_OR_NO = re.compile(r"\byes\s+or\s+no\W*$", re.IGNORECASE)
_CHOICE = re.compile(rf"\A(?=.*\bor\b).*\b(?:{_WORDS['choosing'].pattern})\b", re.IGNORECASE)
"""An "or" beside words of comparing asks which of two; any other "or" joins what is asked about."""
AUXILIARY = re.compile(rf"^{_VERB} (?:there )?", re.IGNORECASE)
"""What most yes/no questions begin with."""
_COMPARATOR = re.compile(
    rf"\b(?:{_WORDS['comparators'].pattern})\s+(?:with |the |a |an )*"
    rf"([\w'-]+(?:\s[\w'-]+){{0,3}}?)(?=\s(?:{_WORDS['after_comparator'].pattern})\b|[?.,;]|$)",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    rf"\b(?:{_WORDS['outcome_verbs'].pattern})\s+(?:the |a |an )?"
    rf"([\w'-]+(?:\s[\w'-]+){{0,3}}?)(?=\s(?:{_WORDS['after_outcome'].pattern})\b|[?.,;]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What was read from a question. Every text is a part of it, with its shorthand written out; empty where it states none."""

    question_type: QuestionType
    conditions: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    comparator: str | None = None
    outcome: str | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the question is about: a source that lacks one of them answers another question."""
        return tuple(dict.fromkeys((*self.conditions, *self.populations, *self.interventions)))

    def as_words(self) -> dict[str, str]:
        """What was found, by name, for a reader; what the question does not state is left out."""
        found = {
            "kind": self.question_type.value,
            "population": ", ".join((*self.populations, *self.conditions)),
            "intervention": ", ".join(self.interventions),
            "comparator": self.comparator or "",
            "outcome": self.outcome or "",
        }
        return {name: text for name, text in found.items() if text}


def understand(question: str) -> Understanding:
    """Question type and PICO elements (Richardson et al., ACP J Club 1995;123:A12) as the question words them."""
    found = (name for name, pattern in _TYPE.items() if pattern.search(question))
    comparator, outcome = _COMPARATOR.search(question), _OUTCOME.search(question)
    return Understanding(
        question_type=next(found, QuestionType.GENERAL),
        conditions=conditions(question),
        populations=populations(question),
        interventions=interventions(question),
        comparator=comparator[1].strip() if comparator else None,
        outcome=outcome[1].strip() if outcome else None,
    )


def is_polar(question: str) -> bool:
    """Whether a question asks for a yes or a no."""
    return bool(_YES_OR_NO.search(question) or (_POLAR.match(question) and not _CHOICE.match(question)))


def claim_of(question: str) -> str:
    """What the answer yes to a yes/no question claims."""
    return AUXILIARY.sub("", _YES_OR_NO.sub("", question)).rstrip("?,;: ") + "."
