"""Examples of an answer, for the document that describes the API."""

from __future__ import annotations

from typing import Any

from ragqa.answer.contract import DISCLAIMERS
from ragqa.web.api.messages.asking import FIRST, GivenAnswer

ANSWER: dict[str, Any] = {
    "schema": "ragqa.answer/1",
    "id": "Yq3vO0m1W9d2cXr5tJ8aZg",
    "digest": "7722d8ab85bc7272f0a1c94be5d6837710fe9ab2c4d83e6501b7a9c8d2e4f613",
    "question": FIRST,
    "standalone_question": FIRST,
    "status": "answered",
    "statements": [
        {
            "text": "Memantine is not recommended as a first-line treatment for borderline personality disorder (BPD), because "
            "trials tested memantine only as an add-on to existing care.",
            "section": "recommendation",
            "citations": [1],
            "support": [
                {
                    "reference": 1,
                    "passage": "article:memantine-first-line-bpd#31-696",
                    "quote": "Memantine is not recommended as a first-line treatment for borderline personality disorder (BPD), "
                    "because trials tested memantine only as an add-on to existing care.",
                    "start": 31,
                    "end": 196,
                    "score": 1.0,
                }
            ],
        }
    ],
    "references": [
        {
            "number": 1,
            "source_id": "article:memantine-first-line-bpd",
            "kind": "article",
            "title": FIRST,
            "journal": None,
            "year": 2026,
            "pmid": None,
            "doi": None,
            "url": None,
            "study_design": None,
        }
    ],
    "evidence": {
        "strength": "moderate",
        "why": "Starts high (best design cited: randomised controlled trial); down one for imprecision.",
    },
    "disclaimer": DISCLAIMERS["clinician"],
    "audience": "clinician",
    "review_state": "not_reviewed",
    "trace": {"generation": "681a68dae74d97f9", "models": {"embedder": "bge-small-en-v1.5-int8"}, "queries": [FIRST]},
}
"""An answer of the bundled corpus, shortened to its first statement."""
STREAM = (
    'event: disclaimer\ndata: {"disclaimer": "For healthcare professionals. ..."}\n\n'
    'event: stage\ndata: {"stage": "searching"}\n\n'
    'event: stage\ndata: {"stage": "reading"}\n\n'
    'event: stage\ndata: {"stage": "checking"}\n\n'
    'event: statement\ndata: {"text": "...", "section": "recommendation", "citations": [1], "support": [...]}\n\n'
    'event: answer\ndata: {"schema": "ragqa.answer/1", ...}\n\n'
)
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": GivenAnswer,
        "description": "The answer, which may be an abstention: see `status`. With `Accept: text/event-stream` its events: "
        "disclaimer, stage (searching, reading, checking), statement, answer; or error, with the envelope.",
        "content": {
            "application/json": {"example": ANSWER},
            "text/event-stream": {"schema": {"type": "string"}, "example": STREAM},
        },
    }
}
