"""The review log: every changed byte is found, and an event is written whole or not at all."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
from pathlib import Path

import pytest
from samples import ARTICLE, abstract, write_corpus, write_reviews

from ragqa.corpus.folder import load_corpus
from ragqa.corpus.records import ReviewState
from ragqa.corpus.reviewlog import COPY, known_log, log_line, mend_log, read_log
from ragqa.editorial.review import record_step
from ragqa.errors import CorpusError, InvalidRecord, StoreBusy
from ragqa.files.locking import locked

pytestmark = pytest.mark.quick


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """An article with three events, one with a note of more than letters."""
    folder = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    record_step(folder, "drug-a", ReviewState.WITHDRAWN, "demo-editor", 'a "note" in {braces},\nüber two lines')
    record_step(folder, "drug-a", ReviewState.SUBMITTED, "demo-author")
    return folder


def fault(folder: Path) -> str:
    """What a load of the corpus reports, "" for nothing."""
    try:
        load_corpus(folder)
    except CorpusError as error:
        return str(error)
    return ""


def test_every_changed_byte_is_found_with_its_line(corpus: Path) -> None:
    """Each byte of the log in turn is changed in two ways, taken out, and doubled."""
    log = corpus / "reviews.jsonl"
    data = log.read_bytes()
    assert fault(corpus) == ""
    for at in range(len(data)):
        line = data[:at].count(b"\n") + 1
        for put in (bytes([data[at] ^ 1]), bytes([data[at] ^ 32]), b"", data[at : at + 1] * 2):
            log.write_bytes(data[:at] + put + data[at + 1 :])
            expected = line + (put == b"\n\n")
            with pytest.raises(CorpusError, match=rf"reviews\.jsonl:{expected}: "):
                read_log(corpus)
    log.write_bytes(data)
    assert fault(corpus) == ""


def test_lines_taken_out_put_in_or_moved_are_found(corpus: Path) -> None:
    """The line after the gap no longer follows."""
    log = corpus / "reviews.jsonl"
    first, second, third = log.read_bytes().splitlines(keepends=True)
    for lines, line in (((second, third), 1), ((first, third), 2), ((first, second, second), 3), ((first, third, second), 2)):
        log.write_bytes(b"".join(lines))
        said = fault(corpus)
        assert f"reviews.jsonl:{line}: the review log was changed at this line: its chain does not follow" in said
        assert "Restore reviews.jsonl from a copy" in said


def test_a_log_that_was_cut_is_found_and_put_back(corpus: Path) -> None:
    """Any number of its last lines gone, or all of it: the events stay known, no step is taken, and mending brings them back."""
    log = corpus / "reviews.jsonl"
    lines, whole = log.read_bytes().splitlines(keepends=True), read_log(corpus)
    for kept in (2, 1, 0):
        log.write_bytes(b"".join(lines[:kept]))
        assert known_log(corpus).events == tuple(whole)
        said = fault(corpus)
        assert f"reviews.jsonl: the log was cut: its last {'event is' if kept == 2 else f'{3 - kept} events are'} missing" in said
        assert "`ragqa mend` puts it back" in said
        with pytest.raises(CorpusError, match="the log was cut"):
            record_step(corpus, "drug-a", ReviewState.UNDER_REVIEW, "demo-editor")
        assert str(mend_log(corpus)).startswith("restored from reviews.copy.jsonl; what it held is in reviews.jsonl.damaged-")
        assert log.read_bytes() == b"".join(lines)
        assert mend_log(corpus) is None
    log.unlink()
    assert mend_log(corpus) == "restored from reviews.copy.jsonl"


def test_every_changed_byte_of_a_log_with_a_copy_is_mended(corpus: Path) -> None:
    """And the events are known all the time."""
    log = corpus / "reviews.jsonl"
    data, whole = log.read_bytes(), tuple(read_log(corpus))
    for at in range(0, len(data), 37):
        log.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert known_log(corpus).events == whole
        mend_log(corpus)
        assert log.read_bytes() == data
        for aside in corpus.glob("*.damaged-*"):
            aside.unlink()


def test_without_a_copy_a_damaged_line_takes_back_what_it_names(corpus: Path) -> None:
    """The events before it count; nothing that it or a later line may have withdrawn does; a person must restore the log."""
    log = corpus / "reviews.jsonl"
    first, *rest = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(first + rest[0].replace(b"withdrawn", b"withdrawm") + rest[1])
    (corpus / COPY).write_bytes(b"\x00\xff")
    found = known_log(corpus)
    assert ([event.state for event in found.events], found.doubtful, found.complete) == (["approved"], {"drug-a"}, False)
    with pytest.raises(CorpusError, match=r"Restore reviews\.jsonl from a copy"):
        mend_log(corpus)


def test_a_log_and_a_copy_of_two_histories_are_left_to_a_person(corpus: Path) -> None:
    """Neither holds the other: nothing that either names is cited, and nothing is overwritten."""
    other = write_reviews(corpus, [json.loads(log_line(event)) | {"by": "demo-second"} for event in read_log(corpus)])
    found = known_log(corpus)
    assert found.fault is not None
    assert "tell two histories" in found.fault.message
    assert (found.complete, found.doubtful) == (False, {"drug-a"})
    before = other.read_bytes()
    with pytest.raises(CorpusError, match="two histories"):
        mend_log(corpus)
    assert other.read_bytes() == before


def test_a_copy_that_cannot_be_written_does_not_refuse_the_step(corpus: Path) -> None:
    """It catches up at the next one."""
    (corpus / COPY).unlink()
    (corpus / COPY).mkdir()
    record_step(corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
    (corpus / COPY).rmdir()
    record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
    assert (corpus / COPY).read_bytes() == (corpus / "reviews.jsonl").read_bytes()


def test_a_pipe_in_place_of_the_log_keeps_nobody_waiting(corpus: Path) -> None:
    """It is no log; the copy still knows the events."""
    whole = read_log(corpus)
    (corpus / "reviews.jsonl").unlink()
    os.mkfifo(corpus / "reviews.jsonl")
    assert known_log(corpus).events == tuple(whole)
    mend_log(corpus)
    assert read_log(corpus) == whole


def test_a_line_without_a_chain_is_found(corpus: Path) -> None:
    """As an older or a hand-written log has it."""
    log = corpus / "reviews.jsonl"
    head = log.read_text().splitlines()[0].split(', "chain"')[0] + "}\n"
    log.write_text(head)
    assert "reviews.jsonl:1: the review log was changed at this line: it has no chain" in fault(corpus)


def test_an_unfinished_last_line_is_reported_and_removed_by_the_next_step(corpus: Path) -> None:
    """Cut anywhere, as by a kill before the copy was written: the events before stay, the next one follows on them."""
    log = corpus / "reviews.jsonl"
    data = log.read_bytes()
    start = data[:-1].rindex(b"\n") + 1
    whole = read_log(corpus)
    for end in [*range(start + 1, len(data) - 1, 7), len(data) - 2]:
        log.write_bytes(data[:end])
        (corpus / COPY).write_bytes(data[:start])
        assert known_log(corpus).events == tuple(whole[:2])
        assert known_log(corpus).complete
        assert "reviews.jsonl:3: the last line is unfinished, so it is no event" in fault(corpus)
        record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-second")
        events = read_log(corpus)
        assert events[:2] == whole[:2]
        assert [event.by for event in events[2:]] == ["demo-second"]


def test_a_whole_event_is_never_removed(corpus: Path) -> None:
    """Without its line break it gets one; with anything else in its place it is a change, and no step is taken."""
    log = corpus / "reviews.jsonl"
    data = log.read_bytes()
    (corpus / COPY).unlink()
    log.write_bytes(data[:-1] + b" ")
    with pytest.raises(CorpusError, match=r"reviews\.jsonl:3: "):
        record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-second")
    assert log.read_bytes() == data[:-1] + b" "
    log.write_bytes(data[:-1])
    record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-second")
    assert log.read_bytes().startswith(data)
    assert len(read_log(corpus)) == 4


def _step_on_a_full_disk(corpus: Path, room: int) -> None:
    """The log may grow by ``room`` bytes only: the system takes that much of the line and refuses the rest."""
    size = (corpus / "reviews.jsonl").stat().st_size + room
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
    except OSError as error:
        os._exit(error.errno or 1)


@pytest.mark.parametrize("room", [0, 40])
def test_a_step_that_finds_no_room_leaves_the_log_as_it_was(corpus: Path, room: int) -> None:
    """For real: the process's own limit on the size of a file."""
    before = (corpus / "reviews.jsonl").read_bytes()
    process = multiprocessing.get_context("spawn").Process(target=_step_on_a_full_disk, args=(corpus, room))
    process.start()
    process.join()
    assert process.exitcode == errno.EFBIG
    assert (corpus / "reviews.jsonl").read_bytes() == before


def test_a_disk_that_fills_up_half_way_leaves_the_log_as_it_was(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC after half a line; the same step succeeds once there is room."""
    before = (corpus / "reviews.jsonl").read_bytes()
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
    assert (corpus / "reviews.jsonl").read_bytes() == before
    record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
    assert len(read_log(corpus)) == 4


def test_a_step_waits_for_others_only_so_long(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that holds the lock for long is told as such; what is no file in its place, too; nobody waits for ever."""
    monkeypatch.setattr("ragqa.corpus.reviewlog.recording.LOCK_SECONDS", 0.05)
    lock = corpus / ".reviews.lock"
    with lock.open("ab") as held, locked(held), pytest.raises(StoreBusy, match="take the step again"):
        record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
    for make in (os.mkfifo, Path.mkdir):
        lock.unlink()
        make(lock)
        with pytest.raises(InvalidRecord, match="run `ragqa mend`, or take it away"):
            record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")
    lock.rmdir()
    record_step(corpus, "drug-a", ReviewState.SUBMITTED, "demo-author")


def test_a_withdrawal_puts_a_damaged_log_back_by_itself(corpus: Path) -> None:
    """It must not wait for anybody to mend what the copy knows."""
    log = corpus / "reviews.jsonl"
    whole = read_log(corpus)
    log.write_bytes(log.read_bytes().replace(b"demo-author", b"demo-authos"))
    record_step(corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor")
    assert read_log(corpus)[:-1] == whole


def test_a_note_that_speaks_of_approval_approves_nothing(corpus: Path) -> None:
    """A damaged withdrawal takes back what it names, whatever else it says."""
    record_step(corpus, "drug-a", ReviewState.WITHDRAWN, "demo-editor", 'not "state": "approved"')
    (corpus / COPY).unlink()
    log = corpus / "reviews.jsonl"
    log.write_bytes(log.read_bytes()[:-4] + b'x"}\n')
    assert known_log(corpus).doubtful == {"drug-a"}
