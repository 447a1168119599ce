"""What is told of articles, beside ArticlePage."""

from __future__ import annotations

from ragqa.corpus.records import ReviewState
from ragqa.web.api.messages.fields import Message


class Listed(Message):
    """An article in a list."""

    slug: str
    question: str
    review_state: ReviewState
    updated: str
    topics: tuple[str, ...]


class Articles(Message):
    """The articles this reader may read, by slug."""

    articles: tuple[Listed, ...]
