"""Accounts on disk, and the commands that keep them."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argon2.exceptions import VerifyMismatchError

from ragqa.errors import RagqaError
from ragqa.web.accounts import DAY, ROLES, Accounts, User
from ragqa.web.private import secret

PASSWORD = "correct horse battery"


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    """A file with one editor."""
    made = Accounts(tmp_path / "accounts.sqlite")
    made.add("demo-editor", "editor", PASSWORD)
    yield made
    made.close()


def test_only_the_right_password_signs_in(accounts: Accounts) -> None:
    """Name and password together, exactly."""
    assert accounts.check("demo-editor", PASSWORD) == User("demo-editor", "editor")
    for name, password in (
        ("demo-editor", PASSWORD + "x"),
        ("demo-editor", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("'; --", PASSWORD),
    ):
        assert accounts.check(name, password) is None


def test_the_file_gives_nothing_away(accounts: Accounts, tmp_path: Path) -> None:
    """It is its owner's alone, and holds neither password nor session nor token; the password's hash is argon2id."""
    session, token = accounts.begin("demo-editor", 1), accounts.issue("demo-editor", "test")
    accounts.close()
    data = b"".join(file.read_bytes() for file in tmp_path.glob("accounts*"))
    assert b"$argon2id$" in data
    assert not any(value.encode() in data for value in (PASSWORD, session, token))
    assert stat.S_IMODE((tmp_path / "accounts.sqlite").stat().st_mode) == 0o600


def test_a_session_ends_in_every_way_it_should(accounts: Accounts) -> None:
    """By time, by signing out, with a new password, with its user."""
    assert accounts.session(accounts.begin("demo-editor", -1)) is None
    ended, changed, removed = (accounts.begin("demo-editor", 1) for _ in range(3))
    assert accounts.session(ended) == User("demo-editor", "editor")
    accounts.end(ended)
    assert accounts.session(ended) is None
    assert accounts.session(changed) is not None
    accounts.set_password("demo-editor", PASSWORD + "!")
    assert accounts.session(changed) is accounts.session(removed) is None
    kept, token = accounts.begin("demo-editor", 1), accounts.issue("demo-editor", "test")
    accounts.remove("demo-editor")
    assert accounts.session(kept) is accounts.token(token) is None


def test_a_token_is_taken_back_by_its_label(accounts: Accounts) -> None:
    """The others stay; a session's secret is no token and the other way round."""
    first, second = accounts.issue("demo-editor", "one"), accounts.issue("demo-editor", "two")
    assert accounts.session(first) is None
    assert accounts.token(accounts.begin("demo-editor", 1)) is None
    assert accounts.revoke("demo-editor", "one") == 1
    assert accounts.token(first) is None
    assert accounts.token(second) == User("demo-editor", "editor")


@pytest.mark.parametrize(
    ("name", "role", "password", "said"),
    [
        ("demo-editor", "editor", PASSWORD, "already"),
        ("Demo Editor", "editor", PASSWORD, "no user name"),
        ("<b>x</b>", "editor", PASSWORD, "no user name"),
        ("new", "owner", PASSWORD, "no role"),
        ("new", "editor", "short", "at least 12"),
        ("new", "editor", "x" * 2000, "at most 1024"),
    ],
)
def test_what_will_not_do_is_refused_and_changes_nothing(
    accounts: Accounts, name: str, role: str, password: str, said: str
) -> None:
    """With a message that says why."""
    with pytest.raises(RagqaError, match=said):
        accounts.add(name, role, password)
    assert accounts.users() == [User("demo-editor", "editor")]


def test_tokens_end(accounts: Accounts) -> None:
    """By time, with a new password, with their user; a list shows those that are left and when each ends."""
    assert accounts.token(accounts.issue("demo-editor", "late", days=-1)) is None
    token = accounts.issue("demo-editor", "nightly", days=10)
    assert [(one.name, one.label) for one in accounts.tokens()] == [("demo-editor", "nightly")]
    assert 9 * DAY < accounts.tokens()[0].until - time.time() <= 10 * DAY
    accounts.set_password("demo-editor", PASSWORD + "!")
    assert accounts.token(token) is None
    kept = accounts.issue("demo-editor", "nightly")
    accounts.remove("demo-editor")
    assert accounts.token(kept) is None
    assert accounts.tokens() == []


def test_a_file_of_before_tokens_ended_is_taken_over_whole(tmp_path: Path) -> None:
    """Users, sessions and tokens work on; a token that had no end gets the settings' span from then on, once."""
    file = tmp_path / "accounts.sqlite"
    with closing(Accounts(file)) as new:
        new.add("demo-editor", "editor", PASSWORD)
        session, token = new.begin("demo-editor", 1), new.issue("demo-editor", "nightly")
    with closing(sqlite3.connect(file, isolation_level=None)) as before:
        before.execute("ALTER TABLE tokens DROP COLUMN until")
        before.execute("PRAGMA user_version = 0")
    with closing(Accounts(file, token_days=5)) as moved:
        assert (
            moved.session(session) == moved.token(token) == moved.check("demo-editor", PASSWORD) == User("demo-editor", "editor")
        )
        (ends,) = [one.until for one in moved.tokens()]
        assert 4 * DAY < ends - time.time() <= 5 * DAY
    with closing(Accounts(file, token_days=50)) as again:
        assert [one.until for one in again.tokens()] == [ends]


def test_a_session_takes_the_place_of_the_one_before(accounts: Accounts) -> None:
    """Signing in again ends what the browser held, in the same change."""
    before = accounts.begin("demo-editor", 1)
    after = accounts.begin("demo-editor", 1, instead_of=before)
    assert accounts.session(before) is None
    assert accounts.session(after) is not None


def test_an_unknown_user_is_said_to_be_unknown(accounts: Accounts) -> None:
    """Whatever is to be done with it."""
    for change in (accounts.remove, lambda name: accounts.set_password(name, PASSWORD), lambda name: accounts.issue(name, "x")):
        with pytest.raises(RagqaError, match="no user 'nobody'"):
            change("nobody")


def test_an_unknown_name_costs_as_much_as_a_wrong_password(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both verify one hash: the time tells nobody which names exist."""
    hashed: list[str] = []

    class Counting:
        def verify(self, hash: str, password: str) -> bool:
            hashed.append(hash)
            raise VerifyMismatchError

    monkeypatch.setattr(accounts, "_hasher", Counting())
    accounts.check("demo-editor", "x" * 12)
    accounts.check("nobody", "x" * 12)
    known, unknown = (hash.split("$")[1:4] for hash in hashed)
    assert known == unknown


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """32 random bytes that the next start finds again."""
    made = secret(tmp_path / "serving" / "secret")
    assert len(made) == 32
    assert secret(tmp_path / "serving" / "secret") == made
    assert secret(tmp_path / "other" / "secret") != made
    assert stat.S_IMODE((tmp_path / "serving" / "secret").stat().st_mode) == 0o600
    with closing(Accounts(tmp_path / "new" / "accounts.sqlite")) as new:
        new.open()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_the_commands_add_list_change_and_remove(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says what it did; a password is asked for, or read from a file, and never an argument."""
    monkeypatch.setenv("RAGQA_SERVING", str(tmp_path / "serving"))
    word = tmp_path / "password"
    word.write_text(PASSWORD + "\n")
    assert run("users", "add", "demo-editor", "--role", "editor", "--password-file", word).exit_code == 0
    assert run("users", "list").output == "demo-editor  editor\n"
    token = run("users", "token", "demo-editor", "--label", "nightly", "--days", 10).output.strip()
    ends = datetime.fromtimestamp(time.time() + 10 * DAY, UTC)
    assert f"  token nightly, until {ends:%Y-%m-%d}" in run("users", "list").output
    accounts = Accounts(tmp_path / "serving" / "accounts.sqlite")
    assert accounts.token(token) == accounts.check("demo-editor", PASSWORD) == User("demo-editor", "editor")
    word.write_text(PASSWORD + " two")
    assert run("users", "password", "demo-editor", "--password-file", word).exit_code == 0
    assert accounts.check("demo-editor", PASSWORD) is accounts.token(token) is None
    assert run("users", "list").output == "demo-editor  editor\n"
    run("users", "token", "demo-editor")
    assert "1 tokens" in run("users", "token", "demo-editor", "--revoke").output
    assert run("users", "remove", "demo-editor").exit_code == 0
    refused = run("users", "remove", "demo-editor")
    assert refused.exit_code == 1
    assert "users list" in refused.output
    accounts.close()


def test_a_damaged_file_is_told_and_left_alone(run: Callable[..., Any], tmp_path: Path) -> None:
    """One line that names the file and the command that mends it, exit code 1, and the bytes as they were."""
    (tmp_path / "accounts.sqlite").write_bytes(b"no database" * 100)
    word = tmp_path / "password"
    word.write_text(PASSWORD)
    refused = run("users", "add", "demo-editor", "--password-file", word, "--serving", tmp_path)
    assert refused.exit_code == 1
    (line,) = refused.output.splitlines()
    assert f"{tmp_path / 'accounts.sqlite'} is damaged" in line
    assert "`ragqa mend`" in line
    assert (tmp_path / "accounts.sqlite").read_bytes() == b"no database" * 100


def test_roles_are_ordered() -> None:
    """Each may do what those before it may."""
    assert ROLES == ("reader", "editor", "admin")
