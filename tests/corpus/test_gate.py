"""The gate at the moment of answering: what was taken back is quoted no more, whatever the index still holds."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLE, abstract, write_corpus, write_reviews

from ragqa.answer.contract import Answer
from ragqa.corpus.folder import retracted_ids
from ragqa.corpus.records import ReviewState
from ragqa.corpus.reviewlog import COPY, LOG, log_line, mend_log, read_log
from ragqa.editorial.review import record_step
from ragqa.errors import CorpusError, IndexMismatch
from ragqa.files.locking import locked
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import Settings

QUESTION = "Does drug A help in condition B?"


def cited(answer: Answer) -> set[str]:
    """Ids of the sources that an answer quotes."""
    return {reference.source_id for reference in answer.references}


def retract(corpus: Path, number: int) -> None:
    """The record says it was retracted, as `ragqa retractions` writes it."""
    file = corpus / "abstracts" / "all.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        if row["id"] == f"pmid:{number}":
            row["notices"] = [{"kind": "retraction"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_withdrawal_counts_for_the_next_question_without_any_build(settings: Settings) -> None:
    """Also with a faulty draft in the folder and another build holding the lock; what only it cited goes with it."""
    with Ragqa.open(settings) as ragqa:
        assert "article:drug-a" in cited(ragqa.ask(QUESTION))
        (settings.corpus / "articles" / "draft.md").write_text("---\nupdated: 2026-13-45\n---\n")
        with (settings.index / "LOCK").open("ab") as lock, locked(lock):
            record_step(settings.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
            answer = ragqa.ask(QUESTION)
        assert (answer.status, cited(answer)) == ("insufficient_evidence", set())
        assert ragqa.search(QUESTION, 10) == []
        assert ragqa.provenance(Asked(question=QUESTION)).sources == {}
        assert {"article:drug-a", "pmid:101", "pmid:102"} <= ragqa.now().generation.left_out().keys()
    with Ragqa.open(settings) as opened:
        assert cited(opened.ask(QUESTION)) == set()


def test_what_another_approved_article_cites_stays(tmp_path: Path) -> None:
    """Of two articles that share a trial one is withdrawn."""
    other = ARTICLE.replace("drug A help in condition B", "drug A work").replace("  - pmid:102\n", "").replace("[2]", "[1]")
    corpus = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE, "other": other}, [abstract(101), abstract(102)])
    with Ragqa.open(Settings(corpus=corpus, index=tmp_path / "index")) as ragqa:
        record_step(corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
        assert ragqa.now().generation.withheld == {
            "article:drug-a": "article is withdrawn",
            "pmid:102": "cited by no approved article",
        }
        assert "article:other" in cited(ragqa.ask(QUESTION))


def test_a_retraction_counts_without_any_build(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the paper nor the article's sentences that rest on it alone are quoted."""
    monkeypatch.setattr("ragqa.index.withheld.LOOK", 0.0)
    with Ragqa.open(settings) as ragqa:
        before = " ".join(statement.text for statement in ragqa.ask(QUESTION).statements)
        assert "lowered the symptom score" in before
        retract(settings.corpus, 101)
        answer = ragqa.ask(QUESTION)
        assert "pmid:101" not in cited(answer)
        assert not any("lowered the symptom score" in statement.text for statement in answer.statements)


def test_a_newer_text_that_waits_leaves_the_approved_one(settings: Settings) -> None:
    """Edited and submitted: what was approved is quoted until the index follows."""
    with Ragqa.open(settings) as ragqa:
        file = settings.corpus / "articles" / "drug-a.md"
        file.write_text(file.read_text() + "\nMore. [1]\n")
        record_step(settings.corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
        assert "article:drug-a" in cited(ragqa.ask(QUESTION))


def test_the_end_of_an_answer_under_way_is_checked_too(settings: Settings) -> None:
    """Withdrawn while it is read: it is made again, without what was taken back."""
    with Ragqa.open(settings) as ragqa:

        def stage(name: str) -> None:
            if name == "checking" and len(read_log(settings.corpus)) == 1:
                record_step(settings.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")

        assert cited(ragqa.ask(QUESTION, stage=stage)) == set()


def test_a_log_that_loses_a_withdrawal_does_not_bring_the_article_back(settings: Settings) -> None:
    """Cut with its copy, or gone with its folder, while an index is open: what was known stays known."""
    with Ragqa.open(settings) as ragqa:
        before = (settings.corpus / LOG).read_bytes()
        record_step(settings.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
        assert cited(ragqa.ask(QUESTION)) == set()
        (settings.corpus / COPY).unlink()
        (settings.corpus / LOG).write_bytes(before)
        assert cited(ragqa.ask(QUESTION)) == set()
        assert ragqa.gate is not None
        assert ragqa.gate.fault is not None
        shutil.rmtree(settings.corpus)
        assert cited(ragqa.ask(QUESTION)) == set()


def test_a_cut_log_is_known_from_its_copy(settings: Settings) -> None:
    """The last line, a withdrawal, is taken out before anything was built from it."""
    build_index(settings)
    before = (settings.corpus / LOG).read_bytes()
    record_step(settings.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
    (settings.corpus / LOG).write_bytes(before)
    with Ragqa.open(settings) as ragqa:
        assert cited(ragqa.ask(QUESTION)) == set()
    with pytest.raises(CorpusError, match="the log was cut"):
        build_index(settings)
    mend_log(settings.corpus)
    assert build_index(settings).manifest.counts["articles"] == 0


def test_an_index_answers_only_for_its_own_corpus(settings: Settings, tmp_path: Path) -> None:
    """Not for one that is not there, nor for another; for its own also after a move."""
    build_index(settings)
    with pytest.raises(CorpusError, match="nowhere: no such folder"):
        Ragqa.open(settings.model_copy(update={"corpus": tmp_path / "nowhere"}))
    other = write_corpus(tmp_path / "other", {"drug-x": ARTICLE}, [abstract(101), abstract(102)])
    with pytest.raises(IndexMismatch, match="was not built from"):
        Ragqa.open(settings.model_copy(update={"corpus": other}))
    moved = settings.model_copy(update={"corpus": shutil.move(settings.corpus, tmp_path / "moved")})
    with Ragqa.open(moved) as ragqa:
        assert ragqa.ask(QUESTION).status == "answered"


def test_without_a_review_log_the_folder_or_its_files_tell(tmp_path: Path) -> None:
    """Imported records alone: another folder of other files is refused, and its index can be built at the same place."""
    first = write_corpus(tmp_path / "first", {}, [abstract(n) for n in (101, 102)], {})
    second = write_corpus(tmp_path / "second", {}, [abstract(103)], {})
    settings = Settings(corpus=first, index=tmp_path / "index", abstracts="all")
    build_index(settings)
    with pytest.raises(IndexMismatch, match=r"was built from .*first, not from .*second: name the index"):
        Ragqa.open(settings.model_copy(update={"corpus": second}))
    copied = settings.model_copy(update={"corpus": Path(shutil.copytree(first, tmp_path / "copy"))})
    Ragqa.open(copied).close()
    with (first / "abstracts" / "all.jsonl").open("a") as file:
        file.write(json.dumps(abstract(104)) + "\n")
    Ragqa.open(settings).close()


def test_the_command_line_names_the_folder_that_is_not_there(settings: Settings, run: Callable[..., Any]) -> None:
    """One line, no answer."""
    build_index(settings)
    result = run("ask", QUESTION, "--corpus", "nowhere", "--index", settings.index)
    assert result.exit_code == 1
    assert "nowhere: no such folder; name a corpus with --corpus DIR" in result.output
    assert "Traceback" not in result.output


def test_a_retraction_is_seen_whatever_else_is_wrong_with_the_file(small_corpus: Path) -> None:
    """A faulty record and a torn line do not shield it; a pipe among the files keeps nobody waiting."""
    lines = [
        json.dumps(abstract(101) | {"unknown": 1, "notices": [{"kind": "retraction"}]}),
        json.dumps({"id": "pmid:102", "notices": "retraction"}),
        json.dumps(abstract(103) | {"notices": [{"kind": "correction", "note": "no retraction"}]}),
        '{"id": "pmid:104", "notices": [{"kind": "retraction"',
    ]
    (small_corpus / "abstracts" / "more.jsonl").write_text("\n".join(lines))
    os.mkfifo(small_corpus / "abstracts" / "pipe.jsonl")
    assert retracted_ids(small_corpus) == ["pmid:101", "pmid:104"]


def test_an_article_can_be_withdrawn_whatever_its_file_holds(settings: Settings) -> None:
    """Damaged, or gone: the event names the last text that is known."""
    build_index(settings)
    file = settings.corpus / "articles" / "drug-a.md"
    approved = read_log(settings.corpus)[0].sha256
    file.write_bytes(b"\xff\xfe")
    assert record_step(settings.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor").sha256 != approved
    write_reviews(settings.corpus, [json.loads(log_line(event)) for event in read_log(settings.corpus)[:1]])
    (settings.corpus / COPY).unlink()
    file.unlink()
    assert record_step(settings.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor").sha256 == approved
    with Ragqa.open(settings) as ragqa:
        assert cited(ragqa.ask(QUESTION)) == set()
