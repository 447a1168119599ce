"""Evaluation: scores that can fail, against the corpus on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from answers import answer
from samples import ROOT, abstract, write_corpus

from ragqa.corpus.folder import load_corpus
from ragqa.errors import CorpusError
from ragqa.evaluation.batches import BatchQuestion, answer_batch
from ragqa.evaluation.gold import GoldItem, evaluate_gold, load_gold, score_item
from ragqa.evaluation.scorecard import report, risk_coverage, scorecard
from ragqa.pipeline import Ragqa

ITEM = GoldItem(
    id="1",
    split="dev",
    kind="answerable",
    question="Does drug A help?",
    expect="answered",
    must_cite=(("pmid:101", "article:drug-a"),),
    facts=(("lowered the score",), ("101 points",)),
)


def test_a_right_answer_scores_one(small_corpus: Path) -> None:
    """Cited, said, permitted."""
    score = score_item(ITEM, answer(), load_corpus(small_corpus), {"pmid:101"})
    assert (score.citation_precision, score.citation_recall, score.fact_recall) == (1.0, 1.0, 1.0)
    assert (score.leaked, score.retracted, score.unresolvable, score.disclaimer) == (False, False, 0, True)


def test_answering_what_should_be_abstained_from_makes_every_citation_wrong(small_corpus: Path) -> None:
    """A near miss answered is precision 0, not undefined."""
    item = ITEM.model_copy(update={"expect": "insufficient_evidence", "must_cite": (), "facts": ()})
    assert score_item(item, answer(), load_corpus(small_corpus), {"pmid:101"}).citation_precision == 0.0


def test_fabricated_leaked_and_retracted_sources_show(tmp_path: Path) -> None:
    """A source the corpus lacks, one outside the gate, one retracted: each is counted, and the first cannot score."""
    empty = load_corpus(write_corpus(tmp_path / "a", {}, [abstract(500)]))
    score = score_item(ITEM, answer(), empty, set())
    assert (score.unresolvable, score.citation_precision, score.citation_recall, score.leaked) == (1, 0.0, 0.0, True)
    retracted = load_corpus(write_corpus(tmp_path / "b", {}, [abstract(101, notices=[{"kind": "retraction"}])]))
    assert score_item(ITEM, answer(), retracted, {"pmid:101"}).retracted is True


def test_a_quote_the_corpus_does_not_hold_is_unresolvable(tmp_path: Path) -> None:
    """The id exists, the words do not: fabricated all the same."""
    other = load_corpus(write_corpus(tmp_path / "a", {}, [abstract(101, sections=[{"text": "Something else entirely."}])]))
    assert score_item(ITEM, answer(), other, {"pmid:101"}).unresolvable == 1


def test_abstention_precision_and_recall_count_both_ways(small_corpus: Path) -> None:
    """One right abstention, one wrong, one missed."""
    corpus = load_corpus(small_corpus)
    silent = answer(status="insufficient_evidence", statements=(), references=(), message="Nothing on this.")
    unwanted = ITEM.model_copy(update={"expect": "insufficient_evidence", "must_cite": (), "facts": ()})
    pairs = [(unwanted, silent), (ITEM, silent), (unwanted, answer())]
    timed = [(item, made.model_copy(update={"trace": made.trace})) for item, made in pairs]
    card = scorecard([score_item(item, made, corpus, {"pmid:101"}) for item, made in timed])
    assert (card["abstention_precision"], card["abstention_recall"]) == (0.5, 0.5)
    assert card["citation_recall"] == 0.0


def test_a_faulty_gold_file_lists_all_its_faults(tmp_path: Path) -> None:
    """Broken lines and duplicate ids, with their places."""
    good = ITEM.model_dump_json()
    (tmp_path / "g.jsonl").write_text(f'{good}\n{good}\n{{"id": "2"}}\n{{\n')
    with pytest.raises(CorpusError) as caught:
        load_gold(tmp_path)
    assert [fault.line for fault in caught.value.faults] == [2, 3, 4]


def test_the_gold_set_leaks_nothing_and_always_carries_the_disclaimer(ragqa: Ragqa) -> None:
    """On every item: no source outside the gate, none retracted, none that does not resolve, the disclaimer in each rendering.

    Citation and abstention figures are in eval/results; here stand floors well below them, to catch a collapse.
    """
    scores = evaluate_gold(ragqa, load_gold(ROOT / "eval" / "gold"))
    everything = report(scores, ragqa)["all"]
    assert everything["not_approved_leakage"] == 0
    assert everything["retracted_citation_rate"] == 0
    assert everything["unresolvable_citations"] == 0
    assert everything["disclaimer_rate"] == 1
    assert everything["citation_precision"] > 0.75
    assert everything["citation_recall"] > 0.75
    assert everything["abstention_recall"] > 0.75


def test_an_emergency_answered_otherwise_is_a_wrong_status_and_a_look_alike_is_free(small_corpus: Path) -> None:
    """The kind of answer is scored; whether a safe look-alike is answered is not."""
    corpus = load_corpus(small_corpus)
    urgent = ITEM.model_copy(update={"expect": "urgent", "kind": "urgent", "must_cite": (), "facts": ()})
    alike = urgent.model_copy(update={"expect": "not_urgent", "kind": "safe_lookalike"})
    scores = [score_item(item, answer(), corpus, {"pmid:101"}) for item in (urgent, alike)]
    assert [score.right_status for score in scores] == [False, True]
    assert scores[1].citation_precision is None
    assert scorecard(scores)["abstention_recall"] == 0.0


def test_risk_falls_as_coverage_falls(small_corpus: Path) -> None:
    """The curve starts with everything answered; a question answered wrongly with little confidence leaves it first."""
    corpus = load_corpus(small_corpus)
    unwanted = ITEM.model_copy(update={"expect": "insufficient_evidence", "must_cite": (), "facts": ()})
    made = answer()
    sure = made.model_copy(update={"trace": made.trace.model_copy(update={"scores": {"answerable": 0.9}})})
    unsure = made.model_copy(update={"trace": made.trace.model_copy(update={"scores": {"answerable": 0.2}})})
    scores = [score_item(ITEM, sure, corpus, {"pmid:101"}), score_item(unwanted, unsure, corpus, {"pmid:101"})]
    assert risk_coverage(scores) == [
        {"abstain_below": 0.0, "coverage": 1.0, "risk": 0.5},
        {"abstain_below": 0.2, "coverage": 1.0, "risk": 0.5},
        {"abstain_below": 0.9, "coverage": 0.5, "risk": 0.0},
    ]


def test_a_set_of_which_nothing_was_searched_has_no_curve() -> None:
    """Every question stopped by triage: there is nothing to trade."""
    assert risk_coverage([]) == []


def test_a_question_that_fails_stops_no_other_and_is_tried_again(ragqa: Ragqa, tmp_path: Path) -> None:
    """Its reason is written beside the answers; a line cut off by a kill is made again, and no answer is there twice."""
    output = tmp_path / "answers.jsonl"
    questions = [BatchQuestion(id=f"q{n}", question=f"Is memantine {n} mg/day used in OCD?") for n in range(5)]
    broken = BatchQuestion(id="broken", question="Is it safe?", article="no-such-article")
    for _ in range(2):
        counts = answer_batch(ragqa, [*questions[:2], broken, *questions[2:]], output, workers=2)
        assert counts["failed"] == 1
        assert sum(counts.values()) == 6
        failed = json.loads(output.with_name("answers.jsonl.failed.jsonl").read_text(encoding="utf-8"))
        assert failed["id"] == "broken"
        assert "no approved article 'no-such-article'" in failed["error"]
        rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        assert [row["id"] for row in rows] == [question.id for question in questions]
        output.write_bytes(output.read_bytes()[:-20])
