"""What a record shows of its study: the design, where that starts in GRADE (Guyatt et al., BMJ 2008;336:924-926), its size, how
long it followed whom.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from ragqa.corpus.records import Abstract, Article
from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import Quantity, quantities

_DESIGNS = lexicon("corpus", "designs")
_TYPES = {kind: design for kind, (design,) in _DESIGNS["publication_types"].table().items()}
_START = {design: int(level) for design, (level,) in _DESIGNS["grade"].table().items()}
LADDER = {design: float(step) for design, (step,) in _DESIGNS["ladder"].table().items()}
"""How far up a named design stands, 0..1."""
_WORDS = tuple(
    (re.compile("|".join(words), re.IGNORECASE | re.DOTALL), design) for design, words in _DESIGNS["words"].table().items()
)
_SENTENCE_END = re.compile(r"[.;]\s+[A-Z]")
_AGE = re.compile(r"\bage[ds]?\b[^.;]{0,20}$|\bold\b", re.IGNORECASE)
_FOLLOWED = re.compile(r"[ -]follow| of follow| after", re.IGNORECASE)
_AS_ADJECTIVE = re.compile(r"-(?=[^\W\d])")
_METHODS = ("METHODS", "DESIGN", "PARTICIPANTS")


def named_design(record: Abstract) -> str | None:
    """The strongest design that the record's publication types name; None where they name none."""
    named = {_TYPES[kind.lower()] for kind in record.publication_types if kind.lower() in _TYPES}
    return next((design for design in _TYPES.values() if design in named), None)


def design_rank(design: str | None) -> int:
    """GRADE's starting level of a study design, 0 (very low) to 3 (high); 0 where the design is unknown."""
    return _START.get(design or "", 0)


def study_design(record: Abstract | Article) -> str | None:
    """The design by publication types first, then by the words of title and text; None where neither says."""
    if isinstance(record, Article):
        return None
    named = named_design(record)
    if named and named != "narrative review":
        return named
    for text in (record.title or "", record.text):
        for pattern, design in _WORDS:
            if pattern.search(text):
                return design
    return named


def sample_size(record: Abstract | Article) -> int | None:
    """Participants, from the first count the methods (else the whole text) state; None where no count is stated.

    A count in brackets is that of an arm, "drug A (n = 17) or placebo (n = 16)": those of its sentence are added up, unless the
    sentence gives the whole outside brackets.
    """
    if isinstance(record, Article):
        return None
    ordered = sorted(record.sections, key=lambda section: (section.label or "").upper() not in ("METHODS", "PARTICIPANTS"))
    for section in ordered:
        if counts := [each for each in quantities(section.text) if _is_sample(each)]:
            return _participants(section.text, counts)
    return None


def _is_sample(quantity: Quantity) -> bool:
    return quantity.kind == "count" and quantity.bound in ("", "~") and 1 < _whole(quantity) == quantity.high


def _whole(quantity: Quantity) -> int:
    return int(quantity.low or 0)


def _participants(text: str, counts: Sequence[Quantity]) -> int:
    first = counts[0]
    end = _SENTENCE_END.search(text, first.end)
    near = [count for count in counts if not end or count.start < end.start()]
    arms = [count for count in near if _in_brackets(text, count.start)]
    if first not in arms:
        return _whole(first)
    largest = max(map(_whole, arms))
    if whole := next((_whole(count) for count in near if count not in arms and _whole(count) >= largest), None):
        return whole
    added = sum(map(_whole, arms))
    return largest if added == 2 * largest and len(arms) > 2 else added


def _in_brackets(text: str, place: int) -> bool:
    return max(text.rfind("(", 0, place), text.rfind("[", 0, place)) > max(text.rfind(")", 0, place), text.rfind("]", 0, place))


def follow_up(record: Abstract | Article) -> str | None:
    """The longest duration the methods (else the title) state, as the source words it; None where none is stated."""
    if isinstance(record, Article):
        return None
    methods = [section.text for section in record.sections if (section.label or "").upper() in _METHODS]
    found = [quantity for text in (*methods, record.title or "") for quantity in quantities(text) if _is_duration(text, quantity)]
    return _AS_ADJECTIVE.sub(" ", max(found, key=_longest).text).lower().removeprefix("over ") if found else None


def _is_duration(text: str, quantity: Quantity) -> bool:
    """Weeks and months that are no age; years only of a follow-up."""
    if quantity.unit not in ("wk", "mo", "a") or _AGE.search(text[max(0, quantity.start - 30) : quantity.end]):
        return False
    return quantity.unit != "a" or _FOLLOWED.match(text, quantity.end) is not None


def _longest(quantity: Quantity) -> Decimal:
    return quantity.measured_in.in_base(quantity.high or quantity.low or Decimal(0))
