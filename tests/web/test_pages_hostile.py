"""Hostile text in questions, articles, abstracts, notes, names and addresses is inert on every page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from answers import hostile_answer, rating_of
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from lxml import html
from pages_site import MARKUP, fill_library, hostile_site, page, send, sign_in, site, site_settings, words

from ragqa.answer.contract import Reference
from ragqa.evaluation.rating.sessions import rated_now
from ragqa.evaluation.verdicts import Verdict
from ragqa.web.pages import routers
from ragqa.web.pages.exports import as_bibtex, as_ris

ACTIVE = "//script[not(@src='/static/ragqa.js')] | //svg[not(@class)] | " + " | ".join(
    f"//{tag}" for tag in ("iframe", "img", "object", "embed", "style", "base", "math")
)
"""Elements that no page of ragqa has; its plots are SVG of a class."""
ITEM = {
    "id": f"a {MARKUP}",
    "split": "test",
    "kind": "answerable",
    "expect": "answered",
    "status": MARKUP,
    "cited": [MARKUP],
    "right_status": False,
    "citation_precision": 0.5,
    "citation_recall": 0.5,
    "fact_recall": None,
    "milliseconds": 1.0,
    "scores": {MARKUP: 1},
}
COUNTED = {"items": 1} | {word: {"count": 1, "share": 1.0, "low": 0.0, "high": 1.0} for word in Verdict}
ROW = {"items": 1, "right_status": 0.5, "citation_precision": 0.5}
SCORECARD = {
    "schema": "ragqa.scorecard/1",
    "generation": {"generation": MARKUP, "model": MARKUP, "counts": {"articles": 1, "abstracts": 1}},
    "splits": {"dev": ROW, "test": ROW},
    "all": ROW,
    "kinds": {MARKUP: ROW},
    "risk_coverage": {
        "dev": [{"abstain_below": 0.0, "coverage": 1.0, "risk": 0.1}],
        MARKUP: [{"abstain_below": 0.7, "coverage": 0.5, "risk": 0.0}],
    },
    "items": [ITEM],
    "verdicts": {MARKUP: {"all": COUNTED, "groups": {MARKUP: COUNTED}}},
    "cases": [
        {
            **dict.fromkeys(("set", "id", "group", "verdict", "status", "message", "why"), MARKUP),
            **{name: [MARKUP] for name in ("asked", "reasons", "said")},
        }
    ],
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """The hostile site with an editor signed in, and the address of a page of every route."""
    folder = tmp_path_factory.mktemp("hostile")
    settings = site_settings(folder, hostile_site(folder / "corpus"), abstain_below=0.0)  # the page is tried, not the gate
    settings.results.mkdir()
    (settings.results / "card.json").write_text(json.dumps(SCORECARD))
    (settings.results / f"other{chr(60)}b.json").write_text(json.dumps({"systems": {MARKUP: {MARKUP: 1.5}}}))
    history = {"schema": "ragqa.scorecards/1", "runs": [{"at": MARKUP, "test": ROW}, {"at": MARKUP, "test": ROW}]}
    (settings.results / "history.json").write_text(json.dumps(history))
    question = f"Does drug A help in condition B? {MARKUP}"
    fill_library(settings, question, "Does drug A help in condition B?")
    rating, rated = (rating_of(settings.serving, name, [hostile_answer(MARKUP)]) for name in ("hostile", "rated"))
    for rater, word in ((MARKUP, Verdict.RIGHT), ("other", Verdict.SILENT)):
        rated.add(rated_now(1, rater, word, word, "left", (MARKUP, MARKUP)))
    rated.close()
    with site(settings) as client:
        sign_in(client)
        talk = send(client, "/ask", {"question": question, "article": "drug-a", "understood": question}).headers["location"]
        answer = page(client, talk.split("#")[0]).xpath("//a[contains(., 'Link to this answer')]/@href | //button/@data-copy")
        yield (
            client,
            {
                "front": "/",
                "article": "/articles/drug-a",
                "questions": "/articles/drug-a/questions",
                "source": "/sources/pmid:101",
                "search": send(client, "/search", {"query": question}).headers["location"],
                "policy": "/policy",
                "conversation": talk.split("#")[0],
                "answer": (answer or ["/answers/none"])[0].removesuffix(".txt"),
                "evaluation": "/evaluation",
                "items": "/evaluation/card",
                "item": page(client, "/evaluation/card").xpath("//tbody//a/@href")[0],
                "case": page(client, "/evaluation/card").xpath("//tbody//a/@href")[1],
                "ratings": "/rating",
                "next_pair": "/rating/rated",
                "rating_pair": f"/rating/{rating.name}/1",
                "rating_results": "/rating/rated/results",
                "desk": "/desk",
                "review": "/desk/articles/drug-h",
                "sign_offs": "/desk/answers",
                "sign_off": "/desk/answers/1",
                "audit": "/desk/audit",
            },
        )


def test_every_page_is_among_those_looked_at(hostile: tuple[TestClient, dict[str, str]]) -> None:
    """A page added without its hostile test fails here."""
    shown = {
        route.name for router in routers for route in router.routes if isinstance(route, APIRoute) and "GET" in route.methods
    }
    assert shown == set(hostile[1]) - {"case"}  # a case is shown where a gold item is


PAGES = [
    *("front", "article", "questions", "source", "search", "policy", "conversation", "answer"),
    *(
        "evaluation",
        "items",
        "item",
        "case",
        "ratings",
        "next_pair",
        "rating_pair",
        "rating_results",
        "desk",
        "review",
        "sign_offs",
        "sign_off",
        "audit",
    ),
]


@pytest.mark.parametrize("name", PAGES)
def test_hostile_text_is_inert(hostile: tuple[TestClient, dict[str, str]], name: str) -> None:
    """No element, attribute or address comes out of a text, and the text itself is there to be read."""
    client, addresses = hostile
    response = client.get(addresses[name])
    assert response.status_code == 200, response.text[:300]
    inert(html.fromstring(response.text))
    assert "1337" not in response.text  # no template in the text was evaluated
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", response.text)
    if name not in ("policy", "questions", "ratings", "next_pair"):
        assert "window.pwned=1" in words(html.fromstring(response.text))
    policy = response.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_hostile_text_is_inert_in_an_answer_as_it_comes_about(hostile: tuple[TestClient, dict[str, str]]) -> None:
    """The piece of page that a script puts in place is as safe as the page."""
    client, _ = hostile
    form = {"question": f"Does drug A help in condition B? {MARKUP}"}
    response = send(client, "/ask", form, Accept="text/event-stream")
    last = json.loads(response.text.strip().split("\n\n")[-1].split("data: ", 1)[1])
    inert(html.fromstring(last["html"]))


def test_a_problem_page_is_inert(hostile: tuple[TestClient, dict[str, str]]) -> None:
    """What an error repeats of the request is text."""
    client, _ = hostile
    for path in ("/sources/<script>alert(1)</script>", "/articles/<script>", "/answers/x.<svg onload=alert(1)>"):
        inert(page(client, path, 404))
    inert(page(client, "/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"))


def test_a_reference_cannot_begin_another_record_or_command() -> None:
    """Line breaks, braces and tags in a record stay in their field."""
    text = 'A\r\nER  - \r\nTY  - JOUR\nTI  - forged} , note = {x} \\input{/etc/passwd} "%'
    forged = Reference(
        number=1, source_id="pmid:1", kind="abstract", title=text, authors=(text, "et al"), journal=text, year=2020, pmid="1",
        doi=text, url="javascript:alert(1)", study_design=None,
    )  # fmt: skip
    ris = as_ris([forged])
    assert [len(re.findall(rf"^{tag}  - ", ris, re.MULTILINE)) for tag in ("TY", "ER", "TI")] == [1, 1, 1]
    bib = as_bibtex([forged])
    assert len(re.findall(r"^@", bib, re.MULTILINE)) == 1
    assert unescaped_depth(bib) == 0
    assert "\\input" not in bib
    assert "javascript" not in ris + bib


def inert(shown: html.HtmlElement) -> None:
    """No active element, handler, inline style, nor address but of this server or https."""
    assert not shown.xpath(ACTIVE), [html.tostring(element)[:200] for element in shown.xpath(ACTIVE)]
    for element in shown.iter():
        assert isinstance(element.tag, str), "a page of ragqa holds no comment"
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on"), (element.tag, name, value)
            assert name.lower() not in ("style", "srcdoc", "formaction", "autofocus") or element.tag == "button", (
                element.tag,
                name,
            )
            if name in ("href", "src", "action", "xlink:href"):
                assert value.startswith(("/", "#", "?", "https://")), value
                assert not value.startswith("//"), value


def unescaped_depth(text: str) -> int:
    """Braces opened and not closed, escaped ones aside."""
    bare = re.sub(r"\\[{}]", "", text)
    return bare.count("{") - bare.count("}")
