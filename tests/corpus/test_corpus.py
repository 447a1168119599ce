"""The corpus: every fault at once, and a gate that reads the review log and the bytes, never the text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import ARTICLE, abstract, write_corpus, write_reviews

from ragqa.corpus.articles import parse_article
from ragqa.corpus.folder import citable, load_corpus, read_corpus
from ragqa.corpus.records import ReviewState
from ragqa.errors import CorpusError, InvalidRecord
from ragqa.language.sentences import markers


def test_all_faults_are_reported_at_once_with_file_and_line(tmp_path: Path) -> None:
    """Bad YAML, a missing section, a citation to nothing, a marker out of range, a duplicate id and bad encoding: one report."""
    articles = {
        "bad-yaml": ARTICLE.replace("title: Does", "title: [Does"),
        "no-points": ARTICLE.split("## Key points")[0],
        "cites-nothing": ARTICLE.replace("pmid:102", "pmid:999"),
        "out-of-range": ARTICLE.replace("B. [2]", "B. [7]"),
        "bad-heading": ARTICLE.replace("### Evidence", "### Opinions"),
    }
    corpus = write_corpus(tmp_path, articles, [abstract(101), abstract(102), abstract(101)])
    (corpus / "articles" / "latin.md").write_bytes(ARTICLE.replace("symptom", "symptôm").encode("latin-1"))
    with (corpus / "reviews.jsonl").open("a") as log:
        log.write('{"article": "ghost"}\n')
    with pytest.raises(CorpusError) as caught:
        load_corpus(corpus)
    report = str(caught.value)
    for expected in (
        "bad-yaml.md:2: bad YAML",
        "no-points.md: no section '## Key points'",
        "cites-nothing.md: cites pmid:999",
        "out-of-range.md: marker [7] names no entry",
        "out-of-range.md: citation 2 (pmid:102) is never used",
        "bad-heading.md:17: unknown heading 'Opinions'",
        "all.jsonl:3: duplicate id pmid:101, first at all.jsonl:1",
        "latin.md:19: not UTF-8",
        "reviews.jsonl:6: ",
    ):
        assert expected in report, report
    assert "does not exist" not in report, "an unreadable article is reported once, not again by its events"


@pytest.mark.parametrize("marker", ["[1-2]", "[1–2]", "[1;2]", "[ 1 ]", "[1, 2-3]"])
def test_a_marker_that_is_not_written_as_one_is_a_fault(tmp_path: Path, marker: str) -> None:
    """It would cite nothing, hide what its sentence rests on, and be shown to readers as if it were of their answer."""
    sentence = f"Drug A was given for eight weeks. {marker}"
    corpus = write_corpus(
        tmp_path, {"drug-a": ARTICLE.replace("### Evidence\n", f"### Evidence\n\n{sentence}\n")}, [abstract(101), abstract(102)]
    )
    with pytest.raises(CorpusError, match=re.escape(f"{marker} is read as text")):
        load_corpus(corpus)


@pytest.mark.parametrize("missing", ["folder", "content"])
def test_an_absent_or_empty_folder_is_one_clear_fault(tmp_path: Path, missing: str) -> None:
    """Nothing there is said in one line, with what was expected."""
    folder = tmp_path / "corpus"
    if missing == "content":
        folder.mkdir()
    with pytest.raises(CorpusError, match="no such folder" if missing == "folder" else "holds no article"):
        load_corpus(folder)


def test_approval_is_of_the_bytes_and_an_edit_ends_it(small_corpus: Path) -> None:
    """One added space after approval puts the article back to submitted and out of the index."""
    assert load_corpus(small_corpus).states == {"drug-a": ReviewState.APPROVED}
    file = small_corpus / "articles" / "drug-a.md"
    file.write_text(file.read_text() + " ")
    corpus = load_corpus(small_corpus)
    assert corpus.states == {"drug-a": ReviewState.SUBMITTED}
    allowed = citable(corpus)
    assert allowed.ids() == set()
    assert allowed.excluded["article:drug-a"] == "article is submitted"


@pytest.mark.parametrize("state", ["submitted", "under_review", "withdrawn"])
def test_an_article_that_calls_itself_approved_is_not(tmp_path: Path, state: str) -> None:
    """The word in the text, or an approval of other content, opens nothing."""
    text = ARTICLE.replace("## Key points", "This article is approved. [1] Status: approved. [1]\n\n## Key points")
    corpus = write_corpus(tmp_path, {"drug-a": text}, [abstract(101), abstract(102)], {"drug-a": state})
    assert citable(load_corpus(corpus)).ids() == set()


def test_only_abstracts_that_an_approved_article_cites_are_citable(small_corpus: Path) -> None:
    """The uncited one is left out with its reason; a benchmark may ask for all."""
    corpus = load_corpus(small_corpus)
    allowed = citable(corpus)
    assert allowed.ids() == {"article:drug-a", "pmid:101", "pmid:102"}
    assert allowed.excluded == {"pmid:103": "cited by no approved article"}
    assert citable(corpus, abstracts="all").ids() == {"article:drug-a", "pmid:101", "pmid:102", "pmid:103"}


def test_a_retracted_abstract_is_never_citable(tmp_path: Path) -> None:
    """Not when an approved article cites it, and not with all abstracts."""
    retracted = abstract(102, notices=[{"kind": "retraction", "source_id": "pmid:555"}])
    corpus = load_corpus(write_corpus(tmp_path, {"drug-a": ARTICLE}, [abstract(101), retracted]))
    for which in ("cited", "all"):
        allowed = citable(corpus, abstracts=which)
        assert "pmid:102" not in allowed.ids()
        assert allowed.excluded["pmid:102"] == "retracted"


def test_a_withdrawn_article_can_come_back_only_by_a_new_approval(small_corpus: Path) -> None:
    """The newest event decides."""
    events = [json.loads((small_corpus / "reviews.jsonl").read_text())]
    for state, expected in (("withdrawn", ReviewState.WITHDRAWN), ("approved", ReviewState.APPROVED)):
        events.append(events[0] | {"state": state})
        write_reviews(small_corpus, events)
        assert load_corpus(small_corpus).states["drug-a"] is expected


def test_markers_are_read_in_order_and_once() -> None:
    """Single, grouped and repeated markers."""
    assert markers("One. [2][1] Two. [1, 3] Not a marker: [a], [1234].") == [2, 1, 3]


def test_front_matter_may_not_forge_what_the_bytes_decide(tmp_path: Path) -> None:
    """A sha256 or text given in the front matter is a fault."""
    forged = ARTICLE.replace("topics:", f"sha256: {'0' * 64}\ntopics:")
    corpus = write_corpus(tmp_path, {"drug-a": forged}, [abstract(101), abstract(102)])
    with pytest.raises(CorpusError, match="may not set sha256"):
        load_corpus(corpus)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("updated: 2026-13-45", "updated: Input should be a valid date"),
        ("updated: !!timestamp 2026-13-45", "bad YAML: could not determine a constructor"),
        ("title: !!python/object:os.system {}", "bad YAML: could not determine a constructor"),
        ("title: !!int much", "bad YAML: could not determine a constructor"),
        ("topics: " + "[" * 3000, "bad YAML: "),
        ("topics: &a [*a]", "topics.0: Input should be a valid string"),
        ("x: " + "y" * 30_000, "no front matter"),
        ("? [1, 2]\n: 3", "bad YAML: "),
    ],
)
def test_front_matter_of_any_kind_is_one_named_fault(tmp_path: Path, line: str, expected: str) -> None:
    """An impossible date, a tag that would make an object, nesting and length without end: one line that says what is wrong."""
    file = tmp_path / "drug-a.md"
    name = line.partition(":")[0]
    kept = "".join(one for one in ARTICLE.splitlines(keepends=True) if not one.startswith(f"{name}:"))
    file.write_text(kept.replace("---\n", f"---\n{line}\n", 1))
    with pytest.raises(InvalidRecord) as caught:
        parse_article(file)
    (fault,) = caught.value.faults
    assert expected in fault.message
    assert "\n" not in fault.message
    assert len(fault.message) < 1000


def test_values_that_were_read_before_are_read_the_same(tmp_path: Path) -> None:
    """Nothing for the policy, written in three ways, dates, and citations in either style of list."""
    for nothing in ("null", "~", ""):
        file = tmp_path / "drug-a.md"
        file.write_text(ARTICLE.replace("editorial_policy: docs/editorial-policy.md", f"editorial_policy: {nothing}"))
        article = parse_article(file)
        assert article.editorial_policy is None
        assert str(article.updated) == "2026-01-02"
        assert article.citations == ("pmid:101", "pmid:102")


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_any_bytes_as_front_matter_are_an_article_or_a_fault(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever stands between the lines, nothing else comes of it."""
    file = tmp_path_factory.mktemp("any") / "any.md"
    file.write_bytes(b"---\n" + data + b"\n---\n" + ARTICLE.split("---\n", 2)[2].encode())
    with suppress(InvalidRecord):
        parse_article(file)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2 + 9],
    "emptied": lambda _: b"",
    "in another encoding": lambda data: data.decode().encode("utf-16"),
    "another file": lambda _: b"\x89PNG\r\n\x1a\n\x00 no records\n" * 40,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_abstracts_is_one_fault(tmp_path: Path, damage: str) -> None:
    """Neither its lines nor the citations that it held are told one by one; the fault says which lines and how many citations."""
    corpus = write_corpus(tmp_path, {"drug-a": ARTICLE}, [abstract(n) for n in range(100, 120)])
    file = corpus / "abstracts" / "all.jsonl"
    file.write_bytes(DAMAGES[damage](file.read_bytes().replace(abstract_line(101), b"").replace(abstract_line(102), b"")))
    with pytest.raises(CorpusError) as caught:
        load_corpus(corpus)
    (fault,) = caught.value.faults
    assert fault.file == file
    assert "it may hold what 2 citations name" in fault.message
    assert "`ragqa mend`" in fault.message
    assert read_corpus(corpus).set_aside.keys() == {"drug-a"}


def abstract_line(number: int) -> bytes:
    """One record's line."""
    return (json.dumps(abstract(number)) + "\n").encode()


def test_which_lines_hold_no_record_is_told_and_why_on_request(tmp_path: Path, run: Callable[..., Any]) -> None:
    """Ranges of numbers in the one line of the file; with --lines each line and its own reason."""
    corpus = write_corpus(tmp_path, {"drug-a": ARTICLE}, [abstract(n) for n in (101, 102, 103)])
    with (corpus / "abstracts" / "all.jsonl").open("a") as file:
        file.write("{\n7\n" + json.dumps(abstract(104)) + "\nnothing\n")
    told = run("check", "--corpus", corpus)
    assert told.exit_code == 1
    assert "3 lines hold no record: 4-5, 7" in told.stderr
    assert "all.jsonl:5: a JSON object was expected, not int" not in told.output
    assert "all.jsonl:5: a JSON object was expected, not int" in run("check", "--lines", "--corpus", corpus).stdout


def test_an_article_that_is_a_link_to_itself_is_one_fault(tmp_path: Path) -> None:
    """Its review events are of an article that is there."""
    corpus = write_corpus(tmp_path, {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    file = corpus / "articles" / "drug-a.md"
    file.unlink()
    file.symlink_to(file.name)
    with pytest.raises(CorpusError) as caught:
        load_corpus(corpus)
    assert [fault.file for fault in caught.value.faults] == [file]


@pytest.mark.parametrize("name", ["articles", "abstracts", "approved"])
def test_a_file_in_place_of_a_folder_is_one_fault(tmp_path: Path, name: str) -> None:
    """What the folder held is not told one by one."""
    corpus = write_corpus(tmp_path, {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    if (corpus / name).exists():
        (corpus / name).rename(tmp_path / "away")
    (corpus / name).write_text("a file")
    with pytest.raises(CorpusError) as caught:
        load_corpus(corpus)
    assert [fault.file for fault in caught.value.faults] == [corpus / name]
