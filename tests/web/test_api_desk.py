"""The editors' desk over HTTP: steps in the name of who is signed in, an index that follows, and the library's queue."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient
from web.conftest import QUESTION, Opened, app_of, token

from ragqa.editorial.library import Library
from ragqa.editorial.regenerate import propose
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked


def until(holds: Callable[[], bool]) -> None:
    """Wait for something to become so."""
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def step(client: TestClient, slug: str, state: str, headers: dict[str, str]) -> Any:
    """One step of the review, on the text that the desk shows."""
    shown = client.get("/api/v1/review", headers=headers).json()["articles"]
    sha256 = next(article["sha256"] for article in shown if article["slug"] == slug)
    body = {"state": state, "note": "read it", "sha256": sha256}
    return client.post(f"/api/v1/review/{slug}/steps", json=body, headers=headers)


def test_an_article_goes_through_review_and_then_answers(own: Opened) -> None:
    """Each step is its taker's; who submitted may not approve; once approved it answers, once withdrawn it does not."""
    with own() as client:
        editor, admin = token(client, "editor"), token(client, "admin")
        listed = {article["slug"]: article for article in client.get("/api/v1/review", headers=editor).json()["articles"]}
        assert listed["drug-c"]["state"] == "draft"
        assert listed["drug-c"]["possible"] == ["submitted", "withdrawn"]
        assert client.get("/api/v1/articles/drug-c").status_code == 404
        assert client.get("/api/v1/articles/drug-c", headers=editor).json()["review_state"] == "draft"

        assert step(client, "drug-c", "approved", editor).status_code == 409
        assert step(client, "drug-c", "submitted", editor).json()["by"] == "demo-editor"
        assert client.get("/api/v1/articles/drug-c").json()["cautions"]
        assert step(client, "drug-c", "under_review", editor).status_code == 201
        refused = step(client, "drug-c", "approved", editor)
        assert (refused.status_code, refused.json()["error"]["kind"]) == (409, "review")
        assert "demo-editor" in refused.json()["error"]["message"]
        assert step(client, "drug-c", "approved", admin).status_code == 201
        body = {"question": "Does drug C help in condition B?", "article": "drug-c"}
        until(lambda: client.post("/api/v1/ask", json=body).status_code == 200)
        assert client.post("/api/v1/ask", json=body).json()["status"] == "answered"

        step(client, "drug-c", "withdrawn", editor)
        until(lambda: client.post("/api/v1/ask", json=body).status_code == 404)
        log = client.get("/api/v1/review/log", params={"article": "drug-c"}, headers=editor).json()["events"]
        assert [(event["state"], event["by"]) for event in log] == [
            ("submitted", "demo-editor"),
            ("under_review", "demo-editor"),
            ("approved", "demo-admin"),
            ("withdrawn", "demo-editor"),
        ]


def test_an_answer_of_an_article_that_was_withdrawn_says_so_under_its_old_address(own: Opened) -> None:
    """A link to an answer leads to it, as it was, and tells that its source is gone."""
    with own() as client:
        answer = client.post("/api/v1/ask", json={"question": QUESTION}).json()
        path = f"/api/v1/answers/{answer['id']}"
        assert client.get(path).json() == answer
        step(client, "drug-a", "withdrawn", token(client, "editor"))
        until(lambda: client.get(path).json() == answer | {"review_state": "unpublished"})


def test_an_answer_that_rests_on_a_retracted_paper_says_so_under_its_old_address(own: Opened) -> None:
    """Also where the paper is cited only by a sentence of an article that the answer quotes."""
    with own(sources=2) as client:
        answer = client.post("/api/v1/ask", json={"question": QUESTION}).json()
        quoted = [reference["source_id"] for reference in answer["references"]]
        assert "article:drug-a" in quoted
        (behind,) = {"pmid:101", "pmid:102"}.difference(quoted)
        records = app_of(client).state.settings.corpus / "abstracts" / "all.jsonl"
        lines = map(json.loads, records.read_text().splitlines())
        told = [line | ({"notices": [{"kind": "retraction"}]} if line["id"] == behind else {}) for line in lines]
        records.write_text("".join(json.dumps(line) + "\n" for line in told))
        path = f"/api/v1/answers/{answer['id']}"
        until(lambda: client.get(path).json() == answer | {"review_state": "unpublished"})


def test_the_library_is_read_and_decided_on(own: Opened) -> None:
    """A waiting answer is signed off by who is signed in, and is then what everybody is given; a second decision is refused."""
    with own() as client:
        app, editor = app_of(client), token(client, "editor")
        assert client.get("/api/v1/library", headers=editor).json() == {"answers": [], "next": None, "counts": {}}
        assert client.get("/api/v1/library/1", headers=editor).status_code == 404
        settings = app.state.settings
        asked = [Asked(question=QUESTION), Asked(question="Is drug A better than placebo in condition B?")]
        with Library(settings.library) as library, Ragqa.open(settings) as ragqa:
            propose(library, ragqa, asked, "clinician", 1)
        shelf = client.get("/api/v1/library", params={"state": "waiting", "limit": 1}, headers=editor).json()
        assert (shelf["next"], shelf["counts"]) == (1, {"waiting": 2})
        rest = client.get("/api/v1/library", params={"after": shelf["next"]}, headers=editor).json()
        assert [stored["number"] for stored in rest["answers"]] == [2]
        assert rest["next"] is None

        decided = client.post("/api/v1/library/1/decision", json={"decision": "sign_off"}, headers=editor).json()
        assert (decided["state"], decided["decided_by"]) == ("published", "demo-editor")
        rejected = client.post("/api/v1/library/2/decision", json={"decision": "reject", "note": "weak"}, headers=editor).json()
        assert (rejected["state"], rejected["note"]) == ("rejected", "weak")
        again = client.post("/api/v1/library/1/decision", json={"decision": "reject"}, headers=editor)
        assert (again.status_code, again.json()["error"]["kind"]) == (409, "library")
        answer = client.post("/api/v1/ask", json={"question": QUESTION}).json()
        assert answer["review_state"] == "approved"
        assert client.get(f"/api/v1/answers/{answer['id']}").json()["review_state"] == "approved"


def test_a_faulty_article_is_set_aside_and_only_editors_are_told_why(own: Opened) -> None:
    """Readers find the others; the desk names file and fault; questions are answered from the index as before."""
    with own() as client:
        settings, editor = app_of(client).state.settings, token(client, "editor")
        (settings.corpus / "articles" / "drug-c.md").write_text("no front matter")
        response = client.get("/api/v1/articles", headers=editor)
        assert [listed["slug"] for listed in response.json()["articles"]] == ["drug-a", "drug-w"]
        for path in ("/api/v1/articles/drug-c", "/articles/drug-c"):
            told = client.get(path)
            assert told.status_code == 404
            assert str(settings.corpus) not in told.text
        desk = client.get("/api/v1/review", headers=editor).json()
        assert [one["slug"] for one in desk["set_aside"]] == ["drug-c"]
        assert "no front matter" in desk["set_aside"][0]["faults"][0]
        assert client.post("/api/v1/ask", json={"question": QUESTION}).json()["status"] == "answered"


def test_an_approval_names_the_text_that_was_read(own: Opened) -> None:
    """Without a hash it is refused; with that of a text which was swapped since, too; with the right one it is taken."""
    with own(two_person=False) as client:
        settings, editor = app_of(client).state.settings, token(client, "editor")
        file = settings.corpus / "articles" / "drug-c.md"

        def step(**body: str) -> tuple[int, str]:
            response = client.post("/api/v1/review/drug-c/steps", json=body, headers=editor)
            return response.status_code, response.text

        def present() -> str:
            listed = client.get("/api/v1/review", headers=editor).json()["articles"]
            return str(next(one["sha256"] for one in listed if one["slug"] == "drug-c"))

        read = present()
        assert step(state="submitted")[0] == 201
        assert step(state="under_review", sha256=read)[0] == 201
        assert step(state="approved")[0] == 422
        file.write_text(file.read_text().replace("not recommended", "recommended"))
        assert step(state="approved", sha256=read)[0] == 409
        status, told = step(state="approved", sha256=present())
        assert (status, "since its review was started" in told) == (409, True)
        file.write_text(file.read_text().replace("recommended", "not recommended"))
        assert step(state="approved", sha256=read)[0] == 201
