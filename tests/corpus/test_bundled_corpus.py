"""The bundled corpus keeps its promises: size, states, both sides of disagreements, and no text without a source."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from samples import ROOT

from ragqa.corpus.folder import citable, load_corpus
from ragqa.corpus.records import ReviewState
from ragqa.evaluation.gold import load_gold
from ragqa.language.sentences import markers, sentences

pytestmark = pytest.mark.quick

CORPUS = load_corpus(ROOT / "corpus")
ALLOWED = citable(CORPUS)


def test_size_and_review_states() -> None:
    """At least 16 articles and 75 abstracts; most approved, and every other state occurs."""
    states = Counter(CORPUS.states.values())
    assert len(CORPUS.articles) >= 16
    assert len(CORPUS.abstracts) >= 75
    assert states[ReviewState.APPROVED] > len(CORPUS.articles) / 2
    assert min(states[s] for s in (ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.WITHDRAWN)) >= 1


def test_one_article_was_edited_after_its_approval() -> None:
    """Its newest event approves other bytes, so it stands as submitted."""
    newest = {event.article: event for event in CORPUS.reviews}
    edited = [
        slug for slug, event in newest.items() if event.state == "approved" and event.sha256 != CORPUS.articles[slug].sha256
    ]
    assert edited
    assert all(CORPUS.states[slug] is ReviewState.SUBMITTED for slug in edited)


def test_every_abstract_is_cited_or_says_why_not() -> None:
    """No record lies about unexplained."""
    cited = {source for article in CORPUS.articles.values() for source in article.citations}
    assert [a.id for a in CORPUS.abstracts.values() if a.id not in cited and not a.uncited_reason] == []


def test_retracted_records_are_cited_only_by_articles_that_are_not_approved() -> None:
    """At least two are cited, so that their exclusion can be seen, and none is citable."""
    retracted = {a.id for a in CORPUS.abstracts.values() if a.retracted}
    cited = {source for article in CORPUS.articles.values() for source in article.citations}
    assert len(retracted & cited) >= 2
    assert not retracted & {source for article in ALLOWED.articles for source in article.citations}
    assert not retracted & ALLOWED.ids()


def test_every_sentence_of_an_article_has_a_citation() -> None:
    """No sentence stands without a source."""
    for article in CORPUS.articles.values():
        for span in article.spans:
            for sentence in sentences(article.text, span.start, span.end):
                assert markers(article.text[sentence.start :][: len(sentence.text) + 40]), (article.slug, sentence.text)


def test_sentences_stand_alone() -> None:
    """An extractive answer may not begin with a pronoun that points outside it."""
    dangling = re.compile(r"^(?:It|They|These|Those|This|That|However|Both of them|He|She)\b")
    for article in ALLOWED.articles:
        for span in article.spans:
            for sentence in sentences(article.text, span.start, span.end):
                assert not dangling.match(sentence.text), (article.slug, sentence.text)


def test_the_gold_set_names_only_sources_that_exist_and_are_citable() -> None:
    """At least 150 items, half dev and half test, of every kind; what must be cited can be."""
    items = load_gold(ROOT / "eval" / "gold")
    assert len(items) >= 150
    splits = Counter(item.split for item in items)
    assert abs(splits["dev"] - splits["test"]) <= 0.1 * len(items)
    for item in items:
        named = {source for group in item.must_cite for source in group} | set(item.may_cite)
        assert named <= ALLOWED.ids(), (item.id, named - ALLOWED.ids())
        assert bool(item.must_cite) == (item.expect == "answered"), item.id
    kinds = Counter((item.kind, item.split) for item in items)
    wanted = ("answerable", "near_miss", "not_approved_only", "retracted_only", "contradictory", "dosing", "follow_up")
    assert all(kinds[kind, split] for kind in wanted for split in ("dev", "test"))
