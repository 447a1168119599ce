"""Benchmarks on public layouts: figures from one run, baselines in the same table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragqa.errors import RagqaError
from ragqa.evaluation.benchmarks import evaluate_answers
from ragqa.settings import Settings


def test_whole_answers_are_scored_beside_baselines(tmp_path: Path) -> None:
    """A set in BioASQ's layout: every system in one table, a perfect citation scores 1, abstaining scores 0."""
    dataset = tmp_path / "tiny"
    dataset.mkdir()
    found = "Zinc lozenges shortened colds by two days in adults."
    other = "Melatonin advanced sleep onset by nine minutes in children."
    rows = [{"_id": "1", "title": "", "text": found}, {"_id": "2", "title": "", "text": other}]
    (dataset / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (dataset / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "Do zinc lozenges shorten colds in adults?"}) + "\n")
    ideal = {"query_id": "q", "type": "yesno", "exact_answer": "yes", "ideal_answer": [found], "gold_pmids": ["1"]}
    (dataset / "answers.jsonl").write_text(json.dumps(ideal | {"gold_snippets": [{"text": found}]}) + "\n")
    result = evaluate_answers(dataset, Settings(index=tmp_path / "i" / "default"))
    assert list(result["systems"]) == ["ragqa", "never silent", "top passage", "first sentences", "random"]
    ours = result["systems"]["never silent"]
    assert (ours["citation_f1"], ours["rouge_2_f1"], ours["snippet_recall"]) == (1.0, 1.0, 1.0)
    assert ours["must_have_recall"] is None
    longer = result["systems"]["first sentences"]
    assert (longer["citation_precision"], longer["rouge_2_at_ideal_length"]) == (0.5, 1.0)
    assert longer["rouge_2_f1"] < 1
    assert (result["always_yes"], len(result["examples"])) == (1.0, 1)


def test_must_have_statements_are_judged_by_the_checker(tmp_path: Path) -> None:
    """A set in K-QA's layout answered from another folder's documents."""
    documents, dataset = tmp_path / "documents", tmp_path / "kqa"
    documents.mkdir()
    dataset.mkdir()
    said = "Zinc lozenges shortened colds by two days in adults."
    (documents / "corpus.jsonl").write_text(json.dumps({"_id": "1", "title": "Zinc for colds", "text": said}) + "\n")
    (dataset / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "Do zinc lozenges shorten colds in adults?"}) + "\n")
    wanted = ["Zinc lozenges shortened colds by two days in adults.", "Zinc lozenges shortened colds by nine days in adults."]
    (dataset / "answers.jsonl").write_text(json.dumps({"query_id": "q", "Must_have": wanted, "Free_form_answer": said}) + "\n")
    result = evaluate_answers(dataset, Settings(index=tmp_path / "i" / "default"), documents)
    assert result["systems"]["never silent"]["must_have_recall"] == 0.5
    with pytest.raises(RagqaError, match="not in the BEIR layout"):
        evaluate_answers(documents, Settings(index=tmp_path / "i" / "default"))
