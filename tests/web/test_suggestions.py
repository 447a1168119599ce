"""Questions beside an article: looked for on behalf of who may ask, one article at a time, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pages_site import page, site, site_settings, small_site, words
from web.conftest import app_of, serving, token

from ragqa.corpus.folder import load_corpus
from ragqa.corpus.records import Article
from ragqa.errors import Busy
from ragqa.web.engine import Engine
from ragqa.web.pages import suggestions as module
from ragqa.web.pages.suggestions import AGAIN, Suggestions
from ragqa.web.security import BURST, Rate

PATH = "/articles/drug-a/questions"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every question that a search asks."""
    found: list[str] = []
    ask = module._asked

    async def counting(engine: Engine, question: Any) -> Any:
        found.append(question.question)
        return await ask(engine, question)

    monkeypatch.setattr(module, "_asked", counting)
    return found


@pytest.mark.parametrize("closed", [{"asking": "closed"}, {"asks_per_minute": 1}])
def test_who_may_not_ask_begins_no_search(tmp_path: Path, asked: list[str], closed: dict[str, Any]) -> None:
    """Where asking is closed, or the reader's questions of this minute are used up: what is known is shown, "not yet" else."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"), **closed)) as client:
        if "asks_per_minute" in closed:
            app_of(client).state.rate = Rate(1, clock=lambda: 0.0)
            for _ in range(BURST):
                app_of(client).state.rate.wait("client")
        for _ in range(3):
            assert "have not been looked for yet" in words(page(client, PATH))
        assert not asked
        assert client.get(PATH, headers=token(client, "editor")).status_code == 200
        assert asked
        before = len(asked)
        assert "have not been looked for yet" not in words(page(client, PATH))
        assert len(asked) == before


def test_a_search_counts_as_a_question_of_who_began_it(tmp_path: Path) -> None:
    """And a look at what is known does not."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client:
        rate = Rate(1, burst=2, clock=lambda: 0.0)
        app_of(client).state.rate = rate
        for _ in range(5):
            page(client, PATH)
        assert rate.wait("client") == 0
        assert rate.wait("client") > 0


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Engine, Article, list[Article]]]:
    """An engine, an article and the approved ones."""
    settings = serving(folder)
    engine = Engine(settings)
    await engine.open()
    corpus = load_corpus(settings.corpus)
    try:
        yield engine, corpus.articles["drug-a"], list(corpus.approved())
    finally:
        await engine.close()


def test_many_who_look_at_once_cost_one_search(tmp_path: Path, asked: list[str]) -> None:
    """Of the same article and of any other; whoever began it may go away."""

    async def scene() -> None:
        async with running(tmp_path) as (engine, article, others):
            held = Suggestions()
            other = article.model_copy(update={"slug": "drug-z"})
            first = asyncio.create_task(held.find(engine, "g", article, others))
            while not asked:
                await asyncio.sleep(0)
            await asyncio.gather(*(held.find(engine, "g", one, others) for one in (article, other) * 10))
            assert held.searching
            assert held.known("g", article.slug) is None
            first.cancel()
            async with asyncio.timeout(60):
                while held.searching:
                    await asyncio.sleep(0.01)
            assert held.known("g", article.slug) is not None
            assert held.known("g", other.slug) is None
            count = len(asked)
            await held.find(engine, "g", article, others)
            assert len(asked) == count <= module.TRIED

    asyncio.run(scene())


def test_a_search_that_found_nothing_is_remembered(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not made again while its generation is live."""
    monkeypatch.setattr(module, "_new", lambda answer, others: False)

    async def scene() -> None:
        async with running(tmp_path) as (engine, article, others):
            held = Suggestions()
            await held.find(engine, "g", article, others)
            count = len(asked)
            await held.find(engine, "g", article, others)
            assert (held.known("g", article.slug), len(asked)) == ((), count)
            await held.find(engine, "h", article, others)
            assert len(asked) == 2 * count
            assert held.known("g", article.slug) is None

    asyncio.run(scene())


def test_a_search_that_could_not_be_finished_is_tried_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy server is not asked over and over."""
    tried = []

    async def busy(engine: Engine, question: Any) -> Any:
        tried.append(question)
        raise Busy(1)

    monkeypatch.setattr(module, "_asked", busy)
    now = [0.0]

    async def scene() -> None:
        async with running(tmp_path) as (engine, article, others):
            held = Suggestions(clock=lambda: now[0])
            for at, count in ((0.0, 1), (AGAIN - 1, 1), (AGAIN + 1, 2)):
                now[0] = at
                await held.find(engine, "g", article, others)
                assert (held.known("g", article.slug), len(tried)) == ((), count)

    asyncio.run(scene())


def test_an_article_that_is_not_yet_indexed_has_no_questions(tmp_path: Path) -> None:
    """Approved a moment ago: its page is shown, not an error."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client:
        corpus = load_corpus(tmp_path / "corpus")
        missing = corpus.articles["drug-a"].model_copy(update={"slug": "drug-new"})
        engine = app_of(client).state.engine

        async def scene() -> tuple[str, ...] | None:
            held = Suggestions()
            await held.find(engine, "g", missing, list(corpus.approved()))
            return held.known("g", "drug-new")

        assert client.portal is not None
        assert client.portal.call(scene) == ()
