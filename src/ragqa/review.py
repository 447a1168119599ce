"""The review workflow: an article is submitted, read, approved or withdrawn, and each step is an event that stays.

draft -> submitted -> under_review -> approved;  any of them -> withdrawn;  withdrawn -> submitted
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ragqa.corpus import parse_article, review_state
from ragqa.errors import Fault, InvalidRecord, ReviewError
from ragqa.files import append_line, locked, read_jsonl
from ragqa.records import ReviewEvent, ReviewState

NEXT: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.DRAFT: frozenset({ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.SUBMITTED: frozenset({ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.WITHDRAWN}),
    ReviewState.UNDER_REVIEW: frozenset({ReviewState.APPROVED, ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.APPROVED: frozenset({ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.WITHDRAWN: frozenset({ReviewState.SUBMITTED}),
}


def read_log(corpus: Path) -> list[ReviewEvent]:
    """All review events, oldest first. Raises InvalidRecord at the first line that is not one."""
    file = corpus / "reviews.jsonl"
    events = []
    for line, value in read_jsonl(file) if file.exists() else ():
        if isinstance(value, Fault):
            raise InvalidRecord(file, line, value.message)
        events.append(ReviewEvent.model_validate(value))
    return events


def record_step(corpus: Path, slug: str, state: ReviewState, by: str, note: str | None = None) -> ReviewEvent:
    """Append one step, bound to the article's present content.

    Raises:
        ReviewError: the step is not allowed from where the article stands.
        InvalidRecord: the article does not exist or cannot be read.
    """
    article = parse_article(corpus / "articles" / f"{slug}.md")
    with (corpus / ".reviews.lock").open("ab") as lock, locked(lock):
        present = review_state(article, read_log(corpus))
        if state not in NEXT[present]:
            allowed = ", ".join(sorted(step.value for step in NEXT[present]))
            raise ReviewError(f"{slug} is {present.value}: it cannot become {state.value} now. Possible: {allowed}")
        event = ReviewEvent.model_validate(
            {
                "article": slug,
                "sha256": article.sha256,
                "state": state,
                "by": by,
                "at": datetime.now(UTC).replace(microsecond=0),
                "note": note,
            }
        )
        append_line(corpus / "reviews.jsonl", event.model_dump(mode="json", exclude_none=True))
    return event
