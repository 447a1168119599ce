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
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from copy import copy
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

from ragqa.answer import DISCLAIMERS, Answer, Audience, Basis, Draft, Quote, Reference, Statement, Status, Trace, cite
from ragqa.appraise import appraise, follow_up, sample_size, study_design
from ragqa.catalogue import CATALOGUE, Catalogue, Progress
from ragqa.compose import Composition, compose
from ragqa.corpus import Corpus, load_corpus, require_folder
from ragqa.errors import CorpusChanged, Fault, InvalidRecord, RagqaError
from ragqa.files import discard, is_damage, json_line, read_jsonl, write_atomic
from ragqa.followup import REMEMBERED, Reading, chosen, refers_back, standalone
from ragqa.gate import Gate
from ragqa.importers import import_file
from ragqa.index import BuildReport, Generation, Sizes, bind, build, current_generation, exclusive, open_index, recorded_head
from ragqa.measures import reading_grade
from ragqa.models import Check, Checked, CrossEncoder, Embedder, Recent, Vectors, load_embedder, unhurried
from ragqa.passages import without_markers
from ragqa.privacy import Redacted, redact, without_heading
from ragqa.question import Understanding, is_polar, understand
from ragqa.records import LONGEST_QUESTION, MOST_CHOICES, Abstract, Article, Asked, Passage, ReviewEvent, Turn, clipped
from ragqa.retrieve import Hit, rank_sources, retrieve
from ragqa.reviewlog import LOG, first_copy
from ragqa.settings import Settings
from ragqa.triage import REFUSALS, Halt, emergency, halt, outside, unclear
from ragqa.verify import Checker, check_statement, uncorroborated, unsupported
from ragqa.wording import plain, spell_out

SHORT_ID = 16
"""Hex digits of an answer's digest that name it on the command line."""
MOST_CLEANED = 500
"""Texts of earlier turns remembered without identifiers, a few megabytes at most."""
JUDGE = "ms-marco-MiniLM-L-12-v2-int8"
DEFAULT_SIZES = Sizes()
YES_FROM = 3
"""Statements, in order, from which a yes or a no is read."""


def quiet(stage: str) -> None:
    """A listener that hears nothing."""


def silent(stage: str, done: int, total: int) -> None:
    """A progress callback that shows nothing."""


def checked_corpus(settings: Settings) -> Corpus:
    """The corpus, whose review log still holds every event that the live generation was built from.

    Raises:
        CorpusError: the corpus has faults, or the end of its review log is missing.
    """
    corpus = load_corpus(settings.corpus)
    _check_log(settings, corpus.reviews)
    return corpus


def _check_log(settings: Settings, reviews: Iterable[ReviewEvent]) -> None:
    """Raises InvalidRecord when the end of the review log that the live generation was built from is missing."""
    head = recorded_head(settings.index)
    if head is not None and head not in (event.chain for event in reviews):
        message = (
            f"the review log was cut or rewritten since the index {settings.index} was built: the last event of then is gone. "
            "Restore the log from a copy; if this is another corpus, name an index of its own with --index DIR"
        )
        raise InvalidRecord(settings.corpus / LOG, None, message)


def build_index(
    settings: Settings,
    progress: Progress = silent,
    *,
    live: bool = True,
    sizes: Sizes = DEFAULT_SIZES,
    embedder: Embedder | None = None,
) -> BuildReport:
    """Check the corpus, apply the gate, build a generation and, unless told not to, make it live.

    ``embedder`` is what ``settings.model`` names, where none is given.

    What has a fault, where nothing approved depends on it, is set aside; the report tells of it. Of the corpus only what changed
    is read again, and a large index grows by what changed (``docs/decisions/0018-growing.md``).

    Raises:
        CorpusError: what is approved has faults, or the review log cannot be relied on; nothing was built.
        IndexBusy: another process is building in this folder.
        IndexFault: the index could not be written; the generation before still answers.
        ModelUnavailable: the model's weights are missing or altered.
    """
    require_folder(settings.corpus)
    with exclusive(settings.index):
        try:
            return _built(settings, progress, live, sizes, embedder)
        except (sqlite3.DatabaseError, ValueError, TypeError, CorpusChanged) as error:
            if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
                raise
            discard(settings.index / CATALOGUE)  # it was damaged in a way that shows only in use; the corpus has all it said
            return _built(settings, progress, live, sizes, embedder)


def _built(settings: Settings, progress: Progress, live: bool, sizes: Sizes, embedder: Embedder | None) -> BuildReport:
    started = time.perf_counter()
    with closing(Catalogue(settings.index / CATALOGUE, settings.corpus)) as catalogue:
        catalogue.refresh(progress)
        _check_log(settings, catalogue.reviews)
        read = time.perf_counter() - started
        report = build(catalogue, embedder or load_embedder(settings.model), settings, progress, live=live, sizes=sizes)
        bind(settings.index, settings.corpus)
        with suppress(OSError, RagqaError):  # a corpus that may not be written has none; the index was built all the same
            first_copy(settings.corpus)
    faults = tuple(map(str, catalogue.faults))
    return report.model_copy(update={"set_aside": faults, "seconds": {"reading": round(read, 3)} | report.seconds})


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
    if not counts["written"]:
        target.unlink()  # all of them stand elsewhere, and a file without a record would be taken for a damaged one
    return ImportReport(file=target, written=counts["written"], known=counts["known"], faults=tuple(faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A question as it was asked, without identifiers, and as it was understood."""

    digest: str
    question: str
    removed: tuple[str, ...]
    read: Reading
    understood: Understanding
    audience: Audience


class Ragqa:
    """An open index with its models: ask as often as you like. Use as a context manager, or call ``close``.

    Every question is answered without what was withdrawn or retracted by then, whatever the generation still holds. ``gate`` is
    None for a stored generation, which answers as it did when it was live.
    """

    def __init__(self, settings: Settings, embedder: Embedder, generation: Generation, gate: Gate | None = None) -> None:
        self.settings = settings
        self.generation = generation
        self.embedder = embedder
        self.gate = gate
        self._models = _Models(embedder)
        self._check: Check = unhurried
        self._cleaned: dict[bytes, str] = {}

    @classmethod
    def open(cls, settings: Settings, progress: Progress = silent, generation: str | None = None) -> Ragqa:
        """Open the live generation, building the first one when there is none; or the stored ``generation`` of that name.

        Raises:
            CorpusError: there is no such corpus folder.
            IndexMismatch: the live generation was built from another corpus, or with another model.
        """
        require_folder(settings.corpus)
        if current_generation(settings.index) is None:
            build_index(settings, progress)
        embedder = Recent(load_embedder(settings.model))
        opened = open_index(settings.index, embedder, generation)
        return cls(settings, embedder, opened, None if generation else _gate(settings, opened))

    def beside(self, generation: str) -> Ragqa:
        """Another generation of the same corpus, open beside this one, with the models already loaded; raises as ``open``."""
        found = open_index(self.settings.index, self.embedder, generation)
        opened = Ragqa(self.settings, self.embedder, found, _gate(self.settings, found))
        opened._models = self._models
        return opened

    def now(self) -> Ragqa:
        """The same, with what may be quoted at this moment: of one question everything is asked of one such moment."""
        withheld = self.gate.withheld() if self.gate else self.generation.withheld
        if withheld is self.generation.withheld:
            return self
        moment = copy(self)
        moment.generation = self.generation.without(withheld)
        return moment

    def checked(self, check: Check) -> Ragqa:
        """The same index and models for one answer: ``check`` is called between its steps, and what it raises ends it.

        A step is a retrieval, a few texts through a model, or the choosing or checking of an answer's sentences.
        """
        one = copy(self)
        one.embedder, one._check = Checked(self.embedder, check), check
        one._models = _Models(one.embedder, self._models.judge.checked(check))
        return one

    def __enter__(self) -> Ragqa:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the index."""
        self.generation.close()

    def search(self, question: str, k: int, history: Sequence[Turn] = (), article: str | None = None) -> list[Hit]:
        """The best passage of each of the best ``k`` sources, best first; ``history`` and ``article`` as for ``ask``."""
        return self.now()._search(question, k, history, article)

    def _search(self, question: str, k: int, history: Sequence[Turn], article: str | None) -> list[Hit]:
        request = self._request(question, history, article, None, None)
        readings, preferred = self._readings(request, history, article)
        return rank_sources(readings, self.generation, self.embedder, self.settings, k, preferred)

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        article: str | None = None,
        audience: Audience | None = None,
        understood: str | None = None,
        stage: Callable[[str], None] = quiet,
    ) -> Answer:
        """Answer a question from the indexed sources, or abstain.

        ``history`` holds the turns before it, ``article`` the slug of the article being read; ``understood`` is the question as
        the reader wants it understood, where it was read wrongly before. ``stage`` is told "searching", "reading", "checking".

        Raises:
            RagqaError: the question is empty or too long, or the article is not in the index.
        """
        answer = self.now()._ask(question, history, article, audience, understood, stage)
        if self.gate and any(reference.source_id in self.gate.withheld() for reference in answer.references):
            return self.ask(question, history, article, audience, understood, stage)  # taken back while it was made
        return answer

    def _ask(
        self,
        question: str,
        history: Sequence[Turn],
        article: str | None,
        audience: Audience | None,
        understood: str | None,
        stage: Callable[[str], None],
    ) -> Answer:
        started = time.perf_counter()
        request = self._request(question, history, article, audience, understood)
        query = self.embedder.embed([*request.read.choices, request.read.text][:1])
        stopped = self._stopped(request, query)
        if stopped is not None:
            return _timed(self._halted(request, stopped), total=time.perf_counter() - started)
        self._check()
        stage("searching")
        readings, preferred = self._readings(request, history, article)
        hits = retrieve(readings, self.generation, self.embedder, self.settings, preferred)
        stopped = None if article else self._unclear(request, query, hits)
        retrieved = time.perf_counter()
        if stopped is not None:
            return _timed(self._halted(request, stopped), retrieve=retrieved - started, total=retrieved - started)
        self._check()
        stage("reading")
        composition = self._composed(request, hits)
        if not composition.drafts and request.read.joined:
            request, hits, composition = self._second_reading(request, preferred, hits, composition)
        composed = time.perf_counter()
        self._check()
        stage("checking")
        answer = self._assemble(request, query, hits, composition)
        finished = time.perf_counter()
        return _timed(
            answer,
            retrieve=retrieved - started,
            compose=composed - retrieved,
            check=finished - composed,
            total=finished - started,
        )

    def urgent(
        self, asked: Asked, audience: Audience | None = None, understood: str | None = None, *, probe: bool = False
    ) -> Answer | None:
        """What ``ask`` answers where the wording alone tells of an emergency, without model or search; None for other questions.

        With ``probe`` also where the learned probe sees one, which takes the embedding of the question.

        Raises:
            RagqaError: as ``ask``.
        """
        request = self._request(asked.question, asked.history, asked.article, audience, understood)
        stopped = emergency(request.question, request.read.leans)
        if stopped is None and probe:
            stopped = halt(
                request.question, self.embedder.embed([request.read.text]), self.embedder.fingerprint, request.read.leans
            )
        return self._halted(request, stopped) if stopped and stopped.status is Status.URGENT else None

    def without_identifiers(self, asked: Asked) -> Asked:
        """What may be stored of a question and the turns before it: by default all but what could identify a patient."""
        turns = tuple(map(self._clean_turn, asked.history))
        return asked.model_copy(update={"question": self._redacted(asked.question).text, "history": turns})

    def storable(self, text: str) -> str:
        """What may be stored of any text of a reader: by default all but what could identify a patient."""
        return redact(text).text if self.settings.redact else text

    def _clean_turn(self, turn: Turn) -> Turn:
        """A turn within its limits, all its texts without identifiers: a client may write into each of them."""
        turn = turn.within_limits()
        return turn.model_copy(
            update={
                "question": self._said(" ".join(turn.question.split())),
                "standalone": self._said(" ".join(turn.standalone.split())),
                "answer": self._said(turn.answer),
                "choices": tuple(map(self._said, turn.choices)),
            }
        )

    def _said(self, text: str) -> str:
        """As ``storable``, remembered by hash: the same turns come again with every question."""
        key = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        found = self._cleaned.get(key)
        if found is None:
            if len(self._cleaned) >= MOST_CLEANED:
                self._cleaned.clear()
            found = self._cleaned[key] = self.storable(text)
        return found

    def basis(self, asked: Asked, audience: Audience | None = None, embedder: Embedder | None = None) -> Basis:
        """All that ``ask`` would compose an answer from, without composing it; ``embedder`` may be one that remembers.

        Raises:
            RagqaError: as ``ask``.
        """
        return self.now()._basis(asked, audience, embedder or self.embedder)

    def _basis(self, asked: Asked, audience: Audience | None, embedder: Embedder) -> Basis:
        request = self._request(asked.question, asked.history, asked.article, audience, None)
        query = embedder.embed([*request.read.choices, request.read.text][:1])
        found = [] if self._stopped(request, query) else self._retrieved(request, asked, embedder)
        context = {f"article:{asked.article}"} if asked.article else set()
        sources = sorted({passage.source_id for passages in found for passage in passages} | context)
        articles = [record for source in sources if isinstance(record := self.generation.record(source), Article)]
        return Basis(
            made_with=self._made_with(request.audience),
            passages=tuple(tuple(passage.id for passage in passages) for passages in found),
            sources={source: self.generation.digest(source) for source in sources},
            barred=self.generation.excluded(sorted({source for article in articles for source in article.citations})),
        )

    def _retrieved(self, request: _Request, asked: Asked, embedder: Embedder) -> list[list[Passage]]:
        """The passages of each reading that ``ask`` may try."""
        readings, preferred = self._readings(request, asked.history, asked.article)
        tried = [readings, *([[request.read.joined, request.question]] if request.read.joined else [])]
        return [[hit.passage for hit in retrieve(r, self.generation, embedder, self.settings, preferred)] for r in tried]

    def _stopped(self, request: _Request, query: Vectors) -> Halt | None:
        """Why nothing is searched for."""
        return halt(request.question, query, self.embedder.fingerprint, request.read.leans) or _several(request.read)

    def _made_with(self, audience: Audience) -> dict[str, str]:
        """What decides the answer beside the sources."""
        return {
            "ragqa": _release(),
            "embedder": self.embedder.fingerprint,
            "judge": JUDGE,
            "enough": str(self.settings.enough),
            "redact": str(self.settings.redact),
            "audience": audience,
        }

    def _request(
        self, question: str, history: Sequence[Turn], article: str | None, audience: Audience | None, understood: str | None
    ) -> _Request:
        """Take identifiers out first: nothing after this sees them."""
        self._check()
        asked, wanted = self._redacted(question), self._redacted(understood) if understood else None
        turns = [self._clean_turn(turn) for turn in history[-REMEMBERED:]]
        if wanted is not None:
            read = Reading(wanted.text)
        else:
            said, topic = without_heading(asked.text), self._article(article).title if article else ""
            read = _within_limits(chosen(said, turns) or standalone(said, turns, topic))
        reader = audience or self.settings.audience
        return _Request(
            digest=self._digest(asked.text, read, turns, article, reader, understood=wanted.text if wanted else None),
            question=asked.text,
            removed=tuple(dict.fromkeys((*asked.kinds, *(wanted.kinds if wanted else ())))),
            read=read,
            understood=understand(read.text),
            audience=reader,
        )

    def _redacted(self, question: str) -> Redacted:
        asked = _valid(question)
        return redact(asked) if self.settings.redact else Redacted(asked)

    def _readings(self, request: _Request, history: Sequence[Turn], article: str | None) -> tuple[list[str], frozenset[str]]:
        """The question as understood and as asked, and the sources preferred: the article being read and what was just cited."""
        if not request.read.leans:
            return [request.read.text], self._preferred(article)
        just_cited = {cited.source_id for cited in history[-1].cited} if history else set()
        return [request.read.text, request.question], self._preferred(article) | just_cited

    def _composed(self, request: _Request, hits: Sequence[Hit], carried: bool = True) -> Composition:
        return compose(
            request.read.text,
            request.understood,
            hits,
            self.generation,
            self.embedder,
            self._cross_encoder(),
            self.settings.enough,
            request.question if request.read.leans else "",
            carried,
        )

    def _second_reading(
        self, request: _Request, preferred: frozenset[str], hits: list[Hit], composition: Composition
    ) -> tuple[_Request, list[Hit], Composition]:
        """The follow-up behind the question before it, where its own reading found no answer and this one does."""
        joined = request.read.joined
        again = replace(request, read=replace(request.read, text=joined), understood=understand(joined))
        found = retrieve([joined, request.question], self.generation, self.embedder, self.settings, preferred)
        second = self._composed(again, found, carried=False)
        return (again, found, second) if second.drafts else (request, hits, composition)

    def _unclear(self, request: _Request, query: Vectors, hits: Sequence[Hit]) -> Halt | None:
        """Ask back about a question that nothing before it makes clear."""
        if request.read.leans:
            return None
        text, unnamed, rarity = request.read.text, request.read.unnamed, self._cross_encoder().rarity
        stopped = unclear(text, request.understood, rarity, _said_in(hits), self._nearest_articles(hits), unnamed)
        if stopped is not None and not refers_back(text) and self._other(text, query):
            return Halt(status=Status.OUT_OF_SCOPE, message=REFUSALS["other"])
        return stopped

    @property
    def checker(self) -> Checker:
        """Judges any claim against any source, with the models already loaded."""
        return self._models.checker

    def says_yes(self, question: str, texts: Sequence[str]) -> float | None:
        """Probability that the answer to a yes/no question is yes, judged from what these texts say; None for other questions."""
        return self.checker.says_yes(question, texts[:YES_FROM]) if texts and is_polar(question) else None

    def _other(self, question: str, query: Vectors) -> bool:
        """Whether a question that nothing answers is no medical question at all."""
        return outside(question, query, self.embedder.fingerprint) == "other"

    def _halted(self, request: _Request, stopped: Halt) -> Answer:
        return self._answer(
            request,
            status=stopped.status,
            message=stopped.message,
            alternatives=stopped.alternatives,
        )

    def _assemble(self, request: _Request, query: Vectors, hits: Sequence[Hit], composition: Composition) -> Answer:
        records = {hit.passage.source_id: self.generation.record(hit.passage.source_id) for hit in hits}
        references = {source: reference(record) for source, record in records.items()}
        drafts = _checked(_reworded(composition.drafts, records, request.audience), composition.drafts, records)
        statements, used = cite(drafts, records, references)
        for statement in statements:
            check_statement(statement)
        measured = composition.sufficiency
        scores = {"answerable": measured.probability} | measured.features()
        if not statements:
            other = self._other(request.question, query)
            return self._answer(
                request,
                status=Status.OUT_OF_SCOPE if other else Status.INSUFFICIENT_EVIDENCE,
                message=REFUSALS["other"] if other else _abstention(composition, hits, records),
                scores=scores,
            )
        evidence, conflicts = appraise(statements, used, measured.subjects)
        return self._answer(
            request,
            status=Status.ANSWERED,
            statements=statements,
            references=used,
            evidence=evidence,
            conflicts=conflicts,
            scores=scores | _readability(statements, request.audience),
        )

    def _answer(self, request: _Request, *, scores: Mapping[str, float] | None = None, **given: Any) -> Answer:
        """An answer of any status, with what every answer carries."""
        trace = Trace(
            generation=self.generation.manifest.generation,
            models={"embedder": self.embedder.name, "judge": JUDGE},
            queries=tuple(self._readings(request, (), None)[0]),
            understanding=request.understood.as_words(),
            scores={name: round(value, 4) for name, value in (scores or {}).items()},
        )
        return Answer(
            id=request.digest[:SHORT_ID],
            digest=request.digest,
            question=request.question,
            standalone_question=request.read.text,
            removed=request.removed,
            disclaimer=DISCLAIMERS[request.audience],
            audience=request.audience,
            review_state="not_reviewed",
            trace=trace,
            **given,
        )

    def _nearest_articles(self, hits: Sequence[Hit]) -> list[str]:
        """Questions that articles among the hits answer, nearest first."""
        records = (self.generation.record(source) for source in dict.fromkeys(hit.passage.source_id for hit in hits))
        return [record.title for record in records if isinstance(record, Article)][:3]

    def _preferred(self, article: str | None) -> frozenset[str]:
        """The article being read and what it cites."""
        record = self._article(article) if article else None
        return frozenset((record.id, *record.citations)) if record else frozenset()

    def _article(self, slug: str) -> Article:
        record = self.generation.find(f"article:{slug}")
        if not isinstance(record, Article):
            raise RagqaError(f"no approved article {slug!r} in the index; `ragqa check` lists the articles and their states")
        return record

    def _digest(
        self, question: str, read: Reading, turns: Sequence[Turn], article: str | None, audience: Audience, understood: str | None
    ) -> str:
        """sha256 of all that decides an answer, everything a client sent already without identifiers."""
        retrieval = ("dense_weight", "candidates", "sources", "passages_per_source")
        parts = [
            self.generation.manifest.generation,
            sorted(self.generation.withheld),
            question,
            asdict(read),
            [turn.model_dump(mode="json") for turn in turns],
            article,
            understood,
            self._made_with(audience),
            {name: getattr(self.settings, name) for name in retrieval},
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _cross_encoder(self) -> CrossEncoder:
        return self._models.judge


class _Models:
    """What reads and checks, each loaded when it is first needed."""

    def __init__(self, embedder: Embedder, judge: CrossEncoder | None = None) -> None:
        self._embedder, self._given = embedder, judge

    @cached_property
    def judge(self) -> CrossEncoder:
        return self._given or CrossEncoder()

    @cached_property
    def checker(self) -> Checker:
        """A checker with these models."""
        return Checker(self._embedder, self.judge)


def _gate(settings: Settings, generation: Generation) -> Gate:
    """The gate of an opened generation, which is closed where it cannot be had."""
    try:
        return Gate(settings.corpus, generation)
    except BaseException:
        generation.close()
        raise


def without_index(settings: Settings) -> Ragqa:
    """What tells an emergency where no index is open: of this one only ``urgent`` can be asked, of a question without article."""
    nothing: Any = SimpleNamespace(name="none", fingerprint="none", manifest=SimpleNamespace(generation="none"), withheld={})
    return Ragqa(settings, nothing, nothing)


@cache
def _release() -> str:
    """Read once: the package's metadata is a file to be parsed."""
    return version("ragqa")


def _within_limits(read: Reading) -> Reading:
    """No reading is longer than a question may be, nor has more choices than a turn remembers."""
    return replace(
        read,
        text=clipped(read.text, LONGEST_QUESTION),
        joined=clipped(read.joined, LONGEST_QUESTION),
        choices=tuple(clipped(choice, LONGEST_QUESTION) for choice in read.choices[:MOST_CHOICES]),
    )


def _several(read: Reading) -> Halt | None:
    """Ask back about a follow-up that could mean several things."""
    if not read.choices:
        return None
    return Halt(
        status=Status.NEEDS_CLARIFICATION,
        message="After what was said before, this could mean several things. Choose one, or ask again naming the one you mean.",
        alternatives=read.choices,
    )


def _reworded(drafts: Sequence[Draft], records: Mapping[str, Article | Abstract], audience: Audience) -> list[Draft]:
    """Abbreviations spelled out at first use; for patients plain language too."""
    seen: set[str] = set()
    reworded = []
    for draft in drafts:
        text = spell_out(draft.text, records[draft.quotes[0].passage.source_id].text, seen)
        reworded.append(replace(draft, text=plain(text) if audience == "patient" else text))
    return reworded


def _checked(reworded: Sequence[Draft], drafts: Sequence[Draft], records: Mapping[str, Article | Abstract]) -> list[Draft]:
    """The drafts that the checker passes, each with the quotes that support it.

    A rewording that cannot be proven falls back to the source's own sentence; a sentence that fails is dropped.
    """
    passed = []
    for draft, plainly in zip(drafts, reworded, strict=True):
        own, *others = draft.quotes
        text = next((d.text for d in (plainly, draft) if unsupported(d.text, _words_of(own, records)) is None), None)
        if text is not None:
            kept = [quote for quote in others if uncorroborated(_words_of(own, records), _words_of(quote, records)) is None]
            passed.append(replace(draft, text=text, quotes=(own, *kept)))
    return passed


def _words_of(quote: Quote, records: Mapping[str, Article | Abstract]) -> str:
    return records[quote.passage.source_id].text[quote.start : quote.end]


def _readability(statements: Sequence[Statement], audience: Audience) -> dict[str, float]:
    """School grade of a patient's answer, and of the sources' own sentences."""
    if audience != "patient":
        return {}
    own = reading_grade(" ".join(statement.text for statement in statements))
    quoted = reading_grade(" ".join(without_markers(statement.support[0].quote) for statement in statements))
    return {"reading_grade": own or 0.0, "reading_grade_of_sources": quoted or 0.0}


def _said_in(hits: Sequence[Hit]) -> Callable[[str], bool]:
    return lambda text: any(text in hit.passage.text for hit in hits)


def _timed(answer: Answer, **seconds: float) -> Answer:
    milliseconds = {stage: round(1000 * duration, 2) for stage, duration in seconds.items()}
    return answer.model_copy(update={"trace": answer.trace.model_copy(update={"milliseconds": milliseconds})})


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
        follow_up=follow_up(record),
        text_origin=abstract.text_origin if abstract else None,
        notices=tuple(notice.kind.value for notice in abstract.notices) if abstract else (),
    )


def _abstention(composition: Composition, hits: Sequence[Hit], records: dict[str, Article | Abstract]) -> str:
    near = [records[source].title for source in dict.fromkeys(hit.passage.source_id for hit in hits)][:3]
    parts = ["The approved articles and the abstracts they cite do not answer this question."]
    if composition.sufficiency.missing:
        parts.append(f"No single source covers: {', '.join(composition.sufficiency.missing)}.")
    if titles := [title for title in near if title]:
        parts.append("Nearest sources searched: " + "; ".join(title.rstrip(".?") for title in titles) + ".")
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
