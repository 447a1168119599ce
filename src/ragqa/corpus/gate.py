"""The gate: the one place that says what may be cited, and why anything else may not.

Approved articles may, and abstracts that one of them cites (or all, where the settings say so); never a retracted one. An
approval is an event bound to the SHA-256 of the text that was approved, so no text is ever looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ragqa.corpus.records import Article, ReviewEvent, ReviewState

UNCITED = "cited by no approved article"


class Gate:
    """Decides on the sources of one corpus."""

    def __init__(self, states: Mapping[str, ReviewState], citations: Mapping[str, Sequence[str]], abstracts: str) -> None:
        """``states`` and ``citations`` of every article, by slug; ``abstracts`` "cited", or "all" to let all of them in."""
        self._states, self._all = states, abstracts == "all"
        self._cited = {source for slug, state in states.items() if state is ReviewState.APPROVED for source in citations[slug]}

    def article(self, slug: str) -> str | None:
        """Why an article may not be cited; None when it may."""
        state = self._states[slug]
        return None if state is ReviewState.APPROVED else f"article is {state.value.replace('_', ' ')}"

    def abstract(self, source_id: str, *, retracted: bool) -> str | None:
        """Why an abstract may not be cited; None when it may."""
        if retracted:
            return "retracted"
        return None if self._all or source_id in self._cited else UNCITED


def standing_of_text(sha256: str, events: Iterable[ReviewEvent]) -> ReviewState:
    """Where this very text of an article stands after the article's ``events``.

    A withdrawal takes back every text of the article. A newer text that waits, or was approved, leaves this one as it was.
    """
    standing = ReviewState.DRAFT
    for event in events:
        if event.state is ReviewState.WITHDRAWN or event.sha256 == sha256:
            standing = ReviewState(event.state)
    return standing


def review_state(article: Article, reviews: Iterable[ReviewEvent]) -> ReviewState:
    """Where an article stands. An approval holds for the exact bytes approved; after any edit it is *submitted* again."""
    return review_states({article.slug: article.sha256}, reviews)[article.slug]


def review_states(contents: Mapping[str, str], reviews: Iterable[ReviewEvent]) -> dict[str, ReviewState]:
    """As ``review_state`` for many articles: ``contents`` maps each slug to the sha256 of its file's bytes."""
    states = dict.fromkeys(contents, ReviewState.DRAFT)
    for event in reviews:
        if event.article in states:
            stale = event.state is ReviewState.APPROVED and event.sha256 != contents[event.article]
            states[event.article] = ReviewState.SUBMITTED if stale else event.state
    return states
