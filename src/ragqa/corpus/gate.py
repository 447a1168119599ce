"""The gate: the one place that says what may be cited, and why anything else may not.

Approved articles may, and abstracts that one of them cites (or all, where the settings say so); never a retracted one. An
approval is an event bound to the SHA-256 of the text that was approved, so no text is ever looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ragqa.corpus.records import ReviewEvent, ReviewState

UNCITED = "cited by no approved article"
"""Why an abstract that nothing is wrong with is left out."""


class Gate:
    """Decides on the sources of one corpus."""

    def __init__(self, states: Mapping[str, ReviewState], citations: Mapping[str, Sequence[str]], abstracts: str) -> None:
        """``states`` and ``citations`` of every article, by slug; ``abstracts`` "cited", or "all" to let all of them in."""
        self._states, self._all = states, abstracts == "all"
        self._cited = {source for slug, state in states.items() if state is ReviewState.APPROVED for source in citations[slug]}

    def article(self, slug: str) -> str | None:
        """Why an article may not be cited; None when it may."""
        state = self._states[slug]
        return None if state is ReviewState.APPROVED else reason(state)

    def abstract(self, source_id: str, *, retracted: bool) -> str | None:
        """Why an abstract may not be cited; None when it may."""
        if retracted:
            return "retracted"
        return None if self._all or source_id in self._cited else UNCITED


def reason(state: ReviewState) -> str:
    """Why an article in this state is left out."""
    return f"article is {state.value.replace('_', ' ')}"


def state_of_text(sha256: str, events: Iterable[ReviewEvent]) -> ReviewState:
    """Where this very text of an article stands after the article's ``events``.

    A withdrawal takes back every text of the article. A newer text that waits, or was approved, leaves this one as it was.
    """
    state = ReviewState.DRAFT
    for event in events:
        if event.state is ReviewState.WITHDRAWN or event.sha256 == sha256:
            state = ReviewState(event.state)
    return state


def review_states(contents: Mapping[str, str], reviews: Iterable[ReviewEvent]) -> dict[str, ReviewState]:
    """Where each article stands; ``contents`` maps its slug to the SHA-256 of its file's bytes, in hexadecimal.

    An approval holds for the exact bytes approved; after any edit the article is *submitted* again.
    """
    states = dict.fromkeys(contents, ReviewState.DRAFT)
    for event in reviews:
        if event.article in states:
            stale = event.state is ReviewState.APPROVED and event.sha256 != contents[event.article]
            states[event.article] = ReviewState.SUBMITTED if stale else event.state
    return states
