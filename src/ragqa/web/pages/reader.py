"""The pages of readers: the front page, articles, sources and search."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from ragqa.answer.contract import Audience
from ragqa.corpus.folder import Corpus
from ragqa.corpus.records import Abstract, Article, ReviewState
from ragqa.editorial.article_page import PageStatement, article_page
from ragqa.question.asked import LONGEST_QUESTION, Asked
from ragqa.question.privacy import redact
from ragqa.retrieval.retriever import Hit
from ragqa.web.access import Reader, may_ask, may_read, priority, public, reader, visible
from ragqa.web.engine import Engine
from ragqa.web.pages.frame import AUDIENCES, CHOICE, TheAudience, finder, show
from ragqa.web.pages.sources import Card, Span, nearest, numbered
from ragqa.web.pages.suggestions import Suggestions
from ragqa.web.problems import Problem
from ragqa.web.security import inside
from ragqa.web.state import TheEngine
from ragqa.web.visits import check_csrf, set_cookie

router = APIRouter(include_in_schema=False)
FOUND = 12
"""Sources that a search shows."""
_MARKUP = re.compile(r"^\* |`|\*")


@router.get("/", name="front", dependencies=[Depends(may_read)])
async def front(request: Request, engine: TheEngine) -> Response:
    """The question box and the approved articles."""
    corpus = await engine.corpus()
    return await asyncio.to_thread(_front, request, corpus)


def _front(request: Request, corpus: Corpus) -> Response:
    approved = corpus.approved()
    return show(request, "front.html", shelves=shelves(approved), count=len(approved))


@router.get("/articles/{slug}", name="article", dependencies=[Depends(may_read)])
async def article(request: Request, slug: str, engine: TheEngine, audience: TheAudience) -> Response:
    """An article in its true review state."""
    corpus = await engine.corpus()
    return await asyncio.to_thread(_article, request, slug, engine, audience, corpus)


def _article(request: Request, slug: str, engine: Engine, audience: Audience, corpus: Corpus) -> Response:
    record = known(corpus, slug, reader(request))
    page = article_page(corpus, slug, audience)
    spans: dict[int, list[Span]] = {}
    sections = [
        {
            "section": part.section,
            "heading": part.heading,
            "statements": list(_statements(record, part.statements, corpus, spans)),
        }
        for part in page.sections
    ]
    cards = [numbered(corpus.abstracts[source], n, spans.get(n, ())) for n, source in enumerate(record.citations, start=1)]
    with engine.index.generation() as ragqa:
        indexed = isinstance(ragqa.generation.find(record.id), Article)
        name = ragqa.generation.manifest.generation
    return show(
        request,
        "article.html",
        page=page,
        sections=sections,
        cards=cards,
        names=names(cards),
        topics=record.topics,
        askable=indexed and corpus.states[slug] is ReviewState.APPROVED,
        suggestions=_suggestions(request).known(name, slug) or (),
    )


@router.get("/articles/{slug}/questions", name="questions", dependencies=[Depends(may_read)])
async def questions(request: Request, slug: str, engine: TheEngine) -> Response:
    """Questions that the evidence answers, beside an article; each was asked before it is shown.

    They are looked for only on behalf of who may ask; everybody else sees what is known.
    """
    corpus = await engine.corpus()
    record = known(corpus, slug, reader(request))
    if corpus.states[slug] is not ReviewState.APPROVED:
        raise Problem(404, "not_found", "questions are answered only beside approved articles")
    held, name = _suggestions(request), engine.index.name
    if held.known(name, slug) is None and not held.searching and await _asks(request):
        await held.find(engine, name, record, await asyncio.to_thread(corpus.approved))
    return await asyncio.to_thread(show, request, "questions.html", article=record, questions=held.known(name, slug))


async def _asks(request: Request) -> bool:
    """Whether this reader may ask a question now; takes it off the reader's rate."""
    try:
        await may_ask(request)
    except Problem:
        return False
    return True


@router.get("/sources/{source_id:path}", name="source", dependencies=[Depends(may_read)])
async def source(request: Request, source_id: str, engine: TheEngine) -> Response:
    """One source with its text, and the approved articles that cite it."""
    corpus = await engine.corpus()
    return await asyncio.to_thread(_source, request, source_id, engine, corpus)


def _source(request: Request, source_id: str, engine: Engine, corpus: Corpus) -> Response:
    record = corpus.abstracts.get(source_id)
    if record is None:
        raise Problem(404, "not_found", f"no source {source_id!r} here; the front page searches those there are")
    cited_by = [article for article in corpus.approved() if source_id in article.citations]
    with engine.index.generation() as ragqa:
        reason = ragqa.generation.excluded([source_id]).get(source_id)
    return show(request, "source.html", card=numbered(record, 1), cited_by=cited_by, excluded=reason)


@router.post("/search", name="look", dependencies=[Depends(may_read), Depends(check_csrf)])
async def look(request: Request, query: Annotated[str, Form(max_length=LONGEST_QUESTION)]) -> Response:
    """Take identifiers out, then go to the results: what stands in an address stays in histories and logs."""
    cleaned = await asyncio.to_thread(redact, query) if request.app.state.settings.redact else None
    kept = {"q": cleaned.text if cleaned else query, "removed": ",".join(dict.fromkeys(cleaned.kinds)) if cleaned else ""}
    return RedirectResponse(f"/search?{urlencode({name: value for name, value in kept.items() if value})}", 303)


@router.get("/search", name="search", dependencies=[Depends(may_ask)])
async def search(request: Request, engine: TheEngine, q: str = "", removed: str = "") -> Response:
    """The sources nearest to a query."""
    if not q.strip():
        return RedirectResponse("/", 303)
    hits = await engine.search(Asked(question=q[:LONGEST_QUESTION]), FOUND, priority(request))
    corpus = await engine.corpus()
    return await asyncio.to_thread(_found, request, q[:LONGEST_QUESTION], removed, hits, corpus)


def _found(request: Request, query: str, removed: str, hits: Sequence[Hit], corpus: Corpus) -> Response:
    find = finder(corpus)
    rows = [
        {
            "title": getattr(record, "title", None) or hit.passage.source_id,
            "about": _about(record),
            "page": f"/articles/{record.slug}"
            if isinstance(record, Article)
            else f"/sources/{quote(hit.passage.source_id, safe=':')}",
            "text": _excerpt(hit.passage.text),
        }
        for hit in hits
        for record in (find(hit.passage.source_id),)
    ]
    kinds = [kind for kind in removed.split(",") if kind.isalpha()]
    return show(request, "search.html", query=query, hits=rows, removed=kinds)


@router.post("/reader", name="choose_reader", dependencies=[Depends(public), Depends(check_csrf)])
async def choose_reader(request: Request, audience: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
    """Remember which language the reader wants."""
    if audience not in AUDIENCES:
        raise Problem(422, "invalid_request", f"choose one of {', '.join(AUDIENCES)}")
    response = RedirectResponse(inside(back), 303)
    set_cookie(request, response, CHOICE, audience, 365 * 24 * 3600)
    return response


@router.get("/policy", name="policy", dependencies=[Depends(public)])
def policy(request: Request) -> Response:
    """The editorial policy."""
    return show(request, "policy.html", rules=policy_rules())


def policy_rules() -> list[str]:
    """The rules of ``docs/editorial-policy.md``, which the package carries."""
    text = resources.files("ragqa.editorial").joinpath("data/editorial-policy.md").read_text(encoding="utf-8")
    return [_MARKUP.sub("", line) for line in text.splitlines() if line.startswith("* ")]


def shelves(articles: Iterable[Article]) -> list[tuple[str, list[Article]]]:
    """Articles by their first topic, the largest topic first."""
    found: dict[str, list[Article]] = {}
    for one in articles:
        topic = one.topics[0] if one.topics else "other questions"
        found.setdefault(topic[:1].upper() + topic[1:], []).append(one)
    return sorted(found.items(), key=lambda shelf: (-len(shelf[1]), shelf[0]))


def known(corpus: Corpus, slug: str, who: Reader) -> Article:
    """The article of this slug. Raises Problem 404 when there is none that this reader may see."""
    if slug in corpus.set_aside and who.may("editor"):
        raise Problem(404, "set_aside", f"the file of {slug!r} has faults, so nothing of it is shown: the desk names them")
    if slug not in visible(corpus, who):
        raise Problem(404, "not_found", f"no article {slug!r}; the front page lists those there are")
    return corpus.articles[slug]


def names(cards: Iterable[Card]) -> dict[int, str]:
    """What a source is called where its number stands."""
    return {card.number: card.name for card in cards}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A sentence with its source numbers, and of each source the sentence nearest to it."""

    text: str
    citations: tuple[int, ...]
    quotes: tuple[tuple[int, str], ...]


def _statements(
    article: Article, statements: Iterable[PageStatement], corpus: Corpus, spans: dict[int, list[Span]]
) -> Iterator[_Shown]:
    """The sentences of a part; where each rests in its sources is noted in ``spans``."""
    for statement in statements:
        quotes = []
        for number in statement.citations:
            record = corpus.abstracts[article.citations[number - 1]]
            if span := nearest(statement.text, record):
                spans.setdefault(number, []).append(span)
                quotes.append((number, record.text[slice(*span)]))
        yield _Shown(text=statement.text, citations=statement.citations, quotes=tuple(quotes))


def _suggestions(request: Request) -> Suggestions:
    """Verified questions found so far by this server."""
    if not hasattr(request.app.state, "suggestions"):
        request.app.state.suggestions = Suggestions()
    found: Suggestions = request.app.state.suggestions
    return found


def _about(record: Article | Abstract | None) -> str:
    if isinstance(record, Article):
        return f"approved article, {record.updated.year}"
    return ", ".join(str(part) for part in (record.journal, record.year) if part) if record else ""


def _excerpt(text: str, most: int = 260) -> str:
    plain = " ".join(re.sub(r"^#+ .*$|\[\d[\d, ]*\]", "", text, flags=re.MULTILINE).split())
    return plain if len(plain) <= most else plain[: plain.rfind(" ", 0, most)] + " …"
