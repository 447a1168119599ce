"""The editor's desk and the evaluator's pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pages_site import QUESTION, fill_library, page, send, sign_in, site, site_settings, small_site, words

from ragqa.corpus.reviewlog import read_log
from ragqa.editorial.library import Library
from ragqa.editorial.versions import State
from ragqa.evaluation.tally import tally
from ragqa.evaluation.verdicts import Verdict
from ragqa.settings import Settings
from ragqa.web.pages.plots import risk_coverage, trend

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[TestClient, Settings]]:
    """A site of the test's own with an editor signed in and one answer waiting."""
    settings = site_settings(tmp_path, small_site(tmp_path / "corpus"))
    fill_library(settings, QUESTION)
    with site(settings) as client:
        sign_in(client)
        yield client, settings


def step(client: TestClient, slug: str, state: str, **form: str) -> Any:
    """Take a step with the form of the article's own page."""
    shown = page(client, f"/desk/articles/{slug}")
    hidden = shown.xpath("//input[@name='sha256']/@value")[0]
    token = shown.xpath("//input[@name='csrf']/@value")[0]
    return client.post(f"/desk/articles/{slug}", data={"csrf": token, "sha256": hidden, "state": state} | form)


def test_the_queue_puts_what_waits_first(desk: tuple[TestClient, Settings]) -> None:
    """Submitted before draft before approved before withdrawn."""
    links = page(desk[0], "/desk").xpath("//tbody//th/a/@href")
    assert links == [f"/desk/articles/drug-{name}" for name in ("s", "d", "a", "w")]


def test_guests_and_readers_are_kept_out(tmp_path: Path) -> None:
    """Every page of the desk needs the role."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client:
        for path in ("/desk", "/desk/articles/drug-a", "/desk/answers", "/desk/answers/1", "/desk/audit"):
            assert client.get(path).headers["location"].startswith("http://testserver/sign-in"), path


def test_an_article_is_submitted_read_and_approved_by_two_persons(desk: tuple[TestClient, Settings]) -> None:
    """Each step is in the log under the name of who signed in; the submitter may not approve; approved, it answers."""
    client, settings = desk
    assert step(client, "drug-d", "submitted", note="ready").status_code == 303
    assert step(client, "drug-d", "under_review").status_code == 303
    refused = step(client, "drug-d", "approved")
    assert refused.status_code == 409
    assert "may not approve it" in refused.text
    send(client, "/sign-out", {})
    sign_in(client, "demo-second-editor")
    assert step(client, "drug-d", "approved").status_code == 303
    steps = [(event.state.value, event.by) for event in read_log(settings.corpus) if event.article == "drug-d"]
    assert steps == [("submitted", "demo-editor"), ("under_review", "demo-editor"), ("approved", "demo-second-editor")]
    assert "/articles/drug-d" in page(client, "/").xpath("//ul[@class='shelf']//a/@href")
    assert "demo-second-editor" in words(page(client, "/desk/audit"))


def test_what_changed_since_the_approval_is_shown_and_an_edit_between_page_and_step_is_refused(
    desk: tuple[TestClient, Settings],
) -> None:
    """An editor never approves a text that was not on the page."""
    client, settings = desk
    assert step(client, "drug-s", "under_review").status_code == 303
    assert step(client, "drug-s", "approved").status_code == 303
    assert "Nothing changed" in words(page(client, "/desk/articles/drug-s"))
    file = settings.corpus / "articles" / "drug-s.md"
    file.write_text(file.read_text().replace("is not recommended as", "is recommended as"))
    shown = page(client, "/desk/articles/drug-s")
    assert "edited since the last step" in words(shown)
    assert "Recommendation changed" in words(shown)
    assert [words(gone) for gone in shown.xpath("//del")] == ["taken out: not"]
    hidden = dict(shown.xpath("//form[contains(@action, 'drug-s')]")[0].form_values())
    file.write_text(file.read_text().replace("40 adults", "400 adults"))
    late = client.post("/desk/articles/drug-s", data=hidden | {"state": "submitted"})
    assert late.status_code == 409
    assert "edited since this page was shown" in late.text


def test_a_step_without_the_token_or_with_an_unknown_state_is_refused(desk: tuple[TestClient, Settings]) -> None:
    """Nothing changes by a request from elsewhere."""
    client, settings = desk
    before = read_log(settings.corpus)
    assert client.post("/desk/articles/drug-d", data={"sha256": "0" * 64, "state": "submitted"}).status_code == 403
    assert client.post("/desk/answers/1", data={"decision": "sign_off"}).status_code == 403
    assert step(client, "drug-d", "published").status_code == 404
    assert read_log(settings.corpus) == before


@pytest.mark.parametrize(("decision", "state"), [("sign_off", State.PUBLISHED), ("reject", State.REJECTED)])
def test_a_waiting_answer_is_decided_on(desk: tuple[TestClient, Settings], decision: str, state: State) -> None:
    """The decision, its author and note are kept; what is signed off is served as reviewed."""
    client, settings = desk
    assert "New question" in words(page(client, "/desk/answers"))
    assert page(client, "/desk/answers/1").xpath("//li[contains(@class, 'statement')]")
    assert send(client, "/desk/answers/1", {"decision": decision, "note": "read it"}).status_code == 303
    with Library(settings.library) as library:
        version = library.version(1)
    assert (version.state, version.decided_by, version.note) == (state, "demo-editor", "read it")
    assert "Nothing waits for sign-off" in words(page(client, "/desk/answers"))
    assert send(client, "/desk/answers/1", {"decision": decision}).status_code == 409
    address = send(client, "/ask", {"question": QUESTION}).headers["location"]
    served = "Signed off by an editor" in words(page(client, address.split("#")[0]))
    assert served == (state is State.PUBLISHED)
    assert "read it" in words(page(client, "/desk/audit"))


def test_an_answer_nobody_stored_is_not_found(desk: tuple[TestClient, Settings]) -> None:
    """Neither shown nor decided on."""
    assert "the desk lists" in words(page(desk[0], "/desk/answers/99", 404))
    assert send(desk[0], "/desk/answers/99", {"decision": "reject"}).status_code == 404


def test_the_evaluation_page_shows_the_published_scorecard_and_every_question_behind_it(
    tmp_path: Path, small_corpus: Path
) -> None:
    """Figures, plots and questions are those of the file."""
    (tmp_path / "eval").mkdir()
    for name in ("results", "gold"):
        shutil.copytree(ROOT / "eval" / name, tmp_path / "eval" / name)
    card = json.loads((ROOT / "eval/results/scorecard.json").read_text())
    with site(site_settings(tmp_path, small_corpus, results=tmp_path / "eval" / "results")) as client:
        shown = page(client, "/evaluation")
        tiles = {words(tile)[5:]: words(tile)[:5] for tile in shown.xpath("//ul[@class='tiles']/li")}
        assert tiles["Citation precision"] == f"{card['splits']['test']['citation_precision']:.3f}"
        for name, row in card["verdicts"].items():
            bar = [words(part) for part in shown.xpath("//*[local-name()='rect']/*[local-name()='title']")]
            assert (
                f"{name.replace('-', ' ')}: misleading {row['all']['misleading']['count']} of {row['all']['items']}"
                in " ".join(bar)
            )
        every = len(card["items"]) + len(card["cases"])
        assert len(page(client, "/evaluation/scorecard").xpath("//tbody/tr")) == every
        wrong = page(client, "/evaluation/scorecard?wrong=true").xpath("//tbody/tr")
        assert 0 < len(wrong) < every
        misleading = page(client, "/evaluation/scorecard?set=gold&verdict=misleading").xpath("//tbody/tr")
        assert len(misleading) == card["verdicts"]["gold"]["all"]["misleading"]["count"]
        case = next(one for one in card["cases"] if one["verdict"] == "incomplete")
        told = words(page(client, f"/evaluation/scorecard/{case['id']}?set={case['set']}"))
        assert all(" ".join(text.split()) in told for text in (case["asked"][-1], case["why"], case["reasons"][0]))
        item = words(page(client, "/evaluation/scorecard/a1-001"))
        assert "answerable" in item
        assert "pmid:" in item or "article:" in item
        page(client, "/evaluation/scorecard/none", 404)
        page(client, "/evaluation/none", 404)


def test_verdicts_over_time_are_drawn_from_the_second_scorecard_on(tmp_path: Path, small_corpus: Path) -> None:
    """Shares of all sets but the gold set together; of one scorecard there is nothing to draw."""
    settings = site_settings(tmp_path, small_corpus)
    settings.results.mkdir()
    shutil.copy(ROOT / "eval/results/scorecard.json", settings.results)
    rows = [{"a": tallied("right right silent"), "b": tallied("misleading"), "gold": tallied("silent")}, {"a": tallied("right")}]
    runs = [{"at": f"2026-01-0{day}", "commit": "c", "verdicts": row} for day, row in enumerate(rows, 1)]
    file = settings.results / "history.json"
    with site(settings) as client:
        for count in (1, 2):
            file.write_text(json.dumps({"schema": "ragqa.scorecards/1", "runs": runs[:count]}))
            found = [
                words(title) for title in page(client, "/evaluation").xpath("//*[local-name()='circle']/*[local-name()='title']")
            ]
            drawn = [title for title in found if "2026-01" in title]
            told = [
                "right, 2026-01-01: 0.500",
                "right, 2026-01-02: 1.000",
                "misleading, 2026-01-01: 0.250",
                "misleading, 2026-01-02: 0.000",
            ]
            assert drawn == (told if count == 2 else [])


def tallied(verdicts: str) -> dict[str, Any]:
    """A tally of these verdicts."""
    return tally([Verdict(word) for word in verdicts.split()])


@pytest.mark.parametrize("content", ["", "[]", "{", '{"schema": "ragqa.scorecard/1"}', "\x00"])
def test_an_evaluation_folder_without_a_scorecard_says_how_to_make_one(tmp_path: Path, small_corpus: Path, content: str) -> None:
    """A file that is none is passed over."""
    settings = site_settings(tmp_path, small_corpus)
    settings.results.mkdir()
    (settings.results / "broken.json").write_text(content)
    with site(settings) as client:
        assert "ragqa eval --json" in words(page(client, "/evaluation"))


def test_a_risk_coverage_line_lies_where_its_points_are() -> None:
    """Corners of the plot are corners of the data; the dot stands at the threshold in force."""
    curve = [{"abstain_below": 0.9, "coverage": 0.0, "risk": 0.0}, {"abstain_below": 0.0, "coverage": 1.0, "risk": 0.4}]
    plot = risk_coverage({"test": curve}, 0.6, width=200, height=100)
    assert plot.lines[0].points == f"{plot.left},{plot.bottom} {plot.right},{plot.top}"
    assert [(dot.x, dot.y) for dot in plot.lines[0].dots] == [(plot.left, plot.bottom)]


def test_labels_of_lines_that_end_together_do_not_cover_each_other() -> None:
    """They are at least a line of text apart."""
    plot = trend([("a", {"x": 0.9, "y": 0.9}), ("b", {"x": 0.9, "y": 0.9})], {"x": "one", "y": "two"})
    one, other = (line.label_y for line in plot.lines)
    assert abs(one - other) >= 15


def test_measures_that_a_scorecard_lacks_leave_a_gap_and_no_zero() -> None:
    """None is not 0."""
    plot = trend([("a", {"x": None}), ("b", {"x": 0.9})], {"x": "one"})
    assert [dot.label for dot in plot.lines[0].dots] == ["one, b: 0.900"]
