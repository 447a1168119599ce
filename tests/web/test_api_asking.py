"""Asking over HTTP: the answer is the pipeline's own, whole or as events, alone or within a conversation."""

from __future__ import annotations

import logging
import time

import pytest
from fastapi.testclient import TestClient
from web.conftest import QUESTION, Opened, app_of, changed, stream_of

from ragqa.answer.contract import Answer
from ragqa.conversation.turns import read_turns
from ragqa.question.asked import LONGEST_QUESTION

EVENTS = {"accept": "text/event-stream"}


def said(answer: dict[str, object]) -> dict[str, object]:
    """All of an answer but its address and its timings."""
    trace = answer["trace"]
    assert isinstance(trace, dict)
    return answer | {"id": None, "trace": trace | {"milliseconds": None}}


def test_an_answer_is_the_contract_and_what_the_pipeline_says(client: TestClient) -> None:
    """The JSON is ragqa.answer/1, cited and with its disclaimer, and equal to asking the open index directly."""
    answer = client.post("/api/v1/ask", json={"question": QUESTION}).json()
    assert Answer.model_validate(answer).to_json() == answer
    assert answer["status"] == "answered"
    assert all(statement["citations"] for statement in answer["statements"])
    assert "no substitute for" in answer["disclaimer"]
    with app_of(client).state.engine.index.generation() as ragqa:
        assert said(ragqa.ask(QUESTION).to_json()) == said(answer)


def test_events_come_in_order_and_end_in_the_same_answer(client: TestClient) -> None:
    """Disclaimer first, then the stages, then the statements of the answer in its order, then the answer."""
    whole = client.post("/api/v1/ask", json={"question": QUESTION}).json()
    response = client.post("/api/v1/ask", json={"question": QUESTION}, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = stream_of(response.text)
    names = [name for name, _ in events]
    count = len(whole["statements"])
    assert names == ["disclaimer", *["stage"] * 3, *["statement"] * count, "answer"]
    assert [data["stage"] for name, data in events if name == "stage"] == ["searching", "reading", "checking"]
    assert [data for name, data in events if name == "statement"] == whole["statements"]
    assert events[0][1]["disclaimer"] == whole["disclaimer"]
    assert said(events[-1][1]) == said(whole)


def test_a_question_cannot_forge_events(client: TestClient) -> None:
    """Line breaks and the words of the protocol stay inside one event's data; the answer is no page."""
    forged = f'{QUESTION}\n\nevent: answer\ndata: {{"status": "answered"}}\r\n\u2028<script>alert(1)</script>'
    response = client.post("/api/v1/ask", json={"question": forged}, headers=EVENTS)
    assert response.headers["x-content-type-options"] == "nosniff"
    events = stream_of(response.text)
    assert [name for name, _ in events].count("answer") == 1
    assert "<script>" in events[-1][1]["question"]
    whole = client.post("/api/v1/ask", json={"question": forged})
    assert whole.headers["content-type"] == "application/json"


def test_an_abstention_is_a_success_with_its_reason(client: TestClient) -> None:
    """Not answering is an answer: 200, a status, a message, the disclaimer, no statement."""
    answer = client.post("/api/v1/ask", json={"question": "What is the dose of warfarin in atrial fibrillation?"}).json()
    assert answer["status"] == "insufficient_evidence"
    assert answer["message"]
    assert answer["disclaimer"]
    assert not answer["statements"]


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_the_audience_decides_language_and_disclaimer(client: TestClient, audience: str) -> None:
    """Stream and whole answer speak to the same reader."""
    body = {"question": QUESTION, "audience": audience}
    answer = client.post("/api/v1/ask", json=body).json()
    assert answer["audience"] == audience
    assert stream_of(client.post("/api/v1/ask", json=body, headers=EVENTS).text)[0][1]["disclaimer"] == answer["disclaimer"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.question"),
        ({"question": ""}, "body.question"),
        ({"question": " \n "}, "body.question"),
        ({"question": "x" * (LONGEST_QUESTION + 1)}, "body.question"),
        ({"question": 3}, "body.question"),
        ({"question": QUESTION, "audience": "robot"}, "body.audience"),
        ({"question": QUESTION, "article": "../../etc/passwd"}, "body.article"),
        ({"question": QUESTION, "surprise": 1}, "body.surprise"),
        ({"question": QUESTION, "history": [{"question": QUESTION}] * 21}, "body.history"),
        ([], "body"),
    ],
)
def test_a_request_that_cannot_be_understood_names_the_field(client: TestClient, body: object, place: str) -> None:
    """422, the place, and not a word of what was sent."""
    response = client.post("/api/v1/ask", json=body)
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["kind"] == "invalid_request"
    assert place in error["message"]
    assert QUESTION not in response.text


def test_an_article_that_answers_nothing_is_not_found(client: TestClient) -> None:
    """A draft is no source, whoever asks; the message says where the list is."""
    response = client.post("/api/v1/ask", json={"question": QUESTION, "article": "drug-c"})
    assert response.status_code == 404
    assert "/api/v1/articles" in response.json()["error"]["message"]


def test_a_conversation_understands_a_follow_up_and_can_be_read_and_deleted(client: TestClient) -> None:
    """The second question is read from the first; both turns are there, with their answers, until they are deleted."""
    id = client.post("/api/v1/conversations").json()["id"]
    first = client.post(f"/api/v1/conversations/{id}/turns", json={"question": QUESTION}).json()
    second = stream_of(
        client.post(f"/api/v1/conversations/{id}/turns", json={"question": "And what dose was used?"}, headers=EVENTS).text
    )[-1][1]
    assert "drug A" in second["standalone_question"]
    told = client.get(f"/api/v1/conversations/{id}").json()
    assert [spoken["turn"]["question"] for spoken in told["turns"]] == [QUESTION, "And what dose was used?"]
    assert [spoken["answer_id"] for spoken in told["turns"]] == [first["id"], second["id"]]
    talks = app_of(client).state.conversations
    assert len(read_turns(talks.folder / f"{id}.jsonl")) == 2
    assert [answer.id for answer in talks.archive.answers(id, 0, 9).values()] == [first["id"], second["id"]]
    assert client.delete(f"/api/v1/conversations/{id}").status_code == 204
    assert client.get(f"/api/v1/conversations/{id}").status_code == 404
    assert client.get(f"/api/v1/answers/{second['id']}").status_code == 200


def test_one_turn_at_a_time(client: TestClient) -> None:
    """While a turn is made a second one is refused, and a reader who went away does not lock the conversation for ever."""
    talks = app_of(client).state.conversations
    id = talks.begin()
    talks.hold(id)
    response = client.post(f"/api/v1/conversations/{id}/turns", json={"question": QUESTION})
    assert (response.status_code, response.json()["error"]["kind"]) == (409, "conversation_busy")
    talks._held[id] = time.monotonic() - 1
    assert client.post(f"/api/v1/conversations/{id}/turns", json={"question": QUESTION}).status_code == 200


@pytest.mark.parametrize("id", ["x", "a" * 22, "..%2f..%2faccounts", "a" * 21 + "%00"])
def test_no_such_conversation(client: TestClient, id: str) -> None:
    """An id that was never given names nothing, whatever it looks like."""
    for method, path, body in (("GET", "", None), ("DELETE", "", None), ("POST", "/turns", {"question": QUESTION})):
        response = client.request(method, f"/api/v1/conversations/{id}{path}", json=body)
        assert response.status_code == 404
        assert set(response.json()["error"]) == {"kind", "message", "request_id"}


def test_untouched_conversations_are_cleared(client: TestClient) -> None:
    """By age of the file; the others stay."""
    talks = app_of(client).state.conversations
    kept = client.post("/api/v1/conversations").json()["id"]
    assert talks.turns(kept) == []
    client.post(f"/api/v1/conversations/{kept}/turns", json={"question": QUESTION})
    assert talks.clear(days=1) == 0
    assert len(talks.turns(kept)) == 1
    assert talks.clear(days=-1) >= 1
    assert client.get(f"/api/v1/conversations/{kept}").status_code == 404


def test_identifiers_leave_no_trace(own: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """What could identify a patient is in no file of the server and in no log; the question itself is in no log either."""
    question = "Does drug A help Mr John Smith, born 03/04/1951, in condition B?"
    with own() as client, caplog.at_level(logging.DEBUG):
        id = client.post("/api/v1/conversations").json()["id"]
        answer = client.post(f"/api/v1/conversations/{id}/turns", json={"question": question}).json()
        assert answer["removed"]
        folder = app_of(client).state.settings.serving
        files = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
        assert b"condition B" in files
        assert b"Smith" not in files
        assert b"1951" not in files
    logged = "\n".join(str(record.__dict__) for record in caplog.records if record.name.startswith(("ragqa", "uvicorn")))
    assert "/api/v1/conversations/{id}/turns" in logged
    assert "condition B" not in logged
    assert "Smith" not in logged
    assert id not in logged


def test_questions_are_logged_only_where_a_setting_says_so(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """Then as they were searched for."""
    settings = app_of(client).state.settings.model_copy(update={"log_questions": True})
    with changed(client, "settings", settings), caplog.at_level(logging.INFO):
        client.post("/api/v1/ask", json={"question": QUESTION})
    assert QUESTION in [getattr(record, "question", None) for record in caplog.records]


def test_search_gives_sources_best_first(client: TestClient) -> None:
    """Each with the passage that was found; a withdrawn or draft article is not among them."""
    found = client.post("/api/v1/search", json={"question": "drug A in condition B", "k": 10}).json()
    assert [result["rank"] for result in found["results"]] == list(range(1, len(found["results"]) + 1))
    scores = [result["score"] for result in found["results"]]
    assert scores == sorted(scores, reverse=True)
    assert {result["source_id"] for result in found["results"]} == {"article:drug-a", "pmid:101", "pmid:102"}
    assert all("rug A" in result["passage"]["text"] for result in found["results"])
