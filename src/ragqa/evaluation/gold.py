"""The gold set to a scorecard, and question files to runs and answers.

A gold item says which sources must be cited, which more may be, and which facts must appear. The corpus on disk, not the
index, is the authority on what is approved and retracted, so a leak in the index shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.answer.contract import DISCLAIMERS, Answer
from ragqa.answer.render import RENDERERS
from ragqa.corpus.folder import Corpus, citable, load_corpus
from ragqa.corpus.records import Asked, Turn
from ragqa.errors import CorpusError, Fault, RagqaError
from ragqa.evaluation.measures import citation_precision, fact_recall, fold, group_recall, mean, percentile, share
from ragqa.files import read_jsonl
from ragqa.files.appending import append_line, cut_partial_line
from ragqa.index.refresh import silent
from ragqa.parallel import each
from ragqa.pipeline import Ragqa
from ragqa.question.refusal import Status
from ragqa.retrieval.retriever import Hit

Tick = Callable[[str, int, int], None]


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
    citation_precision: float | None
    citation_recall: float | None
    fact_recall: float | None
    disclaimer: bool
    retracted: bool
    leaked: bool
    unresolvable: int
    milliseconds: float
    scores: dict[str, float]


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


def evaluate_gold(ragqa: Ragqa, items: Sequence[GoldItem], tick: Tick = silent) -> list[ItemScore]:
    """Ask every item and score the answer against the corpus on disk."""
    corpus = load_corpus(ragqa.settings.corpus)
    allowed = citable(corpus, abstracts=ragqa.settings.abstracts)
    permitted = allowed.ids()
    scores = []
    for number, item in enumerate(items, start=1):
        answer = ragqa.ask(item.question, item.history)
        scores.append(score_item(item, answer, corpus, permitted))
        tick("asking", number, len(items))
    return scores


def score_item(item: GoldItem, answer: Answer, corpus: Corpus, permitted: set[str]) -> ItemScore:
    """One answer against its item. Answering what should be abstained from makes every citation wrong."""
    cited = tuple(reference.source_id for reference in answer.references)
    relevant = {source for group in item.must_cite for source in group} | set(item.may_cite)
    resolvable = {source for source in cited if _resolves(source, answer, corpus)}
    wanted = item.expect == "answered"
    text = " ".join(statement.text for statement in answer.statements)
    return ItemScore(
        id=item.id,
        split=item.split,
        kind=item.kind,
        expect=item.expect,
        status=answer.status.value,
        right_status=_right_status(item, answer.status),
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


def scorecard(scores: Sequence[ItemScore]) -> dict[str, Any]:
    """The measures over some items, as one row."""
    wanted = [score for score in scores if score.expect == "answered"]
    unwanted = [score for score in scores if score.expect not in ("answered", NOT_URGENT)]
    abstained = [score for score in scores if score.status != Status.ANSWERED and score.expect != NOT_URGENT]
    times = [score.milliseconds for score in scores]
    return {
        "items": len(scores),
        "citation_precision": mean([score.citation_precision for score in scores]),
        "citation_recall": mean([score.citation_recall for score in wanted]),
        "fact_recall": mean([score.fact_recall for score in wanted]),
        "abstention_precision": share([score.expect != "answered" for score in abstained]),
        "abstention_recall": share([score.status != Status.ANSWERED for score in unwanted]),
        "right_status": share([score.right_status for score in scores]),
        "disclaimer_rate": share([score.disclaimer for score in scores]),
        "retracted_citation_rate": share([score.retracted for score in scores]),
        "not_approved_leakage": share([score.leaked for score in scores]),
        "unresolvable_citations": sum(score.unresolvable for score in scores),
        "latency_p50_ms": percentile(times, 50),
        "latency_p95_ms": percentile(times, 95),
    }


def risk_coverage(scores: Sequence[ItemScore]) -> list[dict[str, float]]:
    """What ``enough`` trades, had it been lower or higher: coverage is the share of searched questions answered, risk the share
    of these that should not have been (El-Yaniv & Wiener, JMLR 2010;11:1605-1641).
    """
    searched = [score for score in scores if "answerable" in score.scores and score.expect != NOT_URGENT]
    if not searched:
        return []
    curve = []
    for bound in sorted({0.0, *(score.scores["answerable"] for score in searched)}):
        answered = [score for score in searched if score.scores["answerable"] >= bound]
        wrong = sum(score.expect != "answered" for score in answered)
        curve.append(
            {"abstain_below": bound, "coverage": round(len(answered) / len(searched), 4), "risk": round(wrong / len(answered), 4)}
        )
    return curve


def report(scores: Sequence[ItemScore], ragqa: Ragqa) -> dict[str, Any]:
    """Scorecards by split and by kind, with every item's result and what they were measured on."""
    return {
        "schema": "ragqa.scorecard/1",
        "generation": ragqa.generation.manifest.model_dump(),
        "splits": {split: scorecard([s for s in scores if s.split == split]) for split in ("dev", "test")},
        "all": scorecard(scores),
        "kinds": {kind: scorecard([s for s in scores if s.kind == kind]) for kind in sorted({s.kind for s in scores})},
        "risk_coverage": {split: risk_coverage([s for s in scores if s.split == split]) for split in ("dev", "test")},
        "items": [score.model_dump() for score in scores],
    }


def trec_lines(query: str, hits: Iterable[Hit]) -> str:
    """``qid Q0 source_id rank score ragqa``, one line a source."""
    return "".join(f"{query} Q0 {hit.passage.source_id} {rank} {hit.score:.6f} ragqa\n" for rank, hit in enumerate(hits, start=1))


def read_questions(file: Path) -> Iterable[tuple[str, str]]:
    """Id and text of each line, in ragqa's ({"id","question"}) or BEIR's ({"_id","text"}) names.

    Raises:
        CorpusError: with every faulty line, before the first question is used.
    """
    return [(question.id, question.question) for question in read_batch(file)]


class BatchQuestion(Asked):
    """One line of a question file."""

    id: str

    @property
    def asked(self) -> Asked:
        """The question without its id."""
        return Asked(question=self.question, history=self.history, article=self.article)


def read_batch(file: Path) -> list[BatchQuestion]:
    """All questions of a file. Raises CorpusError with every faulty line, duplicate ids included."""
    questions: dict[str, BatchQuestion] = {}
    faults: list[Fault] = []
    for line, value in read_jsonl(file):
        if isinstance(value, Fault):
            faults.append(value)
            continue
        named = {"id": value.get("id", value.get("_id")), "question": value.get("question", value.get("text"))}
        extra = {key: value[key] for key in ("history", "article") if value.get(key) is not None}
        try:
            question = BatchQuestion.model_validate(named | extra, strict=False)
        except ValidationError:
            message = 'expected {"id", "question"} or {"_id", "text"}, both text; history as [{"question", "answer"}]'
            faults.append(Fault(file=file, line=line, message=message))
            continue
        if question.id in questions:
            faults.append(Fault(file=file, line=line, message=f"duplicate id {question.id}"))
        if not question.question.strip():
            faults.append(Fault(file=file, line=line, message="the question is empty"))
        questions[question.id] = question
    if not questions and not faults:
        faults.append(Fault(file=file, line=None, message="holds no question"))
    if faults:
        raise CorpusError(faults)
    return list(questions.values())


def answer_batch(
    ragqa: Ragqa, batch: Sequence[BatchQuestion], output: Path, tick: Tick = silent, workers: int = 1
) -> Counter[str]:
    """Answer each question not yet in ``output``, one whole line each, in order; returns how many have which status.

    A line is the JSON contract, with the question's id first and as ``id``, and the answer's own id as ``answer_id``.

    A question that fails stops no other: it is counted as "failed", written with its reason to ``<output>.failed.jsonl``, and
    tried again the next time.

    Raises:
        RagqaError: ``output`` holds answers from another generation, which may not be mixed with new ones.
    """
    done = _answered(output, ragqa.generation.manifest.generation)
    counts = Counter(done[question.id] for question in batch if question.id in done)
    left = [question for question in batch if question.id not in done]
    failed = output.with_name(f"{output.name}.failed.jsonl")
    failed.unlink(missing_ok=True)

    def answer(question: BatchQuestion) -> Answer:
        return ragqa.ask(question.question, question.history, question.article)

    for number, (question, result) in enumerate(each(answer, left, workers), start=len(batch) - len(left) + 1):
        if isinstance(result, RagqaError):
            asked = ragqa.storable(question.question)
            append_line(failed, {"id": question.id, "question": asked, "error": str(result)}, durable=False)
            counts["failed"] += 1
        else:
            row = result.to_json()
            append_line(output, {"id": question.id, "answer_id": row.pop("id")} | row, durable=False)
            counts[result.status.value] += 1
        tick("answering", number, len(batch))
    return counts


def _answered(output: Path, generation: str) -> dict[str, str]:
    """Ids and statuses already answered; a last line cut off by a kill or a full disk is removed first."""
    if not output.exists():
        return {}
    cut_partial_line(output)
    done = {}
    for line, value in read_jsonl(output):
        if isinstance(value, Fault) or "id" not in value or "trace" not in value:
            raise RagqaError(f"{output}:{line} is not an answer; name another file with -o")
        if value["trace"]["generation"] != generation:
            raise RagqaError(
                f"{output} holds answers from generation {value['trace']['generation']}, the index is now {generation}: "
                "name another file with -o, or delete this one"
            )
        done[value["id"]] = value["status"]
    return done
