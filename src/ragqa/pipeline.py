"""The walk of a question, and nothing else: read, searched for, evidence gathered, composed, checked, answered.

from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

with Ragqa.open(load_settings()) as ragqa:
    answer = ragqa.ask("Is memantine effective as a first-line treatment for borderline personality disorder?")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ragqa.answer.assembly import Made, assembled, refused
from ragqa.answer.combining import combined, tells_more
from ragqa.answer.contract import Answer
from ragqa.answer.provenance import Provenance, digest, made_with, provenance
from ragqa.answer.timing import Timer
from ragqa.checking.checker import Checker
from ragqa.checking.drafts import verified
from ragqa.checking.statements import cite
from ragqa.checking.support import check_statement
from ragqa.composing.draft import Composer
from ragqa.composing.extractive import ExtractiveComposer
from ragqa.evidence.clarity import unclear
from ragqa.evidence.gathering import Evidence, gather
from ragqa.evidence.sources import Retrieved, expanded
from ragqa.evidence.waiting import waiting
from ragqa.index import Generation
from ragqa.index.opened import OpenIndex
from ragqa.index.withheld import LiveGate
from ragqa.models import Embedder
from ragqa.question.asked import Asked, Turn
from ragqa.question.cleaning import Cleaner
from ragqa.question.query import Query
from ragqa.question.reading import Reader
from ragqa.question.refusal import Refusal, Status
from ragqa.question.terms import Vocabulary
from ragqa.retrieval.retriever import Hit, HybridRetriever
from ragqa.settings import Audience, Settings


def quiet(stage: str) -> None:
    """No-op stage callback."""


class Ragqa(OpenIndex):
    """An open index that answers: ask as often as you like. Use as a context manager, or call ``close``."""

    def __init__(self, settings: Settings, embedder: Embedder, generation: Generation, gate: LiveGate | None = None) -> None:
        super().__init__(settings, embedder, generation, gate)
        self.composer: Composer = ExtractiveComposer()
        self._cleaners = {redacts: Cleaner(redacts) for redacts in (True, False)}

    def search(self, question: str, k: int, history: Sequence[Turn] = (), article: str | None = None) -> list[Hit]:
        """The best passage of each of the best ``k`` sources, best first; ``history`` and ``article`` as for ``ask``."""
        asked, moment = Asked(question=question, history=tuple(history), article=article), self.now()
        return moment.retriever().search(moment.reader().worded(asked), k)

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
        asked = Asked(question=question, history=tuple(history), article=article)
        while True:
            answer = self.now()._answered(asked, audience, understood, stage)
            if not (self.gate and any(reference.source_id in self.gate.withheld() for reference in answer.references)):
                return answer  # else it cites what was taken back while it was made

    def _answered(self, asked: Asked, audience: Audience | None, understood: str | None, stage: Callable[[str], None]) -> Answer:
        """A question answered; of several each in its turn, clauses that may be several only where that tells more."""
        timer = Timer()
        query = self.reader().read(asked, audience, understood)
        if query.calm:  # what is said of the whole text is said of no part of it
            query = self.reader().read(asked, audience, understood, as_one=True)
        questions, loosely = query.reading.questions, query.reading.loosely
        if query.refusal or not questions:
            return self._walk(query, asked, stage, timer)
        answers = [self._one_of(one, audience, stage, len(questions)) for one in asked.one_by_one(questions)]
        urgent = next((answer for answer in answers if answer.status is Status.URGENT), None)
        if urgent and not loosely:
            return timer.told(refused(query, Refusal(status=urgent.status, message=urgent.message or ""), self._made(query)))
        if loosely or not any(answer.statements for answer in answers):
            whole = self._walk(self.reader().read(asked, audience, as_one=True), asked, stage, timer)
            if not tells_more(answers, whole):
                return whole
        searched = tuple(wording for answer in answers for wording in answer.trace.queries)
        return timer.told(combined(query, answers, self._made(query, searched)))

    def _one_of(self, asked: Asked, audience: Audience | None, stage: Callable[[str], None], share: int) -> Answer:
        return self._walk(replace(self.reader().read(asked, audience, as_one=True), share=share), asked, stage, Timer())

    def _walk(self, query: Query, asked: Asked, stage: Callable[[str], None], timer: Timer) -> Answer:
        reader = self.reader()
        if query.refusal:
            return timer.told(refused(query, query.refusal, self._made(query)))
        self._step(stage, "searching")
        retrieved = self.retrieved(query)
        refusal = None if asked.article else unclear(query, retrieved)
        timer.lap("retrieve")
        if refusal:
            return timer.told(refused(query, refusal, self._made(query, query.readings)))
        self._step(stage, "reading")
        evidence = self.gathered(query, retrieved)
        if evidence.closed and (joined := reader.joined(query)):
            second = self.gathered(joined, self.retrieved(joined))
            query, evidence = (joined, second) if not second.closed else (query, evidence)
        drafts = self.composer.compose(query, evidence)
        timer.lap("compose")
        self._step(stage, "checking")
        statements, cited = cite(verified(drafts, evidence.retrieved.records, query.audience), evidence.retrieved.records)
        for statement in statements:
            check_statement(statement)
        waits = () if statements else waiting(query, self.generation.articles_left_out())
        made = self._made(query, query.readings)
        answer = assembled(query, evidence, statements, cited, made, self.generation.find, waits)
        timer.lap("check")
        return timer.told(answer)

    def _step(self, stage: Callable[[str], None], name: str) -> None:
        self.check()
        stage(name)

    def retrieved(self, query: Query) -> Retrieved:
        """What ``ask`` would compose an answer from."""
        return expanded(self.retriever().retrieve(query), self.generation, query.vocabulary)

    def gathered(self, query: Query, retrieved: Retrieved) -> Evidence:
        """The evidence in what was retrieved for a question."""
        return gather(query, retrieved, self.embedder, self.reranker, self.settings.abstain_below)

    def urgent(
        self, asked: Asked, audience: Audience | None = None, understood: str | None = None, *, probe: bool = False
    ) -> Answer | None:
        """What ``ask`` answers where the wording alone tells of an emergency, without model or search; None for other questions.

        With ``probe`` also where the learned probe sees one, which takes the embedding of the question.

        Raises:
            RagqaError: as ``ask``.
        """
        reader = self.reader()
        query = reader.worded(asked, audience, understood)
        refusal = (reader.judged(query) if probe else query).refusal
        return refused(query, refusal, self._made(query)) if refusal and refusal.status is Status.URGENT else None

    def without_identifiers(self, asked: Asked) -> Asked:
        """What may be stored of a question and the turns before it: by default all but what could identify a patient."""
        return self._cleaner.asked(asked)

    def storable(self, text: str) -> str:
        """What may be stored of any text of a reader: by default all but what could identify a patient."""
        return self._cleaner.text(text)

    def provenance(self, asked: Asked, audience: Audience | None = None, embedder: Embedder | None = None) -> Provenance:
        """All that ``ask`` would compose an answer from, without composing it; ``embedder`` may be one that remembers.

        Raises:
            RagqaError: as ``ask``.
        """
        return self.now()._provenance(asked, audience, embedder or self.embedder)

    def _provenance(self, asked: Asked, audience: Audience | None, embedder: Embedder) -> Provenance:
        reader, retriever = self.reader(embedder), self.retriever(embedder)
        query = reader.read(asked, audience)
        parts = [reader.read(one, audience, as_one=True) for one in asked.one_by_one(query.reading.questions)]
        queries = [one for one in (query, *parts) if not one.refusal]
        tried = [] if query.refusal else [reading for one in queries for reading in (one, reader.joined(one)) if reading]
        found = [retriever.retrieve(one) for one in tried]
        return provenance(found, asked.article, self.generation, self._made_with(query.audience))

    @property
    def checker(self) -> Checker:
        """Judges any claim against any source, with the models already loaded."""
        return Checker(self.embedder, self.reranker)

    def reader(self, embedder: Embedder | None = None) -> Reader:
        """Reads questions as ``ask`` does; ``embedder`` may be one that remembers."""
        vocabulary = Vocabulary(self.generation.terms, self.reranker, self.generation.uses, self.generation.credited)
        return Reader(
            self.generation,
            embedder or self.embedder,
            vocabulary,
            self._cleaner,
            self.settings.audience,
            self.check,
        )

    def retriever(self, embedder: Embedder | None = None) -> HybridRetriever:
        """Retrieves as ``ask`` does; ``embedder`` may be one that remembers."""
        return HybridRetriever(self.generation, embedder or self.embedder, self.settings)

    @property
    def _cleaner(self) -> Cleaner:
        return self._cleaners[self.settings.redact]

    def _made(self, query: Query, queries: tuple[str, ...] = ()) -> Made:
        generation, made = self.generation.manifest.generation, self._made_with(query.audience)
        return Made(
            digest=digest(query, generation, self.generation.withheld, made, self.settings),
            generation=generation,
            models={"embedder": self.embedder.name, "judge": self.reranker.name},
            queries=queries,
        )

    def _made_with(self, audience: Audience) -> dict[str, str]:
        return made_with(self.settings, self.embedder, self.reranker, self.composer.fingerprint, audience)
