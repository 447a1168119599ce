"""The review workflow: an article is submitted, read, approved or withdrawn, and each step is an event that stays.

draft -> submitted -> under_review -> approved;  any of them -> withdrawn;  withdrawn -> submitted
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from ragqa.corpus import parse_article, review_state
from ragqa.errors import ReviewError
from ragqa.records import Article, ReviewEvent, ReviewState, explain
from ragqa.reviewlog import append_event, writing

NEXT: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.DRAFT: frozenset({ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.SUBMITTED: frozenset({ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.WITHDRAWN}),
    ReviewState.UNDER_REVIEW: frozenset({ReviewState.APPROVED, ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.APPROVED: frozenset({ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.WITHDRAWN: frozenset({ReviewState.SUBMITTED}),
}


def record_step(
    corpus: Path, slug: str, state: ReviewState, by: str, note: str | None = None, *, two_person: bool = True
) -> ReviewEvent:
    """Append one step, bound to the article's present content.

    Raises:
        ReviewError: the step is not allowed from where the article stands, or not to this role.
        InvalidRecord: the article does not exist or cannot be read, or the log was changed.
    """
    article = parse_article(corpus / "articles" / f"{slug}.md")
    event = _event(article, state, by, note)
    with writing(corpus) as events:
        present = review_state(article, events)
        if state not in NEXT[present]:
            allowed = ", ".join(sorted(step.value for step in NEXT[present]))
            raise ReviewError(f"{slug} is {present.value}: it cannot become {state.value} now. Possible: {allowed}")
        if state is ReviewState.APPROVED and two_person:
            _check_two_persons(event, events)
        return append_event(corpus, events, event)


def _event(article: Article, state: ReviewState, by: str, note: str | None) -> ReviewEvent:
    try:
        return ReviewEvent.model_validate(
            {
                "article": article.slug,
                "sha256": article.sha256,
                "state": state,
                "by": by,
                "at": datetime.now(UTC).replace(microsecond=0),
                "note": note,
            }
        )
    except ValidationError as error:
        raise ReviewError(f"the step cannot be recorded: {explain(error)}") from error


def _check_two_persons(approval: ReviewEvent, events: Iterable[ReviewEvent]) -> None:
    """An approval needs a submission of the very same content, and every one of them by somebody else."""
    submitters = [
        event.by
        for event in events
        if (event.article, event.sha256, event.state) == (approval.article, approval.sha256, ReviewState.SUBMITTED)
    ]
    if not submitters:
        raise ReviewError(
            f"the present content of {approval.article} was never submitted: it was edited since. "
            f"Submit it first: ragqa review submit {approval.article} --by ROLE"
        )
    if approval.by.casefold() in (submitter.casefold() for submitter in submitters):
        raise ReviewError(
            f"{approval.by} submitted this content of {approval.article} and may not approve it: somebody else must "
            "(the setting two_person = false lifts this)"
        )
