"""An answer as terminal text, Markdown, HTML or JSON. Every rendering carries the disclaimer and the review state.

Text from sources is data: it is escaped for the medium it goes to, so nothing in it can act as markup or as a terminal code.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ragqa.answer.contract import Answer, Reference
from ragqa.checking.statements import Statement
from ragqa.question.refusal import Status

if TYPE_CHECKING:
    import jinja2

CAUTION = "Not yet reviewed by a person: put together automatically from approved articles and the abstracts they cite."
CAUTIONS = {
    "approved": "Signed off by an editor; put together from approved articles and the abstracts they cite.",
    "revision_waits": "Signed off by an editor, but evidence has changed since: a revised answer waits for review.",
    "replaced": "An earlier answer, kept as history: another one has taken its place.",
    "rejected": "Rejected by an editor: not to be used.",
    "unpublished": "Taken back: a source of this answer is no longer valid. Not to be used.",
}
"""What a reader is told of each review state; CAUTION of any other."""
WIDTH = 96
"""Columns of text for a terminal; by hand."""
TITLES = {
    Status.INSUFFICIENT_EVIDENCE: "The evidence here does not answer that",
    Status.NEEDS_CLARIFICATION: "Which of these do you mean?",
    Status.URGENT: "This may be an emergency",
    Status.OUT_OF_SCOPE: "This is outside what ragqa answers",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def render(answer: Answer, style: str = "text") -> str:
    """The answer in ``text``, ``md``, ``html`` or ``json``, ending in a line break."""
    return RENDERERS[style](answer)


def as_json(answer: Answer) -> str:
    """The stable contract, indented."""
    return json.dumps(answer.to_json(), ensure_ascii=False, indent=2) + "\n"


def as_text(answer: Answer, titled: bool = True) -> str:
    """Plain text for a terminal, at most WIDTH columns; not ``titled`` where the question stands above it already."""
    title = [wrapped(answer.question), "=" * min(WIDTH, max(len(answer.question), 8))]
    blocks = [*(title if titled else []), *map(wrapped, notes(answer))]
    if answer.message:
        blocks += ["", wrapped(TITLES.get(answer.status, "")), wrapped(answer.message)]
        blocks += [wrapped(f"{n}. {alternative}", indent="   ") for n, alternative in enumerate(answer.alternatives, start=1)]
    for heading, statements in sections(answer):
        blocks += ["", heading, "-" * len(heading)]
        blocks += [wrapped(f"* {cited(statement)}", indent="  ") for statement in statements]
    blocks += _text_evidence(answer)
    if answer.references:
        blocks += ["", "References", "----------"]
        blocks += [wrapped(f"[{r.number}] {describe(r)}", indent="    ") for r in answer.references]
    blocks += ["", wrapped(f"Review: {answer.review_state.replace('_', ' ')}. {caution(answer)}")]
    blocks += [
        "",
        "Professional disclaimer" if answer.audience == "clinician" else "Please note",
        wrapped(answer.disclaimer),
    ]
    return printable("\n".join(blocks).lstrip("\n")) + "\n"


def as_markdown(answer: Answer) -> str:
    """Markdown in which source text cannot act as markup."""
    blocks = [f"# {escaped(answer.question)}", *(escaped(line) for line in notes(answer)), f"> {caution(answer)}"]
    if answer.message:
        blocks += [f"**{TITLES.get(answer.status, '')}**", escaped(answer.message)]
        choices = [f"{n}. {escaped(alternative)}" for n, alternative in enumerate(answer.alternatives, start=1)]
        blocks += ["\n".join(choices)] if choices else []
    for heading, statements in sections(answer):
        blocks += [f"## {heading}", "\n".join(f"- {escaped(s.text)} {_numbers(s)}" for s in statements)]
    if answer.evidence:
        blocks += [f"**Strength of evidence: {answer.evidence.strength.replace('_', ' ')}.** {escaped(answer.evidence.why)}"]
    blocks += [escaped(_conflict_line(about, for_, against)) for about, for_, against in _conflicts(answer)]
    if answer.references:
        blocks += ["## References", "\n".join(f"{r.number}. {escaped(describe(r))}" for r in answer.references)]
    blocks += ["## Disclaimer", answer.disclaimer]
    return printable("\n\n".join(blocks)) + "\n"


def as_html(answer: Answer) -> str:
    """A whole page, escaped, without scripts or outside assets."""
    page = template("answer.html").render(
        answer=answer,
        title=TITLES.get(answer.status),
        notes=notes(answer),
        sections=sections(answer),
        conflicts=[_conflict_line(*conflict) for conflict in _conflicts(answer)],
        describe=describe,
        caution=caution(answer),
    )
    return printable(page) + "\n"


RENDERERS: dict[str, Callable[[Answer], str]] = {
    "text": as_text,
    "md": as_markdown,
    "html": as_html,
    "json": as_json,
}


def sections(answer: Answer) -> list[tuple[str, list[Statement]]]:
    """Headings with their statements, in the answer's own order: the part that was asked for stands first. Of several questions
    each is a heading, under it what is told of it.
    """
    if answer.questions:
        return list(_by_question(answer))
    parts = dict.fromkeys(statement.section for statement in answer.statements)
    return [(part.heading(answer.audience), [s for s in answer.statements if s.section is part]) for part in parts]


def _by_question(answer: Answer) -> Iterator[tuple[str, list[Statement]]]:
    left = list(answer.statements)
    for number, one in enumerate(answer.questions, start=1):
        own, left = left[: one.statements], left[one.statements :]
        yield " ".join([f"{number}. {one.question}", *one.told]), own


def cited(statement: Statement) -> str:
    """The statement followed by its reference numbers."""
    return f"{statement.text} {_numbers(statement)}"


def describe(reference: Reference) -> str:
    """A reference in one line: who, what, where, design, size, identifiers. Omits missing fields."""
    authors = ", ".join(reference.authors[:3]) + (", et al" if len(reference.authors) > 3 else "")
    size = f"n = {reference.sample_size}" if reference.sample_size else None
    design = ", ".join(part for part in (reference.study_design, size, reference.follow_up) if part)
    where = " ".join(str(part) for part in (reference.journal, reference.year) if part)
    if reference.kind == "article":
        where = f"approved article, {reference.year}"
    parts = (
        authors.rstrip("."),
        (reference.title or "").rstrip("."),
        where,
        design[:1].upper() + design[1:] if reference.study_design else design,
        f"PMID {reference.pmid}" if reference.pmid else None,
        f"doi:{reference.doi}" if reference.doi else None,
        reference.source_id if not (reference.pmid or reference.doi) else None,
        "Summary of the abstract" if reference.text_origin == "summary" else None,
        *(notice.replace("_", " ").capitalize() + " published" for notice in reference.notices),
    )
    return " ".join(part if part.endswith(("?", "!")) else f"{part}." for part in parts if part)


def notes(answer: Answer) -> list[str]:
    """How the question was read, where that is not how it was asked, what was taken out of it, and what of it is not covered."""
    lines = []
    if answer.removed:
        lines.append(f"Taken out before searching: {', '.join(answer.removed)}. Please ask without patient identifiers.")
    if answer.standalone_question != answer.question and not answer.questions:
        lines.append(f"Understood as: {answer.standalone_question}")
    lines += answer.caveats
    return lines


def caution(answer: Answer) -> str:
    """What a reader must know of the answer's review."""
    return CAUTIONS.get(answer.review_state, CAUTION)


_GATES = {
    "about what is asked": "No sentence of what was found is about all that is asked",
    "sentences": "No sentence of what was found could be quoted",
    "sentences on the subjects": "The sources that hold most of what is asked about have no sentence to quote",
    "within reach": "What was found answers this with a probability of {figure:.2g} at most, whatever its sentences say; below "
    "{bound:.2g} they are not judged",
    "answerable": "What was found answers this with a probability of {figure:.2g}; {bound:.2g} is needed",
}
"""Why the evidence was not enough, by the gate that closed; two are of answers that an earlier version gave."""


def closed_gate(answer: Answer) -> str | None:
    """Which gate closed, with its figure and its bound, in words; None where none did."""
    gate = answer.trace.gate
    return _GATES[gate.name].format(figure=gate.figure, bound=gate.bound) if gate else None


def explain(answer: Answer) -> str:
    """How the answer came about, for ``--explain``."""
    trace = answer.trace
    lines = [f"understood as: {answer.standalone_question}", f"generation: {trace.generation}"]
    lines += [f"{name}: {value}" for name, value in trace.understanding.items()]
    lines += [f"searched for: {query}" for query in trace.queries] or ["searched for: nothing"]
    lines += [f"abstained at the gate {trace.gate.name!r}: {closed_gate(answer)}"] if trace.gate else []
    lines += [f"{name}: {value}" for name, value in (trace.models | trace.scores | trace.milliseconds).items()]
    for statement in answer.statements:
        for support in statement.support:
            lines.append(f"[{support.reference}] {support.score:.3f} {support.passage} {support.start}-{support.end}")
    return "\n".join(lines) + "\n"


def _text_evidence(answer: Answer) -> Iterator[str]:
    if answer.evidence:
        yield ""
        yield wrapped(f"Strength of evidence: {answer.evidence.strength.replace('_', ' ')}. {answer.evidence.why}")
    for about, for_, against in _conflicts(answer):
        yield wrapped(_conflict_line(about, for_, against))


def _conflicts(answer: Answer) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    return [(conflict.about, conflict.for_, conflict.against) for conflict in answer.conflicts]


def _conflict_line(about: str, for_: tuple[int, ...], against: tuple[int, ...]) -> str:
    def cites(numbers: tuple[int, ...]) -> str:
        return "".join(f"[{number}]" for number in numbers)

    return f"Disagreement: {about} Difference: {cites(for_)}; none: {cites(against)}."


def _numbers(statement: Statement) -> str:
    return "".join(f"[{number}]" for number in statement.citations)


def printable(text: str) -> str:
    """Text without control characters and direction overrides, line breaks aside."""
    return _CONTROL.sub("", text)


def wrapped(text: str, indent: str = "") -> str:
    """A paragraph in lines of at most WIDTH columns."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def escaped(text: str) -> str:
    """Text in which nothing is Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


@lru_cache(maxsize=4)
def template(name: str, room: str = "answer") -> jinja2.Template:
    """A page of a room's ``templates/``, which may extend those of this room; every value in it is escaped."""
    import jinja2  # a plain text needs no page

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(f"ragqa.{place}") for place in (room, "answer")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)
