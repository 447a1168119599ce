"""Review steps: only legal ones, by two persons, each bound to the content it speaks of, none lost."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLE, abstract, write_corpus

from ragqa.corpus.articles import approved_text, kept_file
from ragqa.corpus.folder import load_corpus
from ragqa.corpus.records import ReviewState
from ragqa.corpus.reviewlog import COPY, chained, log_line, read_log
from ragqa.editorial.review import NEXT, articles_in_review, record_step, same_person
from ragqa.errors import ReviewError, StoreBusy

WAY = ((ReviewState.SUBMITTED, "demo-author"), (ReviewState.UNDER_REVIEW, "demo-editor"), (ReviewState.APPROVED, "demo-editor"))


@pytest.fixture
def draft_corpus(tmp_path: Path) -> Path:
    """An article without any event."""
    folder = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    (folder / "reviews.jsonl").unlink()
    return folder


def edit(corpus: Path) -> None:
    """Change one word of the article."""
    file = corpus / "articles" / "drug-a.md"
    file.write_text(file.read_text().replace("8 weeks", "9 weeks"))


def test_the_way_to_approval(draft_corpus: Path) -> None:
    """Draft, submitted, under review, approved; then an edit needs the whole way again."""
    assert load_corpus(draft_corpus).states["drug-a"] is ReviewState.DRAFT
    for state, by in WAY:
        record_step(draft_corpus, "drug-a", state, by)
        assert load_corpus(draft_corpus).states["drug-a"] is state
    edit(draft_corpus)
    with pytest.raises(ReviewError, match="cannot become approved now"):
        record_step(draft_corpus, "drug-a", ReviewState.APPROVED, "demo-editor")


@pytest.mark.parametrize("state", [ReviewState.APPROVED, ReviewState.UNDER_REVIEW])
def test_a_step_may_not_be_skipped(draft_corpus: Path, state: ReviewState) -> None:
    """A draft cannot be approved or taken under review; the message names what is possible, and nothing is written."""
    with pytest.raises(ReviewError, match="Possible: submitted, withdrawn"):
        record_step(draft_corpus, "drug-a", state, "demo-editor")
    assert read_log(draft_corpus) == []


@pytest.mark.parametrize("by", ["demo-author", " Demo-Author ", "ｄｅｍｏ-author", "demo-𝐚uthor"])
def test_who_submitted_may_not_approve(draft_corpus: Path, by: str) -> None:
    """Not after another has submitted the same content again either, nor in another spelling; the rule can be lifted."""
    for state, role in ((*WAY[0],), (ReviewState.SUBMITTED, "demo-second"), (*WAY[1],)):
        record_step(draft_corpus, "drug-a", state, role)
    with pytest.raises(ReviewError, match="may not approve it: somebody else must"):
        record_step(draft_corpus, "drug-a", ReviewState.APPROVED, by)
    assert len(read_log(draft_corpus)) == 3
    assert record_step(draft_corpus, "drug-a", ReviewState.APPROVED, by, two_person=False).by == by.strip()


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("demo-author", "Demo-Author"),
        ("demo-author", "demo-author\u200b"),
        ("demo-author", "\u2066demo-author\u2069"),
        ("demo-author", "demo\u3164-author"),
        ("demo-author", "demo-author\ufe0f"),
        ("demo author", "demo\u00a0 author"),
        ("Straße", "STRASSE"),
        ("é", "e\u0301"),
        ("ﬁrst", "first"),
        ("\u0345\u0301a", "\u0301\u0345a"),
    ],
)
def test_names_that_read_the_same_are_one_person(name: str, other: str) -> None:
    """In an older log too, where such a name was let in."""
    assert same_person(name, other)
    assert not same_person(name, "demo-editor")


@pytest.mark.parametrize(
    "by",
    [
        "demo\u200beditor",
        "\u202edemo-editor",
        "demo\teditor",
        "demo\x00editor",
        "demo\ue000",
        "demo\u0378",
        "demo\ufe0f",
        "\u3164",
    ],
)
def test_a_name_with_something_unseen_is_refused(draft_corpus: Path, run: Callable[..., Any], by: str) -> None:
    """In one line that shows what it is by its number, and nothing is written."""
    with pytest.raises(ReviewError, match=r"may not hold U\+[0-9A-F]{4}, which nobody sees"):
        record_step(draft_corpus, "drug-a", ReviewState.SUBMITTED, by)
    if "\x00" not in by:
        refused = run("review", "submit", "drug-a", "--by", by, "--corpus", draft_corpus)
        assert refused.exit_code == 1
        assert len(refused.output.splitlines()) == 1
    assert read_log(draft_corpus) == []


def test_an_older_log_with_such_a_name_is_still_read(draft_corpus: Path) -> None:
    """It is history; who took that step may still not approve."""
    record_step(draft_corpus, "drug-a", *WAY[0])
    (event,) = read_log(draft_corpus)
    (older,) = chained([event.model_copy(update={"by": "demo-editor\u200b"})])
    (draft_corpus / "reviews.jsonl").write_text(log_line(older))
    (draft_corpus / COPY).unlink()
    record_step(draft_corpus, "drug-a", *WAY[1])
    with pytest.raises(ReviewError, match="may not approve it"):
        record_step(draft_corpus, "drug-a", ReviewState.APPROVED, "demo-editor")
    assert len(read_log(draft_corpus)) == 2


@pytest.mark.parametrize("slug", ["../../x", "../x", "a/b", "..", "/etc/passwd", "Drug-A", "drug_a", "drug-a.md", ""])
@pytest.mark.parametrize(
    "command",
    [
        ("review", "submit", "{}", "--by", "demo-author"),
        ("review", "withdraw", "{}", "--by", "demo-author"),
        ("review", "diff", "{}"),
        ("review", "log", "{}"),
        ("article", "{}"),
    ],
)
def test_what_is_no_slug_is_refused_as_such(
    draft_corpus: Path, run: Callable[..., Any], command: tuple[str, ...], slug: str
) -> None:
    """In one line, before any file is looked for: a slug leads to no other folder."""
    (draft_corpus / "x.md").write_text(ARTICLE)
    refused = run(*(word.format(slug) for word in command), "--corpus", draft_corpus)
    assert refused.exit_code == 1
    (line,) = refused.output.splitlines()
    assert "is no slug" in line
    assert read_log(draft_corpus) == []


def test_content_that_nobody_submitted_cannot_be_approved(draft_corpus: Path) -> None:
    """An edit while under review would else be a way round the second person."""
    for state, by in WAY[:2]:
        record_step(draft_corpus, "drug-a", state, by)
    edit(draft_corpus)
    with pytest.raises(ReviewError, match="was never submitted: it was edited since"):
        record_step(draft_corpus, "drug-a", ReviewState.APPROVED, "demo-author")
    for state, by in WAY:
        record_step(draft_corpus, "drug-a", state, by)
    assert load_corpus(draft_corpus).states["drug-a"] is ReviewState.APPROVED


def test_a_step_without_a_role_is_refused(draft_corpus: Path) -> None:
    """In one line, and nothing is written."""
    with pytest.raises(ReviewError, match="cannot be recorded: by: "):
        record_step(draft_corpus, "drug-a", ReviewState.SUBMITTED, " ")
    assert read_log(draft_corpus) == []


def _submit(corpus: Path, writer: int) -> None:
    taken = 0
    while taken < 5:
        with suppress(StoreBusy):  # on a slow machine the lock comes to some only at a further try
            record_step(corpus, "drug-a", ReviewState.SUBMITTED, f"demo-author-{writer}")
            taken += 1


def test_concurrent_editors_lose_no_event(draft_corpus: Path) -> None:
    """Twenty processes record five steps each; the log holds a hundred whole events, and its chain holds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ragqa.editorial.review"])
    writers = [context.Process(target=_submit, args=(draft_corpus, writer)) for writer in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    events = read_log(draft_corpus)
    assert len(events) == 100
    assert {event.by for event in events} == {f"demo-author-{writer}" for writer in range(20)}


def test_the_text_of_an_approval_is_kept(draft_corpus: Path) -> None:
    """Named by its SHA-256; edits do not reach it, a further approval adds to it, and one that was altered is not given out."""
    for state, by in WAY:
        record_step(draft_corpus, "drug-a", state, by)
    edit(draft_corpus)
    kept = approved_text(draft_corpus, "drug-a", read_log(draft_corpus))
    assert kept is not None
    assert "8 weeks" in kept.text
    for state, by in WAY:
        record_step(draft_corpus, "drug-a", state, by)
    kept = approved_text(draft_corpus, "drug-a", read_log(draft_corpus))
    assert kept is not None
    assert "9 weeks" in kept.text
    files = sorted((draft_corpus / "approved" / "drug-a").glob("*.md"))
    assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] == [file.stem for file in files]
    assert len(files) == 2
    kept_file(draft_corpus, "drug-a", kept.sha256).write_text(ARTICLE.replace("8 weeks", "99 weeks"))
    assert approved_text(draft_corpus, "drug-a", read_log(draft_corpus)) is None


def test_what_waits_for_an_editor_comes_first(tmp_path: Path) -> None:
    """Under review, submitted, draft, approved, withdrawn; each with the steps that are legal from there."""
    states = {"a": "approved", "s": "submitted", "u": "under_review", "w": "withdrawn"}
    texts = dict.fromkeys((*states, "d"), ARTICLE)
    corpus = load_corpus(write_corpus(tmp_path / "corpus", texts, [abstract(101), abstract(102)], states))
    found = articles_in_review(corpus)
    assert [one.article.slug for one in found] == ["u", "s", "d", "a", "w"]
    assert all(set(one.possible) == NEXT[one.state] for one in found)
    assert not any(one.edited for one in found)


def test_the_queue_and_the_changes_on_the_command_line(draft_corpus: Path, run: Callable[..., Any]) -> None:
    """Before any approval there is nothing to compare with; after an edit its two figures stand side by side."""
    only = ("--corpus", draft_corpus)
    assert "no approved text of drug-a was kept" in run("review", "diff", "drug-a", *only).output
    for state, by in WAY:
        record_step(draft_corpus, "drug-a", state, by)
    assert "Nothing changed" in run("review", "diff", "drug-a", *only).output
    edit(draft_corpus)
    shown = run("review", "diff", "drug-a", *only).output
    assert "[-8-] {+9+} weeks" in shown
    assert "(evidence changed)" in shown
    assert "<del>8</del> <ins>9</ins>" in run("review", "diff", "drug-a", "--format", "html", *only).output
    assert "drug-a  submitted     (approved " in run("review", "queue", *only).output
    assert "1 of 1 articles wait" in run("review", "queue", *only).output


def test_an_article_that_is_not_what_was_approved_is_told_and_put_back(draft_corpus: Path, run: Callable[..., Any]) -> None:
    """`check` names it and the command, without failing; the command keeps what was there and the article is approved again."""
    for state, by in WAY:
        record_step(draft_corpus, "drug-a", state, by)
    only = ("--corpus", draft_corpus)
    assert "is not the text that was approved" not in run("check", *only).output
    file = draft_corpus / "articles" / "drug-a.md"
    edit(draft_corpus)
    edited = file.read_text()
    told = run("check", *only)
    assert told.exit_code == 0
    assert "drug-a.md: is not the text that was approved on " in told.output
    assert "`ragqa review restore drug-a`" in told.output
    done = run("review", "restore", "drug-a", *only)
    assert done.exit_code == 0
    assert "It is approved." in done.output
    assert load_corpus(draft_corpus).states["drug-a"] is ReviewState.APPROVED
    assert [other.read_text() for other in file.parent.glob("*.damaged-*")] == [edited]
    assert run("review", "restore", "drug-a", *only).exit_code == 0
    assert len(list(file.parent.glob("*.damaged-*"))) == 1


def test_an_edit_that_was_submitted_is_no_notice(draft_corpus: Path, run: Callable[..., Any]) -> None:
    """It waits for an editor, who knows."""
    for state, by in WAY:
        record_step(draft_corpus, "drug-a", state, by)
    edit(draft_corpus)
    record_step(draft_corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
    assert "is not the text that was approved" not in run("check", "--corpus", draft_corpus).output


@pytest.mark.parametrize("slug", ["drug-a", "../drug-a"])
def test_nothing_is_put_back_where_no_approved_text_is_kept(draft_corpus: Path, run: Callable[..., Any], slug: str) -> None:
    """One line, and the file is as it was."""
    done = run("review", "restore", slug, "--corpus", draft_corpus)
    assert done.exit_code == 1
    assert "no approved text" in done.stderr or "is no slug" in done.stderr
    assert (draft_corpus / "articles" / "drug-a.md").read_text() == ARTICLE
