"""The terminal conversation: questions, choices by number, commands; nothing typed there ends it but /quit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragqa.conversation.chat import HELP, Chat
from ragqa.conversation.turns import read_turns
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings


def said(chat: Chat, line: str) -> str:
    """What a line leads to, in one line."""
    return " ".join(" ".join(chat.reply(line)).split())


def test_a_conversation_in_the_terminal(ragqa: Ragqa, tmp_path: Path) -> None:
    """Article, follow-up, sources, another reading, choices, saving; the file holds every turn."""
    file = tmp_path / "talk.jsonl"
    chat = Chat(ragqa, file)
    assert said(chat, "/sources") == "nothing was asked yet"
    assert "Reading: memantine-first-line-bpd." in said(chat, "/article memantine-first-line-bpd")
    assert "does memantine work first-line in borderline" in said(chat, "does this drug work first-line?")
    sources = said(chat, "/sources")
    assert "[1]" in sources
    assert '"Memantine is not recommended' in sources
    assert "generation:" in said(chat, "/why")
    put_right = said(chat, "/understood Is olanzapine effective in borderline personality disorder?")
    assert "Understood as: Is olanzapine effective" in put_right
    assert "No article" in said(chat, "/article none") + said(chat, "/article")
    said(chat, "Is duloxetine better than pregabalin for generalised anxiety disorder?")
    assert "2. how much did pregabalin lower HAM-A" in said(chat, "how much did it lower HAM-A?")
    assert "Understood as: how much did pregabalin lower HAM-A" in said(chat, "2")
    turns = read_turns(file)
    assert [turn.status for turn in turns] == ["answered", "answered", "answered", "needs_clarification", "answered"]
    saved = tmp_path / "talk.md"
    assert said(chat, f"/save {saved}") == f"5 answers written to {saved}"
    assert said(chat, f"/save {saved}") == f"5 answers written to {saved}"
    assert "exists already" in said(chat, f"/save {file}")
    assert read_turns(file) == turns
    assert saved.read_text().count("## Disclaimer") == 5
    again = Chat(ragqa, file)
    assert len(again.turns) == 5
    assert "nothing was asked yet in this session" in said(again, "/sources")
    assert "Understood as: Does memantine help in OCD?" in said(again, "/understood Does memantine help in OCD?")


def test_several_questions_are_answered_in_their_turn_and_thanks_are_not_searched_for(ragqa: Ragqa) -> None:
    """A follow-up leans on the last of them; what is thanked for stays the thread; an emergency in one of them is seen."""
    chat = Chat(ragqa)
    answered = said(chat, "Does olanzapine help in BPD? What dose of memantine in severe renal impairment?")
    assert answered.index("1. Does olanzapine help") < answered.index("2. What dose of memantine in severe renal impairment?")
    for line in ("thanks", "ok, great", "?"):
        assert "Nothing was asked" in said(chat, line)
    assert [answer.status for answer in chat.answers[-3:]] == ["out_of_scope"] * 3
    assert not any(answer.statements for answer in chat.answers[-3:])
    assert "Understood as: What dose of memantine in moderate renal impairment?" in said(chat, "and in moderate?")
    assert (
        chat.ragqa.ask("Does olanzapine help in BPD? What dose of lithium? My wife has taken all her lithium tablets").status
        == "urgent"
    )


def test_an_article_that_is_opened_is_what_the_next_question_is_about(ragqa: Ragqa) -> None:
    """ "This drug" is the article's from then on, not the one talked about before."""
    chat = Chat(ragqa)
    said(chat, "Does lithium prevent suicide in people with mood disorders?")
    said(chat, "/article olanzapine-bpd")
    assert "Understood as: does olanzapine help with anger" in said(chat, "does this drug help with anger?")


def test_a_number_that_was_not_offered_brings_the_choices_again(ragqa: Ragqa) -> None:
    """And costs nothing: the right number still works."""
    chat = Chat(ragqa)
    said(chat, "Is duloxetine better than pregabalin for generalised anxiety disorder?")
    said(chat, "how much did it lower HAM-A?")
    assert "2. how much did pregabalin" in said(chat, "7")
    assert "Understood as: how much did pregabalin" in said(chat, "2")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/bogus", "/bogus is no command"),
        ("/article nope", "no approved article 'nope'"),
        ("/save", "name a file"),
        ("/understood", "say how"),
        ("/help", HELP.split()[0]),
        ("   ", ""),
        ("x" * 3000, "at most 2000 are read"),
    ],
)
def test_what_is_typed_wrongly_is_told_and_costs_nothing(ragqa: Ragqa, line: str, told: str) -> None:
    """No line ends the conversation or loses a turn."""
    chat = Chat(ragqa)
    assert told in said(chat, line)
    assert chat.turns == []


def test_a_new_conversation_leaves_the_old_file_alone(ragqa: Ragqa, tmp_path: Path) -> None:
    """What was said stays on disk, and the next question has no history."""
    file = tmp_path / "talk.jsonl"
    chat = Chat(ragqa, file)
    said(chat, "Does lithium prevent suicide in people with mood disorders?")
    kept = file.read_bytes()
    assert "keeps the one before" in said(chat, "/new")
    assert "Understood as" not in said(chat, "What are the side effects of memantine?")
    assert file.read_bytes() == kept


def test_the_command_reads_lines_until_the_end(bundled_settings: Settings, run: Callable[..., Any]) -> None:
    """As a process: a pipe of questions, and the end of it, are enough."""
    done = subprocess.run(
        [sys.executable, "-m", "ragqa", "chat", "--corpus", bundled_settings.corpus, "--index", bundled_settings.index],
        input="What are the side effects of memantine?\n/quit\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "References" in done.stdout
    assert "searching ..." in done.stderr
    assert run("chat", "--help").exit_code == 0
