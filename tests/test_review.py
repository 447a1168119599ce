"""Review steps: only legal ones, each bound to the content it speaks of, none lost."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from samples import ARTICLE, abstract, write_corpus

from ragqa.corpus import load_corpus
from ragqa.errors import ReviewError
from ragqa.records import ReviewState
from ragqa.review import read_log, record_step


@pytest.fixture
def draft_corpus(tmp_path: Path) -> Path:
    """An article without any event."""
    folder = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    (folder / "reviews.jsonl").unlink()
    return folder


def test_the_way_to_approval(draft_corpus: Path) -> None:
    """Draft, submitted, under review, approved; then an edit needs the whole way again."""
    assert load_corpus(draft_corpus).states["drug-a"] is ReviewState.DRAFT
    for state in (ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.APPROVED):
        record_step(draft_corpus, "drug-a", state, "demo-editor")
        assert load_corpus(draft_corpus).states["drug-a"] is state
    file = draft_corpus / "articles" / "drug-a.md"
    file.write_text(file.read_text().replace("8 weeks", "9 weeks"))
    with pytest.raises(ReviewError, match="cannot become approved now"):
        record_step(draft_corpus, "drug-a", ReviewState.APPROVED, "demo-editor")


@pytest.mark.parametrize("state", [ReviewState.APPROVED, ReviewState.UNDER_REVIEW])
def test_a_step_may_not_be_skipped(draft_corpus: Path, state: ReviewState) -> None:
    """A draft cannot be approved or taken under review; the message names what is possible, and nothing is written."""
    with pytest.raises(ReviewError, match="Possible: submitted, withdrawn"):
        record_step(draft_corpus, "drug-a", state, "demo-editor")
    assert read_log(draft_corpus) == []


def _submit(corpus: Path, writer: int) -> None:
    for _ in range(10):
        record_step(corpus, "drug-a", ReviewState.SUBMITTED, f"demo-editor-{writer}")


def test_concurrent_editors_lose_no_event(draft_corpus: Path) -> None:
    """Four processes record ten steps each; the log holds forty whole events."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_submit, args=(draft_corpus, writer)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    events = read_log(draft_corpus)
    assert len(events) == 40
    assert {event.by for event in events} == {f"demo-editor-{writer}" for writer in range(4)}
