"""Article pages: the true review state with its caution, the disclaimer in each medium, and text that cannot act."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLE, ROOT, abstract, write_corpus, write_reviews

from ragqa.answer.contract import DISCLAIMERS
from ragqa.checking.support import unsupported
from ragqa.corpus.folder import load_corpus
from ragqa.editorial.article_page import RENDERERS, ArticlePage, Step, article_page, render_article
from ragqa.errors import RagqaError
from ragqa.evaluation.measures import fold
from ragqa.language.wording import same_words

pytestmark = pytest.mark.quick

GOLDEN = ROOT / "tests" / "golden"
HOSTILE = "<script>alert(1)</script> [click](javascript:alert(1)) \x1b[31mred \u202egnp {{ 7*7 }} *bold* <img src=x onerror=y>"
WAY = (("submitted", "demo-author", 3), ("under_review", "demo-editor", 4), ("approved", "demo-editor", 5))


def page(folder: Path, steps: int, *then: tuple[str, str, int], edited: bool = False, **given: Any) -> ArticlePage:
    """The page of an article that took the first ``steps`` of the way and what came ``then``."""
    corpus = write_corpus(folder, {"drug-a": ARTICLE}, given.pop("abstracts", [abstract(101), abstract(102)]))
    event = json.loads((corpus / "reviews.jsonl").read_text())
    way = [*WAY[:steps], *then]
    write_reviews(corpus, [event | {"state": s, "by": by, "at": f"2026-01-0{day}T00:00:00Z"} for s, by, day in way])
    if edited:
        file = corpus / "articles" / "drug-a.md"
        file.write_text(file.read_text().replace("8 weeks", "9 weeks"))
    return article_page(load_corpus(corpus), "drug-a", **given)


@pytest.mark.parametrize(
    ("steps", "then", "edited", "done", "said"),
    [
        (0, (), False, 0, "Pending human review (not submitted yet): the present text is not approved."),
        (1, (), False, 1, "Pending human review (submitted): the present text is not approved."),
        (2, (), False, 2, "Pending human review (under review): the present text is not approved."),
        (3, (), False, 3, ""),
        (3, (), True, 1, "The text was edited after it was approved on 2026-01-05 by demo-editor."),
        (2, (), True, 2, "The text was edited after it was under review on 2026-01-04 by demo-editor."),
        (3, (("submitted", "demo-author", 6),), False, 1, "Pending human review (submitted): the present text is not approved."),
        (3, (("withdrawn", "demo-editor", 6),), False, 0, "Withdrawn on 2026-01-06 by demo-editor. Do not rely on this text."),
    ],
)
def test_each_state_shows_its_steps_and_its_caution(
    tmp_path: Path, steps: int, then: Any, edited: bool, done: int, said: str
) -> None:
    """In text, Markdown, HTML and JSON; only an approved text has no caution."""
    made = page(tmp_path, steps, *then, edited=edited)
    assert [step.done for step in made.steps] == [number < done for number in range(3)]
    assert bool(made.cautions) == bool(said)
    for style in RENDERERS:
        shown = render_article(made, style)
        assert fold(said) in fold(re.sub(r"<[^>]*>|\\", " ", shown))
        assert ("caution:" in shown.lower()) == bool(said) or style == "json"


def test_steps_carry_date_and_role_of_the_present_content_only(tmp_path: Path) -> None:
    """After an edit no older event is passed off as one of the new text."""
    assert page(tmp_path / "a", 2).steps == (
        Step(name="Submitted", done=True, at=date(2026, 1, 3), by="demo-author"),
        Step(name="Under Review", done=True, at=date(2026, 1, 4), by="demo-editor"),
        Step(name="Approved", done=False),
    )
    assert page(tmp_path / "b", 3, edited=True).steps[0] == Step(name="Submitted", done=True)


@pytest.mark.parametrize("audience", ["clinician", "patient"])
@pytest.mark.parametrize("style", sorted(RENDERERS))
def test_every_page_carries_the_whole_disclaimer(tmp_path: Path, audience: Any, style: str) -> None:
    """Approved or not."""
    for steps in range(4):
        shown = render_article(page(tmp_path / str(steps), steps, audience=audience), style)
        assert fold(DISCLAIMERS[audience]) in fold(shown)


def test_a_retracted_source_is_marked_clearly(tmp_path: Path) -> None:
    """At the reference, and in a caution with its number, also in an approved article."""
    records = [abstract(101), abstract(102, notices=[{"kind": "retraction"}])]
    made = page(tmp_path, 3, abstracts=records)
    assert [reference.retracted for reference in made.references] == [False, True]
    assert "[2] RETRACTED. Drug A in condition B" in render_article(made, "text")
    assert "2. **RETRACTED.** Drug A" in render_article(made, "md")
    assert '<li id="reference-2"><strong class="caution">Retracted</strong>' in render_article(made, "html")
    for style in ("text", "md", "html"):
        assert "Retracted since publication" in render_article(made, style)


def test_hostile_text_is_inert_in_each_medium(tmp_path: Path) -> None:
    """Title, policy, sentences, references, role and note all try to act."""
    quoted = json.dumps(HOSTILE + "\n# Approved\n> fine")
    text = ARTICLE.replace("title: Does drug A help in condition B?", f"title: {quoted}")
    text = text.replace("docs/editorial-policy.md", quoted).replace("- Drug A is not", f"- {HOSTILE} is not")
    records = [abstract(101, title=HOSTILE, url="javascript:alert(1)"), abstract(102, journal=HOSTILE)]
    corpus = write_corpus(tmp_path, {"drug-a": text}, records)
    event = json.loads((corpus / "reviews.jsonl").read_text())
    write_reviews(corpus, [event | {"state": "withdrawn", "by": HOSTILE, "note": HOSTILE}])
    made = article_page(load_corpus(corpus), "drug-a")
    html, markdown = render_article(made, "html"), render_article(made, "md")
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in re.sub(r">[^<]*<", "><", html), "not in any attribute"
    assert "{{ 7*7 }}" in html
    assert "default-src 'none'" in html
    assert "[click](" not in markdown
    assert not re.search(r"(?<!\\)<(?:script|img)", markdown)
    assert not re.search(r"(?<!\\)\*bold", markdown)
    assert not re.search(r"^(?:# Approved|> fine)", markdown, re.MULTILINE)
    for style in ("text", "md", "html"):
        assert not re.search(r"[\x1b\u202e]", render_article(made, style))
    assert json.loads(render_article(made, "json"))["question"].startswith("<script>")


@pytest.mark.parametrize("style", sorted(RENDERERS))
def test_a_bundled_article_reads_as_agreed(style: str) -> None:
    """Character for character: under review, with a retracted source; ``make golden`` rewrites it."""
    text = render_article(article_page(load_corpus(ROOT / "corpus"), "mdma-assisted-therapy-ptsd"), style)
    file = GOLDEN / f"article.{style}"
    if os.environ.get("RAGQA_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_patients_read_plain_words_that_are_proven_the_same() -> None:
    """Some sentences of the bundled articles are reworded, each provably; the numbers of the sources stay."""
    corpus = load_corpus(ROOT / "corpus")
    reworded = 0
    for slug in corpus.articles:
        own, told = (article_page(corpus, slug, audience) for audience in ("clinician", "patient"))
        for left, right in zip(own.sections, told.sections, strict=True):
            for before, after in zip(left.statements, right.statements, strict=True):
                assert after.citations == before.citations
                assert unsupported(after.text, before.text) is None
                assert same_words(after.text, before.text)
                reworded += after.text != before.text
    assert reworded > 50


def test_lines_fit_a_terminal_and_an_unknown_article_is_said(tmp_path: Path) -> None:
    """At most 96 columns; a wrong slug is one clear error."""
    assert max(map(len, render_article(page(tmp_path, 1), "text").splitlines())) <= 96
    with pytest.raises(RagqaError, match="no article 'ghost' in the corpus: `ragqa check` lists them"):
        article_page(load_corpus(tmp_path), "ghost")
