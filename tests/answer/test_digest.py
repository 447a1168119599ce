"""The digest of an answer: all that decides it and nothing else; no identifier in a turn outlives its redaction."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragqa.conversation.turns import turn_of
from ragqa.pipeline import Ragqa
from ragqa.question.asked import (
    LONGEST_QUESTION,
    LONGEST_SAID,
    MOST_CHOICES,
    MOST_CITED,
    MOST_PASSAGES,
    Asked,
    Cited,
    Turn,
    clipped,
)

QUESTION = "Does lithium prevent suicide in people with mood disorders?"
EARLIER = Turn(question="Is memantine used in OCD?")
IDENTIFIERS = ("Mrs Jane Miller", "MRN 88812345", "03/04/1961", "617-555-7890", "j.miller@example.org", "12 Elm Street")
LEAKS = ("Miller", "88812345", "03/04/1961", "555-7890", "example.org", "Elm")


def test_the_same_question_of_the_same_generation_has_the_same_digest_and_id(ragqa: Ragqa) -> None:
    """On the command line and in batches: the same bytes, timings aside; the id is the digest's beginning."""
    first, second = ragqa.ask(QUESTION), ragqa.ask(QUESTION)
    assert first.digest == second.digest
    assert first.id == first.digest[:16] == second.id
    assert first.said() == second.said()


@pytest.mark.parametrize(
    "changes",
    [
        {"history": [EARLIER]},
        {"history": [EARLIER.model_copy(update={"standalone": "Is ketamine used in PTSD?"})]},
        {"history": [EARLIER.model_copy(update={"choices": ("Is it safe?", "Is it old?")})]},
        {"history": [EARLIER.model_copy(update={"answer": "No."})]},
        {"history": [EARLIER.model_copy(update={"cited": (Cited(number=1, source_id="pmid:29549516"),)})]},
        {"article": "memantine-ocd"},
        {"audience": "patient"},
        {"understood": "Does lithium prevent suicide?"},
    ],
)
def test_whatever_decides_an_answer_changes_its_digest(ragqa: Ragqa, changes: dict[str, Any]) -> None:
    """Every part of a turn before it, the article, the reader and what was understood."""
    plain = ragqa.ask("Is it safe?", [Turn(question="Is it old?")])
    assert ragqa.ask("Is it safe?", **changes).digest != plain.digest


def test_settings_that_decide_an_answer_change_its_digest(ragqa: Ragqa) -> None:
    """Each by itself."""
    changes: list[dict[str, Any]] = [{"abstain_below": 0.9}, {"sources": 3}, {"dense_weight": 0.2}, {"redact": False}]
    found = set()
    for change in [{}, *changes]:
        found.add(ragqa.under(**change).ask(QUESTION).digest)
    assert len(found) == len(changes) + 1


def test_turns_too_far_back_to_be_looked_at_change_nothing(ragqa: Ragqa) -> None:
    """The digest goes as far as the reading does."""
    near = [Turn(question=f"Is drug {n} safe?") for n in range(6)]
    assert ragqa.ask(QUESTION, near).digest == ragqa.ask(QUESTION, [EARLIER, *near]).digest


PLANTED = st.sampled_from(IDENTIFIERS)
TEXTS = st.builds(
    lambda before, it: f"{before} {it}, on memantine, is it safe?", st.sampled_from(["", "for", "patient"]), PLANTED
)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(
    question=st.sampled_from(["1", "the second", "And what dose was used?", "no, I meant in renal impairment", QUESTION]),
    turns=st.lists(
        st.builds(
            Turn, question=TEXTS, standalone=TEXTS | st.just(""), answer=TEXTS, choices=st.lists(TEXTS, max_size=3).map(tuple)
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_no_identifier_in_any_field_of_a_history_comes_back(ragqa: Ragqa, question: str, turns: list[Turn]) -> None:
    """Not in the answer, not in what is remembered of it, not in what the library would store."""
    answer = ragqa.ask(question, turns)
    told = answer.model_dump_json() + turn_of(answer).model_dump_json()
    told += ragqa.without_identifiers(Asked(question=question, history=tuple(turns))).model_dump_json()
    assert not [leak for leak in LEAKS if leak in told]


def test_a_turn_is_remembered_within_limits() -> None:
    """Whoever wrote it; what is within them stays as it is."""
    long = Turn(
        question="word " * 900,
        standalone="x" * 9000,
        answer="word " * 9000,
        choices=("word " * 900,) * 50,
        cited=tuple(Cited(number=n, source_id="pmid:1", passages=("p",) * 50) for n in range(300)),
    )
    kept = long.within_limits()
    assert max(len(text) for text in (kept.question, kept.standalone, *kept.choices)) <= LONGEST_QUESTION
    assert len(kept.answer) <= LONGEST_SAID
    assert (len(kept.choices), len(kept.cited), len(kept.cited[0].passages)) == (MOST_CHOICES, MOST_CITED, MOST_PASSAGES)
    assert kept.within_limits() == kept


@given(st.text(max_size=60), st.integers(1, 60))
def test_a_clipped_text_is_a_beginning_that_cuts_no_word(text: str, most: int) -> None:
    """Unless its first word alone is too long."""
    kept = clipped(text, most)
    assert text.startswith(kept)
    assert len(kept) <= most
    rest = text[len(kept) :]
    assert not rest or rest[0].isspace() or len(text[:most].split()) <= 1


def test_a_follow_up_on_a_very_long_question_is_read_not_refused(ragqa: Ragqa) -> None:
    """What was understood of it may have grown past what a question may have."""
    before = Turn(question="Is memantine safe?", standalone=("memantine in renal impairment " * 100).strip())
    assert ragqa.ask("and in adolescents?", [before]).digest
