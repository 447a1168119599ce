"""The table of an answer's parts is the one place: a row added to it has its heading, order and number everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answers import PASSAGE, answer
from samples import ARTICLE, abstract, write_corpus

from ragqa.answer.contract import Answer, Audience
from ragqa.answer.render import render
from ragqa.composing import extractive
from ragqa.composing.extractive import _choose
from ragqa.corpus.articles import parse_article
from ragqa.corpus.folder import Corpus, load_corpus
from ragqa.corpus.parts import Part
from ragqa.corpus.records import Article
from ragqa.editorial import difference
from ragqa.editorial.article_page import article_page, render_article
from ragqa.evidence.candidates import Candidate
from ragqa.web.pages.desk import _parts
from ragqa.web.pages.talk import NOTHING, turn_of_page
from ragqa.web.views import environment

pytestmark = pytest.mark.quick
HEADINGS: dict[Audience, str] = {"clinician": "How to monitor", "patient": "What is watched"}
STYLES = ("text", "md", "html")


@pytest.fixture
def added() -> Part:
    """A row more than the table has."""
    made: Part = Part._new_member_(Part, "monitoring", 1, True, HEADINGS["clinician"], HEADINGS["patient"], ("monitoring",))
    made._name_ = "MONITORING"
    return made


def answered(part: Part, **changes: Any) -> Answer:
    """An answer of one statement, of this part."""
    made = answer(**changes)
    return made.model_copy(update={"statements": tuple(s.model_copy(update={"section": part}) for s in made.statements)})


def written(folder: Path, part: Part) -> tuple[Corpus, Article]:
    """A corpus whose one article has all its text under this part."""
    corpus = load_corpus(write_corpus(folder, {"drug-a": ARTICLE}, [abstract(101), abstract(102)]))
    article = corpus.articles["drug-a"]
    spans = tuple(span.model_copy(update={"part": part}) for span in article.spans)
    corpus.articles["drug-a"] = article.model_copy(update={"spans": spans})
    return corpus, corpus.articles["drug-a"]


@pytest.mark.parametrize("audience", HEADINGS)
def test_an_answer_shows_it_in_every_rendering(added: Part, audience: Audience) -> None:
    """Text, Markdown, HTML and the page of the server; in JSON it has its name."""
    made = answered(added, audience=audience)
    turn = turn_of_page(made, 0, NOTHING, "")
    page = environment().get_template("turn.html").render(turn=turn, conversation="", article="", csrf="")
    for shown in (page, *(render(made, style) for style in STYLES)):
        assert HEADINGS[audience] in shown
    assert json.loads(render(made, "json"))["statements"][0]["section"] == "monitoring"


@pytest.mark.parametrize("audience", HEADINGS)
def test_an_article_shows_it_in_every_rendering(tmp_path: Path, added: Part, audience: Audience) -> None:
    """And to editors, who read what clinicians read."""
    corpus, article = written(tmp_path, added)
    page = article_page(corpus, "drug-a", audience)
    for style in STYLES:
        assert HEADINGS[audience] in render_article(page, style)
    assert [heading for heading, _ in _parts(article)] == [HEADINGS["clinician"]] * len(article.spans)


def test_a_difference_shows_it_in_every_rendering(added: Part) -> None:
    """With the weight that the table gives it."""
    found = difference.compare(answered(added), answered(added).model_copy(update={"statements": ()}))
    assert found.severity is difference.Severity.RECOMMENDATION
    page = environment().get_template("difference.html")
    shown = page.render(difference=found, runs=difference.runs, citations=difference.citations)
    for one in (
        shown,
        difference.as_text(found, "1."),
        difference.as_markdown(found, "1."),
        difference.as_html([("1.", found)], "Waiting"),
    ):
        assert HEADINGS["clinician"] in one


def test_what_nobody_acts_on_is_a_change_of_evidence(added: Part) -> None:
    """The table says so, part by part."""
    for part in (*Part, added):
        found = difference.compare(answered(part), answered(part).model_copy(update={"statements": ()}))
        assert (found.severity is difference.Severity.RECOMMENDATION) == part.acted_on


@pytest.mark.parametrize("part", Part)
def test_each_heading_of_a_file_begins_its_part(tmp_path: Path, part: Part) -> None:
    """In any case of letters; the two that every article has aside."""
    for heading in part.written_as:
        file = tmp_path / "drug-a.md"
        file.write_text(ARTICLE.replace("## Key points", f"## {heading.upper()}\n\nIt was seen. [1]\n\n## Key points"))
        assert part in [span.part for span in parse_article(file).spans]


def candidate(part: Part, place: int) -> Candidate:
    """A sentence of this part, the better judged the lower its place."""
    return Candidate(
        text=f"Sentence {place}.",
        part=part,
        passage=PASSAGE,
        start=place,
        end=place + 1,
        context="",
        near=1.0,
        lead=False,
        rests_on=frozenset(),
        design=0,
        logit=-0.01 * place,
    )


@pytest.fixture(autouse=True)
def as_many_as_the_table_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an answer may hold in all is tested by itself."""
    monkeypatch.setattr(extractive, "MOST", 100)


def chosen(candidates: list[Candidate], first: Part) -> list[Part]:
    """The parts of what is composed of these sentences, none of which says what another says."""
    vectors = np.eye(len(candidates), dtype=np.float32)
    return [candidates[i].part for i in _choose(candidates, vectors, first, 1.5, extractive.MOST)]


def test_order_and_number_are_the_tables() -> None:
    """Each part in the table's order with as many statements as it may have; the part asked for first, with more room."""
    made = [candidate(part, place) for place, part in enumerate([*Part] * 10)]
    in_order = [part for part in Part for _ in range(part.most)]
    assert chosen(made, Part.RECOMMENDATION) == [Part.RECOMMENDATION] * 2 + in_order
    others = [part for part in in_order if part is not Part.SAFETY]
    assert chosen(made, Part.SAFETY) == [Part.SAFETY] * (Part.SAFETY.most + 2) + others


def test_another_number_is_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row changed in the table changes what is composed."""
    made = [candidate(Part.EVIDENCE, place) for place in range(9)]
    monkeypatch.setattr(Part.EVIDENCE, "most", 1)
    assert chosen(made, Part.RECOMMENDATION) == [Part.EVIDENCE]


def test_an_answer_holds_no_more_than_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best judged of all parts."""
    monkeypatch.setattr(extractive, "MOST", 3)
    assert len(chosen([candidate(part, place) for place, part in enumerate([*Part] * 10)], Part.RECOMMENDATION)) == 3
