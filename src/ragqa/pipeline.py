"""The only place where the stages meet: build an index, search it, ask it.

from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

with Ragqa.open(load_settings()) as ragqa:
    answer = ragqa.ask("Is memantine effective as a first-line treatment for borderline personality disorder?")
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ragqa.answer import DISCLAIMERS, Answer, Audience, Reference, Status, Trace, cite
from ragqa.appraise import appraise, sample_size, study_design
from ragqa.compose import Composition, compose
from ragqa.conversation import standalone
from ragqa.corpus import citable, load_corpus
from ragqa.errors import Fault, InvalidRecord, RagqaError
from ragqa.files import json_line, read_jsonl, write_atomic
from ragqa.importers import import_file
from ragqa.index import BuildReport, Generation, Progress, build, current_generation, open_index
from ragqa.models import CrossEncoder, Embedder, load_embedder
from ragqa.records import Abstract, Article, Turn
from ragqa.retrieve import Hit, rank_sources, retrieve
from ragqa.settings import Settings
from ragqa.verify import check_statement

LONGEST_QUESTION = 2000
"""Characters; a longer text is a document, not a question."""


def silent(stage: str, done: int, total: int) -> None:
    """A progress callback that shows nothing."""


def build_index(settings: Settings, progress: Progress = silent) -> BuildReport:
    """Check the corpus, apply the gate, build a generation and make it live.

    Raises:
        CorpusError: the corpus has faults; nothing was built.
        IndexFault: the index could not be written; the generation before still answers.
        ModelUnavailable: the model's weights are missing or altered.
    """
    corpus = load_corpus(settings.corpus)
    allowed = citable(corpus, abstracts=settings.abstracts)
    return build(allowed, load_embedder(settings.model), settings, progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did: records written, ids that another file of the corpus already holds, and faults."""

    file: Path
    written: int
    known: int
    faults: tuple[Fault, ...]


def import_records(file: Path, corpus: Path, ids: str = "doc") -> ImportReport:
    """Read a foreign file and write its records under ``corpus/abstracts/``, replacing an earlier import of that file.

    Raises:
        InvalidRecord: the file as a whole cannot be read; nothing was written.
    """
    target = corpus / "abstracts" / _target_name(file)
    seen = _ids_elsewhere(corpus, target)
    faults: list[Fault] = []
    counts = {"written": 0, "known": 0}

    def lines() -> Iterable[str]:
        for item in import_file(file, ids):
            if isinstance(item, Fault):
                faults.append(item)
            elif item.id in seen:
                counts["known"] += 1
            else:
                seen.add(item.id)
                counts["written"] += 1
                yield json_line(item.model_dump(mode="json", exclude_defaults=True) | {"text_origin": item.text_origin})
        if not counts["written"] and not counts["known"]:
            raise InvalidRecord(file, None, "holds no record that could be imported" + "".join(f"\n  {f}" for f in faults[:20]))

    write_atomic(target, lines())
    return ImportReport(file=target, written=counts["written"], known=counts["known"], faults=tuple(faults))


class Ragqa:
    """An open index with its models: ask as often as you like. Use as a context manager, or call ``close``."""

    def __init__(self, settings: Settings, embedder: Embedder, generation: Generation) -> None:
        self.settings = settings
        self.generation = generation
        self.embedder = embedder
        self._judge: CrossEncoder | None = None

    @classmethod
    def open(cls, settings: Settings, progress: Progress = silent) -> Ragqa:
        """Open the live generation, building the first one when there is none."""
        if current_generation(settings.index) is None:
            build_index(settings, progress)
        embedder = load_embedder(settings.model)
        return cls(settings, embedder, open_index(settings.index, embedder))

    def __enter__(self) -> Ragqa:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the index."""
        self.generation.close()

    def search(self, question: str, k: int) -> list[Hit]:
        """The best passage of each of the best ``k`` sources, best first."""
        return rank_sources(_valid(question), self.generation, self.embedder, self.settings, k)

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        article: str | None = None,
        audience: Audience | None = None,
    ) -> Answer:
        """Answer a question from the indexed sources, or abstain. ``article`` is the slug of the article being read.

        Raises:
            RagqaError: the question is empty or too long, or the article is not in the index.
        """
        started = time.perf_counter()
        asked = _valid(question)
        understood = standalone(asked, history, self._cross_encoder().rarity)
        hits = retrieve(understood, self.generation, self.embedder, self.settings, self._preferred(article))
        retrieved = time.perf_counter()
        composition = compose(understood, hits, self.generation, self.embedder, self._cross_encoder())
        composed = time.perf_counter()
        answer = self._assemble(asked, understood, history, hits, composition, audience or self.settings.audience)
        times = {
            "retrieve": retrieved - started,
            "compose": composed - retrieved,
            "check": time.perf_counter() - composed,
            "total": time.perf_counter() - started,
        }
        milliseconds = {stage: round(1000 * seconds, 2) for stage, seconds in times.items()}
        return answer.model_copy(update={"trace": answer.trace.model_copy(update={"milliseconds": milliseconds})})

    def _assemble(
        self,
        question: str,
        understood: str,
        history: Sequence[Turn],
        hits: Sequence[Hit],
        composition: Composition,
        audience: Audience,
    ) -> Answer:
        records = {hit.passage.source_id: self.generation.record(hit.passage.source_id) for hit in hits}
        references = {source: reference(record) for source, record in records.items()}
        statements, used = cite(composition.drafts, records, references)
        for statement in statements:
            check_statement(statement)
        evidence, conflicts = appraise(statements, used) if statements else (None, ())
        measured = composition.sufficiency
        return Answer(
            id=self._answer_id(question, history, audience),
            question=question,
            standalone_question=understood,
            status=Status.ANSWERED if statements else Status.INSUFFICIENT_EVIDENCE,
            statements=statements,
            references=used,
            evidence=evidence,
            conflicts=conflicts,
            message=None if statements else _abstention(composition, hits, records),
            disclaimer=DISCLAIMERS[audience],
            audience=audience,
            review_state="not_reviewed",
            trace=Trace(
                generation=self.generation.manifest.generation,
                models={"embedder": self.embedder.name, "judge": "ms-marco-MiniLM-L-12-v2-int8"},
                queries=(understood,),
                scores={
                    "answerable": round(measured.probability, 4),
                    "logit": round(measured.logit, 4),
                    "coverage": round(measured.coverage, 4),
                    "similarity": round(measured.similarity, 4),
                },
            ),
        )

    def _preferred(self, article: str | None) -> frozenset[str]:
        """The article being read and what it cites."""
        if article is None:
            return frozenset()
        record = self.generation.find(f"article:{article}")
        if not isinstance(record, Article):
            raise RagqaError(f"no approved article {article!r} in the index; `ragqa check` lists the articles and their states")
        return frozenset((record.id, *record.citations))

    def _answer_id(self, question: str, history: Sequence[Turn], audience: Audience) -> str:
        parts = [self.generation.manifest.generation, question, audience, *(turn.question for turn in history)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def _cross_encoder(self) -> CrossEncoder:
        if self._judge is None:
            self._judge = CrossEncoder()
        return self._judge


def reference(record: Article | Abstract) -> Reference:
    """A source as a reference list shows it; its number is given when it is first cited."""
    abstract = record if isinstance(record, Abstract) else None
    return Reference(
        number=1,
        source_id=record.id,
        kind="abstract" if abstract else "article",
        title=record.title,
        authors=abstract.authors if abstract else (),
        journal=abstract.journal if abstract else None,
        year=abstract.year if abstract else (record.updated.year if isinstance(record, Article) else None),
        pmid=abstract.pmid if abstract else None,
        doi=abstract.doi if abstract else None,
        url=abstract.url if abstract else None,
        study_design=study_design(record),
        sample_size=sample_size(record),
        text_origin=abstract.text_origin if abstract else None,
        notices=tuple(notice.kind.value for notice in abstract.notices) if abstract else (),
    )


def _abstention(composition: Composition, hits: Sequence[Hit], records: dict[str, Article | Abstract]) -> str:
    near = [records[source].title for source in dict.fromkeys(hit.passage.source_id for hit in hits)][:3]
    parts = ["The approved articles and the abstracts they cite do not answer this question."]
    if composition.sufficiency.missing:
        parts.append(f"No single source covers: {', '.join(composition.sufficiency.missing)}.")
    if titles := [title for title in near if title]:
        parts.append("Nearest sources searched: " + "; ".join(title.rstrip(".") for title in titles) + ".")
    parts.append("A more specific question (drug, condition, population, outcome), or an approved article on it, would help.")
    return " ".join(parts)


def _valid(question: str) -> str:
    folded = " ".join(question.split())
    if not folded:
        raise RagqaError('the question is empty: ask for instance "Is memantine effective in OCD?"')
    if len(folded) > LONGEST_QUESTION:
        raise RagqaError(f"the question has {len(folded)} characters, at most {LONGEST_QUESTION} are read: shorten it")
    return folded


def _target_name(file: Path) -> str:
    """One name per imported file: two folders may both hold a corpus.jsonl."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", file.name.split(".")[0]).strip("-") or "imported"
    return f"{stem}-{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}.jsonl"


def _ids_elsewhere(corpus: Path, target: Path) -> set[str]:
    ids: set[str] = set()
    for file in sorted((corpus / "abstracts").glob("*.jsonl")):
        if file != target:
            ids.update(str(row["id"]) for _, row in read_jsonl(file) if isinstance(row, dict) and "id" in row)
    return ids
