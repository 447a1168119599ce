"""Follow-ups: what leans on the conversation takes its subject over, what stands alone is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.conversation import add_turn, read_turns, standalone
from ragqa.errors import InvalidRecord
from ragqa.models import CrossEncoder
from ragqa.records import Turn

DOSE = Turn(question="What is the target dose of memantine in Alzheimer's disease?", answer="20 mg/day.")


@pytest.mark.parametrize(
    ("question", "carried"),
    [
        ("What about in severe renal impairment?", ["memantine", "dose"]),
        ("And its half-life?", ["memantine"]),
        ("How many people took part?", ["memantine"]),
        ("How much more weight was gained in the group with the higher number?", ["memantine"]),
    ],
)
def test_a_leaning_question_takes_over_the_subject(question: str, carried: list[str], judge: CrossEncoder) -> None:
    """Pronouns, ellipsis and bare questions get the words they lack; their own words stay first."""
    understood = standalone(question, [DOSE], judge.rarity)
    assert understood.startswith(question.rstrip())
    assert all(word in understood for word in carried)


def test_the_subject_is_carried_over_a_chain_of_follow_ups(judge: CrossEncoder) -> None:
    """The third question still knows the first one's drug."""
    chain = [DOSE, Turn(question="And in severe renal impairment?")]
    understood = standalone("Is that different for the extended-release form?", chain, judge.rarity)
    assert "memantine" in understood
    assert "renal" in understood


def test_a_question_that_stands_alone_or_opens_a_conversation_is_unchanged(judge: CrossEncoder) -> None:
    """A topic change is not dragged back."""
    fresh = "Does lithium reduce suicide attempts in adults with bipolar disorder compared with placebo?"
    assert standalone(fresh, [DOSE], judge.rarity) == fresh
    assert standalone("What about renal impairment?", [], judge.rarity) == "What about renal impairment?"


def test_a_conversation_file_grows_by_whole_turns(tmp_path: Path) -> None:
    """Turns come back in order; a damaged line is named."""
    file = tmp_path / "talk.jsonl"
    assert read_turns(file) == []
    add_turn(file, DOSE)
    add_turn(file, Turn(question="And then?"))
    assert read_turns(file) == [DOSE, Turn(question="And then?")]
    with file.open("a") as stream:
        stream.write('{"answer": 3}\n')
    with pytest.raises(InvalidRecord, match=r"talk\.jsonl:3"):
        read_turns(file)
