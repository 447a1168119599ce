"""The gold set: hand-made questions, each answer scored against its item.

A gold item says which sources must be cited, which more may be, and which facts must appear. The corpus on disk, not the
index, is the authority on what is approved and retracted, so a leak in the index shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.answer.contract import DISCLAIMERS, Answer
from ragqa.answer.render import RENDERERS
from ragqa.corpus.catalogue import Progress
from ragqa.corpus.folder import Corpus, citable, load_corpus
from ragqa.errors import CorpusError, Fault
from ragqa.evaluation.measures import citation_precision, fact_recall, fold, group_recall
from ragqa.evaluation.verdicts import Judgment, Verdict, judged_content, judged_status
from ragqa.files import read_jsonl
from ragqa.index.refresh import silent
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Turn
from ragqa.question.refusal import Status

GOLD = "gold"
"""What the gold set is called beside the sets of a suite."""
NOT_URGENT = "not_urgent"
"""Expected of a question that only sounds like an emergency: whether it is answered is not scored."""


class GoldItem(BaseModel):
    """One hand-made question with what a right answer must cite and say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    split: Literal["dev", "test"]
    kind: Literal[
        "answerable",
        "near_miss",
        "not_approved_only",
        "retracted_only",
        "contradictory",
        "dosing",
        "follow_up",
        "urgent",
        "safe_lookalike",
        "out_of_scope",
        "ambiguous",
    ]
    question: str
    history: tuple[Turn, ...] = ()
    expect: Literal["answered", "insufficient_evidence", "urgent", "not_urgent", "out_of_scope", "needs_clarification"]
    must_cite: tuple[tuple[str, ...], ...] = ()
    may_cite: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    note: str = ""


class ItemScore(BaseModel):
    """One item's result; a measure that is not defined for it is None."""

    model_config = ConfigDict(frozen=True)

    id: str
    split: str
    kind: str
    expect: str
    status: str
    cited: tuple[str, ...]
    right_status: bool
    verdict: Verdict
    reasons: tuple[str, ...]
    citation_precision: float | None
    citation_recall: float | None
    fact_recall: float | None
    disclaimer: bool
    retracted: bool
    leaked: bool
    unresolvable: int
    milliseconds: float
    scores: dict[str, float]

    @property
    def group(self) -> str:
        """What kind of question it is."""
        return self.kind


def load_gold(folder: Path) -> list[GoldItem]:
    """All items of a folder's ``*.jsonl`` files, by id.

    Raises:
        CorpusError: with every fault, duplicate ids included.
    """
    items: dict[str, GoldItem] = {}
    faults: list[Fault] = []
    for file in sorted(folder.glob("*.jsonl")):
        for line, value in read_jsonl(file):
            if isinstance(value, Fault):
                faults.append(value)
                continue
            try:
                item = GoldItem.model_validate(value)
            except ValidationError as error:
                faults.append(Fault(file=file, line=line, message=str(error)))
                continue
            if item.id in items:
                faults.append(Fault(file=file, line=line, message=f"duplicate id {item.id}"))
            items[item.id] = item
    if not items and not faults:
        faults.append(Fault(file=folder, line=None, message="holds no gold items (*.jsonl); name a folder with --gold DIR"))
    if faults:
        raise CorpusError(faults)
    return [items[name] for name in sorted(items)]


def evaluate_gold(ragqa: Ragqa, items: Sequence[GoldItem], progress: Progress = silent) -> list[ItemScore]:
    """Ask every item and score the answer against the corpus on disk."""
    corpus = load_corpus(ragqa.settings.corpus)
    allowed = citable(corpus, abstracts=ragqa.settings.abstracts)
    permitted = allowed.ids()
    scores = []
    for number, item in enumerate(items, start=1):
        answer = ragqa.ask(item.question, item.history)
        scores.append(score_item(item, answer, corpus, permitted))
        progress("asking", number, len(items))
    return scores


def score_item(item: GoldItem, answer: Answer, corpus: Corpus, permitted: set[str]) -> ItemScore:
    """One answer against its item. Answering what should be abstained from makes every citation wrong."""
    cited = tuple(reference.source_id for reference in answer.references)
    relevant = {source for group in item.must_cite for source in group} | set(item.may_cite)
    resolvable = {source for source in cited if _resolves(source, answer, corpus)}
    wanted = item.expect == "answered"
    text = " ".join(statement.text for statement in answer.statements)
    judgment = judged(item, answer, permitted)
    return ItemScore(
        id=item.id,
        split=item.split,
        kind=item.kind,
        expect=item.expect,
        status=answer.status.value,
        right_status=_right_status(item, answer.status),
        verdict=judgment.verdict,
        reasons=judgment.reasons,
        cited=cited,
        citation_precision=None
        if item.expect == NOT_URGENT
        else citation_precision(cited, relevant if wanted else set(), resolvable),
        citation_recall=group_recall(item.must_cite, set(cited) & resolvable) if wanted else None,
        fact_recall=fact_recall(item.facts, text) if wanted else None,
        disclaimer=has_disclaimer(answer),
        retracted=any(source in corpus.abstracts and corpus.abstracts[source].retracted for source in cited),
        leaked=any(source not in permitted for source in cited),
        unresolvable=len(cited) - len(resolvable),
        milliseconds=answer.trace.milliseconds["total"],
        scores=answer.trace.scores,
    )


def judged(item: GoldItem, answer: Answer, permitted: set[str]) -> Judgment:
    """The answer in one word: sources and facts that are missing are gaps; sources that may not be cited mislead."""
    allowed = [status for status in Status if status is not Status.URGENT] if item.expect == NOT_URGENT else [item.expect]
    if wrong_kind := judged_status(answer.status, allowed):
        return wrong_kind
    if answer.status is not Status.ANSWERED or item.expect == NOT_URGENT:
        return judged_content((), ())
    cited = {reference.source_id for reference in answer.references}
    text = " ".join(statement.text for statement in answer.statements)
    wrong = [f"cites {source}, which may not be cited" for source in sorted(cited - permitted)]
    gaps = [f"cites none of {', '.join(group)}" for group in item.must_cite if cited.isdisjoint(group)]
    gaps += [f"does not say {' or '.join(fact)}" for fact in item.facts if not fact_recall([fact], text)]
    return judged_content(wrong, gaps)


def _right_status(item: GoldItem, status: Status) -> bool:
    """Whether the kind of answer is the one wanted; whatever is no emergency will do for a safe look-alike."""
    return status is not Status.URGENT if item.expect == NOT_URGENT else status.value == item.expect


def _resolves(source: str, answer: Answer, corpus: Corpus) -> bool:
    """Whether the source exists in the corpus and holds every quote the answer takes from it, at its offsets."""
    record = corpus.articles.get(source.removeprefix("article:")) or corpus.abstracts.get(source)
    number = next(reference.number for reference in answer.references if reference.source_id == source)
    quotes = [s for statement in answer.statements for s in statement.support if s.reference == number]
    return record is not None and all(record.text[quote.start : quote.end] == quote.quote for quote in quotes)


def has_disclaimer(answer: Answer) -> bool:
    """Whether every rendering carries the disclaimer whole."""
    wanted = fold(DISCLAIMERS[answer.audience])
    return all(wanted in fold(render(answer).replace("&#39;", "'")) for render in RENDERERS.values())
