"""Questions about drugs that the bundled sources only mention: no source is about them, so every answer has to abstain or say so.

    python eval/measure/mentioned.py --json eval/results/mentioned.json

A drug is only mentioned when it stands in the text of a source, but in no title, topic or heading of one, and opens no sentence.
Each is asked about in five kinds of question. Printed are the verdicts by kind, and every answer that shows a statement.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from ragqa.answer.contract import Answer
from ragqa.corpus.folder import citable, load_corpus
from ragqa.corpus.records import Abstract, Article
from ragqa.evaluation.tally import wilson
from ragqa.language import concepts
from ragqa.language.sentences import sentences
from ragqa.pipeline import Ragqa
from ragqa.question.refusal import Status
from ragqa.settings import load_settings

DRUG, CONDITION = "drug", "condition"
OPENING = 2
"""Words that may stand before a drug which opens a sentence ("Trials of lithium found"); by hand."""
LISTED = re.compile(r"(?:,|,? and) ")
"""What stands between the drugs of a list of which one thing is told."""
ALONE, INTERACTION, EFFECT = ("dose", "renal", "pregnancy"), "interaction", "effect"
QUESTIONS = {
    "dose": "What dose of {drug} should be given?",
    "renal": "How is the dose of {drug} adjusted in severe renal impairment?",
    "pregnancy": "Is {drug} safe in pregnancy?",
    INTERACTION: "Can {drug} be taken together with {other}?",
    EFFECT: "Is {drug} effective in {condition}?",
}


class Verdict(StrEnum):
    """What became of a question."""

    ABSTAINED = "abstained"
    ASKED_BACK = "asked back"
    URGENT = "urgent help"
    SAID = "said that no source covers it"
    OF_IT = "statements about it"
    BESIDE = "statements that mention it"
    OF_NONE = "statements without a drug"
    OF_ANOTHER = "statements without it"


REFUSED = {
    Status.INSUFFICIENT_EVIDENCE: Verdict.ABSTAINED,
    Status.OUT_OF_SCOPE: Verdict.ABSTAINED,
    Status.NEEDS_CLARIFICATION: Verdict.ASKED_BACK,
    Status.URGENT: Verdict.URGENT,
}
FAULTS = (Verdict.BESIDE, Verdict.OF_NONE, Verdict.OF_ANOTHER)


@dataclass(frozen=True, slots=True)
class Named:
    """A concept that a text names, as it is written and where it begins."""

    start: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """What a source names: in what it is headed by, and in each of its sentences."""

    headed: tuple[Named, ...]
    told: tuple[tuple[Named, ...], ...]
    opening: frozenset[str]

    def names(self) -> set[str]:
        """Ids of all that it names anywhere."""
        return {one.id for one in self.headed} | {one.id for sentence in self.told for one in sentence}


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a drug that is only mentioned, and the one that it might be taken with."""

    kind: str
    drug: str
    beside: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its verdict and what the reader was shown."""

    question: Question
    verdict: Verdict
    statements: tuple[str, ...]


def named(text: str, kind: str) -> tuple[Named, ...]:
    """What a text names of a kind, in order; a name of several meanings by its first of that kind."""
    found = ((link, next((one.id for one in link.concepts if one.kind == kind), None)) for link in concepts.links(text))
    return tuple(Named(link.start, id_, link.text) for link, id_ in found if id_)


def source(record: Article | Abstract, kind: str) -> Source:
    """What a record names of a kind."""
    head = (record.title or "", *(record.topics if isinstance(record, Article) else record.mesh))
    texts = [sentence.text for sentence in sentences(record.text, 0, len(record.text))]
    told = tuple(named(text, kind) for text in texts)
    opening = (found[0].id for text, found in zip(texts, told, strict=True) if found and opens(text, found[0].start))
    return Source(tuple(one for line in head for one in named(line, kind)), told, frozenset(opening))


def opens(text: str, start: int) -> bool:
    """Whether what begins here stands at the beginning of the sentence."""
    return len(text[:start].split()) <= OPENING


def only_mentioned(sources: Sequence[Source]) -> dict[str, str]:
    """The drugs that no source is about, by id as they are mostly written."""
    about = {one.id for found in sources for one in found.headed}.union(*(found.opening for found in sources))
    forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in (one for found in sources for sentence in found.told for one in sentence if one.id not in about):
        forms[one.id][one.text] += 1
    return {id_: min(counts, key=lambda form: (-counts[form], form)) for id_, counts in sorted(forms.items())}


def questions(drugs: Sequence[Source], conditions: Sequence[Source]) -> Iterator[Question]:
    """Five a drug: with another that no sentence names beside it, in a condition that no source names with it; or fewer."""
    for place, (id_, form) in enumerate(only_mentioned(drugs).items()):
        with_it = {one.id for found in drugs for told in found.told if id_ in {one.id for one in told} for one in told}
        together = set().union(*(there.names() for found, there in zip(drugs, conditions, strict=True) if id_ in found.names()))
        other, condition = another(drugs, with_it, place), another(conditions, together, place)
        yield from (Question(kind, id_, None, QUESTIONS[kind].format(drug=form)) for kind in ALONE)
        if other:
            yield Question(INTERACTION, id_, other.id, QUESTIONS[INTERACTION].format(drug=form, other=other.text))
        if condition:
            yield Question(EFFECT, id_, None, QUESTIONS[EFFECT].format(drug=form, condition=condition.text))


def another(sources: Sequence[Source], without: set[str], place: int) -> Named | None:
    """One that a source is headed by, the next one for each place."""
    forms = {one.id: one for found in sources for one in found.headed if one.id not in without}
    if not forms:
        return None
    chosen = forms[sorted(forms)[place % len(forms)]]
    return replace(chosen, text=in_a_sentence(chosen.text))


def in_a_sentence(name: str) -> str:
    """A heading's name as it is written inside a sentence: abbreviations keep their capitals."""
    return name.lower() if name.istitle() or name[1:].islower() else name


def judge(question: Question, answer: Answer) -> Asked:
    """What the answer did with the drug that was asked about."""
    return Asked(question, _verdict(question, answer), tuple(statement.text for statement in answer.statements))


def _verdict(question: Question, answer: Answer) -> Verdict:
    if answer.status in REFUSED:
        return REFUSED[answer.status]
    if any(question.drug in ids(line) for line in lacking(answer)):
        return Verdict.SAID
    return max((of_statement(question, statement.text) for statement in answer.statements), key=list(Verdict).index)


def of_statement(question: Question, text: str) -> Verdict:
    """Whether a statement is about the drug: names it first, or in the list that stands first, or, of an interaction, both."""
    found = ids(text)
    if question.drug not in found:
        return Verdict.OF_ANOTHER if found else Verdict.OF_NONE
    about = question.beside in found if question.beside else question.drug in first(text)
    return Verdict.OF_IT if about else Verdict.BESIDE


def first(text: str) -> set[str]:
    """The drug that a text names first, with those that it lists behind it."""
    found = named(text, DRUG)
    listed, end = {found[0].id}, found[0].start + len(found[0].text)
    for one in found[1:]:
        if not LISTED.fullmatch(text, end, one.start):
            break
        listed.add(one.id)
        end = one.start + len(one.text)
    return listed


def ids(text: str) -> list[str]:
    """The drugs that a text names, in order."""
    return [one.id for one in named(text, DRUG)]


def lacking(answer: Answer) -> list[str]:
    """The lines before the first statement that say what no source covers."""
    lines = (answer.message or "", *getattr(answer, "caveats", ()))
    return [line for line in lines if re.search(r"\bno\b.*\b(?:source|cover)", line, re.IGNORECASE)]


def figures(asked: Sequence[Asked]) -> dict[str, Any]:
    """Verdicts by kind of question, and the share of faults with its interval."""
    faults = sum(one.verdict in FAULTS for one in asked)
    kinds = {kind: dict(Counter(one.verdict.value for one in asked if one.question.kind == kind)) for kind in QUESTIONS}
    return {
        "drugs": len({one.question.drug for one in asked}),
        "questions": len(asked),
        "faults": {"count": faults, "interval": wilson(faults, len(asked))},
        "kinds": kinds,
    }


def table(found: dict[str, Any]) -> Iterator[str]:
    """The figures, a line each."""
    count, (low, high) = found["faults"]["count"], found["faults"]["interval"]
    yield f"{found['drugs']} drugs, {found['questions']} questions, {count} faults ({low:.3f} to {high:.3f} of all)"
    yield f"{'':32}" + "".join(f"{kind:>12}" for kind in QUESTIONS)
    for verdict in Verdict:
        yield f"{verdict:32}" + "".join(f"{found['kinds'][kind].get(verdict, 0):12}" for kind in QUESTIONS)


def shown(asked: Iterable[Asked]) -> Iterator[str]:
    """Every answer with statements, the faults first, its first statement below it."""
    answered = (one for one in asked if one.statements)
    for one in sorted(answered, key=lambda one: (-list(Verdict).index(one.verdict), one.question.kind, one.question.drug)):
        yield f"{one.verdict}: {one.question.text}\n    {one.statements[0]}"


@click.command()
@click.option("--json", "out", type=click.Path(path_type=Path), default=None, help="Also write figures and answers here.")
def main(out: Path | None) -> None:
    """Ask, print and write."""
    settings = load_settings()
    records = citable(load_corpus(settings.corpus))
    drugs, conditions = (
        [source(record, kind) for record in (*records.articles, *records.abstracts)] for kind in (DRUG, CONDITION)
    )
    with Ragqa.open(settings) as ragqa:
        asked = [judge(question, ragqa.ask(question.text)) for question in questions(drugs, conditions)]
    found = figures(asked)
    click.echo("\n".join((*shown(asked), "", *table(found))))
    if out:
        answers = [
            {"kind": one.question.kind, "question": one.question.text, "verdict": one.verdict, "statements": one.statements}
            for one in asked
        ]
        out.write_text(json.dumps(found | {"answers": answers}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
