"""The command line as a user meets it: what it prints, where it stops, and what it leaves on disk."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from samples import ARTICLE, ROOT, abstract, write_corpus

from ragqa.cli import main
from ragqa.settings import Settings

Run = Callable[..., Any]


def commands(group: click.Group = main, prefix: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path."""
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        found.append(((*prefix, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*prefix, name))
    return found


@pytest.mark.parametrize(("path", "command"), commands(), ids=lambda value: "-".join(value) if isinstance(value, tuple) else "")
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: click.Command, run: Run) -> None:
    """Help says what the command does and shows it once; groups list their commands."""
    shown = run(*path, "--help")
    assert shown.exit_code == 0
    if not (isinstance(command, click.Group) and not command.invoke_without_command):
        assert "ragqa" in shown.output.split("Usage:", 1)[1].split("\n", 1)[1], path


def test_docs_show_the_help_as_it_is() -> None:
    """docs/cli.md is generated; `make docs` writes it anew."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "write_cli.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_check_prints_states_and_counts(run: Run, small_corpus: Path) -> None:
    """One line an article, one of counts."""
    shown = run("check", "--corpus", small_corpus, "--index", small_corpus / "none")
    assert shown.exit_code == 0
    assert re.search(r"drug-a\s+approved\s+2026-01-02", shown.output)
    assert "1 articles (1 approved), 3 abstracts (2 citable, 0 retracted, 1 cited by no approved article" in shown.output


@pytest.mark.parametrize("kind", ["yaml", "duplicate", "dangling", "encoding", "long", "empty", "binary"])
def test_a_malformed_corpus_is_one_report_exit_1_and_nothing_written(run: Run, tmp_path: Path, kind: str) -> None:
    """Each damage: a clear report naming the place, exit code 1, and no index folder content."""
    corpus = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    article, records = corpus / "articles" / "drug-a.md", corpus / "abstracts" / "all.jsonl"
    damage: dict[str, Callable[[], Any]] = {
        "yaml": lambda: article.write_text(ARTICLE.replace("topics: [", "topics: {[")),
        "duplicate": lambda: records.write_text(records.read_text() * 2),
        "dangling": lambda: article.write_text(ARTICLE.replace("pmid:102", "pmid:103")),
        "encoding": lambda: records.write_bytes(records.read_bytes().replace(b"Drug A", b"Drug \xe9", 1)),
        "long": lambda: records.write_bytes(b'{"id": "' + b"x" * (100 * 1024 * 1024) + b'"}\n'),
        "empty": lambda: [file.unlink() for file in corpus.rglob("*") if file.is_file()],
        "binary": lambda: article.write_bytes(bytes(range(256)) * 100),
    }
    damage[kind]()
    said = {
        "yaml": "drug-a.md:5: bad YAML",
        "duplicate": "duplicate id pmid:101",
        "dangling": "cites pmid:103",
        "encoding": "all.jsonl:1: not UTF-8",
        "long": "all.jsonl:1: line longer than 16 MiB",
        "empty": "holds no article and no abstract",
        "binary": "drug-a.md:2: not UTF-8",
    }
    for words in (
        ("check", "--corpus", corpus, "--index", tmp_path / "index"),
        ("index", "--corpus", corpus, "--index", tmp_path / "index"),
    ):
        shown = run(*words)
        assert shown.exit_code == 1
        assert said[kind] in shown.output
        assert "Traceback" not in shown.output
    assert not (tmp_path / "index").exists()


def test_import_index_search_ask_on_foreign_documents(run: Run, tmp_path: Path) -> None:
    """BEIR lines become records, are indexed without an article, found, run and answered from."""
    lines = [
        {"_id": "7", "title": "Zinc lozenges", "text": "Zinc lozenges shortened colds by 33% in 575 adults. Nausea was common."},
        {"_id": "8", "title": "Vitamin C", "text": "Vitamin C did not prevent colds in 11306 people."},
    ]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "zinc lozenges colds"}\n{"id": "q2", "question": "vitamin C"}\n'
    )
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    assert "2 records written" in run("import", tmp_path / "corpus.jsonl", "--corpus", corpus).output
    built = run("index", "--corpus", corpus, "--index", index, "--abstracts", "all")
    assert "2 abstracts, 2 passages (2 embedded, 0 reused)" in built.output
    assert "doc:7" in run("search", "do zinc lozenges help colds?", "--index", index, "--explain").output.splitlines()[0]
    done = run("search", "--queries", tmp_path / "queries.jsonl", "--run", tmp_path / "run.trec", "--index", index)
    assert done.exit_code == 0
    rows = [line.split() for line in (tmp_path / "run.trec").read_text().splitlines()]
    assert [(row[0], row[1], row[2], row[3], row[5]) for row in rows] == [
        ("q1", "Q0", "doc:7", "1", "ragqa"),
        ("q1", "Q0", "doc:8", "2", "ragqa"),
        ("q2", "Q0", "doc:8", "1", "ragqa"),
        ("q2", "Q0", "doc:7", "2", "ragqa"),
    ]
    asked = run("ask", "Do zinc lozenges shorten colds in adults?", "--index", index, "--format", "json")
    answer = json.loads(asked.stdout)
    assert answer["status"] == "answered"
    assert answer["references"][0]["source_id"] == "doc:7"


def test_a_batch_goes_on_where_it_stopped(run: Run, settings: Settings, tmp_path: Path) -> None:
    """A cut last line is redone, whole ones are kept, and the file ends as an uninterrupted run would leave it."""
    folders = ("--corpus", settings.corpus, "--index", settings.index)
    run("index", *folders)
    questions = [{"id": f"q{n}", "question": f"Does drug A help in condition B, trial {n}?"} for n in range(5)]
    questions.append(
        {"id": "follow", "question": "And its dose?", "history": [{"question": "Does drug A help?", "answer": "No."}]}
    )
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))

    def answers(file: Path) -> list[Any]:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        for row in rows:
            row["trace"].pop("milliseconds")
        return rows

    whole = tmp_path / "whole.jsonl"
    assert run("answer", tmp_path / "q.jsonl", "-o", whole, *folders).exit_code == 0
    assert [next(iter(row)) for row in answers(whole)] == ["id"] * 6
    assert [row["id"] for row in answers(whole)] == [question["id"] for question in questions]
    for row in answers(whole):
        assert row["answer_id"] == row["digest"][: len(row["answer_id"])] != ""
    verified = run("verify", whole, *folders)
    assert verified.exit_code == 0, verified.output
    assert f"{sum(len(row['statements']) for row in answers(whole))} statements, all supported" in verified.output
    partial = tmp_path / "partial.jsonl"
    text = whole.read_text()
    partial.write_text(text[: len(text) // 2])
    assert run("answer", tmp_path / "q.jsonl", "-o", partial, *folders).exit_code == 0
    assert answers(partial) == answers(whole)


def test_answers_of_two_generations_are_not_mixed(run: Run, settings: Settings, tmp_path: Path) -> None:
    """After a new build the old answer file is refused, with the way out."""
    folders = ("--corpus", settings.corpus, "--index", settings.index)
    (tmp_path / "q.jsonl").write_text('{"id": "a", "question": "Does drug A help?"}\n')
    run("index", *folders)
    run("answer", tmp_path / "q.jsonl", "-o", tmp_path / "a.jsonl", *folders)
    run("index", *folders, "--abstracts", "all")
    again = run("answer", tmp_path / "q.jsonl", "-o", tmp_path / "a.jsonl", *folders)
    assert again.exit_code == 1
    assert "name another file with -o" in again.output


def test_a_bad_question_file_lists_its_faults(run: Run, tmp_path: Path) -> None:
    """All lines at once, before the first is asked."""
    (tmp_path / "q.jsonl").write_text(
        '{"id": "a"}\n{"id": "b", "question": " "}\n{"id": "c", "question": "x"}\n{"id": "c", "question": "y"}\n'
    )
    shown = run("answer", tmp_path / "q.jsonl", "-o", tmp_path / "a.jsonl")
    assert shown.exit_code == 1
    for expected in ("q.jsonl:1: expected", "q.jsonl:2: the question is empty", "q.jsonl:4: duplicate id c"):
        assert expected in shown.output


def test_the_first_ask_builds_the_index_and_a_conversation_is_kept(run: Run, settings: Settings, tmp_path: Path) -> None:
    """No index yet: it is built once, said so, and the follow-up uses the file of turns."""
    talk = tmp_path / "talk.jsonl"
    folders = ("--corpus", settings.corpus, "--index", settings.index, "--conversation", talk)
    first = run("ask", "Is drug A recommended as first choice in condition B?", *folders)
    assert first.exit_code == 0, first.output
    assert "building it once" in first.stderr
    assert "not recommended" in first.stdout
    second = run("ask", "And how many adults took part?", *folders)
    assert "Understood as: how many adults took part with drug A?" in second.stdout
    assert len(talk.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ask", ""), 1, "the question is empty"),
        (("ask", "x" * 3000), 1, "3000 characters"),
        (("ask", "Does it help?", "--article", "ghost"), 1, "no approved article 'ghost'"),
        (("ask",), 2, "Missing argument"),
        (("search",), 2, "QUERY"),
        (("nonsense",), 2, "No such command"),
        (("index", "--corpus", "/no/such/corpus"), 1, "no such folder"),
        (("import", "/no/such/file"), 1, "/no/such/file"),
    ],
)
def test_wrong_use_is_said_in_one_line_with_its_exit_code(run: Run, settings: Settings, words: Any, code: int, said: str) -> None:
    """2 for usage, 1 for any other failure, and never a traceback."""
    folders = ("--corpus", settings.corpus, "--index", settings.index) if words[0] == "ask" and len(words) > 1 else ()
    shown = run(*words, *folders)
    assert shown.exit_code == code, shown.output
    assert said in shown.output
    assert shown.exception is None or isinstance(shown.exception, SystemExit)


def test_asking_never_imports_torch(bundled_settings: Settings) -> None:
    """A whole cold answer in its own process, without torch, transformers or sentence-transformers."""
    code = (
        "import sys; from ragqa.cli import main\n"
        f"sys.argv = ['ragqa', 'ask', 'Is memantine effective in OCD?', '--corpus', {str(bundled_settings.corpus)!r}, "
        f"'--index', {str(bundled_settings.index)!r}]\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code in (0, None)\n"
        "found = {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_two_processes_give_the_same_bytes(bundled_settings: Settings) -> None:
    """The same index and question, asked twice in cold processes: equal but for the timings."""
    words = ["ask", "Does lithium prevent suicide?", "--format", "json", "--index", str(bundled_settings.index)]
    texts = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-m", "ragqa", *words], capture_output=True, text=True, check=True, cwd=ROOT)
        texts.append(re.sub(r'"milliseconds": \{[^}]*\}', "", done.stdout))
    assert texts[0] == texts[1]


def test_review_log_and_steps(run: Run, small_corpus: Path) -> None:
    """A step is recorded, shown, and an illegal one refused."""
    assert (
        run("review", "withdraw", "drug-a", "--by", "demo-editor", "--corpus", small_corpus, "--note", "new data").exit_code == 0
    )
    shown = run("review", "log", "drug-a", "--corpus", small_corpus).output.splitlines()
    assert "approved" in shown[0]
    assert "withdrawn" in shown[1]
    assert "new data" in shown[1]
    assert shown[2] == "2 events, chain intact"
    refused = run("review", "approve", "drug-a", "--by", "demo-editor", "--corpus", small_corpus)
    assert refused.exit_code == 1
    assert "cannot become approved now" in refused.output


def test_the_two_person_rule_is_a_setting(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On by default; RAGQA_TWO_PERSON=false lifts it."""
    corpus = write_corpus(tmp_path / "c", {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    (corpus / "reviews.jsonl").unlink()
    for step in ("submit", "start"):
        assert run("review", step, "drug-a", "--by", "demo-author", "--corpus", corpus).exit_code == 0
    approve = ("review", "approve", "drug-a", "--by", "demo-author", "--corpus", corpus)
    refused = run(*approve)
    assert refused.exit_code == 1
    assert "demo-author submitted this content of drug-a and may not approve it" in refused.output
    monkeypatch.setenv("RAGQA_TWO_PERSON", "false")
    assert run(*approve).exit_code == 0


def test_a_tampered_log_is_refused_everywhere(run: Run, small_corpus: Path, tmp_path: Path) -> None:
    """check, index, article, review log and the next step name the file and the line."""
    log = small_corpus / "reviews.jsonl"
    log.write_text(log.read_text().replace("demo-editor", "demo-author"))
    at, index = ("--corpus", small_corpus), ("--index", tmp_path / "index")
    step = ("review", "withdraw", "drug-a", "--by", "demo-editor", *at)
    for words in (("check", *at, *index), ("index", *at, *index), ("article", "drug-a", *at), ("review", "log", *at), step):
        shown = run(*words)
        assert shown.exit_code == 1, words
        assert "reviews.jsonl:1: the review log was changed at this line" in shown.output
    assert len(log.read_text().splitlines()) == 1


def test_a_log_that_was_cut_is_refused(run: Run, settings: Settings) -> None:
    """Its copy remembers what was cut, and where that is gone too, the index its last event; a log that only grew is fine."""
    folders = ("--corpus", settings.corpus, "--index", settings.index)
    log = settings.corpus / "reviews.jsonl"
    step = ("review", "withdraw", "drug-a", "--by", "demo-editor", "--corpus", settings.corpus)
    before = log.read_bytes()
    built = run("index", *folders).stdout.split()[1]
    assert run(*step).exit_code == 0
    assert run("check", *folders).exit_code == 0
    log.write_bytes(before)
    for words in (("check", *folders), ("index", *folders)):
        shown = run(*words)
        assert shown.exit_code == 1
        assert "the log was cut: its last event is missing" in shown.output
        assert "`ragqa mend` puts it back" in shown.output
    assert run("mend", *folders).exit_code == 0
    assert run("index", *folders).stdout.split()[1] != built
    for left in (before, b""):
        log.write_bytes(left)
        (settings.corpus / "reviews.copy.jsonl").unlink(missing_ok=True)
        for words in (("check", *folders), ("index", *folders)):
            shown = run(*words)
            assert shown.exit_code == 1
            assert "reviews.jsonl: the review log was cut or rewritten since the index" in shown.output
