"""The library of signed-off answers: what a change touches is redone, nothing else; nothing unreviewed is shown as reviewed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLE, abstract, write_corpus

from ragqa.corpus.records import ReviewState
from ragqa.editorial.affected import affected
from ragqa.editorial.library import Library
from ragqa.editorial.queue import sign_off_queue
from ragqa.editorial.regenerate import Report, estimate, propose, regenerate
from ragqa.editorial.replay import replay
from ragqa.editorial.retractions import take_back_retracted
from ragqa.editorial.review import record_step
from ragqa.editorial.served import served
from ragqa.editorial.versions import State
from ragqa.errors import CorpusError, LibraryError
from ragqa.index import current_generation
from ragqa.index.refresh import build_index
from ragqa.models import CrossEncoder
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import Settings

ON_A = "Does drug A help in condition B?"
ON_C = "Does drug C help in condition D?"
OTHER = ARTICLE.replace("drug A", "drug C").replace("Drug A", "Drug C").replace("condition B", "condition D")
OTHER = OTHER.replace("pmid:101", "pmid:201").replace("pmid:102", "pmid:202")


def test_a_new_library_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds what was asked."""
    Library(tmp_path / "library.sqlite").close()
    assert stat.S_IMODE((tmp_path / "library.sqlite").stat().st_mode) == 0o600


def rewritten(number: int) -> dict[str, Any]:
    """A trial of the other article."""
    record = abstract(number)
    sections = [
        {**s, "text": s["text"].replace("Drug A", "Drug C").replace("condition B", "condition D")} for s in record["sections"]
    ]
    return record | {"title": f"Drug C in condition D, trial {number}", "sections": sections}


ABSTRACTS = [abstract(101), abstract(102), rewritten(201), rewritten(202)]


@pytest.fixture
def desk(tmp_path: Path) -> Settings:
    """Two articles on two subjects, indexed; ``sources`` so few that neither is in reach of the other's question."""
    corpus = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE, "drug-c": OTHER}, ABSTRACTS)
    made = Settings(corpus=corpus, index=tmp_path / "index", library=tmp_path / "library.sqlite", sources=3)
    build_index(made)
    return made


@pytest.fixture
def library(desk: Settings) -> Iterator[Library]:
    """Both questions answered and signed off."""
    with Library(desk.library) as opened, Ragqa.open(desk) as ragqa:
        propose(opened, ragqa, [Asked(question=ON_A), Asked(question=ON_C)], "clinician", 2)
        for version in opened.versions(State.WAITING):
            opened.sign_off(version.number, "demo-editor")
        yield opened


def changed(desk: Settings, article: str, abstracts: list[dict[str, Any]] | None = None) -> None:
    """Edit the first article and have it approved again, by two roles; write other abstracts; index it all."""
    file = desk.corpus / "articles" / "drug-a.md"
    if file.read_text(encoding="utf-8") != article:
        file.write_text(article, encoding="utf-8")
        record_step(desk.corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
        record_step(desk.corpus, "drug-a", ReviewState.UNDER_REVIEW, "demo-editor")
        record_step(desk.corpus, "drug-a", ReviewState.APPROVED, "demo-editor")
    lines = "".join(json.dumps(record) + "\n" for record in abstracts or ABSTRACTS)
    (desk.corpus / "abstracts" / "all.jsonl").write_text(lines, encoding="utf-8")
    build_index(desk)


def redo(desk: Settings, library: Library) -> Report:
    """Regenerate with the corpus as it is now."""
    with Ragqa.open(desk) as ragqa:
        return regenerate(library, ragqa, 2)


def test_an_edit_touches_the_answers_made_from_it_and_no_other(desk: Settings, library: Library) -> None:
    """The other answer is confirmed without being made again; the new one waits, and the old one is not shown meanwhile."""
    changed(desk, ARTICLE.replace("20 mg/day", "30 mg/day"))
    with Ragqa.open(desk) as ragqa:
        listed, unchanged, looked_at = affected(library, ragqa)
    assert [entry.asked.question for entry in listed] == [ON_A]
    assert "article:drug-a edited" in listed[0].reasons
    assert (len(unchanged), looked_at) == (1, 2)
    report = redo(desk, library)
    assert [r.affected.asked.question for r in report.redone] == [ON_A]
    assert library.counts() == {"published": 2, "waiting": 1}
    ((new, old, difference),) = sign_off_queue(library)
    assert "30 mg/day" in str(new.answer.said())
    assert old is not None
    assert difference is not None
    with Ragqa.open(desk) as ragqa:
        assert served(library, ragqa, Asked(question=ON_A), "clinician") is None
        library.sign_off(new.number, "demo-editor")
        shown = served(library, ragqa, Asked(question=ON_A), "clinician")
    assert shown is not None
    assert shown.review_state == "approved"
    assert "30 mg/day" in str(shown.said())
    assert [v.state for v in library.history(new.key)] == [State.REPLACED, State.PUBLISHED]


def test_a_change_of_wording_replaces_at_once(desk: Settings, library: Library) -> None:
    """Another letter case says the same words; nothing waits."""
    changed(desk, ARTICLE.replace("Drug A is not recommended", "DRUG A is not recommended"))
    report = redo(desk, library)
    assert report.by_severity() == {"wording changed": 1}
    assert library.counts() == {"published": 2, "replaced": 1}


def test_a_retraction_unpublishes_at_once(desk: Settings, library: Library) -> None:
    """The answer that cites the paper is gone before anything is redone, and what is redone does not cite it."""
    retracted = [a | ({"notices": [{"kind": "retraction"}]} if a["id"] == "pmid:101" else {}) for a in ABSTRACTS]
    first = library.versions(State.PUBLISHED)[0].answer
    assert "pmid:101" not in [r.source_id for r in first.references]  # not cited itself: the article's sentences rest on it
    changed(desk, ARTICLE, retracted)
    report = redo(desk, library)
    assert report.unpublished == [1]
    assert [v.answer.question for v in library.versions(State.PUBLISHED)] == [ON_C]
    for version in library.versions(State.WAITING):
        assert all(r.source_id != "pmid:101" for r in version.answer.references)
    with Ragqa.open(desk) as ragqa:
        assert served(library, ragqa, Asked(question=ON_A), "clinician") is None


def test_a_second_run_does_nothing_and_a_rejected_answer_is_not_made_again(desk: Settings, library: Library) -> None:
    """What waits or was rejected from the present evidence is not answered again; other evidence is."""
    changed(desk, ARTICLE.replace("20 mg/day", "30 mg/day"))
    assert len(redo(desk, library).redone) == 1
    assert redo(desk, library).redone == []
    library.reject(library.versions(State.WAITING)[0].number, "demo-editor", "the trial is too small")
    assert redo(desk, library).redone == []
    changed(desk, ARTICLE.replace("20 mg/day", "40 mg/day"))
    assert len(redo(desk, library).redone) == 1
    changed(desk, ARTICLE)
    assert redo(desk, library).redone == []
    assert library.versions(State.WAITING) == []  # the evidence is again what the published answer rests on


def forget_the_weights(library: Library) -> None:
    """Write every basis as it was before the reranker's weights were part of it."""
    for version in library.versions():
        made_with = {name: value for name, value in version.basis.made_with.items() if name != "reranker"}
        basis = replace(version.basis, made_with=made_with | {"judge": "ms-marco-MiniLM-L-12-v2-int8"})
        library.rebase(version.number, basis, version.generation)


@pytest.mark.parametrize("decided", [False, True], ids=["waiting", "rejected"])
def test_an_answer_that_comes_out_the_same_from_another_basis_is_proposed_to_nobody(
    desk: Settings, library: Library, decided: bool
) -> None:
    """Answers kept before the reranker's weights were named are made again once; each stays published, waiting or rejected."""
    changed(desk, ARTICLE.replace("20 mg/day", "30 mg/day"))
    redo(desk, library)
    if decided:
        library.reject(library.versions(State.WAITING)[0].number, "demo-editor", "the trial is too small")
    states = [(version.number, version.state) for version in library.versions()]
    forget_the_weights(library)
    with Ragqa.open(desk) as ragqa:
        listed, *_ = affected(library, ragqa)
    assert f"reranker was not recorded, is {CrossEncoder.fingerprint}" in listed[0].reasons
    assert len(redo(desk, library).redone) == 2
    assert [(version.number, version.state) for version in library.versions()] == states
    assert redo(desk, library).redone == []


def test_other_weights_of_the_reranker_are_another_basis(
    desk: Settings, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that they decided is made again, and its digest is another one."""
    before = library.versions(State.PUBLISHED)[0].answer.digest
    was = CrossEncoder.fingerprint
    monkeypatch.setattr(CrossEncoder, "fingerprint", "onnx:other")
    with Ragqa.open(desk) as ragqa:
        listed, unchanged, _ = affected(library, ragqa)
        assert ragqa.ask(ON_A).digest != before
    assert {entry.reasons for entry in listed} == {(f"reranker was {was}, is onnx:other",)}
    assert not unchanged


def test_an_answer_can_be_replayed(desk: Settings, library: Library) -> None:
    """Word for word from its generation, also after the corpus moved on; another setting is named as the difference."""
    version = library.versions(State.PUBLISHED)[0]
    changed(desk, ARTICLE.replace("20 mg/day", "30 mg/day"))
    with Ragqa.open(desk, generation=version.generation) as ragqa:
        assert replay(version, ragqa, library.asked(version.key)).differences == ()
    with Ragqa.open(desk.model_copy(update={"abstain_below": 1.0}), generation=version.generation) as ragqa:
        differences = replay(version, ragqa, library.asked(version.key)).differences
    assert "abstain_below was 0.6, is 1.0" in differences
    assert "status differs" in differences


def test_a_question_is_stored_without_identifiers(desk: Settings) -> None:
    """Neither the question nor the turns before it, in any table of the file."""
    asked = Asked(question="Does drug A help Mrs Jane Miller, born 03/04/1961, MRN 88812345, in condition B?")
    with Library(desk.library) as opened, Ragqa.open(desk) as ragqa:
        propose(opened, ragqa, [asked], "clinician", 1)
        assert opened.counts() == {"waiting": 1}
    stored = b"".join(file.read_bytes() for file in desk.library.parent.glob("library.sqlite*"))
    for identifier in (b"Miller", b"03/04/1961", b"88812345"):
        assert identifier not in stored


def test_only_what_waits_can_be_decided(library: Library) -> None:
    """A published answer is not signed off twice, and an unknown one is named as such."""
    with pytest.raises(LibraryError, match="is published: only a waiting answer"):
        library.sign_off(1, "demo-editor")
    with pytest.raises(LibraryError, match="no answer 99"):
        library.reject(99, "demo-editor")
    assert library.counts() == {"published": 2}


def _sign(file: Path, number: int, outcome: multiprocessing.Queue[str]) -> None:
    with Library(file) as opened:
        try:
            opened.sign_off(number, f"demo-editor-{os.getpid()}")
            outcome.put("done")
        except LibraryError as error:
            outcome.put(str(error))


def test_two_editors_signing_off_at_once(desk: Settings) -> None:
    """One of them does it, the other is told so."""
    with Library(desk.library) as opened, Ragqa.open(desk) as ragqa:
        propose(opened, ragqa, [Asked(question=ON_A)], "clinician", 1)
    context = multiprocessing.get_context("spawn")
    outcomes: multiprocessing.Queue[str] = context.Queue()
    editors = [context.Process(target=_sign, args=(desk.library, 1, outcomes)) for _ in range(4)]
    for editor in editors:
        editor.start()
    found = sorted(outcomes.get(timeout=60) for _ in editors)
    for editor in editors:
        editor.join()
    assert [outcome for outcome in found if outcome != "done"] == [
        "answer 1 is published: only a waiting answer can be signed off or rejected"
    ] * 3
    assert found.count("done") == 1


def test_a_killed_run_goes_on_where_it_stopped(desk: Settings) -> None:
    """Killed while answering: every stored answer is whole, the next run adds the rest, none twice."""
    questions = [f"Does drug A {n} mg/day help in condition B?" for n in range(12)]
    file = desk.library.parent / "questions.jsonl"
    file.write_text("".join(f'{{"id": "q{n}", "question": "{question}"}}\n' for n, question in enumerate(questions)))
    options = ["--corpus", desk.corpus, "--index", desk.index, "--library", desk.library, "--workers", "2"]
    command = [sys.executable, "-m", "ragqa", "library", "add", file, *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as running:
        for _ in range(600):
            if _stored(desk.library) >= 3 or running.poll() is not None:
                break
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
    before = _stored(desk.library)
    assert before >= 3
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with Library(desk.library) as opened:
        found = [version.answer.question for version in opened.versions()]
    assert sorted(found) == sorted(questions)


def _stored(file: Path) -> int:
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM versions").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize("damage", ["text", "folder", "later", "directory"])
def test_what_is_no_library_is_refused_and_left_alone(tmp_path: Path, damage: str) -> None:
    """A clear error naming the file; the bytes stay."""
    file = tmp_path / "library.sqlite"
    if damage == "text":
        file.write_text("not a database, but long enough to be read as one" * 50)
    elif damage == "directory":
        file.mkdir()
    elif damage == "folder":
        file = Path("/proc/nowhere/library.sqlite")
    else:
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA user_version = 99")
    before = file.read_bytes() if file.is_file() else b""
    with pytest.raises(LibraryError, match=r"library\.sqlite"):
        Library(file)
    assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_full_disk_changes_nothing(desk: Settings, library: Library) -> None:
    """SQLite's limit on pages stands for the disk: the answer is refused, the file whole, and later it works."""
    version = library.versions(State.PUBLISHED)[0]
    database = library._database
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    long = version.answer.model_copy(update={"question": "x" * 200_000})
    with pytest.raises(LibraryError, match="full"):
        library.add_version(version.key, Asked(question=ON_A), long, version.basis, [], severity="s", reason="r")
    assert library.counts() == {"published": 2}
    database.execute("PRAGMA max_page_count = 1000000")
    assert library.add_version(version.key, Asked(question=ON_A), long, version.basis, [], severity="s", reason="r") == 3
    assert desk.library.exists()


def test_the_desk_from_the_command_line(desk: Settings, run: Callable[..., Any], tmp_path: Path) -> None:
    """Add, queue, sign off, ask again, change, list what is touched, regenerate, replay: each says what it did."""
    folders = ("--corpus", desk.corpus, "--index", desk.index, "--library", desk.library)
    only = ("--library", desk.library)
    questions = tmp_path / "questions.jsonl"
    questions.write_text(f'{{"id": "a", "question": "{ON_A}"}}\n', encoding="utf-8")
    assert "no library at" in run("regenerate", *folders).output
    assert "1 answered and waiting" in run("library", "add", questions, *folders).output
    assert "(new)" in run("library", "queue", *only).output
    assert "give the NUMBERs, or --all" in run("library", "signoff", "--by", "demo-editor", *only).output
    assert "1 answers published" in run("library", "signoff", "--all", "--by", "demo-editor", *only).output
    assert "Signed off by an editor" in run("library", "show", "1", *only).output
    assert "the same, word for word" in run("replay", "1", *folders).output
    changed(desk, ARTICLE.replace("20 mg/day", "30 mg/day"))
    before = {file: file.read_bytes() for file in (desk.index / "CURRENT", desk.corpus / "reviews.jsonl")}
    (desk.corpus / "articles" / "drug-a.md").write_text(ARTICLE.replace("20 mg/day", "40 mg/day"), encoding="utf-8")
    planned = run("regenerate", *folders, "--dry-run").output
    assert "Nothing was changed" in planned
    assert "article:drug-a article is submitted" in planned
    assert {file: file.read_bytes() for file in before} == before
    (desk.corpus / "articles" / "drug-a.md").write_text(ARTICLE.replace("20 mg/day", "30 mg/day"), encoding="utf-8")
    assert "article:drug-a edited" in run("regenerate", *folders, "--dry-run").output
    assert "1 published" in run("library", "list", *only).output
    assert "1 of 1 answers made again" in run("regenerate", *folders).output
    for style in ("text", "md", "html"):
        assert "20" in run("library", "queue", "--format", style, *only).output
    assert "1 answers rejected" in run("library", "reject", "2", "--by", "demo-editor", *only).output
    assert run("replay", "99", *folders).exit_code == 1


def test_ask_serves_what_was_signed_off(
    desk: Settings, library: Library, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same question gets the published answer while it stands, and a fresh one, not reviewed, when its article changed."""
    monkeypatch.setenv("RAGQA_LIBRARY", str(desk.library))
    monkeypatch.setenv("RAGQA_SOURCES", "3")
    folders = ("--corpus", desk.corpus, "--index", desk.index)
    assert library.counts() == {"published": 2}
    assert "Review: approved. Signed off by an editor" in run("ask", ON_A, *folders).output
    changed(desk, ARTICLE.replace("20 mg/day", "30 mg/day"))
    shown = run("ask", ON_A, *folders).output
    assert "Review: not reviewed" in shown
    assert "30 mg/day" in shown
    assert "Review: approved" in run("ask", ON_C, *folders).output


@pytest.mark.parametrize("source", ["article:drug-a", "pmid:102", "pmid:101"])
def test_what_was_taken_back_is_shown_as_signed_off_no_more(
    desk: Settings, library: Library, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Before any build, in the terminal too: a withdrawn article, a retracted paper that is cited, and one that only a quoted
    sentence of an article rests on."""
    if source == "article:drug-a":
        record_step(desk.corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
    else:
        lines = [record | ({"notices": [{"kind": "retraction"}]} if record["id"] == source else {}) for record in ABSTRACTS]
        (desk.corpus / "abstracts" / "all.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Ragqa.open(desk) as ragqa:
        assert served(library, ragqa, Asked(question=ON_A), "clinician") is None
        shown = served(library, ragqa, Asked(question=ON_C), "clinician")
        assert shown is not None
        assert shown.review_state == "approved"
    monkeypatch.setenv("RAGQA_LIBRARY", str(desk.library))
    monkeypatch.setenv("RAGQA_SOURCES", "3")
    told = run("ask", ON_A, "--corpus", desk.corpus, "--index", desk.index).output
    assert "Review: not reviewed" in told
    assert ("20 mg/day" in told) is (source == "pmid:102")  # what else stands is told anew


def test_a_retraction_list_takes_the_answer_back_and_rebuilds_the_index(
    desk: Settings, library: Library, run: Callable[..., Any], tmp_path: Path
) -> None:
    """One command: the record, the library and the index."""
    listed = tmp_path / "retracted.txt"
    listed.write_text("101\n", encoding="utf-8")
    shown = run("retractions", listed, "--corpus", desk.corpus, "--index", desk.index, "--library", desk.library)
    assert shown.exit_code == 0, shown.output
    assert f"answer 1 (published): {ON_A}" in shown.output
    assert "1 answers unpublished: 1" in shown.output
    assert library.counts() == {"published": 1, "unpublished": 1}
    with Ragqa.open(desk) as ragqa:
        assert ragqa.generation.find("pmid:101") is None


def test_a_retraction_takes_back_also_when_the_corpus_has_faults(desk: Settings, library: Library) -> None:
    """A fault in what an approved article cites keeps the index as it was, and shields no answer; one elsewhere does neither."""
    changed(desk, ARTICLE, [abstract(101, notices=[{"kind": "retraction"}]), *ABSTRACTS[1:]])
    records = desk.corpus / "abstracts" / "all.jsonl"
    whole = records.read_text()
    records.write_text(whole.replace('"pmid:102"', '"pmid:102'))
    with pytest.raises(CorpusError, match=r"all\.jsonl:2"):
        take_back_retracted(desk)
    assert library.counts() == {"published": 1, "unpublished": 1}
    records.write_text(whole)
    (desk.corpus / "abstracts" / "broken.jsonl").write_text("not JSON\n")
    assert take_back_retracted(desk).generation == current_generation(desk.index)


def test_an_estimate_comes_from_what_the_answers_took(desk: Settings, library: Library) -> None:
    """Nothing affected takes no time; more workers take less."""
    changed(desk, ARTICLE.replace("20 mg/day", "30 mg/day"))
    with Ragqa.open(desk) as ragqa:
        entries, _, _ = affected(library, ragqa)
    took = library.version(1).answer.trace.milliseconds["total"] / 1000
    assert estimate(library, [], 2) == 0
    assert estimate(library, entries, 1) == pytest.approx(took)
    assert estimate(library, entries, 4) == pytest.approx(took / 4)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE versions SET answer = '{\"id\": 3}'",
        "UPDATE versions SET answer = 'no JSON'",
        "UPDATE versions SET basis = '[1]'",
        "UPDATE versions SET state = 'odd'",
        "UPDATE entries SET asked = '[]'",
        "DELETE FROM entries",
        "DROP TABLE versions",
    ],
)
def test_a_damaged_row_is_one_named_fault(desk: Settings, library: Library, damage: str) -> None:
    """Whatever is read: the file is named with what to do, and no other error comes out."""
    key = library.versions()[0].key
    with Ragqa.open(desk) as ragqa:
        with sqlite3.connect(desk.library) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute(damage)
        reads: list[Callable[[], object]] = [
            lambda: library.versions(),
            lambda: library.version(1),
            lambda: list(library.latest()),
            lambda: library.asked(key),
            lambda: library.decisions(5),
            lambda: library.resting_on(["pmid:101"]),
            lambda: affected(library, ragqa),
        ]
        faults = []
        for read in reads:
            try:
                read()
            except LibraryError as error:
                faults.append(str(error))
    assert faults
    assert all(str(desk.library) in fault and "\n" not in fault for fault in faults)


def test_a_torn_library_is_one_named_fault(desk: Settings, library: Library) -> None:
    """Its middle overwritten: reading says so."""
    library._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = desk.library.read_bytes()
    desk.library.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with Library(desk.library) as opened, pytest.raises(LibraryError, match=r"library\.sqlite"):
        opened.versions()


def test_a_damaged_library_keeps_nobody_from_an_answer(
    desk: Settings, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the command line as on the server: it is answered anew, and the fault is told beside it."""
    for aside in desk.library.parent.glob(f"{desk.library.name}*"):
        aside.unlink()
    desk.library.write_bytes(b"no database" * 1000)
    monkeypatch.setenv("RAGQA_LIBRARY", str(desk.library))
    folders = ("--corpus", desk.corpus, "--index", desk.index)
    result = run("ask", "Does drug A help in condition B?", *folders)
    assert result.exit_code == 0
    assert "Answered anew, the library of signed-off answers cannot be read" in result.stderr
    assert "Professional disclaimer" in result.stdout
