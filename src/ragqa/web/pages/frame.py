"""What every page shares: who reads it, in which language, and how dates and sources are named."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from ragqa.answer.contract import Audience
from ragqa.corpus.folder import Corpus
from ragqa.corpus.records import Abstract, Article
from ragqa.web.views import render
from ragqa.web.visits import cookie_name

CHOICE = "ragqa_reader"
"""Cookie of the reader's choice: clinician or patient, nothing else; see ``visits.cookie_name``."""
AUDIENCES = ("clinician", "patient")


def audience(request: Request) -> Audience:
    """The reader's choice, else the setting."""
    chosen = request.cookies.get(cookie_name(request, CHOICE))
    default: Audience = request.app.state.settings.audience
    return cast(Audience, chosen) if chosen in AUDIENCES else default


TheAudience = Annotated[Audience, Depends(audience)]


def show(request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page from a template, which also sees ``audience`` and ``day``."""
    page = render(request, name, **({"audience": audience(request), "day": day} | context))
    page.status_code = status
    return page


def day(when: date) -> str:
    """A date as people write it: 20 November 2026."""
    return f"{when.day} {when:%B %Y}"


def finder(corpus: Corpus) -> Any:
    """Looks records up by source id, retracted and unapproved ones too: a page must be able to say so."""

    def find(source_id: str) -> Article | Abstract | None:
        if source_id.startswith("article:"):
            return corpus.articles.get(source_id.removeprefix("article:"))
        return corpus.abstracts.get(source_id)

    return find
