"""The gold set to a scorecard, and retrieval runs on public data sets to a table.

A gold item says which sources must be cited, which more may be, and which facts must appear. The corpus on disk, not the
index, is the authority on what is approved and retracted, so a leak in the index shows.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ragqa.answer import DISCLAIMERS, Answer, Status
from ragqa.corpus import Corpus, citable, load_corpus
from ragqa.errors import CorpusError, Fault, RagqaError
from ragqa.files import append_line, read_jsonl, write_atomic
from ragqa.measures import citation_precision, fact_recall, fold, group_recall, mean, percentile, share
from ragqa.pipeline import Ragqa, build_index, import_records, silent
from ragqa.records import Turn
from ragqa.render import RENDERERS
from ragqa.retrieve import Hit, rank_sources
from ragqa.settings import Settings

Tick = Callable[[str, int, int], None]


class GoldItem(BaseModel):
    """One hand-made question with what a right answer must cite and say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    split: Literal["dev", "test"]
    kind: Literal["answerable", "near_miss", "not_approved_only", "retracted_only", "contradictory", "dosing", "follow_up"]
    question: str
    history: tuple[Turn, ...] = ()
    expect: Literal["answered", "insufficient_evidence"]
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
        cited=cited,
        citation_precision=citation_precision(cited, relevant if wanted else set(), resolvable),
        citation_recall=group_recall(item.must_cite, set(cited) & resolvable) if wanted else None,
        fact_recall=fact_recall(item.facts, text) if wanted else None,
        disclaimer=has_disclaimer(answer),
        retracted=any(source in corpus.abstracts and corpus.abstracts[source].retracted for source in cited),
        leaked=any(source not in permitted for source in cited),
        unresolvable=len(cited) - len(resolvable),
        milliseconds=answer.trace.milliseconds["total"],
        scores=answer.trace.scores,
    )


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
    unwanted = [score for score in scores if score.expect != "answered"]
    abstained = [score for score in scores if score.status != Status.ANSWERED]
    times = [score.milliseconds for score in scores]
    return {
        "items": len(scores),
        "citation_precision": mean([score.citation_precision for score in scores]),
        "citation_recall": mean([score.citation_recall for score in wanted]),
        "fact_recall": mean([score.fact_recall for score in wanted]),
        "abstention_precision": share([score.expect != "answered" for score in abstained]),
        "abstention_recall": share([score.status != Status.ANSWERED for score in unwanted]),
        "disclaimer_rate": share([score.disclaimer for score in scores]),
        "retracted_citation_rate": share([score.retracted for score in scores]),
        "not_approved_leakage": share([score.leaked for score in scores]),
        "unresolvable_citations": sum(score.unresolvable for score in scores),
        "latency_p50_ms": percentile(times, 50),
        "latency_p95_ms": percentile(times, 95),
    }


def report(scores: Sequence[ItemScore], ragqa: Ragqa) -> dict[str, Any]:
    """Scorecards by split and by kind, with every item's result and what they were measured on."""
    return {
        "schema": "ragqa.scorecard/1",
        "generation": ragqa.generation.manifest.model_dump(),
        "splits": {split: scorecard([s for s in scores if s.split == split]) for split in ("dev", "test")},
        "all": scorecard(scores),
        "kinds": {kind: scorecard([s for s in scores if s.kind == kind]) for kind in sorted({s.kind for s in scores})},
        "items": [score.model_dump() for score in scores],
    }


RETRIEVAL_WEIGHTS = {"BM25": 0.0, "dense": 1.0}
"""The two single retrievers every retrieval table compares the fused default with."""


def evaluate_retrieval(dataset: Path, settings: Settings, split: str | None = None, progress: Tick = silent) -> dict[str, Any]:
    """Index a BEIR folder (all its documents) and measure BM25, dense and fused rankings in one run.

    Returns nDCG@10, R@10, R@100 and RR@10 (ir-measures) per configuration; unanswered queries count as 0.

    Raises:
        RagqaError: the folder is not in the BEIR layout, or ir-measures is not installed.
    """
    try:
        import ir_measures
        from ir_measures import RR, R, nDCG
    except ImportError:
        raise RagqaError("retrieval measures come from ir-measures: run `pip install 'ragqa[dev]'`") from None
    corpus = _one_of(dataset, "corpus.jsonl", "corpus.jsonl.gz")
    queries = dict(read_questions(_one_of(dataset, "queries.jsonl", "queries.jsonl.gz")))
    qrels = _read_qrels(dataset, split)
    home = settings.index.parent / f"eval-{dataset.name}"
    local = settings.model_copy(update={"corpus": home / "corpus", "index": home / "index", "abstracts": "all"})
    import_records(corpus, local.corpus)
    started = time.perf_counter()
    built = build_index(local, progress)
    seconds = time.perf_counter() - started
    asked = [(name, queries[name]) for name in sorted(qrels) if name in queries]
    measures = [nDCG @ 10, R @ 10, R @ 100, RR @ 10]
    table = {}
    with Ragqa.open(local) as ragqa:
        for configuration, weight in (RETRIEVAL_WEIGHTS | {"fused": settings.dense_weight}).items():
            chosen = local.model_copy(update={"dense_weight": weight})
            run, times = _run(ragqa, asked, chosen, configuration, progress)
            found = ir_measures.calc_aggregate(measures, qrels, run)
            table[configuration] = {str(measure): round(value, 4) for measure, value in found.items()}
            table[configuration] |= {"p50_ms": percentile(times, 50), "p95_ms": percentile(times, 95)}
    return {
        "dataset": dataset.name,
        "queries": len(asked),
        "counts": built.manifest.counts,
        "embedded": built.embedded,
        "reused": built.reused,
        "build_seconds": round(seconds, 1),
        "configurations": table,
    }


def _run(
    ragqa: Ragqa, asked: Sequence[tuple[str, str]], settings: Settings, name: str, progress: Tick
) -> tuple[dict[str, dict[str, float]], list[float]]:
    run, times = {}, []
    for number, (query, text) in enumerate(asked, start=1):
        started = time.perf_counter()
        hits = rank_sources(text, ragqa.generation, ragqa.embedder, settings, 100)
        times.append(1000 * (time.perf_counter() - started))
        run[query] = {hit.passage.source_id.removeprefix("doc:"): hit.score for hit in hits}
        progress(name, number, len(asked))
    return run, times


def trec_lines(query: str, hits: Iterable[Hit]) -> str:
    """``qid Q0 source_id rank score ragqa``, one line a source."""
    return "".join(f"{query} Q0 {hit.passage.source_id} {rank} {hit.score:.6f} ragqa\n" for rank, hit in enumerate(hits, start=1))


def read_questions(file: Path) -> Iterable[tuple[str, str]]:
    """Id and text of each line, in ragqa's ({"id","question"}) or BEIR's ({"_id","text"}) names.

    Raises:
        CorpusError: with every faulty line, before the first question is used.
    """
    return [(question.id, question.question) for question in read_batch(file)]


class BatchQuestion(BaseModel):
    """One line of a question file."""

    model_config = ConfigDict(frozen=True)

    id: str
    question: str
    history: tuple[Turn, ...] = ()
    article: str | None = None


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


def answer_batch(ragqa: Ragqa, batch: Sequence[BatchQuestion], output: Path, tick: Tick = silent) -> Counter[str]:
    """Answer each question not yet in ``output``, one whole line each; returns how many have which status.

    Raises:
        RagqaError: ``output`` holds answers from another generation, which may not be mixed with new ones.
    """
    done = _answered(output, ragqa.generation.manifest.generation)
    counts = Counter(done[question.id] for question in batch if question.id in done)
    for number, question in enumerate(batch, start=1):
        if question.id not in done:
            answer = ragqa.ask(question.question, question.history, question.article)
            append_line(output, {"id": question.id} | answer.to_json() | {"id": question.id}, durable=False)
            counts[answer.status.value] += 1
        tick("answering", number, len(batch))
    return counts


def _answered(output: Path, generation: str) -> dict[str, str]:
    """Ids and statuses already answered; a last line cut off by a kill is removed first."""
    if not output.exists():
        return {}
    data = output.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        write_atomic(output, [data[:whole].decode("utf-8")])
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


def _read_qrels(dataset: Path, split: str | None) -> dict[str, dict[str, int]]:
    files = sorted((dataset / "qrels").glob("*.tsv"))
    chosen = [file for file in files if file.stem == split] if split else files[:1]
    if not chosen:
        names = ", ".join(file.stem for file in files) or "none"
        raise RagqaError(f"{dataset}/qrels has no split {split or ''}: found {names}")
    qrels: dict[str, dict[str, int]] = {}
    for line in chosen[0].read_text(encoding="utf-8").splitlines()[1:]:
        query, document, relevance = line.split("\t")
        qrels.setdefault(query, {})[document] = int(relevance)
    return qrels


def _one_of(dataset: Path, *names: str) -> Path:
    for name in names:
        if (dataset / name).exists():
            return dataset / name
    raise RagqaError(f"{dataset} is not in the BEIR layout: no {' or '.join(names)}")
