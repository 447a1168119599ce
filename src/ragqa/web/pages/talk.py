"""Asking and reading on: questions, their answers as they come about, conversations, and one answer under its own address."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse

from ragqa.answer import Answer, Audience, Statement
from ragqa.corpus import Corpus
from ragqa.errors import RagqaError
from ragqa.pipeline import LONGEST_QUESTION
from ragqa.records import Abstract, Asked, Part, ReviewState, Turn
from ragqa.render import HEADINGS, HEADINGS_FOR_PATIENTS, as_json, as_markdown, as_text, caution, printable, sections
from ragqa.web.access import TheEngine, check_csrf, csrf_token, keep_visit, may_ask, may_read
from ragqa.web.api import note
from ragqa.web.conversations import given, talks
from ragqa.web.engine import Engine
from ragqa.web.pages.evidence import SORTABLE, table
from ragqa.web.pages.exports import as_bibtex, as_ris
from ragqa.web.pages.frame import TheAudience, finder, show
from ragqa.web.pages.reader import names
from ragqa.web.pages.sources import cards
from ragqa.web.problems import Problem, problem_of
from ragqa.web.views import environment

router = APIRouter(include_in_schema=False)
STREAM = "text/event-stream"
TITLES = {
    "insufficient_evidence": "The evidence here does not answer that",
    "needs_clarification": "Which of these do you mean?",
    "urgent": "This may be an emergency",
    "out_of_scope": "This is outside what ragqa answers",
}
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
    engine: TheEngine,
    audience: TheAudience,
    question: Annotated[str, Form(max_length=LONGEST_QUESTION)],
    article: Annotated[str, Form(max_length=200)] = "",
    conversation: Annotated[str, Form(max_length=64)] = "",
    understood: Annotated[str, Form(max_length=LONGEST_QUESTION)] = "",
    place: Annotated[int, Form(ge=0, le=100_000)] = 0,
) -> Response:
    """Answer a question as the next turn of a conversation, which begins here when none is named.

    ``place``: with ``understood``, the number of the turn that is asked again, so that only what was said before it counts.
    """
    if not question.strip():
        raise Problem(422, "invalid_request", "the question is empty: write what you want to know, then ask")
    held = talks(request)
    name = conversation or held.begin()
    with held.turn(name) as turns:
        before = turns[: place - 1] if place else turns
        asked = Asked(question=question, history=tuple(before), article=article or None)
        if STREAM not in request.headers.get("accept", ""):
            answer = await engine.ask(asked, audience, understood.strip() or None)
            note(request, answer)
            held.add(name, answer)
            return RedirectResponse(f"{_address(name, article)}#turn-{len(turns) + 1}", 303)
    csrf_token(request)
    body = _streamed(request, engine, asked, audience, understood.strip() or None, name, article)
    response = StreamingResponse(body, media_type=STREAM)
    keep_visit(request, response)
    return response


async def _streamed(
    request: Request, engine: Engine, asked: Asked, audience: Audience, understood: str | None, name: str, article: str
) -> AsyncIterator[str]:
    """Stages, statements and the whole turn as it stands on the page, each a piece of HTML from the page's own templates."""
    held = talks(request)
    headings = HEADINGS_FOR_PATIENTS if audience == "patient" else HEADINGS
    try:
        with held.turn(name) as turns:
            async for event in engine.stream(asked, audience, understood):
                if isinstance(event.data, Answer):
                    note(request, event.data)
                    held.add(name, event.data)
                    number = len(turns) + 1
                    turn = turn_of_page(event.data, number, await engine.corpus(), "")
                    address = f"{_address(name, article)}#turn-{number}"
                    shown = _part("turn.html", request, turn=turn, conversation=name, article=article)
                    yield _event("turn", html=shown, address=address, conversation=name)
                elif isinstance(event.data, Statement):
                    yield _event("statement", heading=headings[event.data.section], text=printable(event.data.text))
                elif event.name == "stage":
                    yield _event("stage", stage=event.data)
    except RagqaError as error:
        yield _event("problem", message=problem_of(error).message)
    except Problem as problem:
        yield _event("problem", message=problem.message)


@router.get("/conversations/{name}", name="conversation", dependencies=[Depends(may_read)])
async def conversation(request: Request, name: str, engine: TheEngine, article: str = "", sort: str = "") -> Response:
    """A conversation, its turns in order; an answer no longer kept is told by what was remembered of it."""
    held = talks(request)
    turns, answers = held.turns(name), held.answers(name)
    corpus = await engine.corpus()
    record = corpus.articles.get(article)
    shown = [
        turn_of_page(answer, number, corpus, sort) if answer else _remembered(turn, number)
        for number, (turn, answer) in enumerate(zip(turns, answers, strict=True), start=1)
    ]
    return show(
        request, "conversation.html", turns=shown, conversation=name, article=record.slug if record else "", reading=record
    )


@router.get("/answers/{name}", name="answer", dependencies=[Depends(may_read)])
async def answer_page(request: Request, name: str, engine: TheEngine, sort: str = "") -> Response:
    """One answer exactly as it was given, or, as name.md and the like, in another format."""
    id, _, extension = name.partition(".")
    answer = given(request).answer(id)
    if answer is None or (extension and extension not in EXPORTS):
        raise Problem(404, "not_found", "no such answer, or it is no longer kept: ask the question again at the front page")
    if extension:
        kind, export = EXPORTS[extension]
        headers = {"Content-Disposition": f'attachment; filename="ragqa-{id}.{extension}"'}
        return PlainTextResponse(export(answer), media_type=f"{kind}; charset=utf-8", headers=headers)
    turn = turn_of_page(answer, 0, await engine.corpus(), sort)
    with engine.generation() as ragqa:
        current = ragqa.generation.manifest.generation == answer.trace.generation
    return show(request, "answer.html", turn=turn, current=current, conversation="", article="")


def turn_of_page(answer: Answer, number: int, corpus: Corpus, sort: str) -> dict[str, Any]:
    """All that a page shows of one turn; ``number`` 0 for an answer that stands alone."""
    find = finder(corpus)
    listed = cards(answer, find)
    called = names(listed)
    quotes = {
        id(statement): tuple(dict.fromkeys((support.reference, support.quote) for support in statement.support))
        for statement in answer.statements
    }
    return {
        "number": number,
        "prefix": f"t{number}-",
        "answer": answer,
        "question": answer.question,
        "title": TITLES.get(answer.status.value),
        "caution": caution(answer),
        "sections": [
            (heading, [(s, quotes[id(s)]) for s in statements], statements[0].section is Part.RECOMMENDATION)
            for heading, statements in sections(answer)
        ],
        "cards": listed,
        "names": called,
        "rows": table(answer, find, sort),
        "sort": sort if sort in SORTABLE else "",
        "withdrawn": list(_no_longer_good(answer, corpus)),
    }


def _no_longer_good(answer: Answer, corpus: Corpus) -> Any:
    """Numbers of sources that may not be relied on any more, with the reason: an address outlives the evidence behind it."""
    for ref in answer.references:
        if ref.kind == "article":
            slug = ref.source_id.removeprefix("article:")
            state = corpus.states.get(slug)
            if state is not ReviewState.APPROVED:
                yield ref.number, f"is no longer approved ({state.value.replace('_', ' ')})" if state else "is no longer here"
        else:
            record = corpus.abstracts.get(ref.source_id)
            if isinstance(record, Abstract) and record.retracted:
                yield ref.number, "was retracted"
            elif record is None:
                yield ref.number, "is no longer here"


def _remembered(turn: Turn, number: int) -> dict[str, Any]:
    return {"number": number, "answer": None, "question": turn.question, "said": turn.answer}


def _address(conversation: str, article: str) -> str:
    return f"/conversations/{conversation}" + (f"?article={article}" if article else "")


def _part(name: str, request: Request, **context: Any) -> str:
    """A piece of a page, escaped as the whole page is."""
    return printable(environment().get_template(name).render(csrf=csrf_token(request), **context))


def _event(name: str, **data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
