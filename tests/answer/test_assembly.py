"""Statements to an answer, and abstentions and refusals to answers of their own status, without an index or a model."""

from __future__ import annotations

import pytest
from fakes import FakeReranker
from samples import abstract

from ragqa.answer.assembly import SHORT_ID, Made, assembled, refused
from ragqa.answer.contract import DISCLAIMERS
from ragqa.checking.statements import cite
from ragqa.composing.draft import Draft, Quote
from ragqa.corpus.parts import Part
from ragqa.corpus.passages import passages
from ragqa.corpus.records import Abstract, Article
from ragqa.evidence.gathering import Evidence, Gate
from ragqa.evidence.sources import Retrieved, Source
from ragqa.evidence.sufficiency import Sufficiency
from ragqa.question.followup import Reading
from ragqa.question.query import Query
from ragqa.question.refusal import REFUSALS, Refusal, Status
from ragqa.question.terms import Vocabulary
from ragqa.question.understanding import understand

pytestmark = pytest.mark.quick

RANDOMISED = "Randomized Controlled Trial"
RECORD = Abstract.model_validate(abstract(101))
MADE = Made(digest="0123456789abcdef" * 4, generation="g", models={"embedder": "fake"}, queries=("searched",))


def query(text: str = "Does drug A help in condition B?", **more: object) -> Query:
    """A question that was read, with the vector of no model."""
    vocabulary = Vocabulary(str.split, FakeReranker())
    made: dict[str, object] = {"audience": "clinician"} | more
    return Query(asked=text, reading=Reading(text), understanding=understand(text), vocabulary=vocabulary, **made)  # type: ignore[arg-type]


def evidence(closed: Gate | None = None, missing: tuple[str, ...] = ()) -> Evidence:
    """What one trial says, with or without a gate that closed."""
    source = Source(record=RECORD, held=frozenset(), design=3, barred=frozenset())
    measured = Sufficiency(coverage=0.5, similarity=0.9, subjects=1.0, studies_alone=True, missing=missing, logit=2.0)
    return Evidence(retrieved=Retrieved(hits=(), sources={RECORD.id: source}), sufficiency=measured, closed=closed)


TRIALS = [
    Abstract.model_validate(
        abstract(number, title=f"{drug} in gout", sections=[{"text": f"We treated {n} adults."}], publication_types=[RANDOMISED])
    )
    for number, drug, n in ((1, "Colchicine", 900), (2, "Naproxen", 60))
]
BEHIND: dict[str, Article | Abstract] = {trial.id: trial for trial in TRIALS}
"""What an article cites, and nothing that was retrieved."""


def article(text: str) -> Article:
    """An approved article that cites both trials."""
    head = {"slug": "gout", "title": "What helps in gout?", "updated": "2026-01-01", "sha256": "0" * 64}
    span = {"part": Part.RECOMMENDATION, "start": 0, "end": len(text)}
    return Article.model_validate(head | {"citations": list(BEHIND), "text": text, "spans": [span]})


def quoted() -> Draft:
    """The whole of the record's last sentence."""
    start = RECORD.text.index("Drug A")
    quote = Quote(passage=passages(RECORD, 1800)[0], start=start, end=len(RECORD.text), score=0.9)
    return Draft(text=RECORD.text[start:], section=Part.EVIDENCE, quotes=(quote,))


def test_statements_become_an_answer_with_numbered_references_and_its_strength() -> None:
    """And with all that every answer carries."""
    statements, cited = cite([quoted()], {RECORD.id: RECORD})
    answer = assembled(query(), evidence(), statements, cited, MADE, BEHIND.get)
    assert (answer.status, answer.statements) == (Status.ANSWERED, statements)
    assert [(reference.number, reference.source_id) for reference in answer.references] == [(1, RECORD.id)]
    assert answer.evidence is not None
    assert answer.evidence.strength == "moderate"
    assert (answer.id, answer.disclaimer) == (MADE.digest[:SHORT_ID], DISCLAIMERS["clinician"])
    assert answer.trace.scores.keys() == {"answerable", "logit", "coverage", "similarity", "subjects"}


@pytest.mark.parametrize(
    ("question", "markers", "strength"),
    [
        ("What helps in gout?", "[1, 2]", "high"),
        ("Does naproxen help in gout?", "[1, 2]", "low"),
        ("Does naproxen help in gout?", "[1]", "high"),
        ("What helps in gout?", "[2]", "low"),
        ("What helps in gout?", "", "very_low"),
        ("What helps in gout?", "[3]", "very_low"),
    ],
)
def test_an_article_is_as_strong_as_the_studies_it_cites_for_its_sentence(question: str, markers: str, strength: str) -> None:
    """Of those on several treatments the ones on what is asked about; without a study nothing is known."""
    record = article(f"Colchicine and naproxen both help in gout (RR 2, 95% CI 1.5 to 2.4). {markers}".strip())
    source = Source(record=record, held=frozenset(), design=0, barred=frozenset())
    measured = Sufficiency(coverage=1, similarity=1, subjects=1, studies_alone=False, missing=(), logit=2.0)
    found = Evidence(retrieved=Retrieved(hits=(), sources={record.id: source}), sufficiency=measured)
    quote = Quote(passage=passages(record, 1800)[0], start=0, end=record.text.index(").") + 2, score=0.9)
    statements, cited = cite([Draft(text="Both help.", section=Part.RECOMMENDATION, quotes=(quote,))], {record.id: record})
    answer = assembled(query(question), found, statements, cited, MADE, BEHIND.get)
    assert answer.evidence is not None
    assert answer.evidence.strength == strength


@pytest.mark.parametrize(("label", "strength"), [("RESULTS", "low"), ("BACKGROUND", "very_low"), (None, "low")])
def test_what_a_study_tells_of_others_is_not_what_it_found(label: str | None, strength: str) -> None:
    """The background of a trial is as sure as nothing that is known."""
    told = "We randomised 60 adults with gout to naproxen or placebo."
    record = Abstract.model_validate(abstract(3, sections=[{"label": label, "text": told}], publication_types=[RANDOMISED]))
    source = Source(record=record, held=frozenset(), design=3, barred=frozenset())
    found = Evidence(retrieved=Retrieved(hits=(), sources={record.id: source}), sufficiency=evidence().sufficiency)
    quote = Quote(passage=passages(record, 1800)[0], start=record.text.index(told), end=len(record.text), score=0.9)
    statements, cited = cite([Draft(text=told, section=Part.EVIDENCE, quotes=(quote,))], {record.id: record})
    answer = assembled(query(), found, statements, cited, MADE, BEHIND.get)
    assert answer.evidence is not None
    assert answer.evidence.strength == strength


def test_a_patient_is_told_how_hard_the_answer_reads() -> None:
    """Beside how hard its sources do."""
    statements, cited = cite([quoted()], {RECORD.id: RECORD})
    scores = assembled(query(audience="patient"), evidence(), statements, cited, MADE, BEHIND.get).trace.scores
    assert scores["reading_grade"] == scores["reading_grade_of_sources"]


def test_without_statements_it_is_an_abstention_that_says_what_was_missing() -> None:
    """With the gate that closed, and the nearest sources."""
    gate = Gate(name="answerable", figure=0.25, bound=0.6)
    answer = assembled(query(), evidence(gate, missing=("drug A",)), (), (), MADE, BEHIND.get)
    assert (answer.status, answer.trace.gate) == (Status.INSUFFICIENT_EVIDENCE, gate)
    assert answer.message is not None
    assert "No single source covers: drug A." in answer.message
    assert "Nearest sources searched: Drug A in condition B, trial 101." in answer.message


def test_what_is_no_question_of_medicine_is_out_of_scope_where_nothing_answers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is missing."""
    monkeypatch.setattr(Query, "is_medical", lambda self, wording: False)
    answer = assembled(query(), evidence(), (), (), MADE, BEHIND.get)
    assert (answer.status, answer.message) == (Status.OUT_OF_SCOPE, REFUSALS["other"])


def test_a_refusal_is_an_answer_with_its_message_and_choices() -> None:
    """It has no evidence and no gate."""
    refusal = Refusal(status=Status.NEEDS_CLARIFICATION, message="Which one?", alternatives=("a?", "b?"))
    answer = refused(query(), refusal, MADE)
    assert (answer.status, answer.message, answer.alternatives) == (refusal.status, refusal.message, refusal.alternatives)
    assert (answer.evidence, answer.trace.gate, answer.trace.scores) == (None, None, {})
