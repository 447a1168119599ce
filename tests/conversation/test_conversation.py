"""A conversation on disk: whole turns, earlier citations unchanged, later versions refused; asking with a history behind it."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.conversation.turns import add_turn, read_turns, turn_of
from ragqa.errors import InvalidRecord
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Turn


def test_a_conversation_file_grows_by_whole_turns(tmp_path: Path) -> None:
    """Turns come back in order; a damaged line is named, a later version is not guessed at."""
    file = tmp_path / "talk.jsonl"
    assert read_turns(file) == []
    first, second = Turn(question="What is the dose?", answer="20 mg/day."), Turn(question="And then?", choices=("a", "b"))
    add_turn(file, first)
    before = file.read_bytes()
    add_turn(file, second)
    assert read_turns(file) == [first, second]
    assert file.read_bytes().startswith(before)
    with file.open("a") as stream:
        stream.write('{"answer": 3}\n')
    with pytest.raises(InvalidRecord, match=r"talk\.jsonl:3"):
        read_turns(file)
    file.write_text('{"schema": "ragqa.turn/9", "question": "x"}\n')
    with pytest.raises(InvalidRecord, match="upgrade ragqa"):
        read_turns(file)
    file.write_text('{"schema": "shop.cart/1", "question": "x"}\n')
    with pytest.raises(InvalidRecord, match="no conversation of ragqa"):
        read_turns(file)


@given(st.integers(min_value=0))
def test_a_turn_cut_off_at_any_byte_costs_that_turn_alone(cut: int) -> None:
    """Whatever byte a kill ended the file at, the whole turns are read, and the next one is added behind them."""
    turns = [Turn(question="What is the dose?", answer="20 mg/day, 5–20."), Turn(question="And in renal impairment?")]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "talk.jsonl"
        for turn in turns:
            add_turn(file, turn)
        data = file.read_bytes()
        file.write_bytes(data[: len(data) - cut % len(data)])
        kept = read_turns(file)
        assert kept == turns[: len(kept)]
        add_turn(file, turns[1])
        assert read_turns(file) == [*kept, turns[1]]


def test_several_writers_add_whole_turns(tmp_path: Path) -> None:
    """Two windows on one file: every turn of both is there, whole."""
    file = tmp_path / "talk.jsonl"
    said = [Turn(question=f"{writer}: {number} " + "x" * 5000) for writer in range(4) for number in range(10)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda turn: add_turn(file, turn), said))
    assert sorted(turn.question for turn in read_turns(file)) == sorted(turn.question for turn in said)


def test_a_file_of_the_first_version_is_still_read(tmp_path: Path) -> None:
    """Question and answer alone make a turn."""
    file = tmp_path / "old.jsonl"
    file.write_text(json.dumps({"question": "Is memantine safe?", "answer": "Mostly."}) + "\n")
    assert read_turns(file) == [Turn(question="Is memantine safe?", answer="Mostly.")]


def test_a_conversation_keeps_its_thread_and_every_answer_its_own_numbers(ragqa: Ragqa) -> None:
    """Each turn cites only what it retrieved, from 1; a source cited before has its own number in the new answer."""
    history: list[Turn] = []
    for question in (
        "Does memantine help in moderate to severe Alzheimer's disease?",
        "is it safe with epilepsy?",
        "no, I meant in renal impairment",
        "Does lithium prevent suicide in people with mood disorders?",
        "and self-harm?",
    ):
        answer = ragqa.ask(question, history)
        turn = turn_of(answer)
        assert [cited.number for cited in turn.cited] == list(range(1, len(turn.cited) + 1))
        for cited in turn.cited:
            assert all(passage.startswith(cited.source_id) for passage in cited.passages)
        history.append(turn)
    assert "memantine" in history[1].standalone
    assert "renal impairment" in history[2].standalone
    assert "epilepsy" not in history[2].standalone
    assert "lithium" in history[4].standalone
    assert any("lithium" in cited.source_id for cited in history[4].cited)


def test_what_was_understood_can_be_put_right(ragqa: Ragqa) -> None:
    """The reader's own reading is searched instead of the guessed one."""
    before = turn_of(ragqa.ask("Does memantine help in moderate to severe Alzheimer's disease?"))
    wanted = "What is the target dose of memantine in severe renal impairment?"
    answer = ragqa.ask("the other thing", [before], understood=wanted)
    assert answer.question == "the other thing"
    assert answer.standalone_question == wanted
    assert answer.references[0].source_id == "article:memantine-dosing-renal-impairment"


def test_two_things_a_follow_up_could_mean_are_offered(ragqa: Ragqa) -> None:
    """Needs clarification with whole questions; the number chosen is answered."""
    first = turn_of(ragqa.ask("Is duloxetine better than pregabalin for generalised anxiety disorder?"))
    asked = ragqa.ask("how much did it lower HAM-A scores?", [first])
    assert asked.status == "needs_clarification"
    assert ["duloxetine" in asked.alternatives[0], "pregabalin" in asked.alternatives[1]] == [True, True]
    answer = ragqa.ask("2", [first, turn_of(asked)])
    assert answer.standalone_question == asked.alternatives[1]
    assert answer.status == "answered"
