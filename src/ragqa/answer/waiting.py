"""Articles that may answer a question and may not be quoted: told by their names and where they stand, never by their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ragqa.corpus.gate import reason
from ragqa.corpus.records import ReviewState
from ragqa.evidence.fitting import met_by
from ragqa.language.about import NOTHING, About, about
from ragqa.question.query import Query

_TOLD = {
    reason(ReviewState.DRAFT): "is a draft",
    reason(ReviewState.SUBMITTED): "awaits review",
    reason(ReviewState.UNDER_REVIEW): "is under review",
    reason(ReviewState.WITHDRAWN): "was withdrawn",
}


def waiting(query: Query, left_out: Mapping[str, str]) -> Iterator[str]:
    """A sentence on each of the articles left out, id to reason, whose name is about what is asked.

    The name alone is looked at: nobody has approved the text.
    """
    asked = query.about(NOTHING)
    for id_, why in left_out.items():
        slug = id_.removeprefix("article:")
        if why in _TOLD and _is_on(asked, about(slug.replace("-", " "))):
            yield f"An article that may answer this, {slug}, {_TOLD[why]} and may not be quoted."


def _is_on(asked: About, named: About) -> bool:
    """Whether a name is about all conditions asked about, or about the treatment where there is none; and on no other treatment."""
    treatments = met_by(asked.treatments, named.treatments)
    if asked.treatments and named.treatments and not treatments:
        return False
    return not asked.conditions - met_by(asked.conditions, named.conditions) if asked.conditions else bool(treatments)
