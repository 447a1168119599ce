"""Each room of an answer by itself, over a small corpus and models that are words alone: seconds for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeEmbedder, FakeReranker
from samples import ARTICLE, abstract, write_corpus

from ragqa.answer.render import explain
from ragqa.checking.drafts import verified
from ragqa.corpus.parts import Part
from ragqa.evidence.gathering import Evidence
from ragqa.index import open_index
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked, Cited, Turn
from ragqa.question.query import Query
from ragqa.settings import Settings

pytestmark = pytest.mark.quick
QUESTION = "Does drug A help in condition B?"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ragqa]:
    """The sample article with its two trials, of which one says what the other says, and a retracted one."""
    folder = tmp_path_factory.mktemp("rooms")
    records = [abstract(101), abstract(102), abstract(103, notices=[{"kind": "retraction"}])]
    corpus = write_corpus(folder / "corpus", {"drug-a": ARTICLE}, records)
    settings = Settings(corpus=corpus, index=folder / "index", abstain_below=0.0)
    embedder = FakeEmbedder()
    build_index(settings, embedder=embedder)
    with Ragqa(settings, embedder, open_index(settings.index, embedder)) as opened:
        opened.reranker = FakeReranker()
        yield opened


def read(ragqa: Ragqa, question: str = QUESTION, **more: object) -> Query:
    """A question, read."""
    return ragqa.reader().read(Asked(question=question, **more))  # type: ignore[arg-type]


def gathered(ragqa: Ragqa, question: str = QUESTION) -> tuple[Query, Evidence]:
    """A question with its evidence."""
    query = read(ragqa, question)
    return query, ragqa.gathered(query, ragqa.retrieved(query))


def test_question_a_follow_up_stands_alone_and_prefers_what_was_just_cited(small: Ragqa) -> None:
    """What it leaves out comes from the turn before; as asked it is searched for too."""
    before = Turn(question=QUESTION, cited=(Cited(number=1, source_id="pmid:102"),))
    query = read(small, "and in children?", history=(before,))
    assert query.readings == (query.text, "and in children?")
    assert "drug A" in query.text
    assert query.preferred == {"pmid:102"}
    assert query.refusal is None
    assert query.own_words != query.words


def test_question_what_is_no_question_is_refused_with_its_status(small: Ragqa) -> None:
    """An emergency by its wording alone, before anything is embedded."""
    urgent = small.reader().worded(Asked(question="He has taken all his tablets and is unconscious now"))
    assert urgent.refusal is not None
    assert urgent.refusal.status == "urgent"
    assert urgent.vector.size == 0
    task = read(small, "Write me a letter for the insurance")
    assert task.refusal is not None
    assert task.refusal.status == "out_of_scope"


def test_question_identifiers_are_gone_from_every_part_of_a_query(small: Ragqa) -> None:
    """Also from the turns before."""
    query = read(
        small, "Does drug A help Mrs Jane Miller in condition B?", history=(Turn(question="Is Mrs Jane Miller better?"),)
    )
    assert query.removed
    assert "Miller" not in repr((query.asked, query.reading, query.turns))


def test_retrieval_the_article_being_read_comes_before_its_equals(small: Ragqa) -> None:
    """A preference, not a filter."""
    plain = small.retriever().search(read(small), 10)
    preferred = small.retriever().search(read(small, article="drug-a"), 10)
    score = {hit.passage.source_id: hit.score for hit in plain}
    assert {hit.passage.source_id for hit in preferred} == set(score)
    assert all(hit.score > score[hit.passage.source_id] for hit in preferred)


def test_evidence_each_source_is_stemmed_once(small: Ragqa, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many functions ask what it holds."""
    query = read(small)
    found = small.retriever().retrieve(query)
    stemmed: list[str] = []
    stems = query.vocabulary.stems
    monkeypatch.setattr(query.vocabulary, "stems", lambda text: stemmed.append(text) or stems(text))
    retrieved = small.retrieved(query)
    assert len(stemmed) == len(retrieved.sources) == len({hit.passage.source_id for hit in found})


@pytest.mark.parametrize(
    ("question", "abstain_below", "gate"),
    [
        (QUESTION, 0.9999, "answerable"),
        ("Which antibiotic is best in pneumonia of toddlers?", 0.0, "about what is asked"),
        ("How far is it from here to there by train?", 0.9999, "within reach"),
        ("How far is it from here to there by train?", 0.0, None),
        (QUESTION, 0.0, None),
    ],
)
def test_evidence_names_the_gate_that_closed(small: Ragqa, question: str, abstain_below: float, gate: str | None) -> None:
    """With its figure below its bound, and without candidates; the reranker reads nothing that it could not save."""
    strict = small.under(abstain_below=abstain_below)
    strict.reranker = reranker = FakeReranker()
    _, evidence = gathered(strict, question)
    assert (evidence.closed.name if evidence.closed else None) == gate
    if evidence.closed:
        assert evidence.closed.figure < evidence.closed.bound
        assert evidence.candidates == ()
    assert bool(reranker.scored) == (gate not in ("within reach", "about what is asked"))


def test_evidence_a_sentence_is_a_candidate_once_and_best_judged_first(small: Ragqa) -> None:
    """With its vector and its logit, and the part of an answer that it would be."""
    _, evidence = gathered(small)
    texts = [candidate.text.casefold() for candidate in evidence.candidates]
    assert len(texts) == len(set(texts)) > 3
    assert [c.logit for c in evidence.candidates] == sorted((c.logit for c in evidence.candidates), reverse=True)
    assert all(candidate.vector.shape == (256,) for candidate in evidence.candidates)
    parts = {candidate.text: candidate.part for candidate in evidence.candidates}
    assert parts["Drug A is not recommended as first choice for condition B in adults."] is Part.RECOMMENDATION


def test_composing_the_recommendation_of_the_article_on_this_question_leads(small: Ragqa) -> None:
    """Then the evidence, each sentence with the quote that it was taken from."""
    drafts = small.composer.compose(*gathered(small))
    assert drafts[0].section is Part.RECOMMENDATION
    assert drafts[0].quotes[0].passage.source_id == "article:drug-a"
    assert Part.EVIDENCE in {draft.section for draft in drafts}


@pytest.mark.parametrize("change", [("20 mg", "30 mg"), ("not recommended", "recommended"), ("Drug A", "Drug C")])
def test_checking_a_draft_that_its_source_does_not_say_is_dropped(small: Ragqa, change: tuple[str, str]) -> None:
    """Whoever wrote it; the others pass as they are."""
    query, evidence = gathered(small)
    drafts = small.composer.compose(query, evidence)
    twisted = [replace(draft, text=draft.text.replace(*change)) for draft in drafts]
    wrong = sum(new.text != old.text for new, old in zip(twisted, drafts, strict=True))
    assert wrong
    passed = verified(twisted, evidence.retrieved.records, "clinician")
    assert len(passed) == len(drafts) - wrong
    assert not any(draft.text in {one.text for one in passed} for draft in twisted if draft not in drafts)


def test_answer_says_how_it_came_about(small: Ragqa) -> None:
    """What was searched for, with what it was made; of an abstention the gate, of a refusal that nothing was searched for."""
    answered = small.ask(QUESTION)
    assert answered.status == "answered"
    assert answered.trace.queries == (QUESTION,)
    assert answered.trace.models == {"embedder": "fake", "judge": "fake"}
    abstained = small.under(abstain_below=0.9999).ask(QUESTION)
    assert small.settings.abstain_below == 0.0
    assert abstained.status == "insufficient_evidence"
    assert abstained.trace.gate is not None
    assert abstained.trace.gate.bound == 0.9999
    assert "abstained at the gate 'answerable': What was found answers this with a probability of" in explain(abstained)
    assert small.ask("He has taken all his tablets and is unconscious now").trace.queries == ()


def test_index_what_another_model_built_is_refused(small: Ragqa, tmp_path: Path) -> None:
    """Its vectors could not be compared."""
    from ragqa.errors import IndexMismatch

    with pytest.raises(IndexMismatch, match="the model set now is fake"):
        open_index(small.settings.index, FakeEmbedder(128))
