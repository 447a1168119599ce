"""Articles that may answer a question and may not be quoted: told by their names and where they stand, never by their text."""

from __future__ import annotations

from collections.abc import Mapping

from ragqa.corpus.gate import reason
from ragqa.corpus.records import ReviewState
from ragqa.language.about import NOTHING, About, about, met_by
from ragqa.question.query import Query

_TOLD = {
    reason(ReviewState.DRAFT): "is a draft",
    reason(ReviewState.SUBMITTED): "awaits review",
    reason(ReviewState.UNDER_REVIEW): "is under review",
    reason(ReviewState.WITHDRAWN): "was withdrawn",
}


def waiting(query: Query, left_out: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence on each of the articles left out, id to reason, whose name is about what is asked.

    The name alone is looked at: nobody has approved the text.
    """
    asked = query.about(NOTHING)
    named = {id_.removeprefix("article:"): why for id_, why in left_out.items() if why in _TOLD}
    return tuple(
        f"An article that may answer this, {slug}, {_TOLD[why]} and may not be quoted."
        for slug, why in named.items()
        if _is_on(asked, about(slug.replace("-", " ")))
    )


def _is_on(asked: About, named: About) -> bool:
    """Whether a name is about all conditions asked about and on no other treatment, or, where no condition is asked about, about
    the very treatments.
    """
    if not asked.conditions:
        return bool(asked.treatments) and asked.treatments <= named.treatments
    others = asked.treatments and named.treatments and not met_by(asked.treatments, named.treatments)
    return not others and asked.conditions <= met_by(asked.conditions, named.conditions)
