"""The rating page: blind, kept, and open only to whom it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from answers import rating_of
from fastapi.testclient import TestClient
from pages_site import QUESTION, page, send, sign_in, site, site_settings, small_site, words

from ragqa.evaluation.rating.sessions import SessionFolder
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

OTHER = "Is drug Z safe in children?"
GIVEN = {
    "left": "right",
    "right": "misleading",
    "better": "left",
    "left_note": "told John Smith, born 3 May 1961",
    "right_note": "",
}


@pytest.fixture
def rating(tmp_path: Path) -> Iterator[tuple[TestClient, Settings, SessionFolder]]:
    """A site with an editor signed in and two pairs to rate: an answer and an abstention."""
    settings = site_settings(tmp_path, small_site(tmp_path / "corpus"))
    with Ragqa.open(settings) as ragqa:
        answers, third = [ragqa.ask(QUESTION), ragqa.ask(OTHER)], ragqa.ask("How many adults were in the trial of drug A?")
    session = rating_of(settings.serving, "spring", answers, third)
    rating_of(settings.serving, "same", answers)
    with site(settings) as client:
        sign_in(client)
        yield client, settings, session


def test_a_pair_tells_nothing_of_whose_it_is(rating: tuple[TestClient, Settings, SessionFolder]) -> None:
    """Neither system, generation, model, time nor id; both answers are there to the last word."""
    client, _, session = rating
    pair = session.pairs()[0]
    shown = client.get("/rating/spring/1").text
    told = [statement.text for side in (pair.left, pair.right) for statement in side.statements]
    assert told
    assert all(text in words(page(client, "/rating/spring/1")) for text in (*told, pair.left.disclaimer))
    secrets = (pair.left.trace.generation, pair.left.id, pair.left.digest, *pair.left.trace.models.values())
    assert not [secret for secret in secrets if secret in shown]
    assert not re.search(r"\bold\b|\bnew\b|not_reviewed|millisecond", words(page(client, "/rating/spring/1")))


def test_a_rating_is_kept_changed_and_leads_on(rating: tuple[TestClient, Settings, SessionFolder]) -> None:
    """To the next pair, then to the end; what was said stands in the form again, without what names a patient."""
    client, _, session = rating
    first, second = session.order("demo-editor")
    assert client.get("/rating/spring", follow_redirects=False).headers["location"] == f"/rating/spring/{first}"
    assert send(client, f"/rating/spring/{first}", GIVEN).headers["location"] == "/rating/spring"
    assert client.get("/rating/spring", follow_redirects=False).headers["location"] == f"/rating/spring/{second}"
    back = page(client, f"/rating/spring/{second}").xpath("//a[text()='Back']/@href")
    assert back == [f"/rating/spring/{first}"]
    again = page(client, back[0])
    assert again.xpath("//input[@checked]/@value") == ["right", "misleading", "left"]
    assert "John Smith" not in words(again)
    assert "John Smith" not in (session.folder / "ratings.jsonl").read_text()
    send(client, f"/rating/spring/{first}", GIVEN | {"left": "silent"})
    send(client, f"/rating/spring/{second}", GIVEN)
    assert "that was the last one" in words(page(client, "/rating/spring"))
    assert "2 of 2" in words(page(client, "/rating"))
    assert page(client, "/rating/spring").xpath("//tbody//a/@href") == [f"/rating/spring/{n}" for n in (first, second)]
    assert {one.pair: one.left for one in session.ratings()} == {first: "silent", second: "right"}


def test_results_are_shown_when_it_is_closed_and_not_before(rating: tuple[TestClient, Settings, SessionFolder]) -> None:
    """Also to an editor, who may rate too; a closed rating takes no more."""
    client, _, session = rating
    send(client, "/rating/spring/1", GIVEN)
    assert "once it is closed" in words(page(client, "/rating/spring/results", 409))
    assert send(client, "/rating/spring/close", {}).headers["location"] == "/rating/spring/results"
    shown = words(page(client, "/rating/spring/results"))
    assert "A is old, B is new" in shown
    assert "rater-1 rated 1" in shown
    assert send(client, "/rating/spring/2", GIVEN).status_code == 409
    assert "is closed" in words(page(client, "/rating/spring"))
    assert len(session.ratings()) == 1


@pytest.mark.parametrize("form", [{"left": "wrong"}, {"better": "both"}, {"left_note": "x" * 2001}, {"right": ""}])
def test_a_form_with_something_else_is_refused(rating: tuple[TestClient, Settings, SessionFolder], form: dict[str, str]) -> None:
    """And keeps nothing."""
    client, _, session = rating
    assert send(client, "/rating/spring/1", GIVEN | form).status_code == 422
    assert session.ratings() == []


@pytest.mark.parametrize("path", ["/rating/winter", "/rating/spring/3", "/rating/Spring"])
def test_what_is_not_there_is_not_found(rating: tuple[TestClient, Settings, SessionFolder], path: str) -> None:
    """Whatever the name."""
    assert rating[0].get(path).status_code == 404


def test_a_guest_is_asked_to_sign_in(rating: tuple[TestClient, Settings, SessionFolder]) -> None:
    """A rating needs a name that stays the same."""
    client = rating[0]
    client.cookies.clear()
    for path in ("/rating", "/rating/spring", "/rating/spring/1", "/rating/spring/results"):
        sent_on = client.get(path, headers={"Accept": "text/html"}, follow_redirects=False)
        assert sent_on.headers["location"].endswith("/sign-in?next=" + quote(path, safe="")), path


def test_of_answers_that_tell_the_same_one_word_is_asked_for(rating: tuple[TestClient, Settings, SessionFolder]) -> None:
    """It counts for both, and neither is better; of others a word for one is refused."""
    client, settings, session = rating
    shown = page(client, "/rating/same/1")
    assert len(shown.xpath("//fieldset")) == 1
    send(client, "/rating/same/1", {"left": "incomplete", "left_note": "buried"})
    (kept,) = SessionFolder.named(settings.serving, "same").ratings()
    assert (kept.left, kept.right, kept.better, kept.right_note) == ("incomplete", "incomplete", "no difference", "buried")
    assert send(client, "/rating/spring/1", {"left": "incomplete"}).status_code == 422
    assert session.ratings() == []


def test_what_only_one_answer_tells_is_marked_and_sources_lead_to_their_pages(
    rating: tuple[TestClient, Settings, SessionFolder],
) -> None:
    """Statements that both have are not."""
    client, _, session = rating
    pair = session.pairs()[0]
    left, right = ({statement.text for statement in side.statements} for side in (pair.left, pair.right))
    shown = page(client, "/rating/spring/1")
    assert {words(mark) for mark in shown.xpath("//mark")} == left ^ right
    for link in set(shown.xpath("//details//ol//a/@href")):
        assert client.get(link).status_code == 200
