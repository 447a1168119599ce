"""The training scripts, importable, and a data folder of a few made-up rows in the layout of the public sets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from layout import packed

PROJECT = Path(__file__).parents[2]
sys.path += [str(PROJECT / "eval" / "shared"), str(PROJECT / "eval" / "learn" / "training")]


@pytest.fixture
def project() -> Path:
    """The project itself: its gold set and corpus are evaluation sets too."""
    return PROJECT


@pytest.fixture
def small_data(tmp_path: Path) -> Path:
    """Sources t1 (train) and h (held back), one question of evidence_inference, two of pubmedqa, one of them evaluated."""
    from data_sets import share_of

    named = {share: next(f"s{n}" for n in range(200) if share_of(f"s{n}") == share) for share in ("train", "held back")}
    abstract = [
        "We studied whether drug A lowers blood pressure in adults.",
        "Drug A lowered systolic pressure by a clear margin in every group.",
        "Further work should look at older people and at longer courses.",
        "The participants came from four clinics in two countries.",
    ]
    data = tmp_path / "data"
    packed(
        data / "scifact/corpus.jsonl.gz",
        [
            {"_id": s, "title": f"Trial {s}", "text": " ".join(abstract), "metadata": {"sentences": abstract}}
            for s in named.values()
        ],
    )
    evidence = [{"doc_id": named["train"], "label": "SUPPORT", "sentences": [1]}]
    packed(
        data / "scifact/labels.jsonl.gz",
        [
            {"query_id": "1", "claim": "Drug A reduces blood pressure.", "evidence": evidence, "cited_doc_ids": [named["train"]]},
            {"query_id": "2", "claim": "Drug A shortens sleep.", "evidence": [], "cited_doc_ids": [named["train"]]},
            {"query_id": "3", "claim": "Drug A is safe.", "evidence": [], "cited_doc_ids": [named["held back"]]},
        ],
    )
    asked = "With respect to pain, what is the reported difference between patients receiving drug B and those receiving placebo?"
    span = "Pain was significantly lower in the drug B arm than in the placebo arm."
    packed(
        data / "evidence_inference/corpus.jsonl.gz",
        [{"_id": named["train"], "title": "Drug B", "text": f"The aim was to study drug B, placebo and pain. {span}"}],
    )
    packed(data / "evidence_inference/queries.jsonl.gz", [{"_id": "9", "text": asked}])
    packed(
        data / "evidence_inference/labels.jsonl.gz",
        [{"query_id": "9", "pmcid": named["train"], "labels": [{"label": "significantly decreased", "evidence": span}]}],
    )
    packed(
        data / "pubmedqa/queries.jsonl.gz",
        [{"_id": "q1", "text": "Does drug C improve sleep?"}, {"_id": "q2", "text": "Does drug D help?"}],
    )
    packed(
        data / "pubmedqa/labels.jsonl.gz",
        [
            {"query_id": "q1", "pmid": named["train"], "label": "no", "long_answer": "Drug C did not change how people slept."},
            {"query_id": "q2", "pmid": named["train"], "label": "yes", "long_answer": "Drug D helped most of the people asked."},
        ],
    )
    packed(data / "bioasq_7b_11b/corpus.jsonl.gz", [{"_id": "77", "title": "Elsewhere", "text": "Nothing."}])
    packed(data / "bioasq_7b_11b/queries.jsonl.gz", [{"_id": "b", "text": "Drug D help"}])
    packed(data / "kqa/queries.jsonl.gz", [{"_id": "k", "text": "What is a cold?"}])
    return data
