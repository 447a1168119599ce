"""A small corpus to write, damage and index."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ragqa.corpus.records import ReviewEvent
from ragqa.corpus.reviewlog import LOG, chained, log_line

ROOT = Path(__file__).parent.parent

ARTICLE = """---
title: Does drug A help in condition B?
updated: 2026-01-02
topics: [condition B]
editorial_policy: docs/editorial-policy.md
citations:
  - pmid:101
  - pmid:102
---

## Answer

### Recommendation

Drug A is not recommended as first choice for condition B in adults. [1]

### Evidence

In a randomised trial of 40 adults with condition B, drug A 20 mg/day for 8 weeks lowered the symptom score. [1]
A later randomised trial of 300 adults found no difference between drug A and placebo in condition B. [2]

## Key points

- Drug A is not a first choice for condition B. [1]
"""


def abstract(number: int, **changes: Any) -> dict[str, Any]:
    """A valid abstract record as it stands in a file."""
    record = {
        "id": f"pmid:{number}",
        "title": f"Drug A in condition B, trial {number}",
        "year": 2020,
        "publication_types": ["Randomized Controlled Trial"],
        "sections": [
            {"label": "METHODS", "text": f"A randomised trial enrolled {number} adults with condition B."},
            {"label": "RESULTS", "text": f"Drug A lowered the score by {number} points compared with placebo."},
        ],
        "text_origin": "summary",
        "source": "written for this test",
    }
    return record | changes


def write_corpus(
    folder: Path, articles: dict[str, str], abstracts: list[dict[str, Any]], states: dict[str, str] | None = None
) -> Path:
    """Write a corpus folder; ``states`` are review events bound to the articles' present content."""
    (folder / "articles").mkdir(parents=True, exist_ok=True)
    (folder / "abstracts").mkdir(exist_ok=True)
    for slug, text in articles.items():
        (folder / "articles" / f"{slug}.md").write_text(text, encoding="utf-8")
    lines = "".join(json.dumps(record) + "\n" for record in abstracts)
    if abstracts:
        (folder / "abstracts" / "all.jsonl").write_text(lines, encoding="utf-8")
    events = [
        {
            "article": slug,
            "sha256": hashlib.sha256(articles[slug].encode()).hexdigest(),
            "state": state,
            "by": "demo-editor",
            "at": "2026-01-03T00:00:00Z",
        }
        for slug, state in (states or dict.fromkeys(articles, "approved")).items()
    ]
    write_reviews(folder, events)
    return folder


def write_reviews(folder: Path, events: list[dict[str, Any]]) -> Path:
    """Write a review log anew, chained; gives its file."""
    file = folder / LOG
    bound = chained(ReviewEvent.model_validate({k: v for k, v in event.items() if k != "chain"}) for event in events)
    file.write_text("".join(map(log_line, bound)), encoding="utf-8")
    return file
