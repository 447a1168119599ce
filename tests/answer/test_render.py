"""Renderings: golden files, the disclaimer in each, and source text that cannot act as markup."""

from __future__ import annotations

import os
import re

import pytest
from answers import answer, hostile_answer
from samples import ROOT

from ragqa.answer.contract import DISCLAIMERS, Answer
from ragqa.answer.render import RENDERERS, render
from ragqa.evaluation.gold import has_disclaimer
from ragqa.evaluation.measures import fold
from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

GOLDEN = ROOT / "tests" / "golden"
SEED = "Is memantine effective as a first-line treatment for Borderline Personality Disorder?"


@pytest.fixture(scope="module")
def seed_answer() -> Answer:
    """The answer that the golden renderings show: kept, since two kinds of processor may choose differently between near ties."""
    file = GOLDEN / "seed.json"
    if os.environ.get("RAGQA_UPDATE_GOLDEN"):
        with Ragqa.open(load_settings()) as ragqa:
            made = ragqa.ask(SEED)
        still = made.model_copy(update={"trace": made.trace.model_copy(update={"milliseconds": {}})})
        file.write_text(render(still, "json"), encoding="utf-8")
    return Answer.model_validate_json(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("style", sorted(RENDERERS))
def test_the_seed_answer_reads_as_agreed(style: str, seed_answer: Answer) -> None:
    """The whole rendering, character for character; ``make golden`` rewrites it after a look at the difference."""
    text = render(seed_answer, style)
    file = GOLDEN / f"seed.{style}"
    if os.environ.get("RAGQA_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_every_rendering_carries_the_whole_disclaimer(audience: str) -> None:
    """Text, Markdown, HTML and JSON, answered or not."""
    made = answer(audience=audience, disclaimer=DISCLAIMERS[audience])  # type: ignore[index]
    assert has_disclaimer(made)
    abstained = answer(status="insufficient_evidence", statements=(), references=(), message="Nothing on this.")
    assert has_disclaimer(abstained)
    for style in RENDERERS:
        assert "nothing on this." in fold(render(abstained, style))


def test_hostile_text_is_only_text_on_a_page() -> None:
    """No tag, script address or template of a source survives in HTML."""
    page = render(hostile_answer(), "html")
    assert "<script" not in page
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page), "not in any attribute"
    assert "{{ 7*7 }}" in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("style", ["text", "md", "html"])
def test_no_terminal_code_or_direction_override_survives(style: str) -> None:
    """Escape sequences and bidirectional controls are removed."""
    assert not re.search(r"[\x1b\u202e]", render(hostile_answer(), style))


def test_markdown_of_a_source_is_escaped() -> None:
    """Links, tags and emphasis in source text stay letters."""
    text = render(hostile_answer(), "md")
    assert "[click](" not in text
    assert "\\<script\\>" in text
    assert "\\*bold\\*" in text


def test_terminal_lines_fit() -> None:
    """Nothing is wider than a terminal, long words aside."""
    assert max(map(len, render(answer(), "text").splitlines())) <= 96
