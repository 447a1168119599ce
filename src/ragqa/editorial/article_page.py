"""An article as a reader meets it: its true review state first, then the text with its sources, then the disclaimer.

As in ``render``, text of the corpus is data: it is escaped for the medium it goes to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ragqa.answer.assembly import reference
from ragqa.answer.contract import DISCLAIMERS, Audience
from ragqa.answer.render import WIDTH, describe, escaped, printable, template, wrapped
from ragqa.checking.support import unsupported
from ragqa.corpus.articles import approved_text
from ragqa.corpus.folder import Corpus
from ragqa.corpus.parts import Part
from ragqa.corpus.records import Article, ReviewEvent, ReviewState
from ragqa.editorial.difference import Difference, compare_articles
from ragqa.errors import CorpusError, RagqaError
from ragqa.language.sentences import sentences, without_markers
from ragqa.language.wording import plain

STEPS = {
    ReviewState.SUBMITTED: "Submitted",
    ReviewState.UNDER_REVIEW: "Under Review",
    ReviewState.APPROVED: "Approved",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Step(_Frozen):
    """One step of the review; ``at`` and ``by`` are None where no event of the present content records it."""

    name: str
    done: bool
    at: date | None = None
    by: str | None = None


class PageStatement(_Frozen):
    """One sentence of the article with the numbers of its references."""

    text: str
    citations: tuple[int, ...]


class PageSection(_Frozen):
    """One part of the article under the heading for this audience."""

    section: Part
    heading: str
    statements: tuple[PageStatement, ...]


class PageReference(_Frozen):
    """A source as the article numbers it; ``text`` is the whole reference in one line."""

    number: int
    source_id: str
    text: str
    study_design: str | None
    year: int | None
    pmid: str | None
    doi: str | None
    url: str | None
    retracted: bool


class ArticlePage(_Frozen):
    """All that a page of an article shows."""

    schema_: Literal["ragqa.article/1"] = Field(default="ragqa.article/1", alias="schema")
    slug: str
    question: str
    review_state: ReviewState
    steps: tuple[Step, ...]
    cautions: tuple[str, ...]
    updated: date
    editorial_policy: str | None
    sections: tuple[PageSection, ...]
    references: tuple[PageReference, ...]
    audience: Audience
    disclaimer: str = Field(min_length=40)


def article_page(corpus: Corpus, slug: str, audience: Audience = "clinician") -> ArticlePage:
    """The page of an article, whatever its review state. Raises RagqaError when the corpus has no such article."""
    article, state = _article(corpus, slug), corpus.states[slug]
    events = [event for event in corpus.reviews if event.article == slug]
    references = tuple(_references(article, corpus))
    return ArticlePage(
        slug=slug,
        question=article.title,
        review_state=state,
        steps=_steps(state, [event for event in events if event.sha256 == article.sha256]),
        cautions=(*_state_caution(article, state, events), *_retraction_caution(references)),
        updated=article.updated,
        editorial_policy=article.editorial_policy,
        sections=tuple(_sections(article, audience)),
        references=references,
        audience=audience,
        disclaimer=DISCLAIMERS[audience],
    )


def changes_since_approval(folder: Path, corpus: Corpus, slug: str) -> Difference | None:
    """The article's present text beside the text approved last; None when none was, or its text was not kept.

    Raises:
        RagqaError: the corpus has no such article.
    """
    article = _article(corpus, slug)
    before = approved_text(folder, slug, corpus.reviews)
    if before is None:
        return None
    described = {found.source_id: found.text for found in _references(article, corpus)}
    return compare_articles(before, article, described)


def render_article(page: ArticlePage, style: str = "text") -> str:
    """The page in ``text``, ``md``, ``html`` or ``json``, ending in a line break."""
    return RENDERERS[style](page)


def as_json(page: ArticlePage) -> str:
    """The page's data, indented."""
    return json.dumps(page.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=2) + "\n"


def as_text(page: ArticlePage) -> str:
    """Plain text for a terminal, at most WIDTH columns."""
    blocks = [wrapped(page.question), "=" * min(WIDTH, max(len(page.question), 8)), wrapped(stepper(page))]
    blocks += [wrapped(f"CAUTION: {caution}") for caution in page.cautions]
    blocks += [wrapped(line) for line in about(page)]
    for section in page.sections:
        blocks += ["", section.heading, "-" * len(section.heading)]
        blocks += [wrapped(f"* {s.text} {_numbers(s)}", indent="  ") for s in section.statements]
    blocks += ["", "References", "----------"] if page.references else []
    blocks += [wrapped(f"[{r.number}] {'RETRACTED. ' * r.retracted}{r.text}", indent="    ") for r in page.references]
    blocks += ["", "Professional disclaimer" if page.audience == "clinician" else "Please note", wrapped(page.disclaimer)]
    return printable("\n".join(blocks)) + "\n"


def as_markdown(page: ArticlePage) -> str:
    """Markdown in which the article's text cannot act as markup."""
    blocks = [f"# {_md(page.question)}", _md(stepper(page))]
    blocks += [f"> **Caution:** {_md(caution)}" for caution in page.cautions]
    blocks += [_md(line) for line in about(page)]
    for section in page.sections:
        blocks += [f"## {section.heading}", "\n".join(f"- {_md(s.text)} {_numbers(s)}" for s in section.statements)]
    if page.references:
        listed = (f"{r.number}. {'**RETRACTED.** ' * r.retracted}{_md(r.text)}" for r in page.references)
        blocks += ["## References", "\n".join(listed)]
    blocks += ["## Disclaimer", page.disclaimer]
    return printable("\n\n".join(blocks)) + "\n"


def as_html(page: ArticlePage) -> str:
    """A whole page, escaped, without scripts or outside assets."""
    return printable(template("article.html", "editorial").render(page=page, about=about(page))) + "\n"


RENDERERS: dict[str, Callable[[ArticlePage], str]] = {
    "text": as_text,
    "md": as_markdown,
    "html": as_html,
    "json": as_json,
}


def stepper(page: ArticlePage) -> str:
    """The review in one line: each step, done or not, with its date and role."""
    told = []
    for step in page.steps:
        when = f"{step.at}, {step.by}" if step.at else "done" if step.done else "not done"
        told.append(f"{step.name} ({when})")
    return "Review: " + " > ".join(told)


def about(page: ArticlePage) -> list[str]:
    """When the article was last updated, and by which policy it is kept, where it names one."""
    policy = [f"Editorial policy: {page.editorial_policy}"] if page.editorial_policy else []
    return [f"Last updated: {page.updated}", *policy]


def _article(corpus: Corpus, slug: str) -> Article:
    if slug in corpus.set_aside:
        raise CorpusError(list(corpus.set_aside[slug]))
    if slug not in corpus.articles:
        raise RagqaError(f"no article {slug!r} in the corpus: `ragqa check` lists them")
    return corpus.articles[slug]


def _steps(state: ReviewState, events: Sequence[ReviewEvent]) -> tuple[Step, ...]:
    """Steps up to where the article stands; date and role are those of the newest event of the present content."""
    reached = list(STEPS).index(state) if state in STEPS else -1
    newest: dict[ReviewState, ReviewEvent] = {event.state: event for event in events}
    steps = []
    for position, (step, name) in enumerate(STEPS.items()):
        event = newest.get(step) if position <= reached else None
        at, by = (event.at.date(), event.by) if event else (None, None)
        steps.append(Step(name=name, done=position <= reached, at=at, by=by))
    return tuple(steps)


def _state_caution(article: Article, state: ReviewState, events: Sequence[ReviewEvent]) -> Iterator[str]:
    last = events[-1] if events else None
    if state is ReviewState.WITHDRAWN and last:
        note = f": {last.note}" if last.note else ""
        yield f"Withdrawn on {last.at.date()} by {last.by}{note}. Do not rely on this text."
    elif state is not ReviewState.APPROVED:
        where = "not submitted yet" if state is ReviewState.DRAFT else state.value.replace("_", " ")
        yield f"Pending human review ({where}): the present text is not approved."
        if last and last.sha256 != article.sha256:
            step = "approved" if last.state is ReviewState.APPROVED else STEPS[ReviewState(last.state)].lower()
            yield f"The text was edited after it was {step} on {last.at.date()} by {last.by}."


def _retraction_caution(references: Sequence[PageReference]) -> Iterator[str]:
    if numbers := "".join(f"[{reference.number}]" for reference in references if reference.retracted):
        yield f"Retracted since publication: {numbers}. Do not rely on sentences that cite it."


def _sections(article: Article, audience: Audience) -> Iterator[PageSection]:
    for part in dict.fromkeys(span.part for span in article.spans):
        spans = [span for span in article.spans if span.part is part]
        found = [sentence for span in spans for sentence in sentences(article.text, span.start, span.end)]
        statements = (PageStatement(text=_told(sentence.text, audience), citations=sentence.markers) for sentence in found)
        yield PageSection(section=part, heading=part.heading(audience), statements=tuple(statements))


def _told(sentence: str, audience: Audience) -> str:
    """The sentence; for patients in plain language, where it can be proven to say the same."""
    own = without_markers(sentence)
    plainly = plain(own) if audience == "patient" else own
    return plainly if unsupported(plainly, own) is None else own


def _references(article: Article, corpus: Corpus) -> Iterator[PageReference]:
    for number, source in enumerate(article.citations, start=1):
        record = corpus.abstracts[source]
        listed = reference(record)
        yield PageReference(
            number=number,
            source_id=record.id,
            text=describe(listed),
            study_design=listed.study_design,
            year=listed.year,
            pmid=listed.pmid,
            doi=listed.doi,
            url=listed.url,
            retracted=record.retracted,
        )


def _numbers(statement: PageStatement) -> str:
    return "".join(f"[{number}]" for number in statement.citations)


def _md(text: str) -> str:
    """Escaped, on one line: a line break could begin a block."""
    return escaped(" ".join(text.split()))
