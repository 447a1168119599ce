"""Notices applied to a corpus: who is touched, what stays to the byte, and what a reader is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from efetch import Efetch
from samples import ARTICLE, abstract, write_corpus

from ragqa.corpus.folder import citable, load_corpus
from ragqa.corpus.importers.listed import Listed
from ragqa.corpus.importers.ncbi import Ncbi
from ragqa.corpus.notices import Applied, apply_notices, fetch_records, refresh_notices, report
from ragqa.corpus.records import Notice, NoticeKind
from ragqa.errors import CorpusError, NetworkError

Run = Callable[..., Any]


def listed(*ids: str, kind: NoticeKind = NoticeKind.RETRACTION, **given: str) -> Listed:
    """One entry of a list."""
    return Listed(ids=frozenset(ids), notices=(Notice(kind=kind, **given),))


def records(corpus: Path) -> Path:
    """The file that holds the small corpus' records."""
    return corpus / "abstracts" / "all.jsonl"


def rows(file: Path) -> dict[str, Any]:
    """The records of a file as they stand there."""
    return {row["id"]: row for row in map(json.loads, file.read_text().splitlines())}


def client(efetch: Efetch) -> Ncbi:
    """A client that never waits."""
    return Ncbi(efetch.url, sleep=lambda seconds: None)


def test_a_retracted_source_can_no_longer_be_cited(small_corpus: Path) -> None:
    """Applied, the gate shuts; the answer says who is touched and which approved article cites it."""
    assert citable(load_corpus(small_corpus)).ids() == {"article:drug-a", "pmid:101", "pmid:102"}
    applied = apply_notices(small_corpus, [listed("pmid:101", source_id="pmid:901"), listed("pmid:999")])
    after = citable(load_corpus(small_corpus))
    assert after.ids() == {"article:drug-a", "pmid:102"}
    assert after.excluded["pmid:101"] == "retracted"
    assert (applied.ids, applied.retracted) == (("pmid:101",), ("pmid:101",))
    assert [article.slug for article in applied.touched[0].cited_by] == ["drug-a"]


def test_concern_and_correction_are_kept_and_do_not_retract(small_corpus: Path) -> None:
    """Both are notices, neither shuts the gate."""
    entries = [listed("pmid:101", kind=NoticeKind.EXPRESSION_OF_CONCERN), listed("pmid:102", kind=NoticeKind.CORRECTION)]
    applied = apply_notices(small_corpus, entries)
    assert (applied.ids, applied.retracted) == (("pmid:101", "pmid:102"), ())
    corpus = load_corpus(small_corpus)
    assert [notice.kind.value for notice in corpus.abstracts["pmid:101"].notices] == ["expression_of_concern"]
    assert "pmid:101" in citable(corpus).ids()


@pytest.mark.parametrize(
    "record",
    [
        abstract(101, doi="10.5555/Made.ONE"),
        abstract(101, doi="https://doi.org/10.5555/made.one"),
        abstract(101, id="doi:10.5555/MADE.one"),
    ],
    ids=["doi-field", "doi-as-address", "doi-as-id"],
)
def test_a_doi_matches_in_any_case(tmp_path: Path, record: dict[str, Any]) -> None:
    """By the doi field or the id; DOIs are case-insensitive."""
    corpus = write_corpus(tmp_path / "corpus", {}, [record])
    assert len(apply_notices(corpus, [listed("doi:10.5555/made.one")]).retracted) == 1


def test_a_notice_is_added_once(small_corpus: Path) -> None:
    """The same list again, or another list of the same retraction, changes no byte; a second correction is a second notice."""
    first = [listed("pmid:101", source_id="pmid:901"), listed("pmid:102", kind=NoticeKind.CORRECTION, note="dated 2020-01-02")]
    apply_notices(small_corpus, first)
    before = records(small_corpus).read_bytes()
    for again in (first, [listed("pmid:101", note="listed in b.txt")], [listed("pmid:101", source_id="doi:10.5555/n")]):
        assert apply_notices(small_corpus, again).touched == ()
    assert records(small_corpus).read_bytes() == before
    assert apply_notices(small_corpus, [listed("pmid:102", kind=NoticeKind.CORRECTION, source_id="pmid:903")]).ids == (
        "pmid:102",
    )


def test_a_retraction_that_gets_its_name_later_is_not_newly_retracted(small_corpus: Path) -> None:
    """The notice that names its source is added to the one that did not; the paper was retracted before."""
    apply_notices(small_corpus, [listed("pmid:101", note="listed in a.txt")])
    applied = apply_notices(small_corpus, [listed("pmid:101", source_id="pmid:901")])
    assert (applied.ids, applied.retracted) == (("pmid:101",), ())
    assert [row.get("note") for row in rows(records(small_corpus))["pmid:101"]["notices"]] == ["listed in a.txt", None]


def test_every_other_line_stays_to_the_byte(tmp_path: Path) -> None:
    """Odd spacing, escapes, line ends, blank lines, damage: all as before. The changed record's keys keep their order."""
    corpus = write_corpus(tmp_path / "corpus", {}, [])
    changed = {"source": "s", "notices": [{"note": "old", "kind": "correction"}], "title": "café", "id": "pmid:5"}
    lines = [
        b'{ "id":"pmid:1",  "title":"caf\\u00e9", "text_origin":"summary", "source":"s" }\r\n',
        b"\n",
        json.dumps(changed | {"text_origin": "summary"}).encode() + b"\n",
        b'{"id": "pmid:3", "title": "\xff"}\n',
        b"not JSON\n",
        b'{"id": "pmid:4", "title": "t", "text_origin": "summary", "source": "s"}',
    ]
    records(corpus).write_bytes(b"".join(lines))
    untouched = corpus / "abstracts" / "other.jsonl"
    untouched.write_bytes(lines[0].replace(b"pmid:1", b"pmid:9"))
    inode = untouched.stat().st_ino
    applied = apply_notices(corpus, [listed("pmid:5", source_id="pmid:901")])
    after = records(corpus).read_bytes().splitlines(keepends=True)
    assert [*after[:2], *after[3:]] == [*lines[:2], *lines[3:]]
    row = json.loads(after[2])
    assert list(row) == ["source", "notices", "title", "id", "text_origin"]
    assert row["notices"] == [{"note": "old", "kind": "correction"}, {"kind": "retraction", "source_id": "pmid:901"}]
    assert "café".encode() in after[2]
    assert [(fault.line, fault.file.name) for fault in applied.faults] == [(4, "all.jsonl"), (5, "all.jsonl")]
    assert untouched.stat().st_ino == inode


def test_a_write_that_fails_leaves_the_old_file_and_touches_nobody(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No space left: the old bytes, no leftover, a fault; the other file is written, and only its record counts as touched."""
    other = small_corpus / "abstracts" / "other.jsonl"
    other.write_text(json.dumps(abstract(104)) + "\n")
    before = records(small_corpus).read_bytes()
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.name == "all.jsonl":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    applied = apply_notices(small_corpus, [listed("pmid:101"), listed("pmid:104")])
    assert records(small_corpus).read_bytes() == before
    assert sorted(file.name for file in other.parent.iterdir()) == ["all.jsonl", "other.jsonl"]
    assert applied.retracted == ("pmid:104",)
    assert "No space left" in str(applied.faults[0])


def test_a_kill_while_writing_leaves_the_old_file(small_corpus: Path) -> None:
    """The process dies half-way through the new file: every old byte is there, and a second run does the work."""
    before = records(small_corpus).read_bytes()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from ragqa.corpus.importers.lists import read_lists\n"
        "from ragqa.corpus.notices import apply_notices, rewriting\n"
        "whole = rewriting.write_atomic\n"
        "def dying(file, chunks):\n"
        "    def half():\n"
        "        yield next(iter(chunks)); os.kill(os.getpid(), 9)\n"
        "    whole(file, half())\n"
        "rewriting.write_atomic = dying\n"
        "apply_notices(Path(sys.argv[1]), read_lists([Path(sys.argv[2])])[0])\n"
    )
    numbers = small_corpus.parent / "list.txt"
    numbers.write_text("101\n")
    done = subprocess.run([sys.executable, "-c", code, small_corpus, numbers], capture_output=True, check=False)
    assert done.returncode == -9
    assert records(small_corpus).read_bytes() == before
    assert apply_notices(small_corpus, [listed("pmid:101")]).retracted == ("pmid:101",)


def test_a_line_too_long_stays_and_is_a_fault(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice may be meant for it, so it is told."""
    monkeypatch.setattr("ragqa.corpus.notices.rewriting.LONGEST_LINE", 1000)
    long = json.dumps(abstract(104, title="x" * 2000)).encode() + b"\n"
    with records(small_corpus).open("ab") as stream:
        stream.write(long)
    applied = apply_notices(small_corpus, [listed("pmid:101"), listed("pmid:104")])
    assert applied.ids == ("pmid:101",)
    assert [fault.line for fault in applied.faults] == [4]
    assert records(small_corpus).read_bytes().endswith(long)


def test_a_dry_run_writes_nothing_and_tells_the_same(small_corpus: Path) -> None:
    """The report is the same but for its end."""
    before = records(small_corpus).read_bytes()
    dry = apply_notices(small_corpus, [listed("pmid:101")], dry_run=True)
    assert records(small_corpus).read_bytes() == before
    wet = apply_notices(small_corpus, [listed("pmid:101")])
    assert dry == wet
    assert report(dry, dry_run=True)[:-1] == report(wet)[:-1]
    assert report(dry, dry_run=True)[-1] == "Nothing was written."


def test_a_reinstatement_is_told_and_changes_nothing(small_corpus: Path) -> None:
    """A person decides; a retraction beside it in the same list still counts."""
    again = Listed(ids=frozenset({"pmid:101"}), reinstated=True)
    assert apply_notices(small_corpus, [again]) == Applied(reinstated=("pmid:101",))
    applied = apply_notices(small_corpus, [listed("pmid:101"), again])
    assert (applied.retracted, applied.reinstated) == (("pmid:101",), ("pmid:101",))
    assert any("pmid:101 is listed as reinstated: nothing was changed" in line for line in report(applied))


def test_the_report_is_in_words_the_gravest_first(tmp_path: Path) -> None:
    """Title, what it means, where it was said, which approved article cites it; a draft that cites it is not named."""
    texts = {"drug-a": ARTICLE, "draft": ARTICLE.replace("condition B", "condition C")}
    corpus = write_corpus(tmp_path / "corpus", texts, [abstract(n) for n in (101, 102, 103)], {"drug-a": "approved"})
    entries = [
        listed("pmid:101", kind=NoticeKind.CORRECTION, source_id="pmid:902"),
        listed("pmid:103"),
        listed("pmid:102", source_id="pmid:901", note="dated 2024-05-24"),
    ]
    assert report(apply_notices(corpus, entries)) == [
        "pmid:102  Drug A in condition B, trial 102",
        "    RETRACTED: it supports no answer any more (pmid:901, dated 2024-05-24)",
        "    cited by the approved article drug-a: Does drug A help in condition B?",
        "pmid:103  Drug A in condition B, trial 103",
        "    RETRACTED: it supports no answer any more",
        "    cited by no approved article",
        "pmid:101  Drug A in condition B, trial 101",
        "    CORRECTED: part of it was published wrongly; it is still cited, with this remark (pmid:902)",
        "    cited by the approved article drug-a: Does drug A help in condition B?",
        "3 records with new notices (2 retractions, 1 correction), cited by 1 approved article.",
        "Answers change when the index is built: `ragqa index`, or `ragqa regenerate` where answers were published.",
    ]


def test_no_such_corpus(tmp_path: Path) -> None:
    """Nothing is created where no corpus is."""
    with pytest.raises(CorpusError, match="no such folder"):
        apply_notices(tmp_path / "nowhere", [listed("pmid:1")])
    assert not (tmp_path / "nowhere").exists()


def test_online_asks_for_every_numbered_record(small_corpus: Path, efetch: Efetch) -> None:
    """Only records with a PubMed number are asked for; only notices change, whatever else PubMed says."""
    with records(small_corpus).open("a") as stream:
        stream.write(json.dumps(abstract(1, id="doi:10.5555/x")) + "\n")
    before = rows(records(small_corpus))
    applied = refresh_notices(small_corpus, client(efetch))
    assert efetch.asked[0]["id"] == "101,102,103"
    assert (applied.ids, applied.retracted, applied.missing) == (("pmid:101", "pmid:102"), ("pmid:101",), ("103",))
    after = rows(records(small_corpus))
    assert [row.pop("notices", None) is not None for row in after.values()] == [True, True, False, False]
    assert after == before
    assert refresh_notices(small_corpus, client(efetch)).touched == ()


def test_what_was_found_before_the_network_failed_is_applied(
    small_corpus: Path, efetch: Efetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch came, the next did not: the retraction found is in force, and the fault says how far it got."""
    monkeypatch.setattr("ragqa.corpus.importers.ncbi.BATCH", 1)
    reply = efetch.reply
    monkeypatch.setattr(efetch, "reply", lambda form: reply(form) if form["id"] == "101" else (503, {}, b""))
    applied = refresh_notices(small_corpus, client(efetch))
    assert applied.retracted == ("pmid:101",)
    assert "only 1 of 3 records were looked up" in str(applied.faults[0])
    monkeypatch.setattr(efetch, "reply", lambda form: (503, {}, b""))
    with pytest.raises(NetworkError):
        refresh_notices(small_corpus, client(efetch))


def test_fetch_adds_refreshes_and_spares_summaries(tmp_path: Path, efetch: Efetch) -> None:
    """A publisher's record gets fields and keeps its text, a summary only notices; the new one goes to its own file."""
    held = [abstract(101, text_origin="publisher", uncited_reason="kept"), abstract(102)]
    corpus = write_corpus(tmp_path / "corpus", {}, held)
    applied = fetch_records(corpus, ["101", "102", "104", "105"], client(efetch))
    after = rows(records(corpus))
    publisher, summary = after["pmid:101"], after["pmid:102"]
    assert publisher["title"] == "Made for a test: drug A in condition B, title as corrected."
    assert (publisher["year"], publisher["doi"], publisher["authors"]) == (2021, "10.5555/made.101", ["Invented A"])
    assert publisher["sections"] == held[0]["sections"]
    assert (publisher["source"], publisher["uncited_reason"]) == (held[0]["source"], "kept")
    assert list(publisher)[: len(held[0])] == list(held[0])
    correction = {"kind": "correction", "source_id": "pmid:902", "note": "J Inv Trials. 2020;6:2"}
    assert summary == held[1] | {"notices": [correction]}
    assert list(rows(corpus / "abstracts" / "pubmed.jsonl")) == ["pmid:104"]
    assert (applied.new, applied.refreshed, applied.missing) == (("pmid:104",), ("pmid:101",), ("105",))
    assert (applied.ids, applied.retracted) == (("pmid:101", "pmid:102"), ("pmid:101",))
    assert load_corpus(corpus).abstracts["pmid:104"].text == "Made for a test: a new text."
    before = {file: file.read_bytes() for file in (corpus / "abstracts").iterdir()}
    again = fetch_records(corpus, ["101", "102", "104"], client(efetch))
    assert (again.touched, again.new, again.refreshed) == ((), (), ())
    assert {file: file.read_bytes() for file in (corpus / "abstracts").iterdir()} == before


def test_a_fetched_record_that_is_retracted_is_told(tmp_path: Path, efetch: Efetch) -> None:
    """An article may wait for it; a record file without a last line end is continued on a new line."""
    corpus = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(102)])
    (corpus / "abstracts" / "pubmed.jsonl").write_text(json.dumps(abstract(7)))
    applied = fetch_records(corpus, ["101"], client(efetch))
    assert applied.retracted == ("pmid:101",)
    assert [article.slug for article in applied.touched[0].cited_by] == ["drug-a"]
    assert set(load_corpus(corpus).abstracts) == {"pmid:7", "pmid:101", "pmid:102"}


def test_the_commands(run: Run, small_corpus: Path, efetch: Efetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lists: everything readable is applied and the exit code tells of what was not. Online and fetch use the settings."""
    (tmp_path / "list.txt").write_text("101\nnonsense\n")
    where = ("--corpus", small_corpus)
    dry = run("retractions", tmp_path / "list.txt", *where, "--dry-run")
    assert "Nothing was written." in dry.output
    shown = run("retractions", tmp_path / "list.txt", *where)
    assert shown.exit_code == 1
    assert "    RETRACTED: it supports no answer any more (listed in list.txt)\n" in shown.stdout
    assert "list.txt:2: 'nonsense' is no PubMed number" in shown.stderr
    assert "1 fault; everything else was read" in shown.stderr
    assert load_corpus(small_corpus).abstracts["pmid:101"].retracted
    monkeypatch.setenv("RAGQA_NCBI_URL", efetch.url)
    monkeypatch.setenv("RAGQA_NCBI_API_KEY", "secret")
    online = run("retractions", "--online", *where)
    assert online.exit_code == 0, online.output
    assert "pmid:103 was not found in PubMed" in online.output
    assert efetch.asked[0]["api_key"] == "secret"
    fetched = run("fetch", "pmid:104", "105", *where)
    assert fetched.exit_code == 1
    assert "1 new record" in fetched.output
    assert "1 of 2 were not found in PubMed" in fetched.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retractions",), "give either FILE, or --online"),
        (("retractions", "list.txt", "--online"), "give either FILE, or --online"),
        (("fetch", "0x1"), "no PubMed number: 0x1"),
        (("fetch",), "Missing argument"),
    ],
)
def test_wrong_use(run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, before anything is read or asked for."""
    shown = run(*words)
    assert shown.exit_code == 2
    assert said in shown.output


def test_asking_loads_none_of_it() -> None:
    """What rewrites the corpus, or knows the network, is not even imported by the asking path."""
    code = (
        "import sys, ragqa.cli, ragqa.pipeline, ragqa.conversation.chat\n"
        "assert not {'ragqa.corpus.notices', 'ragqa.corpus.importers.lists', 'ragqa.corpus.importers.ncbi'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
