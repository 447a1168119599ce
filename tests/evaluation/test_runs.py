"""Retrieval runs on public layouts: every stage in one table, held against the plain sum question by question."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import RagqaError
from ragqa.evaluation.measures import mean, randomisation_p
from ragqa.evaluation.retrieval import AGAINST, MEASURES, configurations, evaluate_retrieval
from ragqa.retrieval.ranking import PLAIN, STAGES
from ragqa.settings import Settings

TOPICS = ["zinc lozenges for colds", "melatonin for sleep onset", "lithium and kidney function", "exercise in back pain"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Four documents, of which each question wants one; a fifth question wants a document that is not there."""
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": str(n), "title": topic, "text": f"A study of {topic} in adults."} for n, topic in enumerate(TOPICS)]
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    asked = [*TOPICS, "aspirin after stroke"]
    (folder / "queries.jsonl").write_text("".join(json.dumps({"_id": f"q{n}", "text": t}) + "\n" for n, t in enumerate(asked)))
    judged = "".join(f"q{n}\t{n}\t1\n" for n in range(5))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    return folder


def test_the_stages_are_added_one_by_one() -> None:
    """Each configuration after the plain sum differs from the one before in one stage, and the last is what is used."""
    steps = list(configurations(0.7).values())[2:]
    assert (steps[0].stages, steps[-1].stages) == (PLAIN, STAGES)
    names = ("rare", "feedback")
    for before, after in pairwise(steps):
        assert sum(getattr(before.stages, name) != getattr(after.stages, name) for name in names) == 1


def test_retrieval_evaluation_of_a_beir_folder(dataset: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    """Packed or plain: four found questions of five give 0.8 everywhere, and the table is the mean of the questions' rows."""
    table, lines = tmp_path / "table.json", tmp_path / "rows.jsonl"
    done = run("eval", "retrieval", dataset, "--index", tmp_path / "i" / "default", "--json", table, "--per-query", lines)
    assert done.exit_code == 0, done.output
    assert "paired randomisation test" in done.output
    found = json.loads(table.read_text())["sets"][0]
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert found["queries"] == 5
    assert list(found["configurations"]) == list(configurations(0.7))
    for name, figures in found["configurations"].items():
        assert [figures[measure] for measure in MEASURES] == [0.8] * 4
        own = [row for row in rows if row["configuration"] == name]
        assert [row["query"] for row in own] == [f"q{n}" for n in range(5)]
        assert mean([row["nDCG@10"] for row in own]) == figures["nDCG@10"]
        assert own[0]["found"][0] == "0"
        assert figures["difference"] == 0.0
        assert figures["p"] == (None if name == AGAINST else 1.0)


def test_a_limit_asks_the_same_sample_again(dataset: Path, tmp_path: Path) -> None:
    """Drawn with the seed, and scored on what was asked alone."""
    settings = Settings(index=tmp_path / "i" / "default")
    first, second = (evaluate_retrieval(dataset, settings, limit=3, seed=1) for _ in range(2))
    assert first["queries"] == 3
    assert [row["query"] for row in first["rows"]] == [row["query"] for row in second["rows"]]


def test_p_values_and_differences_are_of_the_rows(dataset: Path, tmp_path: Path) -> None:
    """Recomputed from the rows, for a set on which one configuration fails a question."""
    (dataset / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": f"q{n}", "text": text}) + "\n" for n, text in enumerate(["insomnia remedy", *TOPICS[1:]]))
    )
    (dataset / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\t1\t1\nq2\t2\t1\n")
    found = evaluate_retrieval(dataset, Settings(index=tmp_path / "i" / "default"))
    by_name = {
        name: [row["nDCG@10"] for row in found["rows"] if row["configuration"] == name] for name in found["configurations"]
    }
    assert by_name["BM25"][0] == 0.0
    assert by_name["dense"][0] > 0.0
    for name, figures in found["configurations"].items():
        if name != AGAINST:
            assert figures["p"] == randomisation_p(by_name[name], by_name[AGAINST])
            differences = [a - b for a, b in zip(by_name[name], by_name[AGAINST], strict=True)]
            assert figures["difference"] == mean(differences)


def test_what_is_missing_is_named(dataset: Path, tmp_path: Path) -> None:
    """A split that is not there, and a folder of another layout."""
    settings = Settings(index=tmp_path / "i" / "default")
    with pytest.raises(RagqaError, match="no split dev: found test"):
        evaluate_retrieval(dataset, settings, split="dev")
    with pytest.raises(RagqaError, match="not in the BEIR layout"):
        evaluate_retrieval(tmp_path / "nowhere", settings)
