"""Reading: articles in their review state, and answers by their id."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from ragqa.answer.contract import Answer, Audience
from ragqa.editorial.article_page import ArticlePage, article_page
from ragqa.web.access import may_read, reader, visible
from ragqa.web.api.messages.examples import ANSWER
from ragqa.web.api.messages.fields import ANSWER_ID, Slug, written
from ragqa.web.api.messages.reading import Articles, Listed
from ragqa.web.exchange import find
from ragqa.web.problems import Problem
from ragqa.web.state import engine, settings

router = APIRouter(prefix="/api/v1", tags=["reading"])


@router.get("/articles", response_model=Articles, dependencies=[Depends(may_read)])
def articles(request: Request) -> Response:
    """The articles, by slug."""
    corpus = engine(request).read_corpus()
    listed = Articles(
        articles=tuple(
            Listed(
                slug=slug,
                question=corpus.articles[slug].title,
                review_state=corpus.states[slug],
                updated=corpus.articles[slug].updated.isoformat(),
                topics=corpus.articles[slug].topics,
            )
            for slug in visible(corpus, reader(request))
        )
    )
    return written(listed)


@router.get("/articles/{slug}", response_model=ArticlePage, dependencies=[Depends(may_read)])
def article(
    request: Request, slug: Annotated[Slug, Path(examples=["memantine-ocd"])], audience: Audience | None = None
) -> Response:
    """An article as it stands in review, with cautions unless its present text is approved."""
    corpus = engine(request).read_corpus()
    if slug not in visible(corpus, reader(request)):
        raise Problem(404, "not_found", "no such article: GET /api/v1/articles lists them")
    return written(article_page(corpus, slug, audience or settings(request).audience))


@router.get(
    "/answers/{id}",
    response_model=Answer,
    responses={200: {"content": {"application/json": {"example": ANSWER}}}},
    dependencies=[Depends(may_read)],
)
def answer(request: Request, id: Annotated[str, Path(pattern=ANSWER_ID, examples=[ANSWER["id"]])]) -> Response:
    """An answer as it was given. ``review_state`` is "unpublished" when a source it quotes is gone or says something else now."""
    return written(find(request, id))
