"""Reading: articles in their review state, and answers by their id."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from ragqa.answer import Answer, Audience
from ragqa.article_page import ArticlePage, article_page
from ragqa.web.access import engine, may_read, reader, settings, visible
from ragqa.web.api.messages import ANSWER, ANSWER_ID, Articles, Listed, Slug
from ragqa.web.exchange import find
from ragqa.web.problems import Problem

router = APIRouter(prefix="/api/v1", tags=["reading"])


@router.get("/articles", dependencies=[Depends(may_read)])
async def articles(request: Request) -> Articles:
    """The articles, by slug."""
    corpus = await engine(request).corpus()
    return Articles(
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


@router.get("/articles/{slug}", response_model=ArticlePage, dependencies=[Depends(may_read)])
async def article(
    request: Request, slug: Annotated[Slug, Path(examples=["memantine-ocd"])], audience: Audience | None = None
) -> ArticlePage:
    """An article as it stands in review, with cautions unless its present text is approved."""
    corpus = await engine(request).corpus()
    if slug not in visible(corpus, reader(request)):
        raise Problem(404, "not_found", "no such article: GET /api/v1/articles lists them")
    return await asyncio.to_thread(article_page, corpus, slug, audience or settings(request).audience)


@router.get(
    "/answers/{id}",
    response_model=Answer,
    responses={200: {"content": {"application/json": {"example": ANSWER}}}},
    dependencies=[Depends(may_read)],
)
async def answer(request: Request, id: Annotated[str, Path(pattern=ANSWER_ID, examples=[ANSWER["id"]])]) -> Response:
    """An answer as it was given. ``review_state`` is "unpublished" when a source it quotes is gone or says something else now."""
    text = await asyncio.to_thread(lambda: json.dumps(find(request, id).to_json()))
    return Response(text, media_type="application/json")
