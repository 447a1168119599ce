"""Benchmarks on public layouts: figures from one run, baselines in the same table."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ragqa.benchmarks import evaluate_retrieval
from ragqa.errors import RagqaError
from ragqa.settings import Settings


def test_retrieval_evaluation_of_a_beir_folder(tmp_path: Path) -> None:
    """Packed or plain, the table has one row a configuration, and a perfect known-item set scores 1."""
    dataset = tmp_path / "tiny"
    (dataset / "qrels").mkdir(parents=True)
    topics = ["zinc lozenges for colds", "melatonin for sleep onset", "lithium and kidney function", "exercise in back pain"]
    rows = [{"_id": str(n), "title": topic, "text": f"A study of {topic} in adults."} for n, topic in enumerate(topics)]
    (dataset / "corpus.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    (dataset / "queries.jsonl").write_text("".join(json.dumps({"_id": f"q{n}", "text": t}) + "\n" for n, t in enumerate(topics)))
    (dataset / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\t{n}\t1\n" for n in range(4)))
    found = evaluate_retrieval(dataset, Settings(index=tmp_path / "i" / "default"))
    assert found["queries"] == 4
    assert list(found["configurations"]) == ["BM25", "dense", "fused"]
    assert all(row["nDCG@10"] == 1.0 for row in found["configurations"].values())
    with pytest.raises(RagqaError, match="no split dev: found test"):
        evaluate_retrieval(dataset, Settings(index=tmp_path / "i" / "default"), split="dev")
    with pytest.raises(RagqaError, match="not in the BEIR layout"):
        evaluate_retrieval(tmp_path / "nowhere", Settings(index=tmp_path / "i" / "default"))
