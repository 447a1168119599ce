"""Asking and reading on: questions, their answers as they come about, conversations, and one answer under its own address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse

from ragqa.answer.contract import Answer
from ragqa.answer.render import TITLES, as_json, as_markdown, as_text, caution, closed_gate, printable, sections
from ragqa.checking.statements import Statement
from ragqa.corpus.folder import Corpus
from ragqa.corpus.records import ReviewState
from ragqa.question.asked import LONGEST_QUESTION, Turn
from ragqa.web import exchange
from ragqa.web.access import may_ask, may_read, reader, visible
from ragqa.web.conversations import PAGE
from ragqa.web.exchange import Given, Question
from ragqa.web.pages.evidence import SORTABLE, table
from ragqa.web.pages.exports import as_bibtex, as_ris
from ragqa.web.pages.frame import TheAudience, finder, show
from ragqa.web.pages.reader import names
from ragqa.web.pages.sources import cards
from ragqa.web.problems import FAILURES, Problem, problem_of
from ragqa.web.state import archive, conversations, engine, pools
from ragqa.web.streaming import AnswerEvent, event_line
from ragqa.web.views import environment
from ragqa.web.visits import check_csrf, csrf_token

router = APIRouter(include_in_schema=False)
STREAM = "text/event-stream"
NOTHING = Corpus(articles={}, abstracts={}, states={}, reviews=())
EXPORTS: dict[str, tuple[str, Callable[[Answer], str]]] = {
    "txt": ("text/plain", as_text),
    "md": ("text/markdown", as_markdown),
    "json": ("application/json", as_json),
    "ris": ("application/x-research-info-systems", lambda answer: as_ris(answer.references)),
    "bib": ("application/x-bibtex", lambda answer: as_bibtex(answer.references)),
}


@router.post("/ask", name="ask", dependencies=[Depends(may_ask), Depends(check_csrf)])
async def ask(
    request: Request,
    audience: TheAudience,
    question: Annotated[str, Form(max_length=LONGEST_QUESTION)],
    article: Annotated[str, Form(max_length=200)] = "",
    conversation: Annotated[str, Form(max_length=64)] = "",
    understood: Annotated[str, Form(max_length=LONGEST_QUESTION)] = "",
) -> Response:
    """Answer a question as the next turn of a conversation, which begins here when none is named."""
    if not question.strip():
        raise Problem(422, "invalid_request", "the question is empty: write what you want to know, then ask")
    name = conversation or conversations(request).begin()
    asked = Question(
        question=question,
        article=article or None,
        audience=audience,
        understood=understood.strip() or None,
        conversation=name,
    )
    if STREAM in request.headers.get("accept", ""):
        return StreamingResponse(_pieces(request, asked, name, await exchange.stream(request, asked)), media_type=STREAM)
    found = await exchange.answer(request, asked)
    if found.kept:
        return RedirectResponse(_address(found, name, article), 303)
    corpus = await engine(request).corpus()
    return await pools(request).ask(_unkept, request, found, name, article, corpus)


async def _pieces(request: Request, asked: Question, name: str, events: AsyncIterator[AnswerEvent | Given]) -> AsyncIterator[str]:
    """Stages, statements and the whole turn as it stands on the page, made by the page's own template."""
    audience = asked.audience or "clinician"
    article = asked.article or ""
    try:
        async for event in events:
            if isinstance(event, Given):
                corpus = await engine(request).corpus()
                shown = await pools(request).ask(_turn_part, request, event, name, article, corpus)
                yield event_line("turn", html=shown, address=_address(event, name, article), conversation=name)
            elif isinstance(event.data, Statement):
                yield event_line("statement", heading=event.data.section.heading(audience), text=printable(event.data.text))
            elif event.name == "stage":
                yield event_line("stage", stage=event.data)
    except FAILURES as error:
        yield event_line("problem", message=problem_of(error).message)


def _turn_part(request: Request, found: Given, name: str, article: str, corpus: Corpus) -> str:
    beside = urlencode({"article": article}) if article else ""
    turn = turn_of_page(found.answer, found.number, corpus, "", kept=found.kept, beside=beside)
    return _part("turn.html", request, turn=turn, conversation=name, article=article)


def _unkept(request: Request, found: Given, name: str, article: str, corpus: Corpus) -> Response:
    """The page of an answer that has no address to go to."""
    turns = [turn_of_page(found.answer, found.number, corpus, "", kept=False)]
    context: dict[str, Any] = {"conversation": name, "article": article, "reading": None, "earlier": "", "later": ""}
    return show(request, "conversation.html", turns=turns, **context)


@router.get("/conversations/{name}", name="conversation", dependencies=[Depends(may_read)])
async def conversation(
    request: Request, name: str, article: str = "", sort: str = "", after: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """Turns of a conversation in order, the newest unless told which; an answer no longer kept is told by what was remembered."""
    corpus = await engine(request).corpus()
    return await asyncio.to_thread(_conversation, request, name, article, sort, after, corpus)


def _conversation(request: Request, name: str, article: str, sort: str, after: int | None, corpus: Corpus) -> Response:
    found = conversations(request).stretch(name, after, PAGE)
    answers = archive(request).answers(name, found.after, len(found.turns))
    record = corpus.articles.get(article) if article in visible(corpus, reader(request)) else None
    beside = {"article": record.slug} if record else {}
    here = beside if after is None else beside | {"after": found.after}
    end = found.after + len(found.turns)
    return show(
        request,
        "conversation.html",
        turns=[
            turn_of_page(answers[place], place + 1, corpus, sort, beside=urlencode(here))
            if place in answers
            else _remembered(turn, place + 1)
            for place, turn in enumerate(found.turns, found.after)
        ],
        conversation=name,
        article=record.slug if record else "",
        reading=record,
        earlier=urlencode(beside | {"after": max(0, found.after - PAGE)}) if found.after else "",
        later=urlencode(beside | {"after": end}) if end < found.count else "",
    )


@router.get("/answers/{name}", name="answer", dependencies=[Depends(may_read)])
async def answer_page(request: Request, name: str, sort: str = "") -> Response:
    """One answer exactly as it was given, or, as name.md and the like, in another format."""
    id, _, extension = name.partition(".")
    if extension and extension not in EXPORTS:
        raise Problem(404, "not_found", f"an answer comes as {', '.join(EXPORTS)}")
    if extension:
        kind, export = EXPORTS[extension]
        text = await asyncio.to_thread(lambda: export(exchange.find(request, id)))
        headers = {"Content-Disposition": f'attachment; filename="ragqa-{id}.{extension}"'}
        return PlainTextResponse(text, media_type=f"{kind}; charset=utf-8", headers=headers)
    corpus = await engine(request).corpus()
    return await asyncio.to_thread(_answer_page, request, id, sort, corpus)


def _answer_page(request: Request, id: str, sort: str, corpus: Corpus) -> Response:
    answer = exchange.find(request, id)
    turn = turn_of_page(answer, 0, corpus, sort)
    with engine(request).index.generation() as ragqa:
        current = ragqa.generation.manifest.generation == answer.trace.generation
    return show(request, "answer.html", turn=turn, current=current, conversation="", article="")


def alone(request: Request, answer: Answer, conversation: str) -> Response:
    """An answer that cites nothing and is kept nowhere, as the script of a page reads it or as a page of its own."""
    turn = turn_of_page(answer, 0, NOTHING, "")
    if STREAM not in request.headers.get("accept", ""):
        return show(request, "answer.html", turn=turn, current=True, conversation="", article="")
    shown = _part("turn.html", request, turn=turn, conversation="", article="")
    return Response(event_line("turn", html=shown, address="", conversation=conversation), media_type=STREAM)


def turn_of_page(
    answer: Answer, number: int, corpus: Corpus, sort: str, *, kept: bool | None = True, beside: str = ""
) -> dict[str, Any]:
    """All that a page shows of one turn; ``number`` 0 for an answer that stands alone.

    ``kept``: its address leads to it; False where it could not be kept, None where it has no address.
    ``beside``: the query of the page it is on, which its links keep.
    """
    find = finder(corpus)
    listed = cards(answer, find)
    called = names(listed)
    return {
        "number": number,
        "prefix": f"t{number}-",
        "answer": answer,
        "kept": kept,
        "beside": beside,
        "question": answer.question,
        "title": TITLES.get(answer.status),
        "caution": caution(answer),
        "abstained": closed_gate(answer),
        "sections": [
            (heading, [(statement, _quotes(statement)) for statement in statements]) for heading, statements in sections(answer)
        ],
        "cards": listed,
        "names": called,
        "rows": table(answer, find, sort),
        "sort": sort if sort in SORTABLE else "",
        "withdrawn": list(_no_longer_good(answer, corpus)),
    }


def _quotes(statement: Statement) -> tuple[tuple[int, str], ...]:
    """Source number and exact words, each once."""
    return tuple(dict.fromkeys((support.reference, support.quote) for support in statement.support))


def _no_longer_good(answer: Answer, corpus: Corpus) -> Iterator[tuple[int, str]]:
    """Numbers of sources that may not be relied on any more, with the reason: an address outlives the evidence behind it."""
    for ref in answer.references:
        if ref.kind == "article":
            slug = ref.source_id.removeprefix("article:")
            state = corpus.states.get(slug)
            if state is not ReviewState.APPROVED:
                yield ref.number, f"is no longer approved ({state.value.replace('_', ' ')})" if state else "is no longer here"
        else:
            record = corpus.abstracts.get(ref.source_id)
            if record is None:
                yield ref.number, "is no longer here"
            elif record.retracted:
                yield ref.number, "was retracted"


def _remembered(turn: Turn, number: int) -> dict[str, Any]:
    return {"number": number, "answer": None, "question": turn.question, "said": turn.answer}


def _address(found: Given, name: str, article: str) -> str:
    """Where an answer is read: the newest turn of its conversation, or by itself."""
    if not found.number:
        return f"/answers/{found.answer.id}"
    beside = f"?{urlencode({'article': article})}" if article else ""
    return f"/conversations/{name}{beside}#turn-{found.number}"


def _part(name: str, request: Request, **context: Any) -> str:
    """A piece of a page, escaped as the whole page is."""
    return printable(environment().get_template(name).render(csrf=csrf_token(request), **context))
