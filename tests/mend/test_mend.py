"""Mending: what is damaged is named once, repaired without losing a byte, and found whole the second time."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from answers import rating_of
from samples import ARTICLE, abstract, write_corpus

from ragqa.conversation.turns import add_turn, read_turns
from ragqa.corpus.articles import kept_file
from ragqa.corpus.folder import load_corpus
from ragqa.editorial.library import Library
from ragqa.editorial.regenerate import propose
from ragqa.editorial.versions import State, key_of
from ragqa.evaluation.rating.sessions import rated_now
from ragqa.evaluation.verdicts import Verdict
from ragqa.index import current_generation
from ragqa.index.refresh import build_index
from ragqa.mend import Finding, mend
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked, Turn
from ragqa.settings import Settings
from ragqa.web.accounts import Accounts
from ragqa.web.archive import Archive

ASKED = Asked(question="Is drug A effective in condition B?")
TALK = "a" * 22


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of each file that ragqa keeps, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("whole")
    made = settings_of(folder)
    write_corpus(made.corpus, {"drug-a": ARTICLE}, [abstract(n) for n in (101, 102, 103)])
    article = load_corpus(made.corpus).articles["drug-a"]
    kept = kept_file(made.corpus, "drug-a", article.sha256)
    kept.parent.mkdir(parents=True)
    kept.write_text(ARTICLE, encoding="utf-8")
    build_index(made)
    with Ragqa.open(made) as ragqa, Library(made.library) as library:
        propose(library, ragqa, [ASKED], "clinician", 1, lambda *_: None)
        library.sign_off(1, "demo-editor")
        answer = ragqa.ask(ASKED.question)
    with closing(Accounts(made.serving / "accounts.sqlite")) as accounts:
        for name in ("demo-admin", "demo-editor"):
            accounts.add(name, "editor", "correct horse battery staple")
    with closing(Archive(made.serving / "answers.sqlite", 10, 2**20)) as archive:
        archive.add(answer)
    talk = made.serving / "conversations" / f"{TALK}.jsonl"
    for number in range(3):
        add_turn(talk, Turn(question=f"Question {number}?"))
    rated = rating_of(made.serving, "spring", [answer, answer])
    for number in (1, 2, 1):
        rated.add(rated_now(number, "demo-editor", Verdict.RIGHT, Verdict.SILENT, "left", ("", "")))
    (made.serving / "secret").write_bytes(os.urandom(32))
    (made.serving / "secret").chmod(0o600)
    return folder


def settings_of(folder: Path) -> Settings:
    """The settings of an installation in a folder."""
    return Settings(
        corpus=folder / "corpus",
        index=folder / "index",
        library=folder / "library.sqlite",
        serving=folder / "serving",
    )


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Settings:
    """A copy of the installation, to damage."""
    shutil.copytree(whole, tmp_path / "copy")
    return settings_of(tmp_path / "copy")


PLACES = {
    "article": "corpus/articles/drug-a.md",
    "abstracts": "corpus/abstracts/all.jsonl",
    "approved text": "corpus/approved/drug-a/*.md",
    "CURRENT": "index/CURRENT",
    "manifest": "index/*/manifest.json",
    "passages": "index/*/passages.sqlite",
    "vectors": "index/*/vectors.f32",
    "segments": "index/*/lexical/segments.json",
    "words": "index/*/lexical/*.term",
    "catalogue": "index/catalogue.sqlite",
    "embeddings": "index/embeddings.sqlite",
    "library": "library.sqlite",
    "accounts": "serving/accounts.sqlite",
    "archive": "serving/answers.sqlite",
    "conversation": "serving/conversations/*.jsonl",
    "ratings": "serving/ratings/spring/ratings.jsonl",
    "secret": "serving/secret",
}


def pipe(file: Path, _: bytes) -> None:
    """A pipe that nobody writes to."""
    os.mkfifo(file)


def circle(file: Path, _: bytes) -> None:
    """A link to itself."""
    file.symlink_to(file.name)


def folder(file: Path, _: bytes) -> None:
    """A folder."""
    file.mkdir()


def empty(file: Path, _: bytes) -> None:
    """Nothing."""
    file.write_bytes(b"")


def half(file: Path, data: bytes) -> None:
    """The first half."""
    file.write_bytes(data[: len(data) // 2])


def torn(file: Path, data: bytes) -> None:
    """All but the end."""
    file.write_bytes(data[:-7])


def noise(file: Path, _: bytes) -> None:
    """What belongs in no such file."""
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00 neither text nor database\n" * 40)


def utf_16(file: Path, data: bytes) -> None:
    """The same bytes, each as two."""
    file.write_bytes(data.decode("latin-1").encode("utf-16"))


KINDS = (pipe, circle, folder, empty, half, torn, noise, utf_16)
UNSEEN = {("article", torn), ("conversation", empty), ("ratings", empty), ("secret", noise), ("secret", utf_16)}
"""No damage that a program can see: another text, which nobody approved; nothing said or rated yet; bytes as good as others."""
DAMAGES = [(name, kind) for name in PLACES for kind in KINDS if (name, kind) not in UNSEEN]


@pytest.mark.parametrize(("name", "kind"), DAMAGES, ids=lambda value: getattr(value, "__name__", value))
def test_every_damage_is_named_once_and_mended_once(copy: Settings, name: str, kind: Callable[[Path, bytes], None]) -> None:
    """One line names the file, what was there stays beside it, the second run finds nothing and a question is answered."""
    root = copy.corpus.parent
    file = next(iter(sorted(root.glob(PLACES[name]))))
    file = damaged(file, kind)
    left = file.read_bytes() if kind not in (pipe, circle, folder) else None
    found = list(mend(copy, restore=True))
    assert found, f"{name}: nothing was found"
    assert all(one.mended for one in found), [str(one) for one in found]
    assert all("\n" not in str(one) for one in found)
    if left:
        assert left in {other.read_bytes() for other in files_of(root) if ".damaged-" in str(other)}
    assert list(mend(copy, restore=True)) == []
    with Ragqa.open(copy) as ragqa:
        assert ragqa.ask(ASKED.question).statements


def damaged(file: Path, kind: Callable[[Path, bytes], None]) -> Path:
    """Put something else in place of a file."""
    data = file.read_bytes()
    for journal in ("-wal", "-shm"):
        file.with_name(file.name + journal).unlink(missing_ok=True)
    file.unlink()
    kind(file, data)
    return file


def files_of(root: Path) -> Iterator[Path]:
    """Every regular file."""
    return (file for file in root.rglob("*") if file.is_file())


def test_a_whole_installation_is_left_as_it_is(copy: Settings) -> None:
    """Nothing is found, nothing is written."""
    before = {file: file.read_bytes() for file in files_of(copy.corpus.parent)}
    assert list(mend(copy, restore=True)) == []
    after = {file: file.read_bytes() for file in files_of(copy.corpus.parent) if not file.name.endswith(("-wal", "-shm"))}
    assert after == {file: data for file, data in before.items() if file in after}
    assert after.keys() <= before.keys()


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(copy: Settings) -> None:
    """The same file is named, and is as it was."""
    secret = copy.serving / "secret"
    secret.write_bytes(b"")
    (found,) = mend(copy, dry_run=True)
    assert found.mended
    assert "can be mended: make a new one" in str(found)
    assert secret.read_bytes() == b""


def test_one_flipped_byte_anywhere_in_a_generation_is_found_and_built_anew(copy: Settings) -> None:
    """Also where the file still reads well: the checksum tells."""
    live = copy.index / str(current_generation(copy.index))
    for suffix in sorted({file.suffix for file in files_of(live) if file.suffix != ".lock" and file.stat().st_size}):
        file = next(file for file in sorted(files_of(live)) if file.suffix == suffix and file.name != "manifest.json")
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        (found,) = mend(copy)
        assert found.mended, str(found)
        assert file.name in found.seen
    assert list(mend(copy)) == []


def test_rows_around_a_damaged_page_are_carried_over(tmp_path: Path, settings: Settings) -> None:
    """Of five hundred users whose middle is destroyed, those before and after it may still sign in."""
    made = settings.model_copy(update={"serving": tmp_path / "serving"})
    file = made.serving / "accounts.sqlite"
    with closing(Accounts(file)) as accounts:
        accounts.open()
    with closing(sqlite3.connect(file)) as database, database:
        names = [(f"user-{n:04}", "reader", "x" * 200) for n in range(500)]
        database.executemany("INSERT INTO users VALUES (?, ?, ?)", names)
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    data = bytearray(file.read_bytes())
    middle = data.index(b"user-0250") // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    file.write_bytes(data)
    file.chmod(0o600)
    (found,) = mend(made)
    assert found.mended
    assert "rows carried over" in found.outcome
    with closing(Accounts(file)) as accounts:
        held = {user.name for user in accounts.users()}
    assert {"user-0000", "user-0499"} <= held
    assert 400 < len(held) < 500


def test_an_answer_that_cannot_be_used_is_left_out_and_the_others_stay_published(copy: Settings) -> None:
    """A published answer beside a destroyed one is still published, under its number."""
    with closing(sqlite3.connect(copy.library)) as database, database:
        row = list(database.execute("SELECT * FROM versions").fetchone())
        database.execute("INSERT INTO entries VALUES ('other', '{}')")
        row[0], row[1], row[5] = 7, "other", '{"question": 1}'
        database.execute(f"INSERT INTO versions VALUES ({', '.join('?' * len(row))})", row)
    (found,) = mend(copy)
    assert "1 of its rows cannot be used" in found.seen
    with Library(copy.library) as library:
        assert [(one.number, one.state) for one in library.versions()] == [(1, State.PUBLISHED)]
        assert library.published(key_of(ASKED, "clinician")) is not None


def test_turns_before_a_damaged_one_keep_their_places(copy: Settings) -> None:
    """Two of three turns stay; the third is in the file set aside."""
    file = copy.serving / "conversations" / f"{TALK}.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1] + b'{"schema": "ragqa.turn/1", "question": 7}\n' + lines[2])
    (found,) = mend(copy)
    assert "line 3" in found.seen
    assert [turn.question for turn in read_turns(file)] == ["Question 0?", "Question 1?"]


def test_a_turn_of_a_later_version_is_left_alone(copy: Settings) -> None:
    """It is no damage: whoever upgrades reads it."""
    file = copy.serving / "conversations" / f"{TALK}.jsonl"
    file.write_text(json.dumps({"schema": "ragqa.turn/9", "question": "?"}) + "\n")
    before = file.read_bytes()
    (found,) = mend(copy)
    assert not found.mended
    assert "upgrade ragqa" in found.outcome
    assert file.read_bytes() == before


def test_a_database_that_another_process_has_open_is_left_alone(copy: Settings) -> None:
    """What a running server writes would be lost: it is told to stop the server first."""
    file = copy.serving / "answers.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE answers SET answer = '{}'")
    code = (
        "import sqlite3, sys; opened = sqlite3.connect(sys.argv[1]); opened.execute('SELECT * FROM answers').fetchall(); "
        "print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        (found,) = mend(copy)
        assert not found.mended
        assert "stop the server" in found.outcome
        other.communicate("\n")
    (found,) = mend(copy)
    assert found.mended


def test_an_article_is_put_back_only_when_that_was_asked_for(copy: Settings) -> None:
    """An editor's unfinished draft is named and stays; with restore the approved text stands again, the draft beside it."""
    file = copy.corpus / "articles" / "drug-a.md"
    draft = ARTICLE.replace("title: Does", "title: [Does")
    file.write_text(draft)
    (found,) = mend(copy)
    assert not found.mended
    assert "line 2: bad YAML" in found.seen
    assert "`ragqa mend --restore`" in found.outcome
    assert file.read_text() == draft
    (found,) = mend(copy, restore=True)
    assert found.mended
    assert file.read_text() == ARTICLE
    assert [other.read_text() for other in file.parent.glob("*.damaged-*")] == [draft]


def test_records_are_put_back_from_the_index_as_they_were_indexed(copy: Settings) -> None:
    """Of three records one line is destroyed; the record comes back the same, and the index stands."""
    file = copy.corpus / "abstracts" / "all.jsonl"
    before = load_corpus(copy.corpus).abstracts
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + b'{"id": "pmid:102", "text_or\n' + lines[2])
    (found,) = mend(copy, restore=True)
    assert "2 records kept, 1 put back" in found.outcome
    assert load_corpus(copy.corpus).abstracts == before
    assert not build_index(copy).fresh


def test_where_the_build_fails_the_generation_is_put_back(copy: Settings) -> None:
    """A damaged index that cannot be rebuilt stays where it was: it may be all there is."""
    live = copy.index / str(current_generation(copy.index))
    (live / "vectors.f32").write_bytes(b"short")
    shutil.rmtree(copy.corpus)
    (found,) = [one for one in mend(copy) if one.file == live]
    assert not found.mended
    assert (live / "manifest.json").exists()


def test_a_kill_between_two_steps_loses_nothing(copy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped when the new database was about to take the old one's place, the next run carries the same rows over."""
    file = copy.serving / "accounts.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DROP TABLE tokens")

    def killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(Path, "replace", killed)
        list(mend(copy))
    found = list(mend(copy))
    assert found[-1].mended
    with closing(Accounts(file)) as accounts:
        assert [user.name for user in accounts.users()] == ["demo-admin", "demo-editor"]
    assert list(mend(copy)) == []


def test_permissions_that_show_secrets_are_put_right(copy: Settings) -> None:
    """What anybody could read in a folder that anybody may enter is its owner's alone again."""
    copy.serving.chmod(0o755)
    (copy.serving / "secret").chmod(0o644)
    assert Finding(
        file=copy.serving / "secret",
        seen="may be read by others than its owner",
        outcome="mended: its permissions are 600 now",
        mended=True,
    ) in list(mend(copy))
    assert (copy.serving / "secret").stat().st_mode & 0o777 == 0o600
    assert list(mend(copy)) == []


def test_the_command_tells_and_its_exit_code_says_whether_a_person_is_needed(copy: Settings, run: Callable[..., Any]) -> None:
    """0 where all was mended, 1 where a line is left for a person; with --json one object a line."""
    options = ["--corpus", copy.corpus, "--index", copy.index, "--library", copy.library, "--serving", copy.serving]
    done = run("mend", *options)
    assert (done.exit_code, done.stdout) == (0, "Nothing is damaged.\n")
    (copy.serving / "secret").write_bytes(b"")
    done = run("mend", "--json", *options)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["mended"] is True
    (copy.corpus / "articles" / "drug-a.md").write_text("no front matter")
    done = run("mend", *options)
    assert done.exit_code == 1
    assert "1 of 1 damaged files are left for a person" in done.stderr


@pytest.mark.parametrize("kind", [pipe, circle, folder])
@pytest.mark.parametrize("lock", ["index/LOCK", "corpus/.reviews.lock"])
def test_what_cannot_be_locked_is_set_aside(copy: Settings, lock: str, kind: Callable[[Path, bytes], None]) -> None:
    """It is made anew by whoever needs it."""
    file = copy.corpus.parent / lock
    file.unlink(missing_ok=True)
    kind(file, b"")
    (found,) = mend(copy)
    assert (found.file, found.mended) == (file, True)
    assert list(mend(copy)) == []
    build_index(copy)


@pytest.mark.parametrize("name", ["corpus/articles", "corpus/approved", "serving/conversations", "index"])
def test_a_file_in_place_of_a_folder_is_set_aside(copy: Settings, name: str) -> None:
    """Approved articles come back where the articles were; the rest is made anew."""
    place = copy.corpus.parent / name
    place.rename(copy.corpus.parent / "away")
    place.write_text("a file")
    if name == "corpus/articles":
        assert ["`ragqa mend --restore`" in one.outcome for one in mend(copy)] == [True]
    found = list(mend(copy, restore=True))
    assert found[0].file == place
    assert all(one.mended for one in found), [str(one) for one in found]
    assert [one.read_text() for one in place.parent.glob(f"{place.name}.damaged-*")] == ["a file"]
    assert list(mend(copy, restore=True)) == []
    with Ragqa.open(copy) as ragqa:
        assert ragqa.ask(ASKED.question).statements


def test_a_file_in_place_of_the_abstracts_is_left_for_a_person(copy: Settings) -> None:
    """What they held is nowhere else; one line says so."""
    place = copy.corpus / "abstracts"
    place.rename(copy.corpus.parent / "away")
    place.write_text("a file")
    (found,) = mend(copy, restore=True)
    assert not found.mended
    assert "restore the folder from a copy" in found.outcome


@pytest.mark.parametrize("kind", [circle, empty])
def test_a_current_that_cannot_be_read_is_told_as_that_and_built_anew(
    copy: Settings, run: Callable[..., Any], kind: Callable[[Path, bytes], None]
) -> None:
    """Not as an index that was never built; the question is answered."""
    damaged(copy.index / "CURRENT", kind)
    done = run("ask", ASKED.question, "--corpus", copy.corpus, "--index", copy.index)
    assert done.exit_code == 0
    assert f"{copy.index / 'CURRENT'}: " in done.stderr
    assert "no index in" not in done.stderr
    assert current_generation(copy.index) is not None


def test_an_import_of_known_records_alone_leaves_no_empty_file(copy: Settings, run: Callable[..., Any], tmp_path: Path) -> None:
    """It would be taken for a damaged one."""
    file = tmp_path / "again.jsonl"
    file.write_text(json.dumps({"_id": "101", "title": "T", "text": "A text."}) + "\n")
    done = run("import", file, "--ids", "pmid", "--corpus", copy.corpus)
    assert "0 records written" in done.stdout
    assert [one.name for one in (copy.corpus / "abstracts").iterdir()] == ["all.jsonl"]
