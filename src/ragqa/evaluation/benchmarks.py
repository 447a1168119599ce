"""Public data sets with gold documents and ideal answers to tables of whole answers.

Baselines stand in the same table, scored by the same code, so that a figure is never read on its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.answer.contract import Answer
from ragqa.corpus.catalogue import Progress
from ragqa.errors import Fault, RagqaError
from ragqa.evaluation.measures import mean, overlap, percentile, rouge_2, rouge_su4, set_scores, share
from ragqa.evaluation.retrieval import drawn, indexed, one_of, read_queries
from ragqa.files import read_jsonl
from ragqa.index.refresh import silent
from ragqa.language.sentences import sentences
from ragqa.pipeline import Ragqa
from ragqa.question.refusal import Status
from ragqa.question.understanding import is_polar
from ragqa.retrieval.retriever import Hit
from ragqa.settings import Settings

YES_FROM = 3
"""Statements, in order, from which a yes or a no is read; by hand."""
YES = 0.5
"""Probability of "yes" from which a yes/no question counts as answered with yes; by hand: the likelier of the two."""
SNIPPET = 0.5
"""Share of a gold snippet's word pairs that must stand in an answer for the snippet to count as found; by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ideal:
    """What a benchmark says of a question: gold documents, snippets, ideal answers, yes or no, statements that must appear."""

    documents: frozenset[str]
    snippets: tuple[str, ...]
    answers: tuple[str, ...]
    yes: bool | None
    must_have: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a system answered: its text, the documents it cites, whether it said yes; all empty when it abstained."""

    text: str
    cited: tuple[str, ...]
    yes: bool | None


System = Callable[[str, Sequence[Hit]], Reply]


def evaluate_answers(
    dataset: Path,
    settings: Settings,
    documents: Path | None = None,
    limit: int | None = None,
    seed: int = 7,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Answer every question of a folder and score ragqa, with and without abstaining, and three baselines side by side.

    ``dataset`` holds queries.jsonl and answers.jsonl in the layout of BioASQ (gold_pmids, gold_snippets, ideal_answer,
    exact_answer) or K-QA (Must_have, Free_form_answer); ``documents`` is a BEIR folder to answer from where the data set
    brings none; ``limit`` asks a sample drawn with ``seed``. An abstention scores 0 wherever something was wanted.

    Raises:
        RagqaError: a file is missing or not in one of these layouts.
    """
    ideals = _read_ideals(one_of(dataset, "answers.jsonl", "answers.jsonl.gz"))
    asked = drawn([(name, text) for name, text in read_queries(dataset) if name in ideals], limit, seed)
    local, _ = indexed(documents or dataset, settings, progress)
    with Ragqa.open(local) as ragqa:
        systems = _systems(ragqa, seed)
        rows: dict[str, list[dict[str, float | None]]] = {}
        shown = set(random.Random(seed).sample([name for name, _ in asked], min(10, len(asked))))
        examples, times = [], []
        for number, (name, question) in enumerate(asked, start=1):
            started = time.perf_counter()
            answer = ragqa.ask(question)
            times.append(1000 * (time.perf_counter() - started))
            hits = ragqa.search(question, 5)
            given = {"ragqa": _reply(answer, ragqa), "never silent": _reply(_insisting(ragqa, answer), ragqa)}
            given |= {system: reply_to(question, hits) for system, reply_to in systems.items()}
            for system, reply in given.items():
                rows.setdefault(system, []).append(_score_reply(reply, ideals[name], ragqa))
            if name in shown:
                examples.append({"id": name, "ideal": ideals[name].answers, "answer": answer.to_json()})
            progress("answering", number, len(asked))
    spoke = [bool(row["answered"]) for row in rows["ragqa"]]
    where_answered = {name: [row for row, said in zip(scores, spoke, strict=True) if said] for name, scores in rows.items()}
    wanted = [ideals[name].yes for name, _ in asked if ideals[name].yes is not None]
    return {
        "schema": "ragqa.answers-benchmark/1",
        "dataset": dataset.name,
        "questions": len(asked),
        "systems": _means(rows),
        "where_answered": _means(where_answered),
        "always_yes": share([bool(yes) for yes in wanted]),
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
        "examples": examples,
    }


def _means(rows: Mapping[str, Sequence[Mapping[str, float | None]]]) -> dict[str, dict[str, float | None]]:
    """Each system's mean of each measure."""
    return {name: {key: mean([row[key] for row in scores]) for key in scores[0]} for name, scores in rows.items() if scores}


def _systems(ragqa: Ragqa, seed: int) -> dict[str, System]:
    """The simplest things that could be answered instead; each cites what it quotes."""
    generation, draw = ragqa.generation, random.Random(seed)

    def top_passage(question: str, hits: Sequence[Hit]) -> Reply:
        return _quoting(ragqa, question, [(hit.passage.source_id, hit.passage.text) for hit in hits[:1]])

    def first_sentences(question: str, hits: Sequence[Hit]) -> Reply:
        return _quoting(ragqa, question, [(hit.passage.source_id, _first_sentence(hit.passage.text)) for hit in hits[:5]])

    def random_passage(question: str, hits: Sequence[Hit]) -> Reply:
        passage = generation.passage(draw.randrange(generation.manifest.counts["passages"]))
        return _quoting(ragqa, question, [(passage.source_id, passage.text)])

    return {"top passage": top_passage, "first sentences": first_sentences, "random": random_passage}


def _insisting(ragqa: Ragqa, answer: Answer) -> Answer:
    """The same answer, or what ragqa would have said had it not abstained."""
    if answer.status is Status.ANSWERED:
        return answer
    return ragqa.under(abstain_below=0.0).ask(answer.question)


def says_yes(ragqa: Ragqa, question: str, texts: Sequence[str]) -> float | None:
    """Probability that the answer to a yes/no question is yes, judged from what these texts say; None for other questions."""
    return ragqa.checker.says_yes(question, texts[:YES_FROM]) if texts and is_polar(question) else None


def _quoting(ragqa: Ragqa, question: str, quotes: Sequence[tuple[str, str]]) -> Reply:
    texts = [text for _, text in quotes]
    yes = says_yes(ragqa, question, texts)
    return Reply(
        text=" ".join(texts), cited=tuple(_number(source) for source, _ in quotes), yes=None if yes is None else yes >= YES
    )


def _reply(answer: Answer, ragqa: Ragqa) -> Reply:
    """An answer as a reader takes it: each sentence once; a key point that repeats one is no second answer."""
    texts = dict.fromkeys(statement.text for statement in answer.statements)
    yes = says_yes(ragqa, answer.question, [statement.support[0].quote for statement in answer.statements])
    return Reply(
        text=" ".join(texts),
        cited=tuple(_number(reference.source_id) for reference in answer.references),
        yes=None if yes is None else yes >= YES,
    )


def _score_reply(reply: Reply, ideal: Ideal, ragqa: Ragqa) -> dict[str, float | None]:
    precision, recall, f1 = set_scores(set(reply.cited), ideal.documents) if ideal.documents else (None, None, None)
    two = [rouge_2(reply.text, answer) for answer in ideal.answers]
    su4 = [rouge_su4(reply.text, answer) for answer in ideal.answers]
    verdicts = [ragqa.checker.judge(claim, reply.text).verdict for claim in ideal.must_have] if reply.text else []
    return {
        "answered": float(bool(reply.text)),
        "citation_precision": precision if reply.cited else None,
        "citation_recall": recall,
        "citation_f1": f1,
        "snippet_recall": mean([float(overlap(snippet, reply.text) >= SNIPPET) for snippet in ideal.snippets]),
        "rouge_2_recall": max((recall for _, recall, _ in two), default=None),
        "rouge_2_f1": max((f for _, _, f in two), default=None),
        "rouge_2_at_ideal_length": max((_at_length(reply.text, answer) for answer in ideal.answers), default=None),
        "rouge_su4_recall": max((recall for _, recall, _ in su4), default=None),
        "rouge_su4_f1": max((f for _, _, f in su4), default=None),
        "yes_no_accuracy": None if ideal.yes is None else float(reply.yes is ideal.yes),
        "must_have_recall": share([v == "supports" for v in verdicts] or [False] * len(ideal.must_have)),
        "must_have_contradicted": share([v == "contradicts" for v in verdicts]),
        "words": float(len(reply.text.split())),
    }


def _at_length(text: str, ideal: str) -> float:
    """ROUGE-2 F1 of a text's first words, as many as the ideal answer has: a longer text gains nothing and loses nothing."""
    return rouge_2(" ".join(text.split()[: len(ideal.split())]), ideal)[2]


def _read_ideals(file: Path) -> dict[str, Ideal]:
    ideals = {}
    for line, value in read_jsonl(file):
        if isinstance(value, Fault) or "query_id" not in value:
            raise RagqaError(f"{file}:{line} is not an ideal answer: expected query_id with ideal_answer or Must_have")
        exact = str(value.get("exact_answer", "")).strip().lower()
        ideals[str(value["query_id"])] = Ideal(
            documents=frozenset(map(str, value.get("gold_pmids", ()))),
            snippets=tuple(snippet["text"] for snippet in value.get("gold_snippets", ())),
            answers=tuple(value.get("ideal_answer", ())) or tuple(filter(None, [value.get("Free_form_answer")])),
            yes=exact == "yes" if value.get("type") == "yesno" and exact in ("yes", "no") else None,
            must_have=tuple(value.get("Must_have", ())),
        )
    return ideals


def _first_sentence(text: str) -> str:
    return next((sentence.text for sentence in sentences(text, 0, len(text))), text)


def _number(source: str) -> str:
    """A source's id as the data set writes it."""
    return source.removeprefix("doc:").removeprefix("pmid:")
